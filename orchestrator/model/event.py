"""What happened to a task; numbers equal those of the protos."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any


class EventType(IntEnum):
    """What happened to a task."""

    TASK_QUEUED = 1
    TASK_STARTED = 2
    TASK_PLANNED = 3
    STEP_STARTED = 4
    STEP_PROGRESS = 5
    STEP_COMPLETED = 6
    STEP_FAILED = 7
    STEP_RETRIED = 8
    TASK_VALIDATED = 9
    TASK_REPAIRED = 10
    TASK_COMPLETED = 11
    TASK_FAILED = 12
    TASK_CANCELLED = 13


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened to a task; sequences run 1, 2, 3 ... without gaps."""

    task_id: str
    sequence: int
    type: EventType
    created_at: datetime
    step_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
