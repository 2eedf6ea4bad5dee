"""Puts the result together and lets the guardian look at everything that leaves."""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.calls import REVIEW, Direction, Found, Review, ReviewAction
from orchestrator.failures import TaskFailedError
from orchestrator.model.arm import ArmInstance
from orchestrator.model.output import Artifact, Citation
from orchestrator.model.task import ErrorType, OnValidationFailure, PiiPolicy, TaskError, TaskResult
from orchestrator.rows import Judged
from orchestrator.tools import Tools, call_needed
from orchestrator.validation import Candidate
from orchestrator.work import Work
from orchestrator.write import Charge
from servicekit.spans import spanned


async def conclude(work: Work, tools: Tools, judged: Judged) -> tuple[TaskResult, list[Charge]]:
    """The result as it may leave, and what the guardian's looks cost.

    Raises:
        TaskFailedError: the policy says fail for unmet criteria, or the content must not leave.
    """
    judgement = judged.judgement
    if not judgement.passed and work.spec.policy.on_validation_failure is OnValidationFailure.FAIL:
        unmet = [verdict.criterion for verdict in judgement.verdicts if not verdict.passed]
        raise TaskFailedError(
            TaskError(
                type=ErrorType.VALIDATION_FAILED,
                message=f"{len(unmet)} of {len(judgement.verdicts)} acceptance criteria are not met",
                details={"unmet": unmet},
            )
        )
    best = Candidate(ends=tuple(work.steps[step_id] for step_id in judged.ends), steps=work.steps)
    result = TaskResult(
        output=best.output,
        confidence=judgement.confidence,
        validation_passed=judgement.passed,
        criteria=judgement.verdicts,
        citations=best.citations,
        artifacts=best.artifacts,
    )
    return await reviewed(work, tools, result)


async def reviewed(work: Work, tools: Tools, result: TaskResult) -> tuple[TaskResult, list[Charge]]:
    """The result with every text replaced by what the guardian lets pass, and what its looks cost.

    Raises:
        TaskFailedError: the content must not leave.
    """
    texts = _texts(result)
    with spanned("guard", attributes={"octollm.direction": "out"}):
        reviews = [await _review(work, tools, text) for text in texts]
    for review in reviews:
        if review.action is ReviewAction.BLOCK:
            raise TaskFailedError(
                TaskError(
                    type=ErrorType.BLOCKED,
                    message="the output contains what must not leave the platform",
                    details={"findings": sorted({f"{f.category}.{f.type}" for f in review.found})},
                )
            )
    passed = dict(zip(texts, (review.text for review in reviews), strict=True))
    charges = [
        Charge(key=f"review:{number}", provenance=review.provenance)
        for number, review in enumerate(reviews, start=1)
    ]
    return _with_texts(result, passed), charges


def _texts(result: TaskResult) -> list[str]:
    """Every different text that leaves: output, evidence, quotes and artifacts."""
    texts = [result.output, *(verdict.evidence for verdict in result.criteria)]
    texts += [citation.quote for citation in result.citations]
    texts += [artifact.content for artifact in result.artifacts if artifact.encoding != "base64"]
    return list(dict.fromkeys(text for text in texts if text))


def _with_texts(result: TaskResult, passed: dict[str, str]) -> TaskResult:
    def citation(found: Citation) -> Citation:
        return replace(found, quote=passed.get(found.quote, found.quote))

    def artifact(found: Artifact) -> Artifact:
        return replace(found, content=passed.get(found.content, found.content))

    return replace(
        result,
        output=passed.get(result.output, result.output),
        criteria=tuple(
            replace(verdict, evidence=passed.get(verdict.evidence, verdict.evidence))
            for verdict in result.criteria
        ),
        citations=tuple(map(citation, result.citations)),
        artifacts=tuple(map(artifact, result.artifacts)),
    )


async def _review(work: Work, tools: Tools, text: str) -> Review:
    pii = work.spec.policy.pii or PiiPolicy.REDACT
    # What may pass is the caller's own personal data, not what a model made up or a document held.
    asked = PiiPolicy.REDACT if pii is PiiPolicy.ALLOW else pii

    async def ask(instance: ArmInstance) -> Review:
        return await tools.calls.review(
            instance, brief=work.brief, text=text, direction=Direction.OUT, pii=asked
        )

    review = await call_needed(work, tools, REVIEW, ask)
    if review.action is ReviewAction.ALLOW:
        return replace(review, text=text)
    if review.action is ReviewAction.SANITIZE and pii is PiiPolicy.ALLOW and work.own_findings:
        own = await _own(work, tools, text, review.found)
        return replace(review, text=masked(text, [f for f in review.found if f not in own]))
    return review


async def _own(work: Work, tools: Tools, text: str, found: Sequence[Found]) -> set[Found]:
    """The findings whose values the caller gave."""
    own: set[Found] = set()
    for finding in found:
        if finding.category == "pii":
            print_ = await tools.fingerprints.of_values([text[finding.start : finding.end]])
            if print_ <= work.own_findings:
                own.add(finding)
    return own


def masked(text: str, found: Sequence[Found]) -> str:
    """The text with findings replaced by marks of their types; overlapping ones share the first mark."""
    pieces: list[str] = []
    at = 0
    for finding in sorted(found, key=lambda f: (f.start, -f.end)):
        if finding.start >= at:
            pieces += [text[at : finding.start], f"[{finding.type.upper()}]"]
        at = max(at, finding.end)
    return "".join([*pieces, text[at:]])
