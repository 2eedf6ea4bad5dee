"""The gateway in front of the real arms: documents end to end, and what every arm does without a model."""

from collections.abc import Generator, Mapping
from typing import Any

import httpx
import pytest

from gateway.schemas.arm_work.executor import ExecuteResponse
from gateway.schemas.arm_work.guardian import ReviewResponse
from gateway.schemas.arm_work.judge import ValidateResponse
from gateway.schemas.arm_work.planner import PlanResponse
from gateway.schemas.arm_work.retriever import Document, DocumentPage, SearchResponse
from gateway.schemas.arm_work.step import StepResponse
from tests.arms.retriever.samples import make_pdf

RUNBOOK = """# Checkout

## Connection pool

When the connection pool is exhausted, restart the workers one by one.

## Deployment

Deploy on Tuesdays, never on a Friday afternoon.
"""


@pytest.fixture(scope="module")
def api(rest_platform: Mapping[str, str]) -> Generator[httpx.Client]:
    with httpx.Client(base_url=f"{rest_platform['rest']}/api/v1", timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def retriever(rest_platform: Mapping[str, str]) -> Generator[httpx.Client]:
    base = f"{rest_platform['rest.retriever']}/api/v1"
    with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
        yield client


def put(client: httpx.Client, name: str, content: bytes, media_type: str) -> httpx.Response:
    return client.post("/documents", files={"file": (name, content, media_type)})


def test_documents_of_every_type_are_stored_found_and_cited(retriever: httpx.Client) -> None:
    pages = {
        "runbook.md": (RUNBOOK.encode(), "text/markdown"),
        "lunch.txt": (b"Lunch is served at noon in the garden.", "text/plain"),
        "badge.html": (b"<h1>Badges</h1><p>Lost badges are replaced at the desk.</p>", "text/html"),
        "tea.pdf": (make_pdf(["Green tea is brewed at eighty degrees."]), "application/pdf"),
    }
    stored = {
        name: Document.model_validate_json(put(retriever, name, content, kind).content).document_id
        for name, (content, kind) in pages.items()
    }
    again = put(retriever, "runbook.md", RUNBOOK.encode(), "text/markdown")
    assert again.json()["document_id"] == stored["runbook.md"]
    for query, name in (
        ("what to do when the connection pool is exhausted?", "runbook.md"),
        ("when is lunch?", "lunch.txt"),
        ("lost badge", "badge.html"),
        ("temperature of green tea", "tea.pdf"),
    ):
        answer = retriever.post("/search", json={"query": query, "limit": 3})
        best = SearchResponse.model_validate_json(answer.content).passages[0]
        assert (best.citation.document_id, best.citation.title) == (stored[name], name)
        assert best.citation.quote in best.text
    listed = DocumentPage.model_validate_json(retriever.get("/documents?page_size=2").content)
    assert (len(listed.data), listed.pagination.total_items) == (2, 4)
    for document_id in stored.values():
        assert retriever.delete(f"/documents/{document_id}").status_code == 204
    assert retriever.get("/documents").json()["pagination"]["total_items"] == 0


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7\n" + bytes(range(256)) * 50, "application/pdf"),
        (b"no pdf at all", "application/pdf"),
        (b"\xffbroken", "text/plain"),
        (b"nul \x00 in text", "text/markdown"),
    ],
)
def test_garbage_is_the_callers_mistake(retriever: httpx.Client, content: bytes, media_type: str) -> None:
    answer = put(retriever, "a", content, media_type)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR"), answer.text
    assert answer.json()["error"]["message"]


def test_the_planner_plans(api: httpx.Client) -> None:
    answer = api.post("/arms/planner/plan", json={"task": {"goal": "Summarise this text in one sentence."}})
    plan = PlanResponse.model_validate_json(answer.content)
    assert plan.steps
    assert plan.provenance.arm_id == "planner"


def test_the_executor_runs(api: httpx.Client) -> None:
    body: dict[str, Any] = {
        "python": {
            "source": "print(open('in.txt').read()); open('out.txt','w').write('1')",
            "outputs": ["out.txt"],
        },
        "files": [{"name": "in.txt", "content": "h\u00e9"}],
    }
    told = ExecuteResponse.model_validate_json(api.post("/arms/executor/execute", json=body).content)
    assert (told.exit_code, told.stdout, told.files[0].content) == (0, "h\u00e9\n", "1")
    refused = api.post("/arms/executor/execute", json={"shell": {"argv": ["rm", "-rf", "/"]}})
    assert refused.status_code in {400, 403}
    abroad = api.post("/arms/executor/execute", json={"http": {"url": "https://example.org/"}})
    assert abroad.status_code == 403


def test_the_judge_judges_by_rule(api: httpx.Client) -> None:
    body = {"task": {"acceptance_criteria": ["has exactly two lines"]}, "output": "a\nb"}
    told = ValidateResponse.model_validate_json(api.post("/arms/judge/validate", json=body).content)
    assert (told.passed, told.verdicts[0].method) == (True, "rule")


def test_the_guardian_redacts(api: httpx.Client) -> None:
    body = {"text": "Write to jane.roe@example.com.", "direction": "out"}
    told = ReviewResponse.model_validate_json(api.post("/arms/guardian/check", json=body).content)
    assert told.action == "sanitize"
    assert "jane" not in (told.sanitized_text or "")


def test_the_coder_says_that_it_has_no_model(api: httpx.Client) -> None:
    answer = api.post("/arms/coder/code", json={"action": "generate", "instruction": "add two numbers"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


def test_any_arm_does_a_step(api: httpx.Client, retriever: httpx.Client) -> None:
    stored = put(retriever, "step.txt", b"The step counter counts steps of the marching band.", "text/plain")
    body = {"capability": "document_search", "instruction": "marching band", "arguments": {"limit": 1}}
    told = StepResponse.model_validate_json(api.post("/arms/retriever/execute", json=body).content)
    assert told.citations[0].document_id == stored.json()["document_id"]
    assert retriever.delete(f"/documents/{stored.json()['document_id']}").status_code == 204
    wrong = api.post("/arms/retriever/execute", json={**body, "capability": "fly"})
    assert wrong.status_code == 404


def test_usage_and_erasure(api: httpx.Client) -> None:
    task_id = api.post("/tasks", json={"goal": "A secret goal."}).json()["task_id"]
    running = api.delete(f"/tasks/{task_id}?erase=true")
    api.delete(f"/tasks/{task_id}")
    erased = api.delete(f"/tasks/{task_id}?erase=true")
    assert running.status_code in {200, 409}
    assert (erased.status_code, erased.json()["goal"]) == (200, "")
    assert "secret" not in api.get(f"/tasks/{task_id}").text
    assert api.get(f"/tasks/{task_id}/steps").json()["data"] == []
    assert api.get("/usage?days=7").status_code == 200
