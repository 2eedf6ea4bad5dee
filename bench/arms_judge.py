"""The judge on cases that a careful reader has decided: how often the model's verdict is his."""

import collections
import hashlib
import sys
import time
from collections.abc import Sequence

from arms.judge.judging import judge_output
from arms.judge.verdict import JudgeRequest, Verdict
from arms.model.layer import ModelLayer
from arms.programs.program import Runner
from arms.step import Brief
from tests.arms.judge.labelled import CASES, Labelled
from tests.arms.judge.labelled_more import MORE_CASES

ALL_CASES = (*CASES, *MORE_CASES)


def is_for_tuning(case: Labelled) -> bool:
    """Half of the cases, by a hash: what was chosen was chosen on these."""
    return hashlib.sha256(f"{case.criterion}\0{case.output}".encode()).digest()[0] % 2 == 0


async def measure_judge(layer: ModelLayer, *, runner: Runner) -> None:
    began = time.perf_counter()
    verdicts = [(case, await judged(case, layer=layer, runner=runner)) for case in ALL_CASES]
    seconds = time.perf_counter() - began
    ways = collections.Counter(verdict.method for _, verdict in verdicts)
    told = ", ".join(f"{number} by {way}" for way, number in ways.items())
    print(f"{len(verdicts)} labelled cases: {told}; {seconds:.0f} s.\n")
    print("| agrees | all | criteria that are satisfied | criteria that are not |\n|---|---|---|---|")
    halves = {"tuning half": [True], "held-out half": [False], "both": [True, False]}
    for name, kinds in halves.items():
        rows = [(case, verdict) for case, verdict in verdicts if is_for_tuning(case) in kinds]
        counts = [agreed([row for row in rows if row[0].passed in labels]) for labels in LABELS]
        print(f"| {name} | {' | '.join(counts)} |", flush=True)


LABELS = ((True, False), (True,), (False,))


def agreed(rows: Sequence[tuple[Labelled, Verdict]]) -> str:
    return f"{sum(verdict.passed == case.passed for case, verdict in rows)} of {len(rows)}"


async def judged(case: Labelled, *, layer: ModelLayer, runner: Runner) -> Verdict:
    request = JudgeRequest(brief=Brief(acceptance_criteria=(case.criterion,)), output=case.output)
    (verdict,) = (await judge_output(request, model=layer.session(), runner=runner)).verdicts
    right = "right" if verdict.passed == case.passed else "WRONG"
    print(
        f"  {right}: {verdict.passed} for {case.criterion!r}: {verdict.evidence}", file=sys.stderr, flush=True
    )
    return verdict
