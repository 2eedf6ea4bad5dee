"""A question over stored documents is answered with citations that exist, by the small real model."""

import asyncio
from typing import Any

import httpx
import pytest
from octollm.arms.v1 import retriever_pb2, retriever_pb2_grpc

from servicekit.channel import open_channel
from tests.end_to_end.waiting import finished
from tests.support.platform import Platform

pytestmark = [pytest.mark.model, pytest.mark.timeout(400)]

DOCUMENTS = {
    "Employee handbook": b"# Leave\n\nEverybody has thirty-one days of leave. Ask two weeks before.\n\n"
    b"# Travel\n\nTrains are first choice. A flight needs the approval of two leads.\n",
    "Canteen": b"The canteen serves lunch from 11:30 to 14:00. On Fridays there is soup.\n",
    "Office": b"The office opens at eight. The last one out locks the door and switches off the lights.\n",
}


async def store(endpoint: str) -> dict[str, str]:
    """Store the documents; their texts by id."""
    async with open_channel(endpoint, timeout=60) as channel:
        stub = retriever_pb2_grpc.RetrieverServiceStub(channel)
        stored = {}
        for title, content in DOCUMENTS.items():
            request = retriever_pb2.PutDocumentRequest(
                title=title, media_type="text/markdown", content=content
            )
            stored[(await stub.PutDocument(request)).document.document_id] = content.decode()
        return stored


@pytest.fixture(scope="module")
def stored(platform: Platform) -> dict[str, str]:
    return asyncio.run(store(platform.endpoints["arms"]["retriever"]))


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
