"""Wake-ups: procrastinate jobs that carry a task id to some orchestrator, and nothing more.

The queueing lock keeps at most one waiting wake-up a task. A wake-up's priority ages by itself: it is minus
the submit time in seconds, minus a penalty for the tenant's queue, plus a boost for the task's priority.
"""

from orchestrator.model.task import Priority, Status

QUEUE = "tasks"
"""The procrastinate queue of wake-ups."""

JOB = "drive"
"""The procrastinate task that a wake-up calls."""

EPOCH = 1_767_225_600
"""2026-01-01 UTC: priorities are 32-bit integers, so seconds are counted from here."""

BOOST_SECONDS = {Priority.LOW: -120, Priority.MEDIUM: 0, Priority.HIGH: 120, Priority.CRITICAL: 900}
"""How many seconds earlier than it was a task counts as submitted."""

STARTED_BOOST_SECONDS = 86_400
"""What a task gains that was taken up before: it holds memory, arms and its caller's patience already."""

MAX_PENALTY_SECONDS = 1_000_000
"""Bounds the penalty for a tenant's queue, which is one second a queued task."""

_QUEUED_OF_TENANT = f"""(
    SELECT least(coalesce(sum(n), 0), {MAX_PENALTY_SECONDS}) FROM (
        SELECT tasks AS n FROM orchestrator.task_counts c
        WHERE c.tenant = t.tenant AND c.status = {Status.QUEUED}
        UNION ALL
        SELECT delta FROM orchestrator.task_count_deltas d
        WHERE d.tenant = t.tenant AND d.status = {Status.QUEUED}
    ) AS queued
)"""  # noqa: S608  # constants

_BOOST = "CASE t.priority " + " ".join(f"WHEN {p:d} THEN {s}" for p, s in BOOST_SECONDS.items()) + " END"

_PRIORITY = f"({EPOCH} - extract(epoch FROM t.created_at) + {_BOOST} - {_QUEUED_OF_TENANT})::integer"

_INTO = """INSERT INTO orchestrator_jobs.procrastinate_jobs
        (queue_name, task_name, priority, queueing_lock, args)"""

_UNLESS_WAITING = "ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING"

WAKE = f"""{_INTO}
    SELECT %(queue)s, '{JOB}', {_PRIORITY}, t.task_id, jsonb_build_object('task_id', t.task_id) FROM t
    {_UNLESS_WAITING}"""  # noqa: S608  # constants
"""Wakes the new tasks of the statement's relation ``t``; takes the parameter ``queue``."""

WAKE_AGAIN = f"""{_INTO}
    SELECT %(queue)s, '{JOB}',
           ({EPOCH} - extract(epoch FROM t.created_at) + {_BOOST}
               + CASE WHEN t.attempt > 0 THEN {STARTED_BOOST_SECONDS} ELSE 0 END)::integer,
           t.task_id, jsonb_build_object('task_id', t.task_id)
    FROM t
    {_UNLESS_WAITING}"""  # noqa: S608  # constants
"""The same for tasks whose wake-up was lost or whose holder let go."""
