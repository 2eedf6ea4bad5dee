"""The same platform on an OpenAI-compatible server of somebody else, by configuration alone, in a chain."""

import os
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from arms.model.runtime.state import RuntimeState, read_state
from cli.embedded.unprivileged import temporary_data_dir
from cli.supervisor.model import STATE_FILE
from tests.end_to_end.waiting import finished
from tests.support.platform import Platform, running_platform

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(400)]

TITLE = "somebody-elses-model"


@pytest.fixture(scope="module")
def server(platform: Platform) -> RuntimeState:
    """The llama.cpp server of another platform: all that ours is told is its address and its key."""
    socket = platform.endpoints["orchestrator"]["socket"]
    state = read_state(Path(socket.removeprefix("unix:")).with_name(STATE_FILE))
    assert state is not None
    return state


@pytest.fixture(scope="module")
def elsewhere(server: RuntimeState) -> Generator[Platform]:
    told = {
        "OCTOLLM_MODEL_BASE_URL": f"{server.base_url}/v1",
        "OCTOLLM_MODEL_API_KEY": server.api_key,
        "OCTOLLM_MODEL_WINDOW": "4096",
        "OPENAI_API_KEY": "",
    }
    with pytest.MonkeyPatch.context() as patch, temporary_data_dir(prefix="octo-") as data_dir:
        for name, value in told.items():
            patch.setitem(os.environ, name, value)
        # The first of the chain has no key; the second one is the server.
        with running_platform(Path(data_dir), model=f"openai:gpt-4o-mini,{TITLE}") as platform:
            yield platform


def test_a_task_is_done_by_the_server_that_stands_in(elsewhere: Platform) -> None:
    with httpx.Client(base_url=elsewhere.url, timeout=70) as api:
        body = {
            "goal": "Answer in one word: what colour is the sky on a clear day?",
            "budget": {"max_time_seconds": 200},
        }
        task = finished(api, api.post("/tasks", json=body).json()["task_id"])
        assert task["status"] == "completed", task["error"]
        assert "blue" in task["result"]["output"].lower()
        assert task["metadata"]["tokens_used"] > 0
        (step,) = api.get(f"/tasks/{task['task_id']}/steps").json()["data"]
        assert step["provenance"]["model"] == TITLE
        health = api.get("/health").text
    assert "OPENAI_API_KEY" in health
    assert f"{TITLE} answers" in health
    assert "model" not in elsewhere.endpoints, "no local model runs"
