"""A question over stored documents is answered with citations that exist, by the small real model."""

from typing import Any

import httpx
import pytest

from tests.end_to_end.waiting import finished
from tests.support.platform import Platform

pytestmark = [pytest.mark.model, pytest.mark.timeout(400)]

DOCUMENTS = {
    "Employee handbook": b"# Leave\n\nEverybody has thirty-one days of leave. Ask two weeks before.\n\n"
    b"# Travel\n\nTrains are first choice. A flight needs the approval of two leads.\n",
    "Canteen": b"The canteen serves lunch from 11:30 to 14:00. On Fridays there is soup.\n",
    "Office": b"The office opens at eight. The last one out locks the door and switches off the lights.\n",
}


@pytest.fixture(scope="module")
def stored(platform: Platform) -> dict[str, str]:
    """Store the documents over REST; their texts by id."""
    texts: dict[str, str] = {}
    with httpx.Client(base_url=f"{platform.url}/arms/retriever", timeout=60) as api:
        for title, content in DOCUMENTS.items():
            made = api.post(
                "/documents",
                files={"file": (f"{title}.md", content, "text/markdown")},
                data={"title": title},
            )
            assert made.status_code == 201, made.text
            texts[made.json()["document_id"]] = content.decode()
    return texts


def ask(api: httpx.Client, goal: str, *criteria: str) -> dict[str, Any]:
    body = {"goal": goal, "acceptance_criteria": list(criteria), "budget": {"max_time_seconds": 300}}
    task = finished(api, api.post("/tasks", json=body).json()["task_id"])
    assert task["status"] == "completed", task["error"]
    return task["result"]


def test_an_answer_has_citations_that_exist(api: httpx.Client, stored: dict[str, str]) -> None:
    result = ask(api, "According to our handbook, how many days of leave does everybody have a year?")
    assert "thirty-one" in result["output"].lower() or "31" in result["output"]
    assert result["citations"]
    for citation in result["citations"]:
        assert citation["quote"] in stored[citation["document_id"]]
    assert any("thirty-one" in citation["quote"] for citation in result["citations"])


def test_what_is_written_from_documents_cites_them_too(api: httpx.Client, stored: dict[str, str]) -> None:
    result = ask(api, "Write a note to a colleague about lunch, based on our documentation")
    assert "11:30" in result["output"] or "14:00" in result["output"] or "canteen" in result["output"].lower()
    assert result["citations"]
    assert {citation["document_id"] for citation in result["citations"]} <= stored.keys()
    assert any("lunch" in citation["quote"] for citation in result["citations"])
