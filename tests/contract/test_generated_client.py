"""A client that `openapi-python-client` generates from our contract works against the real platform."""

import importlib
import io
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

CONTRACT = Path(__file__).parents[2] / "docs" / "openapi" / "gateway.json"
PACKAGE = "generated_octollm"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The generated package; loads its modules by name."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yml").write_text("post_hooks: []\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", str(CONTRACT), "--output-path", str(folder / PACKAGE)),
            *("--config", str(folder / "config.yml"), "--fail-on-warning"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    finally:
        sys.path.remove(str(folder))
        for name in [it for it in sys.modules if it.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


@pytest.fixture
def client(generated: Any, rest_platform: Mapping[str, str]) -> Any:
    return generated("client").Client(base_url=rest_platform["rest"], raise_on_unexpected_status=True)


def test_it_creates_reads_lists_and_cancels_a_task(generated: Any, client: Any) -> None:
    models = generated("models")
    body = models.TaskRequest(
        goal="Write a haiku about octopuses.",
        acceptance_criteria=["has exactly three lines"],
        budget=models.BudgetRequest(max_tokens=500),
        priority=models.TaskRequestPriority.LOW,
    )
    made = generated("api.tasks.create_task").sync(client=client, body=body)
    assert isinstance(made, models.Task)
    assert (made.goal, made.priority.value, made.result) == (body.goal, "low", None)
    cancelled = generated("api.tasks.cancel_task").sync(made.task_id, client=client)
    assert cancelled.status == models.TaskStatus.CANCELLED
    read = generated("api.tasks.get_task").sync(made.task_id, client=client)
    assert (read.task_id, read.status) == (made.task_id, models.TaskStatus.CANCELLED)
    assert read.cancelled_at is not None
    page = generated("api.tasks.list_tasks").sync(client=client, page_size=100)
    assert made.task_id in [it.task_id for it in page.data]
    assert page.pagination.page_size == 100


def test_it_reads_our_errors(generated: Any, client: Any) -> None:
    models = generated("models")
    missing = generated("api.tasks.get_task").sync_detailed(f"task_{'0' * 16}", client=client)
    assert missing.status_code == 404
    assert isinstance(missing.parsed, models.ErrorEnvelope)
    assert missing.parsed.error.code == models.ErrorBodyCode.NOT_FOUND


def test_it_uploads_finds_and_removes_a_document(generated: Any, client: Any) -> None:
    models, types = generated("models"), generated("types")
    file = types.File(
        payload=io.BytesIO(b"The lighthouse keeper counts ships."), file_name="a.txt", mime_type="text/plain"
    )
    form = models.DocumentForm(file=file, title="Lighthouse", metadata='{"shelf": "generated"}')
    stored = generated("api.retriever.put_document").sync(client=client, body=form)
    assert isinstance(stored, models.Document), stored
    query = models.SearchRequest(
        query="who counts ships?", filters=models.SearchRequestFilters.from_dict({"shelf": "generated"})
    )
    found = generated("api.retriever.search").sync(client=client, body=query)
    assert found.passages[0].citation.document_id == stored.document_id
    gone = generated("api.retriever.delete_document").sync_detailed(stored.document_id, client=client)
    assert gone.status_code == 204
