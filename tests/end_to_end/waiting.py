"""Waits for tasks over REST."""

from typing import Any

import httpx

from tests.support.platform import until


def finished(api: httpx.Client, task_id: str, *, seconds: float = 240) -> dict[str, Any]:
    """The task once it has ended."""

    def ended() -> dict[str, Any] | None:
        task = api.get(f"/tasks/{task_id}", params={"wait": 20}).json()
        return task if task["status"] in {"completed", "failed", "cancelled"} else None

    task = until(ended, seconds=seconds, what=f"{task_id} to end")
    assert task is not None
    return task
