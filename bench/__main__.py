"""Runs the measurements, one after the other: `python -m bench [NAME ...]`, all of them by default."""

import subprocess
import sys
from pathlib import Path

BENCHES = {
    "gateway": "requests a second through the gateway",
    "orchestrator": "submit, queue, steps and lists, beside DBOS",
    "reflex": "what a check costs, beside its peers",
    "accuracy": "what the reflex finds in public texts, beside its peers",
    "arms": "sandbox, expressions, coder and judge on the local models; about an hour",
    "arms_retriever": "how well and how fast documents are found",
}
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run what is named; the exit status is that of the last one that failed."""
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no bench is called {unknown[0]}; there are:")
        for name, purpose in BENCHES.items():
            print(f"  {name:15} {purpose}")
        return 2
    status = 0
    for name in names:
        print(f"== {name}: {BENCHES[name]}", flush=True)
        status = (
            subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, check=False).returncode
            or status
        )
    return status


if __name__ == "__main__":
    sys.exit(main())
