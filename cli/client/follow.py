"""Follows one task on the terminal, live, until it ends."""

import time
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from cli.client.rest import Api, Event
from servicekit.errors import UnavailableError

TERMINAL = frozenset({"completed", "failed", "cancelled"})
_PAUSE = 1.0
_PATIENCE = 60.0

_LINES = {
    "task.queued": "queued",
    "task.started": "taken up by an orchestrator",
    "task.planned": "planned",
    "step.started": "step started",
    "step.completed": "step done",
    "step.failed": "step failed",
    "step.retried": "step tried again",
    "task.validated": "judged",
    "task.repaired": "repair round",
    "task.completed": "completed",
    "task.failed": "failed",
    "task.cancelled": "cancelled",
}


def follow(api: Api, task_id: str, *, console: Console) -> dict[str, Any]:
    """Show the task's events as they come and return the task when it has ended.

    A broken stream is resumed where it broke; a gateway that is away for long is an error.

    Raises:
        UnavailableError: nobody answered for a minute.
    """
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with progress:
        bar = progress.add_task(task_id, total=100)
        _watch(api, task_id, progress, bar)
    return api.task(task_id)


def _watch(api: Api, task_id: str, progress: Progress, bar: TaskID) -> None:
    seen, last_word = 0, time.monotonic()
    while True:
        try:
            for event in api.events(task_id, after=seen):
                seen, last_word = event.sequence, time.monotonic()
                _show(event, progress, bar)
            task = api.task(task_id)
            if task["status"] in TERMINAL:
                return
            progress.update(bar, completed=task["progress"]["percentage"])
        except (httpx.TransportError, UnavailableError) as error:
            if time.monotonic() - last_word > _PATIENCE:
                raise UnavailableError(
                    f"the gateway has not answered for {_PATIENCE:.0f} s; the task goes on there: "
                    f"`octollm tasks show {task_id}` tells how it ended"
                ) from error
            time.sleep(_PAUSE)


def _show(event: Event, progress: Progress, bar: TaskID) -> None:
    data = event.data.get("data", event.data)
    percentage = data.get("percentage")
    if percentage is not None:
        progress.update(bar, completed=percentage)
    if event.type == "step.progress":
        progress.update(bar, description=str(data.get("message", "working"))[:60])
        return
    words = _LINES.get(event.type, event.type)
    about = [str(data[key]) for key in ("name", "message") if data.get(key)]
    if data.get("arm_id"):
        about.append(f"({data['arm_id']})")
    line = Text.assemble((f"  {event.sequence:>3} ", "dim"), (words, "bold"), "  ", " ".join(about))
    progress.console.print(line)
    progress.update(bar, description=words)
