"""Start, stop, kill -9 on everything, start again: nothing acknowledged is lost, nothing is left running."""

from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.platform import Platform, running_platform, until

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(600)]
GOAL = {
    "goal": "Answer in one word: what colour is the sky on a clear day?",
    "budget": {"max_time_seconds": 600},
}


def statuses(platform: Platform, tasks: list[str]) -> list[str]:
    with httpx.Client(base_url=platform.url, timeout=30) as api:
        return [api.get(f"/tasks/{task}").json()["status"] for task in tasks]


def test_it_is_ready_quickly_and_stops_cleanly(data_dir: Path, small_model: str) -> None:
    with running_platform(data_dir, model=small_model) as platform:
        family = platform.family()
        platform.stop()
        assert not psutil.wait_procs(family, timeout=5)[1]
        seconds = platform.start()
        assert seconds < 10, f"ready after {seconds:.1f} s"
        family = platform.family()
        status, took = platform.stop()
        assert status == 0
        assert took < 15
        assert not [process for process in family if process.is_running()]
        assert not (data_dir / "endpoints.json").exists()
        platform.start()


def test_kill_nine_on_everything_loses_no_task(data_dir: Path, small_model: str) -> None:
    with running_platform(data_dir, model=small_model) as platform:
        with httpx.Client(base_url=platform.url, timeout=30) as api:
            tasks = [api.post("/tasks", json=GOAL).json()["task_id"] for _ in range(8)]
        until(
            lambda: "processing" in statuses(platform, tasks),
            seconds=60,
            what="a task that is being worked on",
        )
        platform.kill_everything()
        platform.start()
        until(
            lambda: not {"queued", "processing"} & set(statuses(platform, tasks)),
            seconds=400,
            what="every acknowledged task to end",
        )
        assert statuses(platform, tasks) == ["completed"] * len(tasks)


def test_a_second_serve_on_the_same_directory_refuses(data_dir: Path, small_model: str) -> None:
    with running_platform(data_dir, model=small_model) as platform:
        second = Platform(data_dir, model=small_model)
        second.spawn()
        assert second.process.wait(60) == 1
        assert str(platform.process.pid) in (data_dir / "serve.out").read_text()
        until(platform.is_ready, seconds=20, what="the first one to be ready still")
