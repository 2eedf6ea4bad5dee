"""Judges an output: every criterion by rule when one understands it, else by the model, else not at all."""

from arms.judge.by_model import ask_for_verdict
from arms.judge.rules.decide import decide
from arms.judge.verdict import Judgement, JudgeRequest, Verdict
from arms.model.session import ModelSession
from servicekit.errors import DeadlineError, OctoError

_SURE = 1.0


async def judge_output(request: JudgeRequest, *, model: ModelSession) -> Judgement:
    """Return a verdict with evidence for every acceptance criterion.

    A criterion that nothing could decide is never passed: its verdict says why.

    Raises:
        DeadlineError: the caller's deadline passed.
    """
    return Judgement(
        verdicts=tuple(
            [
                await _verdict(criterion, request=request, model=model)
                for criterion in request.brief.acceptance_criteria
            ]
        )
    )


async def _verdict(criterion: str, *, request: JudgeRequest, model: ModelSession) -> Verdict:
    found = decide(criterion, request.output)
    if found is not None:
        return Verdict(
            criterion=criterion,
            passed=found.passed,
            evidence=found.evidence,
            confidence=found.confidence,
            method="rule",
        )
    if not request.output.strip():
        return Verdict(
            criterion=criterion,
            passed=False,
            evidence="the output is empty",
            confidence=_SURE,
            method="rule",
        )
    try:
        return await ask_for_verdict(criterion, request=request, model=model)
    except DeadlineError:
        raise
    except OctoError as error:
        return _undecided(criterion, why=error.message)


def _undecided(criterion: str, *, why: str) -> Verdict:
    return Verdict(
        criterion=criterion,
        passed=False,
        evidence=f"undecided: no rule decides this, and the model could not be asked: {why}",
        confidence=0.0,
        method="undecided",
    )
