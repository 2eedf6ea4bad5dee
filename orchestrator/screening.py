"""Lets the guardian look at what came in before anything is planned, where its policy speaks of that."""

import asyncio

from orchestrator.calls import REVIEW, SCREEN, Direction, Review, ReviewAction
from orchestrator.failures import TaskFailedError
from orchestrator.model.arm import ArmInstance
from orchestrator.model.task import ErrorType, PiiPolicy, TaskError
from orchestrator.texts import Place, parse_context, texts_of, with_texts
from orchestrator.tools import Tools, call_needed
from orchestrator.work import Work
from servicekit.spans import spanned

_LOOK_AGAIN = 0.1
"""Seconds between looks while no guardian is known."""


async def screen(work: Work, tools: Tools) -> None:
    """Go on with the task as the guardian lets it in; without a policy for that, as it came.

    It is asked each time that the task is taken up: what it redacts is stored nowhere, and no arm sees it.

    Raises:
        TaskFailedError: the task may not be worked on.
    """
    if not await _has_policy(work, tools):
        return
    context = parse_context(work.spec.context_json)
    texts = texts_of(work.spec, context)
    with spanned("guard", attributes={"octollm.direction": "in"}):
        reviews = {text: await _review(work, tools, text) for text in dict.fromkeys(texts.values())}
    for place, text in texts.items():
        if reviews[text].action is ReviewAction.BLOCK:
            raise TaskFailedError(_blocked(place, reviews[text]))
    changed = {
        place: reviews[text].text
        for place, text in texts.items()
        if reviews[text].action is ReviewAction.SANITIZE
    }
    if changed:
        work.take_in(with_texts(work.spec, context, changed))


async def _has_policy(work: Work, tools: Tools) -> bool:
    """Whether a guardian says that it looks at what comes in; one that is away counts, so none is evaded.

    Every task needs a guardian at its end: while none was ever registered, it may as well wait here.
    """
    while not tools.router.knows(REVIEW):
        work.waiting_for = REVIEW
        await asyncio.sleep(_LOOK_AGAIN)
    work.waiting_for = ""
    return tools.router.knows(SCREEN)


async def _review(work: Work, tools: Tools, text: str) -> Review:
    async def ask(instance: ArmInstance) -> Review:
        pii = work.spec.policy.pii or PiiPolicy.REDACT
        return await tools.calls.review(
            instance, brief=work.brief, text=text, direction=Direction.IN, pii=pii
        )

    return await call_needed(work, tools, SCREEN, ask)


def _blocked(place: Place, review: Review) -> TaskError:
    found = sorted({f"{f.category}.{f.type}" for f in review.found})
    return TaskError(
        type=ErrorType.BLOCKED,
        message=f"the task may not be worked on: {place} is against this platform's policy",
        details={"field": str(place), "findings": found},
    )
