"""Tasks over the wire: shapes, what reaches the orchestrator, ETags, waiting, pages."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.schemas.steps import StepPage
from gateway.schemas.tasks import Task, TaskPage
from gateway.schemas.usage import UsageReport
from tests.gateway.conftest import Gateway
from tests.gateway.fakes import a_completed_task, a_failed_task

WHOLE = {
    "goal": "  Summarise.  ",
    "constraints": ["short"],
    "acceptance_criteria": ["names the cause"],
    "context": {"n": 2**53 + 1, "big": 10**40, "f": 1.0, "deep": [{"a": None}]},
    "budget": {"max_tokens": 5, "max_time_seconds": 6, "max_cost_dollars": 0.25},
    "priority": "critical",
    "metadata": {"ticket": "OPS-1"},
    "callback_url": "https://hooks.example.com/octo",
    "policy": {"pii": "block", "on_validation_failure": "fail", "swarm": 3},
}


async def test_a_whole_request_reaches_the_orchestrator_unchanged(
    gateway: Gateway, api: httpx.AsyncClient
) -> None:
    answer = await api.post("/tasks", json=WHOLE, headers={"Idempotency-Key": "k~1"})
    assert answer.status_code == 202
    sent = gateway.fakes.tasks.requests[0]
    assert sent.idempotency_key == "k~1"
    spec = sent.spec
    assert spec.goal == "Summarise."
    assert (list(spec.constraints), list(spec.acceptance_criteria)) == (["short"], ["names the cause"])
    assert json.loads(spec.context_json) == WHOLE["context"]
    assert '"f":1.0' in spec.context_json
    assert (spec.budget.max_tokens, spec.budget.max_time_seconds) == (5, 6)
    assert spec.budget.max_cost_micros == 250_000
    assert spec.priority == pb.PRIORITY_CRITICAL
    assert dict(spec.labels) == {"ticket": "OPS-1"}
    assert spec.callback_url == WHOLE["callback_url"]
    assert (spec.policy.pii, spec.policy.on_validation_failure, spec.policy.swarm) == (3, 2, 3)
    task = answer.json()
    assert Task.model_validate(task)
    assert task["status"] == "queued"
    assert task["metadata"]["labels"] == {"ticket": "OPS-1"}
    assert task["context"]["n"] == 2**53 + 1
    assert task["context"]["big"] == 10**40
    assert answer.headers["location"] == f"/api/v1/tasks/{task['task_id']}"
    assert answer.headers["etag"] == '"1"'


async def test_defaults_are_those_of_the_contract(gateway: Gateway, api: httpx.AsyncClient) -> None:
    assert (await api.post("/tasks", json={"goal": "x"})).status_code == 202
    spec = gateway.fakes.tasks.requests[0].spec
    assert (spec.budget.max_tokens, spec.budget.max_time_seconds, spec.budget.max_cost_micros) == (
        10_000,
        300,
        1_000_000,
    )
    assert (spec.priority, spec.context_json) == (pb.PRIORITY_MEDIUM, "")


async def test_every_kind_of_task_has_exactly_the_documented_shape(
    gateway: Gateway, api: httpx.AsyncClient
) -> None:
    tasks = gateway.fakes.tasks
    made = [tasks.add(), a_completed_task(tasks), a_failed_task(tasks)]
    for task in made:
        answer = await api.get(f"/tasks/{task.task_id}")
        assert answer.status_code == 200
        assert Task.model_validate(answer.json())
    page = TaskPage.model_validate((await api.get("/tasks")).json())
    assert [task.status for task in page.data] == ["queued", "completed", "failed"]
    completed = (await api.get(f"/tasks/{made[1].task_id}")).json()
    assert completed["metadata"]["cost_dollars"] == 1.5
    assert completed["context"] == {"n": 2**53 + 1}
    failed = (await api.get(f"/tasks/{made[2].task_id}")).json()
    assert failed["error"] == {"type": "BUDGET_EXCEEDED", "message": "too dear", "details": {"spent": 5}}


@pytest.mark.parametrize(
    ("sent", "status"),
    [('"1"', 304), ('W/"1"', 304), ('"7", "1"', 304), ("*", 304), ('"2"', 200), ("nonsense", 200)],
)
async def test_etags(gateway: Gateway, api: httpx.AsyncClient, sent: str, status: int) -> None:
    task = gateway.fakes.tasks.add()
    answer = await api.get(f"/tasks/{task.task_id}", headers={"If-None-Match": sent})
    assert (answer.status_code, answer.headers["etag"]) == (status, '"1"')
    assert bool(answer.content) == (status == 200)


async def test_wait_answers_when_the_task_ends(gateway: Gateway, api: httpx.AsyncClient) -> None:
    tasks = gateway.fakes.tasks
    task = tasks.add()
    waiting = asyncio.create_task(api.get(f"/tasks/{task.task_id}", params={"wait": 30}))
    await tasks.trouble.entered.wait()
    assert not waiting.done()
    task.status = pb.TASK_STATUS_COMPLETED
    async with tasks.changed:
        tasks.changed.notify_all()
    assert (await waiting).json()["status"] == "completed"


async def test_wait_answers_when_the_time_is_up(gateway: Gateway, api: httpx.AsyncClient) -> None:
    task = gateway.fakes.tasks.add()
    answer = await api.get(f"/tasks/{task.task_id}", params={"wait": 1})
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")


async def test_list_parameters_reach_the_orchestrator(gateway: Gateway, api: httpx.AsyncClient) -> None:
    query = (
        "page=3&page_size=7&sort_by=priority&order=asc&status=queued&status=failed&priority=high"
        "&created_after=2026-11-23T09:00:00%2B02:00&created_before=2026-11-23T09:00:00.5Z"
    )
    answer = await api.get(f"/tasks?{query}")
    assert answer.status_code == 200
    sent = gateway.fakes.tasks.requests[0]
    assert (sent.page, sent.page_size, sent.sort_by, sent.order) == (
        3,
        7,
        pb.TASK_SORT_PRIORITY,
        pb.SORT_ORDER_ASC,
    )
    assert list(sent.statuses) == [pb.TASK_STATUS_QUEUED, pb.TASK_STATUS_FAILED]
    assert list(sent.priorities) == [pb.PRIORITY_HIGH]
    assert sent.created_after.ToJsonString() == "2026-11-23T07:00:00Z"
    assert sent.created_before.ToJsonString() == "2026-11-23T09:00:00.500Z"
    assert answer.json() == {
        "data": [],
        "pagination": {"page": 3, "page_size": 7, "total_pages": 0, "total_items": 0},
    }


@pytest.mark.parametrize(("items", "pages"), [(0, 0), (1, 1), (2, 1), (3, 2), (5, 3)])
async def test_total_pages(gateway: Gateway, api: httpx.AsyncClient, items: int, pages: int) -> None:
    for _ in range(items):
        gateway.fakes.tasks.add()
    told = (await api.get("/tasks", params={"page_size": 2})).json()
    assert told["pagination"] == {"page": 1, "page_size": 2, "total_pages": pages, "total_items": items}
    assert len(told["data"]) == min(items, 2)


async def test_cancel_is_final_and_not_for_what_has_ended(gateway: Gateway, api: httpx.AsyncClient) -> None:
    tasks = gateway.fakes.tasks
    task, ended = tasks.add(), a_completed_task(tasks)
    for _ in range(2):
        answer = await api.delete(f"/tasks/{task.task_id}")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    conflict = await api.delete(f"/tasks/{ended.task_id}")
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "CONFLICT")


async def test_steps(gateway: Gateway, api: httpx.AsyncClient) -> None:
    task = gateway.fakes.tasks.add()
    page = (await api.get(f"/tasks/{task.task_id}/steps?page_size=1")).json()
    assert StepPage.model_validate(page)
    first, second = page["data"]
    assert (first["duration_seconds"], first["usage"]["cost_dollars"]) == (1.5, 1.5)
    assert (second["state"], second["usage"], second["output"], second["arm_id"]) == (
        "pending",
        None,
        None,
        None,
    )
    assert page["pagination"] == {"page": 1, "page_size": 1, "total_pages": 2, "total_items": 2}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"context": {"a": "x" * 65_530}}, "context", "65536 bytes"),
        ({"context": {"a": [[[[[[[[1]]]]]]]]}}, "context", "8 levels"),
    ],
)
async def test_what_is_refused_beyond_the_shape(
    gateway: Gateway, api: httpx.AsyncClient, body: dict[str, Any], field: str, words: str
) -> None:
    answer = await api.post("/tasks", json={"goal": "x", **body})
    error = answer.json()["error"]
    assert (answer.status_code, error["details"]["field"]) == (400, field)
    assert words in f"{error['message']} {error['details']['constraint']}"
    assert gateway.fakes.tasks.requests == []


async def test_erase_is_for_what_has_ended_and_cancels_nothing(
    gateway: Gateway, api: httpx.AsyncClient
) -> None:
    task, ended = gateway.fakes.tasks.add(), a_completed_task(gateway.fakes.tasks)
    conflict = await api.delete(f"/tasks/{task.task_id}?erase=true")
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "CONFLICT")
    assert task.status == pb.TASK_STATUS_QUEUED
    erased = await api.delete(f"/tasks/{ended.task_id}?erase=true")
    assert (erased.status_code, erased.headers["etag"]) == (200, f'"{ended.last_sequence}"')
    told = Task.model_validate_json(erased.content)
    assert (told.goal, told.result, told.status) == ("", None, "completed")
    assert (await api.delete(f"/tasks/task_{'9' * 16}?erase=true")).status_code == 404


@pytest.mark.parametrize(("query", "days"), [("", 30), ("?days=1", 1), ("?days=366", 366)])
async def test_usage(gateway: Gateway, api: httpx.AsyncClient, query: str, days: int) -> None:
    answer = await api.get(f"/usage{query}")
    assert UsageReport.model_validate_json(answer.content).data[0].cost_dollars == 1.5
    assert answer.json()["data"][0] == {"date": "2026-11-23", "tasks": 2, "tokens": 70, "cost_dollars": 1.5}
    assert gateway.fakes.tasks.requests[-1].days == days


@pytest.mark.parametrize("days", ["0", "367", "x"])
async def test_days_of_usage_have_bounds(api: httpx.AsyncClient, days: str) -> None:
    answer = await api.get(f"/usage?days={days}")
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "days")


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\u00e4"])
async def test_malformed_idempotency_keys(api: httpx.AsyncClient, key: str) -> None:
    answer = await api.post("/tasks", json={"goal": "x"}, headers={b"Idempotency-Key": key.encode()})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == "Idempotency-Key"
