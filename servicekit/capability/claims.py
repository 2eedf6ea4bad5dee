"""The claims of a capability token, and their JSON."""

from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from servicekit.errors import PermissionDeniedError

ISSUER = "octollm/orchestrator"
"""Who issues capability tokens."""

LONGEST_LIFE = 300.0
"""Seconds between a token's issue and its expiry, at most."""

LONGEST_CALL = 3600.0
"""Seconds for which the token of a running call may be delegated, at most."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Model tokens and millionths of a US dollar that a call may use; None where the token sets no bound."""

    max_tokens: int | None = None
    max_cost_micros: int | None = None

    def within(self, outer: "Bounds") -> "Bounds":
        """The tighter of both, each for itself."""
        return Bounds(
            max_tokens=_tighter(self.max_tokens, outer.max_tokens),
            max_cost_micros=_tighter(self.max_cost_micros, outer.max_cost_micros),
        )


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a token allows.

    Attributes:
        audience: the instance that may act on it.
        acts: the capabilities that may be used.
        call: SHA-256 in hex of the call (`servicekit.capability.call`).
        issued_at: seconds since 1970, by the database's clock; so are the other times.
        expires_at: until when the call must have begun.
        until: until when the call may run and its token may be delegated.
        token_id: unique; an instance takes it once.
        task_id: the task; empty for a direct call.
        step_id: the step; empty for a direct call and for the orchestrator's own.
        attempt: which try of the step; 0 outside of one.
        bounds: what the call may use.
        parent: the token that this one was delegated from; empty for none.
    """

    audience: str
    acts: tuple[str, ...]
    call: str
    issued_at: float
    expires_at: float
    until: float
    token_id: str
    task_id: str = ""
    step_id: str = ""
    attempt: int = 0
    bounds: Bounds = field(default_factory=Bounds)
    parent: str = ""


def to_json(claims: Claims) -> bytes:
    """The claims as a token's payload."""
    found: dict[str, Any] = {
        "iss": ISSUER,
        "aud": claims.audience,
        "iat": round(claims.issued_at, 3),
        "exp": round(claims.expires_at, 3),
        "until": round(claims.until, 3),
        "jti": claims.token_id,
        "acts": claims.acts,
        "call": claims.call,
    }
    optional = {
        "task": claims.task_id,
        "step": claims.step_id,
        "attempt": claims.attempt,
        "parent": claims.parent,
    }
    limits = {"tokens": claims.bounds.max_tokens, "cost_micros": claims.bounds.max_cost_micros}
    found |= {name: value for name, value in optional.items() if value}
    found |= {name: value for name, value in limits.items() if value is not None}
    return orjson.dumps(found)


def from_json(payload: bytes) -> Claims:
    """The claims of a payload whose signature holds.

    Raises:
        PermissionDeniedError: it is no capability token's payload.
    """
    try:
        content: Any = orjson.loads(payload)
        return _claims(_Reader(content if isinstance(content, dict) else {}))
    except (ValueError, KeyError) as error:
        raise PermissionDeniedError(
            "the capability token does not hold what one must", reason="CAPABILITY_INVALID"
        ) from error


class _Reader:
    """Reads claims of exactly the kind they must be."""

    def __init__(self, content: Any) -> None:
        self._content = cast("dict[str, Any]", content)

    def text(self, name: str, *, default: str | None = None) -> str:
        return self._of(str, name, default)

    def whole(self, name: str, *, default: int | None = None) -> int:
        return self._of(int, name, default)

    def maybe(self, name: str) -> int | None:
        return self.whole(name) if name in self._content else None

    def moment(self, name: str) -> float:
        value = self._content[name]
        if type(value) not in {int, float}:  # a bool is no time
            raise ValueError(name)
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        values = cast("list[str]", self._of(list, name, None))
        if not values or not all(type(value) is str for value in values):
            raise ValueError(name)
        return tuple(values)

    def _of(self, kind: Any, name: str, default: Any) -> Any:
        value = self._content[name] if default is None else self._content.get(name, default)
        if type(value) is not kind:
            raise ValueError(name)
        return value


def _claims(read: _Reader) -> Claims:
    if read.text("iss") != ISSUER:
        raise ValueError("iss")
    return Claims(
        audience=read.text("aud"),
        acts=read.texts("acts"),
        call=read.text("call"),
        issued_at=read.moment("iat"),
        expires_at=read.moment("exp"),
        until=read.moment("until"),
        token_id=read.text("jti"),
        task_id=read.text("task", default=""),
        step_id=read.text("step", default=""),
        attempt=read.whole("attempt", default=0),
        bounds=Bounds(max_tokens=read.maybe("tokens"), max_cost_micros=read.maybe("cost_micros")),
        parent=read.text("parent", default=""),
    )


def _tighter(one: int | None, other: int | None) -> int | None:
    return min((bound for bound in (one, other) if bound is not None), default=None)
