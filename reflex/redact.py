"""Replaces what was found: by a mark, the last four characters, a keyed hash, nothing, or a token."""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from threading import Lock

from reflex.cache.bounded import held_bytes
from reflex.findings import Finding


class Redaction(StrEnum):
    """How a found value is replaced."""

    MASK = "mask"
    PARTIAL = "partial"
    HASH = "hash"
    REMOVE = "remove"
    TOKEN = "token"  # noqa: S105 - the name of a way


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of text to replace, named after its most severe finding."""

    start: int
    end: int
    type: str


_SHOWN = 4
_HIDDEN_AT_LEAST = 4
_HASH_LENGTH = 16


class TokenVault:
    """Remembers what tokens stand for, in this process only, bounded.

    Args:
        size: tokens remembered; the oldest are forgotten first.
        memory: bytes of their values at most.
    """

    def __init__(self, *, size: int = 10_000, memory: int = 16 * 1024 * 1024) -> None:
        self._size = size
        self._memory = memory
        self._values: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def token(self, *, value: str, type: str) -> str:  # noqa: A002 - the field's name in findings
        """A fresh token for a value."""
        token = f"<{type.upper()}:{secrets.token_hex(8)}>"
        with self._lock:
            self._values[token] = value
            self._bytes += held_bytes(value)
            while len(self._values) > self._size or self._bytes > self._memory:
                _, oldest = self._values.popitem(last=False)
                self._bytes -= held_bytes(oldest)
        return token

    def value(self, *, token: str) -> str | None:
        """What a token stands for; None when it is not ours or was forgotten."""
        with self._lock:
            return self._values.get(token)

    def restore(self, *, text: str) -> str:
        """The text with every known token replaced by its value."""
        with self._lock:
            known = [(token, value) for token, value in self._values.items() if token in text]
        for token, value in known:
            text = text.replace(token, value)
        return text


class Redactor:
    """Redacts texts.

    Args:
        key: of the hash; equal values have equal hashes under one key.
        vault: keeps the values of tokens.
    """

    def __init__(self, *, key: bytes, vault: TokenVault) -> None:
        self._key = key
        self._vault = vault
        self._ways: dict[Redaction, Callable[[str, str], str]] = {
            Redaction.MASK: lambda _value, kind: f"[{kind.upper()}]",
            Redaction.PARTIAL: _partial,
            Redaction.HASH: self._hash,
            Redaction.REMOVE: lambda _value, _type: "",
            Redaction.TOKEN: lambda value, kind: self._vault.token(value=value, type=kind),
        }

    def redact(self, *, text: str, findings: Sequence[Finding], way: Redaction) -> str:
        """The text without what was found; everything outside the findings is unchanged.

        Args:
            text: the original.
            findings: what to replace; overlapping ones are merged first.
            way: how.
        """
        pieces, last = list[str](), 0
        for span in merged(findings=findings):
            pieces += [text[last : span.start], self._ways[way](text[span.start : span.end], span.type)]
            last = span.end
        return "".join([*pieces, text[last:]])

    def _hash(self, value: str, type: str) -> str:  # noqa: A002 - see TokenVault.token
        digest = hmac.new(self._key, f"{type}\0{value}".encode("utf-8", "surrogatepass"), sha256).hexdigest()
        return f"[{type.upper()}:{digest[:_HASH_LENGTH]}]"


def merged(*, findings: Sequence[Finding]) -> list[Span]:
    """Spans that do not overlap, in order; each has the type of its most severe finding."""
    spans: list[Span] = []
    severities: list[tuple[int, float]] = []
    for finding in sorted(findings, key=lambda finding: (finding.start, -finding.end)):
        weight = (int(finding.severity), finding.confidence)
        if spans and finding.start < spans[-1].end:
            joined = spans[-1]
            heavier = weight > severities[-1]
            spans[-1] = Span(
                start=joined.start,
                end=max(joined.end, finding.end),
                type=finding.type if heavier else joined.type,
            )
            severities[-1] = max(severities[-1], weight)
        elif finding.end > finding.start:
            spans.append(Span(start=finding.start, end=finding.end, type=finding.type))
            severities.append(weight)
    return spans


def _partial(value: str, type: str) -> str:  # noqa: A002 - see TokenVault.token
    """The last four letters or digits; short values show nothing."""
    characters = [character for character in value if character.isalnum()]
    if len(characters) < _SHOWN + _HIDDEN_AT_LEAST:
        return f"[{type.upper()}]"
    return f"[{type.upper()}:...{''.join(characters[-_SHOWN:])}]"
