"""What every service's `build()` yields: a service that runs, where it listens, and how to drain it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running service.

    Attributes:
        name: the service's name, such as ``orchestrator``.
        endpoints: where it listens, by kind: ``grpc`` (``127.0.0.1:9000``), ``socket`` (``unix:/...``),
            ``rest`` (``http://127.0.0.1:8000``).
        drain: takes no new work, finishes what runs within so many seconds, then returns.
    """

    name: str
    endpoints: Mapping[str, str]
    drain: Callable[[float], Awaitable[None]]
