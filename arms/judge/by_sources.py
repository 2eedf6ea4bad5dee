"""Criteria about citations: whether what is cited and quoted stands in the sources."""

import re

from arms.judge.rules.criterion import claim_of
from arms.judge.rules.rule import Finding, shortened
from arms.judge.verdict import JudgeRequest
from arms.material import context_text

_CITATIONS = r"(?:citations?|references?|quotes?|quotations?|cited\s+(?:sources?|passages?))"
_WHERE = (
    r"(?:(?:the|its|given|provided|retrieved|stored)\s+)*"
    r"(?:sources?|documents?|passages?|inputs?|contexts?|materials?)"
)
_EXIST = re.compile(
    rf"(?:(?:all|every|each|any|the|its|only|of)\s+)*{_CITATIONS}\s+(?:must\s+|should\s+)?(?:(?:all\s+)?"
    rf"(?:exists?|appears?|stands?|occurs?|come|comes|can\s+be\s+found|(?:is|are)\s+(?:found|contained|present|"
    rf"taken|real|valid|genuine|verbatim))(?:\s+verbatim)?)(?:\s+(?:in|from)\s+{_WHERE})?",
    re.IGNORECASE,
)
_ONLY = re.compile(
    rf"(?:cites?|quotes?|refers?\s+to)\s+(?:only\s+)?(?:{_WHERE}\s+that\s+exists?|(?:real|existing|given|its)\s+{_WHERE}|"
    rf"{_CITATIONS}\s+that\s+exist(?:\s+in\s+{_WHERE})?)(?:\s+only)?",
    re.IGNORECASE,
)
_SOURCES = re.compile(
    r"(?:has|have|contains?|includes?|gives?)\s+(?:valid\s+|real\s+)?citations?", re.IGNORECASE
)
_MARK = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\](?!\()")
_HEAD = re.compile(r"^\s*\[(\d{1,3})\]", re.MULTILINE)
_QUOTATION = re.compile(r"\"([^\"\n]+)\"|\u201c([^\u201d\n]+)\u201d")
_WORD = re.compile(r"[^\W_]+")
_LEAST_WORDS = 4
"""Words of a quotation; fewer are a name or an emphasis."""


def decide_by_sources(criterion: str, *, request: JudgeRequest) -> Finding | None:
    """Judge one criterion about citations by looking them up.

    Sources are the inputs and the context. A citation's quote must stand in one of them, word for word; a
    mark such as [2] must be the number of a passage in them or of a citation; words in quotation marks must
    stand in them too.

    Returns:
        None when the criterion is not about that, or there are no sources to look into.
    """
    claim = claim_of(criterion)
    if not any(pattern.fullmatch(claim) for pattern in (_EXIST, _ONLY, _SOURCES)):
        return None
    sources = _sources(request)
    if not sources:
        return None
    marks = [int(number) for match in _MARK.finditer(request.output) for number in match[1].split(",")]
    quoted = [(match[1] or match[2]) for match in _QUOTATION.finditer(request.output)]
    quoted = [text for text in quoted if len(_words(text)) >= _LEAST_WORDS]
    cited = [citation.quote for citation in request.citations if citation.quote.strip()]
    if not (marks or quoted or cited):
        return Finding(passed=False, evidence="The output cites nothing.")
    return _missing(marks, quotes=[*cited, *quoted], sources=sources, request=request) or Finding(
        passed=True, evidence=_found(marks, quotes=[*cited, *quoted])
    )


def _sources(request: JudgeRequest) -> list[str]:
    texts = [given.output for given in request.inputs]
    context = context_text(request.brief.context)
    return [text for text in (*texts, context) if text.strip()]


def _missing(
    marks: list[int], *, quotes: list[str], sources: list[str], request: JudgeRequest
) -> Finding | None:
    known = {int(match[1]) for source in sources for match in _HEAD.finditer(source)}
    known |= set(range(1, len(request.citations) + 1))
    for mark in marks:
        if mark not in known:
            return Finding(passed=False, evidence=f"It cites [{mark}], which is no passage of the sources.")
    texts = [" ".join(_words(source)) for source in sources]
    for quote in quotes:
        words = " ".join(_words(quote))
        if not any(f" {words} " in f" {text} " for text in texts):
            said = shortened(quote, length=120)
            return Finding(passed=False, evidence=f'No source says "{said}".')
    return None


def _found(marks: list[int], *, quotes: list[str]) -> str:
    parts: list[str] = []
    if marks:
        shown = ", ".join(f"[{mark}]" for mark in dict.fromkeys(marks))
        parts.append(f"the passages {shown} are there")
    if quotes:
        parts.append(
            f"{len(quotes)} quote{'s' if len(quotes) > 1 else ''} stand in the sources word for word"
        )
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
