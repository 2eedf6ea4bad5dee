"""A model that cannot tell how likely its words are is asked in words."""

from typing import Any, cast

from arms.judge.by_model import ask_for_verdict
from arms.judge.verdict import JudgeRequest
from arms.model.failures import UnusableOutputError
from arms.model.session import ModelSession
from arms.step import Brief


class StandIn:
    """One that was promised to tell odds, and tells none."""

    tells_odds = True

    def __init__(self, *, satisfied: bool) -> None:
        self._satisfied = satisfied

    async def odds(self, prompt: object) -> float:
        raise UnusableOutputError("the model answered neither yes nor no", reason="MODEL_OUTPUT_INVALID")

    async def structured(self, prompt: object, *, output: Any, max_tokens: int) -> Any:
        return output(evidence="Hello", satisfied=self._satisfied)


async def test_its_word_counts_when_it_tells_no_odds() -> None:
    request = JudgeRequest(brief=Brief(acceptance_criteria=("greets",)), output="Hello there")
    for satisfied in (True, False):
        model = cast("ModelSession", StandIn(satisfied=satisfied))
        verdict = await ask_for_verdict("greets", request=request, model=model)
        assert (verdict.passed, verdict.evidence, verdict.method) == (satisfied, "Hello", "model")
