"""The judge on cases that a careful reader has decided: how often the model's verdict is his."""

import time

from arms.judge.judging import judge_output
from arms.judge.verdict import JudgeRequest
from arms.model.layer import ModelLayer
from arms.programs.program import Runner
from arms.step import Brief
from tests.arms.judge.labelled import CASES


async def measure_judge(layer: ModelLayer, *, runner: Runner) -> None:
    began = time.perf_counter()
    right = {True: 0, False: 0}
    ways: dict[str, int] = {}
    for case in CASES:
        request = JudgeRequest(brief=Brief(acceptance_criteria=(case.criterion,)), output=case.output)
        (verdict,) = (await judge_output(request, model=layer.session(), runner=runner)).verdicts
        ways[verdict.method] = ways.get(verdict.method, 0) + 1
        right[case.passed] += verdict.passed == case.passed
    seconds = time.perf_counter() - began
    wanted = sum(case.passed for case in CASES)
    print(f"{len(CASES)} labelled cases that no rule decides (method: {ways}); {seconds:.0f} s.\n")
    print("| | agrees |\n|---|---|")
    print(f"| all | {sum(right.values())} of {len(CASES)} |")
    print(f"| criteria that are satisfied | {right[True]} of {wanted} |")
    print(f"| criteria that are not | {right[False]} of {len(CASES) - wanted} |", flush=True)
