"""Judges an output: every criterion by rule or by running it when that decides, else by the model."""

from arms.judge.by_model import ask_for_verdict
from arms.judge.by_run import decide_by_run
from arms.judge.by_sources import decide_by_sources
from arms.judge.rules.decide import decide
from arms.judge.rules.rule import Finding
from arms.judge.verdict import Judgement, JudgeRequest, Verdict
from arms.model.session import ModelSession
from arms.programs.program import NotRunError, Runner
from servicekit.errors import DeadlineError, OctoError

_SURE = 1.0


async def judge_output(request: JudgeRequest, *, model: ModelSession, runner: Runner) -> Judgement:
    """Return a verdict with evidence for every acceptance criterion.

    A criterion that nothing could decide is never passed: its verdict says why.

    Raises:
        DeadlineError: the caller's deadline passed.
    """
    return Judgement(
        verdicts=tuple(
            [
                await _verdict(criterion, request=request, model=model, runner=runner)
                for criterion in request.brief.acceptance_criteria
            ]
        )
    )


async def _verdict(criterion: str, *, request: JudgeRequest, model: ModelSession, runner: Runner) -> Verdict:
    found = decide(criterion, request.output) or decide_by_sources(criterion, request=request)
    if found is not None:
        return _by_rule(criterion, found)
    if not request.output.strip():
        return Verdict(
            criterion=criterion,
            passed=False,
            evidence="the output is empty",
            confidence=_SURE,
            method="rule",
        )
    try:
        found = await decide_by_run(criterion, request=request, runner=runner)
    except NotRunError as error:
        return _undecided(criterion, why=f"only a run decides this, and nothing could be run: {error}")
    if found is not None:
        return _by_rule(criterion, found)
    try:
        return await ask_for_verdict(criterion, request=request, model=model)
    except DeadlineError:
        raise
    except OctoError as error:
        why = f"no rule decides this, and the model could not be asked: {error.message}"
        return _undecided(criterion, why=why)


def _by_rule(criterion: str, found: Finding) -> Verdict:
    return Verdict(
        criterion=criterion,
        passed=found.passed,
        evidence=found.evidence,
        confidence=found.confidence,
        method="rule",
    )


def _undecided(criterion: str, *, why: str) -> Verdict:
    return Verdict(
        criterion=criterion,
        passed=False,
        evidence=f"undecided: {why}",
        confidence=0.0,
        method="undecided",
    )
