"""One delivery: which task ended, how, and whom to tell."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orchestrator.model.task import Status


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What is told, and how often that was tried.

    Attributes:
        delivery_id: the same at every try, so that a receiver knows a repetition.
        task_id: the task that ended.
        tenant: whose it is, and so whose secret signs.
        status: how it ended.
        url: where to.
        request_id: of the request that submitted the task.
        trace_context: of that request.
        attempts: tries, the present one included.
        created_at: when the task ended.
        age: seconds since then, by the database's clock.
    """

    delivery_id: str
    task_id: str
    tenant: str
    status: Status
    url: str
    request_id: str
    trace_context: Mapping[str, str]
    attempts: int
    created_at: datetime
    age: float

    def body(self) -> bytes:
        """JSON that says what happened; the result is read over the API, by whoever may read it."""
        status = self.status.name.lower()
        told = {
            "type": f"task.{status}",
            "timestamp": self.created_at.isoformat().replace("+00:00", "Z"),
            "data": {"task_id": self.task_id, "status": status, "request_id": self.request_id},
        }
        return json.dumps(told, separators=(",", ":")).encode()
