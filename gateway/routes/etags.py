"""Strong ETags, made from a task's event number alone: it changes whenever the task does."""

from fastapi import Response
from octollm.orchestrator.v1 import tasks_pb2 as pb

from gateway.convert.tasks import task
from gateway.routing.json_answer import json_answer


def etag_of(it: pb.Task) -> str:
    """The ETag of a task."""
    return f'"{it.last_sequence}"'


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller has this version already (RFC 9110, 13.1.2: compared weakly)."""
    if if_none_match is None:
        return False
    candidates = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    return "*" in candidates or etag in candidates


def task_answer(it: pb.Task, *, status: int = 200, location: str | None = None) -> Response:
    """A task with its ETag."""
    headers = {"etag": etag_of(it)}
    if location:
        headers["location"] = location
    return json_answer(task(it), status=status, headers=headers)
