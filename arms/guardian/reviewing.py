"""Decides on a text: the reflex's word, then the policy's; the stricter one counts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from arms.guardian.house import Houses, mended
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


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """Decides on texts.

    Attributes:
        reflex: looks for personal data, secrets and injections.
        houses: the policies of tenants.
    """

    reflex: Reflex
    houses: Houses

    async def review(self, request: ReviewRequest) -> Checked:
        """Decide on a text.

        Raises:
            UnavailableError: the reflex cannot be reached; nothing passes unseen.
        """
        pieces = pieces_of(request.text)
        # Words that would take over a model are dangerous on the way in; on the way out they are just words.
        is_in = request.direction is Direction.IN
        whole = _joined(pieces, await self.reflex.check(pieces, pii=request.pii, injection=is_in))
        house = self.houses.of(request.tenant)
        broken = house.breaches(request.text, request=request)
        findings = _in_place((*whole.findings, *find_breaches(request), *(one.finding for one in broken)))
        if whole.action is Action.BLOCK or any(one.replacement is None for one in broken):
            return Checked(action=Action.BLOCK, findings=findings, text="")
        text = mend(whole.text, request=request)
        # Redaction moved the places: what is to be replaced is looked for in the text as it is now.
        text = mended(text, house.breaches(text, request=request))
        action = Action.SANITIZE if text != request.text else Action.ALLOW
        return Checked(action=action, findings=findings, text=text)


def _in_place(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.start))


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
