"""Guards a task's texts on the way in: each is checked, and redacted before it is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.model.task import PiiPolicy, TaskSpec
from orchestrator.texts import Place, parse_context, texts_of, with_texts
from servicekit.errors import ValidationFailedError

_WORDS = {
    "injection": "an attempt to take over a model",
    "pii": "personal data, which this task's policy refuses",
    "secret": "a secret",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that the reflex found; offsets count characters."""

    category: str
    type: str
    severity: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class TextVerdict:
    """The reflex's word on one text: `sanitized` replaces it when not None."""

    blocked: bool
    sanitized: str | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A spec that may be stored, and the personal data that it still holds; the values are never stored."""

    spec: TaskSpec
    own: tuple[str, ...] = ()


class Reflex(Protocol):
    """Who checks texts."""

    async def check(self, texts: Sequence[str], *, pii: PiiPolicy, user: str) -> list[TextVerdict]:
        """A verdict on every text, in their order."""
        ...


async def guarded(spec: TaskSpec, *, reflex: Reflex, pii: PiiPolicy, user: str) -> Guarded:
    """The spec as it may be stored.

    Args:
        spec: as the caller sent it.
        reflex: checks the texts.
        pii: what happens to personal data.
        user: on whose behalf.

    Raises:
        ValidationFailedError: a text is blocked; `field` is its JSON path, `constraint` the rule.
        UnavailableError: the reflex is away; a guard fails closed.
    """
    context = parse_context(spec.context_json)
    texts = texts_of(spec, context)
    _refuse_nul(texts.items())
    verdicts = await reflex.check(list(texts.values()), pii=pii, user=user)
    replaced: dict[Place, str] = {}
    own: dict[str, None] = {}
    for (place, text), verdict in zip(texts.items(), verdicts, strict=True):
        if verdict.blocked:
            raise _blocked(place, verdict)
        if verdict.sanitized is not None:
            replaced[place] = verdict.sanitized
        if pii is PiiPolicy.ALLOW:
            found = (f for f in verdict.findings if f.category == "pii")
            own |= dict.fromkeys(text[f.start : f.end] for f in found)
    return Guarded(spec=with_texts(spec, context, replaced) if replaced else spec, own=tuple(own))


def _refuse_nul(texts: Iterable[tuple[Place, str]]) -> None:
    """PostgreSQL stores no NUL, and no honest text has one."""
    for place, text in texts:
        if "\x00" in text:
            raise ValidationFailedError(
                "a text contains a NUL character", field=str(place), constraint="must not contain NUL"
            )


def _blocked(place: Place, verdict: TextVerdict) -> ValidationFailedError:
    worst = max(verdict.findings, key=lambda found: found.severity, default=None)
    category, kind = (worst.category, worst.type) if worst else ("policy", "blocked")
    return ValidationFailedError(
        f"{place} contains {_WORDS.get(category, 'what the policy refuses')}",
        field=str(place),
        constraint=f"{category}.{kind}",
        reason="CONTENT_BLOCKED",
    )
