"""What the handlers of a running gateway share."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.clients import Clients
from gateway.status import StatusBook
from servicekit.metrics import Metrics


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything that a handler may need beside its request.

    Attributes:
        clients: the other services.
        book: how those services are.
        metrics: the gateway's own metrics.
        draining: set once no new work is taken.
        version: the gateway's version.
        started_at: when it began to serve, RFC 3339 in UTC.
        heartbeat_seconds: how often an idle event stream says that it is alive.
        documents: by door, its OpenAPI document as JSON.
    """

    clients: Clients
    book: StatusBook
    metrics: Metrics
    draining: asyncio.Event
    version: str
    started_at: str
    heartbeat_seconds: float
    documents: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
