"""The domain's numbers are those of the protos: a servicer converts by number."""

from enum import IntEnum
from typing import Any

import pytest
from octollm.arms.v1 import guardian_pb2
from octollm.orchestrator.v1 import arm_registry_pb2, tasks_pb2
from octollm.reflex.v1 import reflex_pb2

from orchestrator.calls import Direction, ReviewAction
from orchestrator.model import arm, event, step, task
from orchestrator.store_lists import Sort


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (task.Status, tasks_pb2.TaskStatus, "TASK_STATUS_"),
        (task.Phase, tasks_pb2.Phase, "PHASE_"),
        (task.Priority, tasks_pb2.Priority, "PRIORITY_"),
        (task.PiiPolicy, tasks_pb2.PiiPolicy, "PII_POLICY_"),
        (task.PiiPolicy, guardian_pb2.PiiPolicy, "PII_POLICY_"),
        (task.PiiPolicy, reflex_pb2.PiiPolicy, "PII_POLICY_"),
        (task.OnValidationFailure, tasks_pb2.OnValidationFailure, "ON_VALIDATION_FAILURE_"),
        (step.StepState, tasks_pb2.StepState, "STEP_STATE_"),
        (event.EventType, tasks_pb2.TaskEventType, "TASK_EVENT_TYPE_"),
        (task.ErrorType, tasks_pb2.ErrorType, "ERROR_TYPE_"),
        (arm.ArmStatus, arm_registry_pb2.ArmStatus, "ARM_STATUS_"),
        (Direction, guardian_pb2.Direction, "DIRECTION_"),
        (ReviewAction, guardian_pb2.ReviewAction, "REVIEW_ACTION_"),
        (Sort, tasks_pb2.TaskSort, "TASK_SORT_"),
    ],
)
def test_names_and_numbers_agree(ours: type[IntEnum], theirs: Any, prefix: str) -> None:
    told = {name.removeprefix(prefix): number for name, number in theirs.items()}
    del told["UNSPECIFIED"]
    assert {member.name: member.value for member in ours if member.value} == told
