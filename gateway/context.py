"""What the handlers of a running gateway share."""

import asyncio
from dataclasses import dataclass

from fastapi import Request

from gateway.arm_calls import ArmCalls
from gateway.auth.audit import AuditTrail
from gateway.clients import Clients
from gateway.directory import ArmDirectory
from gateway.status import StatusBook
from servicekit.metrics import Metrics

GATEWAY = "gateway"
"""The door behind which all services stand."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything that a handler may need beside its request.

    Attributes:
        clients: the other services.
        book: how those services are.
        directory: every arm, those of others too.
        calls: direct calls of arms.
        metrics: the gateway's own metrics.
        uploads: held while an uploaded document is in memory.
        draining: set once no new work is taken.
        version: the gateway's version.
        started_at: when it began to serve, RFC 3339 in UTC.
        stream_heartbeat_seconds: how often an event stream is looked at: whether it lives, who reads.
        audit: takes what was done, for the audit log.
    """

    clients: Clients
    book: StatusBook
    directory: ArmDirectory
    calls: ArmCalls
    metrics: Metrics
    uploads: asyncio.Semaphore
    draining: asyncio.Event
    version: str
    started_at: str
    stream_heartbeat_seconds: float
    audit: AuditTrail


def context_of(request: Request) -> Context:
    """The context of the port that a request came in at.

    A plain function: as a FastAPI dependency it would cost a fifth of what FastAPI costs.
    """
    return request.app.state.context


def door_of(request: Request) -> str:
    """Whose port a request came in at, such as ``gateway`` or ``coder``."""
    return request.app.state.door
