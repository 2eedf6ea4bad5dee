"""Measures executor, coder and judge; prints Markdown for bench/RESULTS-arms.md.

    python -m bench.arms [--sections executor,expressions,coder,judge] [--models local-small,local] [--runs N]

The coder and the judge ask local models, which are fetched on first use. They print a line for each task and
case as it ends; on two cores the coder takes 10 to 30 minutes a model, the judge 3 to 7.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from arms.executor.sandbox.account import sandbox_account
from arms.executor.sandbox.open import open_sandbox
from arms.executor.sandbox.sandbox import Sandbox
from arms.model.cache import default_cache
from arms.model.catalog import find_model
from arms.model.fetch import fetch
from arms.model.layer import ModelChoice, open_model_layer
from bench.arms_coder import measure_coder
from bench.arms_executor import measure_executor, measure_expressions
from bench.arms_judge import measure_judge
from tests.arms.model_server import running_model_server
from tests.arms.programs.local import LocalRunner

SECTIONS = ("executor", "expressions", "coder", "judge")
MODELS = ("local-small", "local")


async def main(sections: Sequence[str], *, models: Sequence[str], runs: int, place: Path) -> None:
    began = time.perf_counter()
    opened = open_sandbox(account=sandbox_account(), staging_dir=place, places=os.cpu_count() or 1)
    async with opened as sandbox:
        took = time.perf_counter() - began
        if "executor" in sections:
            print("## Executor: a program in the sandbox\n")
            print(f"Opened, copied and self-tested in {took:.1f} s.\n")
            await measure_executor(sandbox, runs=runs)
        if "expressions" in sections:
            print("\n## Executor: an expression in the small interpreter\n")
            await measure_expressions(sandbox, runs=10 * runs)
        for name in models if {"coder", "judge"} & set(sections) else ():
            await with_model(name, sections=sections, sandbox=sandbox, place=place)


async def with_model(name: str, *, sections: Sequence[str], sandbox: Sandbox, place: Path) -> None:
    fetch(model=find_model(name), cache=default_cache(environ=os.environ))
    state_file = place / f"{name}.json"
    runner = LocalRunner(sandbox=sandbox)
    with running_model_server(model=name, state_file=state_file):
        async with open_model_layer(ModelChoice(name=name, state_file=state_file)) as layer:
            if "coder" in sections:
                print(f"\n## Coder on {name}\n", flush=True)
                await measure_coder(layer, runner=runner)
            if "judge" in sections:
                print(f"\n## Judge on {name}\n", flush=True)
                await measure_judge(layer, runner=runner)


def listed(known: Sequence[str], text: str) -> list[str]:
    """The names of a list; an unknown one ends the program."""
    names = [name for name in text.split(",") if name]
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"there is no {unknown[0]}; there are {', '.join(known)}")
    return names


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sections", type=lambda text: listed(SECTIONS, text), default=list(SECTIONS))
    parser.add_argument("--models", type=lambda text: listed(MODELS, text), default=list(MODELS))
    parser.add_argument("--runs", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the sandbox's account must enter it
        asyncio.run(main(given.sections, models=given.models, runs=given.runs, place=Path(folder)))
