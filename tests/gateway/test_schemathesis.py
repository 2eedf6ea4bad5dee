"""schemathesis against the contract of every port.

No server error, no undocumented answer; what the contract allows is taken, what it forbids refused.
"""

import os
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from octollm.orchestrator.v1 import tasks_pb2 as pb
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from gateway.clients import ARMS
from gateway.door import door_app
from gateway.routes.table import DOORS
from tests.gateway.conftest import Gateway, running_gateway
from tests.gateway.fakes import a_completed_task
from tests.support.in_thread import in_thread

EXAMPLES = int(os.environ.get("OCTOLLM_TEST_EXAMPLES", "12"))
"""Generated requests an operation and mode; the variable asks for more."""

_ONE_ACTION = "exactly one action"
_A_DOCUMENT = "a file that is a document, and metadata as JSON"
WORDS_ONLY = {
    "POST /api/v1/tasks": "names in metadata, and the context's size and depth",
    "POST /api/v1/cache": "exactly one of key and text",
    "POST /api/v1/execute": _ONE_ACTION,
    "POST /api/v1/arms/executor/execute": _ONE_ACTION,
    "POST /api/v1/documents": _A_DOCUMENT,
    "POST /api/v1/arms/retriever/documents": _A_DOCUMENT,
}
"""Operations with rules that OpenAPI 3.0 cannot say: there a refusal of what the schema allows is right."""

NO_NUL = SchemathesisConfig.from_dict({"generation": {"allow-x00": False}})
"""A text with U+0000 is refused everywhere, which no schema says."""

MODES = {"allowed": GenerationMode.POSITIVE, "forbidden": GenerationMode.NEGATIVE}


@pytest.fixture(scope="module")
def served() -> Generator[Gateway]:
    """A gateway on an event loop of its own: schemathesis speaks synchronously."""
    with in_thread(with_a_task()) as gateway:
        yield gateway


@asynccontextmanager
async def with_a_task() -> AsyncGenerator[Gateway]:
    async with running_gateway(arms=ARMS, connections_per_ip=0) as gateway:
        task = a_completed_task(gateway.fakes.tasks)
        ends = (pb.TASK_EVENT_TYPE_TASK_QUEUED, pb.TASK_EVENT_TYPE_TASK_COMPLETED)
        await gateway.fakes.tasks.tell(*ends, task_id=task.task_id)
        yield gateway


def operations() -> Iterator[Any]:
    for door in DOORS:
        schema = schemathesis.openapi.from_dict(door_app(door).openapi(), config=NO_NUL)
        for result in schema.get_all_operations():
            operation: Any = cast("Any", result).ok()
            for name, mode in MODES.items():
                if mode is GenerationMode.POSITIVE or takes_input(operation):
                    yield pytest.param(door, operation, mode, id=f"{door}:{operation.label}:{name}")


def examples_for(door: str, operation: Any) -> int:
    """How many requests: fewer where the same handler is called on its arm's own port too."""
    if not takes_input(operation):
        return 1
    return max(1, EXAMPLES // 4) if door == "gateway" and operation.tags[0] in ARMS else EXAMPLES


def takes_input(operation: Any) -> bool:
    """Whether there is anything to get wrong; any X-Request-ID is taken."""
    return bool(
        operation.body or operation.query or operation.path_parameters or len(list(operation.headers)) > 1
    )


@pytest.mark.parametrize(("door", "operation", "mode"), list(operations()))
def test_operation(served: Gateway, door: str, operation: Any, mode: GenerationMode) -> None:
    # Nobody has to log in here: what happens where one has to stands in auth/test_access.py.
    excused = [ignored_auth, *([positive_data_acceptance] if operation.label in WORDS_ONLY else [])]
    if WORDS_ONLY.get(operation.label) == _A_DOCUMENT:
        excused.append(negative_data_rejection)  # a form has texts only: a number is one too

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples_for(door, operation),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    def call(case: Any) -> None:
        case.call_and_validate(base_url=served.base(door), timeout=20, excluded_checks=excused)

    call()
