"""Rules of our own, beside the reflex: what must not leave in an output whatever its words say.

An output may have been steered by text from a stranger. Two things would then carry data away or deceive its
reader without a word being wrong: an image that the reader's program fetches from a stranger's host, and
characters that nobody sees.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from arms.guardian.review import Direction, Finding, ReviewRequest

_MARKDOWN_IMAGE = re.compile(
    r"!\[([^\]\n]{0,500})\]\(\s*<?((?:https?:)?//[^\s)>]{1,2000})>?[^)\n]{0,500}\)", re.IGNORECASE
)
_HTML_IMAGE = re.compile(
    r"<img\b[^>]{0,2000}?\bsrc\s*=\s*[\"']?((?:https?:)?//[^\s\"'>]{1,2000})[^>]{0,2000}>", re.IGNORECASE
)
_INVISIBLE = re.compile("[\u00ad\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """One rule: what it looks for and what it puts there instead."""

    type: str
    severity: str
    reason: str
    pattern: re.Pattern[str]
    replacement: str
    directions: frozenset[Direction]


_RULES = (
    PolicyRule(
        type="remote_image",
        severity="high",
        reason="an image that the reader's program would fetch from a host that the task does not name",
        pattern=_MARKDOWN_IMAGE,
        replacement=r"[image: \1]",
        directions=frozenset({Direction.OUT}),
    ),
    PolicyRule(
        type="remote_image",
        severity="high",
        reason="an image that the reader's program would fetch from a host that the task does not name",
        pattern=_HTML_IMAGE,
        replacement="[image]",
        directions=frozenset({Direction.OUT}),
    ),
    PolicyRule(
        type="invisible_characters",
        severity="medium",
        reason="characters that nobody sees, or that turn the direction of reading",
        pattern=_INVISIBLE,
        replacement="",
        directions=frozenset({Direction.IN, Direction.OUT}),
    ),
    PolicyRule(
        type="control_characters",
        severity="medium",
        reason="control characters",
        pattern=_CONTROL,
        replacement="",
        directions=frozenset({Direction.IN, Direction.OUT}),
    ),
)


def find_breaches(request: ReviewRequest) -> tuple[Finding, ...]:
    """What breaks a rule, by place in the text as it came."""
    found = [
        Finding(
            category="policy",
            type=rule.type,
            severity=rule.severity,
            start=match.start(),
            end=match.end(),
            reason=rule.reason,
        )
        for rule in _RULES
        if request.direction in rule.directions
        for match in rule.pattern.finditer(request.text)
        if not _is_the_callers(match, rule=rule, request=request)
    ]
    return tuple(sorted(found, key=lambda finding: finding.start))


def mend(text: str, *, request: ReviewRequest) -> str:
    """The text without what breaks a rule."""
    for rule in _RULES:
        if request.direction in rule.directions:
            text = rule.pattern.sub(
                lambda match, rule=rule: (
                    match[0]
                    if _is_the_callers(match, rule=rule, request=request)
                    else match.expand(rule.replacement)
                ),
                text,
            )
    return text


def _is_the_callers(match: re.Match[str], *, rule: PolicyRule, request: ReviewRequest) -> bool:
    """An image on a host that the caller named in goal or context is the caller's own affair.

    A joiner between letters or in an emoji is writing, not hiding; those are not in the patterns.
    """
    if rule.type != "remote_image":
        return False
    url = match[match.lastindex or 0]
    host = (urlsplit(url).hostname or "").lower()
    given = unicodedata.normalize("NFKC", f"{request.brief.goal}\n{request.brief.context_json}").lower()
    return bool(host) and re.search(rf"//(?:[^/\s@]*@)?{re.escape(host)}(?![\w.-])", given) is not None
