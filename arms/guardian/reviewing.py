"""Decides on a text: the reflex's word, then the policy's; the stricter one counts."""

from dataclasses import replace
from typing import Protocol

from arms.guardian.policy import find_breaches, mend
from arms.guardian.review import Action, Checked, Direction, Finding, Pii, ReviewRequest

_PIECE_CHARACTERS = 90_000
"""What the reflex takes at once is 100,000."""


class Reflex(Protocol):
    """Who looks for personal data, secrets and injections."""

    async def check(self, texts: list[str], *, pii: Pii, injection: bool) -> list[Checked]:
        """A decision on every text, in their order.

        Raises:
            UnavailableError: it cannot be reached.
        """
        ...


async def review(request: ReviewRequest, *, reflex: Reflex) -> Checked:
    """Decide on a text.

    Raises:
        UnavailableError: the reflex cannot be reached; nothing passes unseen.
    """
    pieces = pieces_of(request.text)
    # Words that would take over a model are dangerous on the way in; on the way out they are just words.
    checked = await reflex.check(pieces, pii=request.pii, injection=request.direction is Direction.IN)
    whole = _joined(pieces, checked)
    if whole.action is Action.BLOCK:
        return replace(whole, findings=(*whole.findings, *find_breaches(request)), text="")
    mended = mend(whole.text, request=request)
    breaches = find_breaches(request)
    changed = mended != request.text
    return Checked(
        action=Action.SANITIZE if changed else Action.ALLOW,
        findings=tuple(sorted((*whole.findings, *breaches), key=lambda finding: finding.start)),
        text=mended,
    )


def pieces_of(text: str) -> list[str]:
    """The text in pieces that the reflex takes, cut at white space where there is any near the end."""
    pieces, start = list[str](), 0
    while start < len(text):
        end = min(start + _PIECE_CHARACTERS, len(text))
        if end < len(text):
            space = max(text.rfind(" ", start + 1, end), text.rfind("\n", start + 1, end))
            end = space + 1 if space > start + _PIECE_CHARACTERS // 2 else end
        pieces.append(text[start:end])
        start = end
    return pieces


def _joined(pieces: list[str], checked: list[Checked]) -> Checked:
    findings, offset = list[Finding](), 0
    for piece, result in zip(pieces, checked, strict=True):
        findings += [
            replace(finding, start=finding.start + offset, end=finding.end + offset)
            for finding in result.findings
        ]
        offset += len(piece)
    return Checked(
        action=max((result.action for result in checked), default=Action.ALLOW),
        findings=tuple(findings),
        text="".join(result.text for result in checked),
    )
