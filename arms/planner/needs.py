"""Which capabilities a goal may need at all, told from its words.

A small model uses a sandbox that it is offered, whatever the goal; so it is offered what the words call for.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from arms.planner.plan import PlanRequest

_DOCUMENTS = re.compile(
    r"\b(?:search|look\s+up|retrieve|research|consult|sources?|cit(?:e|ations?)|documents?|docs|documentation|"
    r"knowledge\s+base|manuals?|handbook|wiki|archive|papers?)\b",
    re.IGNORECASE,
)

_NEEDED_WHEN: Mapping[str, re.Pattern[str]] = {
    "document_search": _DOCUMENTS,
    "document_answer": _DOCUMENTS,
    "code_execution": re.compile(
        r"\b(?:run|runs|execute|compute|calculate|simulate|evaluate|benchmark|plot|test\s+it|try\s+it)\b",
        re.IGNORECASE,
    ),
    "shell_command": re.compile(r"\b(?:shell|command[- ]line|terminal|bash)\b|\brun\s+`", re.IGNORECASE),
    "http_request": re.compile(
        r"https?://|\b(?:url|website|web\s?page|http|api|endpoint|download|fetch)\b", re.IGNORECASE
    ),
}
"""Capabilities that act on the world or on stored documents, and the words that call for them."""


def with_needed_offers(request: PlanRequest) -> PlanRequest:
    """The same request, offering only what its goal may need; unknown capabilities stay on offer."""
    words = " ".join((request.brief.goal, *request.brief.constraints, *request.brief.acceptance_criteria))
    needed = [offer for offer in request.offers if _may_need(offer.name, words)]
    return replace(request, offers=tuple(needed)) if needed else request


def acts(words: str) -> bool:
    """Whether the words call for acting on the world or on stored documents."""
    return any(pattern.search(words) for pattern in _NEEDED_WHEN.values())


def _may_need(capability: str, words: str) -> bool:
    pattern = _NEEDED_WHEN.get(capability)
    return pattern is None or pattern.search(words) is not None
