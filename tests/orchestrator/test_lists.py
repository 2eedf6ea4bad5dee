"""Lists: every order, every filter, exact totals, pages from both ends; checked against a plain sort."""

import itertools
from typing import Any

import psycopg
import pytest
from octollm.orchestrator.v1 import tasks_pb2

from orchestrator.limits import SweepLimits
from orchestrator.migrations import SCHEMA, all_migrations
from orchestrator.model.task import Priority, Status, Task
from orchestrator.store_lists import ListQuery, ListStore, Sort
from orchestrator.store_sweep import SweepStore
from servicekit.database import open_pool
from servicekit.migrate import migrate
from tests.orchestrator.house import House

FILL = """
INSERT INTO orchestrator.tasks (task_id, tenant, subject, status, priority, max_seconds, spec,
    created_at, updated_at)
SELECT 'task_' || lpad(n::text, 16, '0'), CASE WHEN n % 10 = 0 THEN 'other' ELSE 'default' END, 's',
    1 + n * 7 % 5, 1 + n * 3 % 4, 60, jsonb_build_object('goal', 'g', 'priority', 1 + n * 3 % 4),
    '2026-01-01'::timestamptz + (n % 50) * interval '1 s',
    '2026-02-01'::timestamptz - (n * 13 % 97) * interval '1 s'
FROM generate_series(1, 400) AS n"""


@pytest.fixture
async def store(database_url: str) -> Any:
    await migrate(database_url, schema=SCHEMA, migrations=all_migrations())
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(FILL)
    async with open_pool(database_url, name="test") as pool:
        yield pool


def key(task: Task, sort: Sort) -> tuple[Any, str]:
    values = {
        Sort.CREATED_AT: task.created_at,
        Sort.UPDATED_AT: task.updated_at,
        Sort.PRIORITY: task.spec.priority,
        Sort.STATUS: task.status,
    }
    return values[sort], task.task_id


async def everything(lists: ListStore, **filters: Any) -> tuple[list[Task], int]:
    tasks: list[Task] = []
    page = 1
    while True:
        found, total = await lists.page(ListQuery(tenant="default", page=page, page_size=30, **filters))
        if not found:
            return tasks, total
        tasks += found
        page += 1


@pytest.mark.parametrize(
    ("sort", "descending"),
    [*itertools.product(list(Sort), [True, False])],
)
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, 360),
        ({"statuses": (Status.FAILED,)}, None),
        ({"statuses": (Status.QUEUED, Status.FAILED)}, None),
        ({"priorities": (Priority.HIGH,)}, None),
        ({"statuses": (Status.QUEUED,), "priorities": (Priority.LOW, Priority.HIGH)}, None),
    ],
)
async def test_pages_are_the_plain_order(
    store: Any, sort: Sort, descending: bool, filters: dict[str, Any], expected: int | None
) -> None:
    lists = ListStore(pool=store)
    tasks, total = await everything(lists, sort=sort, descending=descending, **filters)
    assert len(tasks) == total
    assert expected is None or total == expected
    assert tasks == sorted(tasks, key=lambda task: key(task, sort), reverse=descending)
    assert len({task.task_id for task in tasks}) == total
    for task in tasks:
        assert not filters.get("statuses") or task.status in filters["statuses"]


async def test_totals_stay_exact_while_they_are_folded(store: Any, database_url: str) -> None:
    lists, sweep = ListStore(pool=store), SweepStore(pool=store, limits=SweepLimits())
    before = (await lists.page(ListQuery(tenant="default", statuses=(Status.QUEUED,))))[1]
    assert await sweep.fold() > 0
    assert (await lists.page(ListQuery(tenant="default", statuses=(Status.QUEUED,))))[1] == before
    with psycopg.connect(database_url, autocommit=True) as connection:
        moved = connection.execute(
            "UPDATE orchestrator.tasks SET status = 5 WHERE status = 1 AND tenant = 'default'"
        ).rowcount
        gone = connection.execute(
            "DELETE FROM orchestrator.tasks WHERE status = 3 AND tenant = 'default'"
        ).rowcount
    assert moved == before
    assert (await lists.page(ListQuery(tenant="default", statuses=(Status.QUEUED,))))[1] == 0
    await sweep.fold()
    assert (await lists.page(ListQuery(tenant="default")))[1] == 360 - gone


async def test_date_ranges_are_counted(store: Any) -> None:
    lists = ListStore(pool=store)
    tasks, _ = await everything(lists)
    middle = sorted(task.created_at for task in tasks)[180]
    early, total = await everything(lists, created_before=middle)
    late, rest = await everything(lists, created_after=middle)
    assert (len(early), len(late)) == (total, rest)
    assert total + rest == 360


async def test_pages_over_the_wire(house: House) -> None:
    for number in range(5):
        await house.submit(f"goal {number}", priority=tasks_pb2.PRIORITY_LOW + number % 2)
    request = tasks_pb2.ListTasksRequest(page=2, page_size=2, order=tasks_pb2.SORT_ORDER_ASC)
    response = await house.tasks.ListTasks(request)
    assert response.total_items == 5
    assert [task.spec.goal for task in response.tasks] == ["goal 2", "goal 3"]
    beyond = await house.tasks.ListTasks(tasks_pb2.ListTasksRequest(page=10**9))
    assert (len(beyond.tasks), beyond.total_items) == (0, 5)
