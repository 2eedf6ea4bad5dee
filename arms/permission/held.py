"""The token of the call that is being carried out, for an arm that needs another arm for it."""

from contextvars import ContextVar

_held: ContextVar[str] = ContextVar("held_token", default="")


def held_token() -> str:
    """The token that permitted the current call; narrower ones are delegated from it."""
    return _held.get()


def hold(token: str) -> None:
    """Make it the current one for this asyncio task and those it starts."""
    _held.set(token)
