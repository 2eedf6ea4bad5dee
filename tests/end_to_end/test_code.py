"""A coding task over REST: what comes back was run, and what is said of the run is true."""

from typing import Any

import httpx
import pytest

from tests.end_to_end.waiting import finished

pytestmark = [pytest.mark.model, pytest.mark.timeout(400)]

GOAL = "Write a Python function add(a, b) that returns the sum of two numbers. add(2, 3) returns 5."
RETURNS = "add(2, 3) returns 5"
RUNS = "the code runs without errors"


@pytest.fixture(scope="module")
def task(platform: Any) -> dict[str, Any]:
    with httpx.Client(base_url=platform.url, timeout=70) as api:
        body = {"goal": GOAL, "acceptance_criteria": [RUNS, RETURNS], "budget": {"max_time_seconds": 300}}
        return finished(api, api.post("/tasks", json=body).json()["task_id"])


def test_the_code_that_comes_back_was_run(api: httpx.Client, task: dict[str, Any]) -> None:
    assert task["status"] == "completed", task["error"]
    assert "def add" in task["result"]["output"]
    (step,) = api.get(f"/tasks/{task['task_id']}/steps").json()["data"][-1:]
    runs = step["provenance"]["runs"]
    assert runs
    assert {run["command"] for run in runs} == {"python main.py"}
    assert step["provenance"]["method"] == "model and sandbox"
    last = runs[-1]
    assert last["tests_passed"] + last["tests_failed"] == 1  # the example of the goal
    told = f"{last['tests_passed']} of 1 passed" if len(runs) == 1 else " of 1 passed"
    assert told in task["result"]["output"]


def test_the_judge_ran_it_again_and_agrees(task: dict[str, Any]) -> None:
    verdicts = {verdict["criterion"]: verdict for verdict in task["result"]["criteria"]}
    assert "python main.py" in verdicts[RUNS]["evidence"]
    assert "python main.py" in verdicts[RETURNS]["evidence"]
    if verdicts[RETURNS]["passed"]:
        assert "1 of 1 tests passed" in verdicts[RETURNS]["evidence"]
        assert "1 of 1 passed" in task["result"]["output"]
    assert task["result"]["validation_passed"] == all(each["passed"] for each in verdicts.values())
