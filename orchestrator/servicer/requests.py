"""From requests to the words of the domain, with defaults filled in."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from octollm.orchestrator.v1 import arm_registry_pb2, tasks_pb2

from orchestrator.model.arm import ArmDescription, ArmStatus, Capability
from orchestrator.model.task import Budget, OnValidationFailure, PiiPolicy, Policy, Priority, Status, TaskSpec
from orchestrator.ownership import Reach
from orchestrator.store_lists import ListQuery, Sort

DEFAULT_PAGE_SIZE = 50
"""Items a page when the request does not say."""

DEFAULT_DAYS = 30
"""Days of usage when the request does not say."""

_DEFAULT = Budget()


def spec_from(message: tasks_pb2.TaskSpec) -> TaskSpec:
    """What the caller asks for."""
    return TaskSpec(
        goal=message.goal,
        constraints=tuple(message.constraints),
        acceptance_criteria=tuple(message.acceptance_criteria),
        context_json=message.context_json,
        budget=_budget(message.budget),
        priority=Priority(message.priority or Priority.MEDIUM),
        labels=dict(message.labels),
        callback_url=message.callback_url,
        policy=_policy(message.policy),
    )


def query_from(request: tasks_pb2.ListTasksRequest, *, within: Reach) -> ListQuery:
    """Which page of which tasks."""
    return ListQuery(
        tenant=within.tenant,
        subject=within.subject,
        page=request.page or 1,
        page_size=request.page_size or DEFAULT_PAGE_SIZE,
        sort=Sort(request.sort_by or Sort.CREATED_AT),
        descending=request.order != tasks_pb2.SORT_ORDER_ASC,
        statuses=tuple(sorted({Status(status) for status in request.statuses})),
        priorities=tuple(sorted({Priority(priority) for priority in request.priorities})),
        created_after=_time(request.created_after) if request.HasField("created_after") else None,
        created_before=_time(request.created_before) if request.HasField("created_before") else None,
    )


def description_from(message: arm_registry_pb2.ArmDescription) -> ArmDescription:
    """What an arm says of itself."""
    return ArmDescription(
        arm_id=message.arm_id,
        name=message.name,
        description=message.description,
        version=message.version,
        capabilities=tuple(
            Capability(
                name=held.name,
                description=held.description,
                input_schema_json=held.input_schema_json,
                output_schema_json=held.output_schema_json,
            )
            for held in message.capabilities
        ),
        cost_tier=message.cost_tier,
        endpoint=message.endpoint,
        max_concurrency=message.max_concurrency,
    )


def status_from(status: int) -> ArmStatus:
    """How well an arm works; one that does not tell is taken to work."""
    return ArmStatus(status or ArmStatus.HEALTHY)


def _budget(message: tasks_pb2.Budget) -> Budget:
    return Budget(
        max_tokens=message.max_tokens if message.HasField("max_tokens") else _DEFAULT.max_tokens,
        max_time_seconds=(
            message.max_time_seconds if message.HasField("max_time_seconds") else _DEFAULT.max_time_seconds
        ),
        max_cost_micros=(
            message.max_cost_micros if message.HasField("max_cost_micros") else _DEFAULT.max_cost_micros
        ),
    )


def _policy(message: tasks_pb2.Policy) -> Policy:
    return Policy(
        pii=PiiPolicy(message.pii) if message.pii else None,
        on_validation_failure=OnValidationFailure(
            message.on_validation_failure or OnValidationFailure.COMPLETE
        ),
        swarm=message.swarm if message.HasField("swarm") else None,
    )


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
