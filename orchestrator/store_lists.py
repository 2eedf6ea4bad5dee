"""Pages of tasks that stay fast at a million rows: an index decides the page, counters tell the total."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from psycopg.rows import dict_row

from orchestrator.model.task import Priority, Status, Task
from orchestrator.rows import TASK_COLUMNS, tasks_of
from servicekit.database import Connection, Pool, connection
from servicekit.principal import ANONYMOUS


class Sort(IntEnum):
    """What tasks are sorted by; the task id breaks ties."""

    CREATED_AT = 1
    UPDATED_AT = 2
    PRIORITY = 3
    STATUS = 4


_COLUMN = {
    Sort.CREATED_AT: "created_at",
    Sort.UPDATED_AT: "updated_at",
    Sort.PRIORITY: "priority",
    Sort.STATUS: "status",
}


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """Which page of which tasks.

    Attributes:
        tenant: whose.
        subject: only this subject's; None for everybody's in the tenant.
        page: from 1.
        page_size: tasks a page.
        sort: what they are sorted by.
        descending: largest first.
        statuses: only these; empty for all.
        priorities: only these; empty for all.
        created_after: only tasks accepted at or after this time.
        created_before: only tasks accepted before this time.
    """

    tenant: str
    subject: str | None = None
    page: int = 1
    page_size: int = 50
    sort: Sort = Sort.CREATED_AT
    descending: bool = True
    statuses: tuple[Status, ...] = ()
    priorities: tuple[Priority, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def offset(self) -> int:
        """Tasks before the page."""
        return (self.page - 1) * self.page_size


class ListStore:
    """Reads pages of tasks.

    Args:
        pool: the database.
    """

    def __init__(self, *, pool: Pool) -> None:
        self._pool = pool

    async def page(self, query: ListQuery) -> tuple[list[Task], int]:
        """One page and the exact total."""
        async with connection(self._pool) as conn:
            total = await _total(conn, query)
            if query.offset >= total:
                return [], total
            return await _page(conn, query, total=total), total


async def _page(conn: Connection, query: ListQuery, *, total: int) -> list[Task]:
    """The page, reached from whichever end of the order is nearer."""
    size = min(query.page_size, total - query.offset)
    behind = total - query.offset - size
    from_end = behind < query.offset
    text = _page_statement(query, descending=query.descending != from_end)
    parameters = {**_parameters(query), "offset": behind if from_end else query.offset, "size": size}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(text.encode(), parameters)
        tasks = tasks_of(await cursor.fetchall())
    return tasks[::-1] if from_end else tasks


def _page_statement(query: ListQuery, *, descending: bool) -> str:
    """Ids of the page from an index alone, then their rows."""
    column, way = _COLUMN[query.sort], "DESC" if descending else "ASC"
    order = f"ORDER BY {column} {way}, task_id {way}"
    source = "orchestrator.tasks"
    if len(query.statuses) > 1 and query.sort is Sort.CREATED_AT and query.subject is None:
        source = _merged(query, order=order)
    return f"""
WITH page AS MATERIALIZED (
    SELECT task_id, {column} AS key FROM {source}
    WHERE {_conditions(query)} {order} OFFSET %(offset)s LIMIT %(size)s
)
SELECT {TASK_COLUMNS} FROM page JOIN orchestrator.tasks t USING (task_id)
ORDER BY page.key {way}, page.task_id {way}"""  # noqa: S608  # constants; values are parameters


def _merged(query: ListQuery, *, order: str) -> str:
    """Several statuses, each from its own index in order, merged: no index has them in one order."""
    parts = [
        f"""(SELECT tenant, status, priority, created_at, task_id FROM orchestrator.tasks
        WHERE {_conditions(replace(query, statuses=()))} AND status = {status:d}
        {order} LIMIT %(offset)s + %(size)s)"""  # noqa: S608  # constants; values are parameters
        for status in query.statuses
    ]
    return f"({' UNION ALL '.join(parts)}) AS merged"


def _conditions(query: ListQuery) -> str:
    parts = ["tenant = %(tenant)s"]
    if query.subject is not None:
        parts.append("subject = %(subject)s")
        if query.subject != ANONYMOUS.subject:  # said in so many words, or the index of subjects is not used
            parts.append(f"subject <> '{ANONYMOUS.subject}'")
    # One value compares by equality: only then does an index that begins with the column keep its order.
    if query.statuses:
        parts.append("status = %(status)s" if len(query.statuses) == 1 else "status = ANY(%(statuses)s)")
    if query.priorities:
        parts.append("priority = ANY(%(priorities)s)")
    if query.created_after:
        parts.append("created_at >= %(created_after)s")
    if query.created_before:
        parts.append("created_at < %(created_before)s")
    return " AND ".join(parts)


def _parameters(query: ListQuery) -> dict[str, object]:
    return {
        "tenant": query.tenant,
        "subject": query.subject,
        "status": query.statuses[0] if query.statuses else None,
        "statuses": _numbers(query.statuses),
        "priorities": _numbers(query.priorities),
        "created_after": query.created_after,
        "created_before": query.created_before,
    }


async def _total(conn: Connection, query: ListQuery) -> int:
    """Date ranges and one subject's tasks are counted, everything else is added up from the counters."""
    if query.created_after or query.created_before or query.subject is not None:
        text = f"SELECT count(*) FROM orchestrator.tasks WHERE {_conditions(query)}"  # noqa: S608  # constants
    else:
        text = f"""
SELECT coalesce(sum(n), 0)::bigint FROM (
    SELECT tasks AS n, tenant, status, priority FROM orchestrator.task_counts
    UNION ALL
    SELECT delta, tenant, status, priority FROM orchestrator.task_count_deltas
) AS counts WHERE {_conditions(query)}"""  # noqa: S608  # constants
    row = await (await conn.execute(text.encode(), _parameters(query))).fetchone()
    return row[0] if row else 0


def _numbers(values: Sequence[IntEnum]) -> list[int]:
    return [int(value) for value in values]
