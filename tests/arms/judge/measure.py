"""Measures how often the model's verdicts are a careful reader's: `python -m tests.arms.judge.measure local`.

bench/RESULTS-arms.md has the numbers; this prints the wrong ones.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from arms.judge.judging import judge_output
from arms.judge.verdict import JudgeRequest
from arms.model.layer import ModelChoice, open_model_layer
from arms.programs.program import NoRunner
from arms.step import Brief
from tests.arms.judge.labelled import CASES
from tests.arms.model_server import running_model_server


async def measure(*, model: str, state_file: Path) -> int:
    """How many of the cases get the right verdict; the wrong ones are printed."""
    right = 0
    async with open_model_layer(ModelChoice(name=model, state_file=state_file)) as layer:
        for case in CASES:
            request = JudgeRequest(brief=Brief(acceptance_criteria=(case.criterion,)), output=case.output)
            (verdict,) = (await judge_output(request, model=layer.session(), runner=NoRunner())).verdicts
            right += verdict.passed == case.passed
            if verdict.passed != case.passed:
                sys.stdout.write(f"wrong: {case.criterion} ({verdict.method}): {verdict.evidence}\n")
    return right


def main() -> None:
    """Start the model of the first argument and measure it."""
    model = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        state_file = Path(folder) / "model.json"
        with running_model_server(model=model, state_file=state_file):
            right = asyncio.run(measure(model=model, state_file=state_file))
    sys.stdout.write(f"{model}: {right} of {len(CASES)}\n")


if __name__ == "__main__":
    main()
