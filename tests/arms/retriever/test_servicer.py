"""The retriever at the wire: its typed service, its steps, its limits, and how it tells that it cannot."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import grpc
import orjson
import psycopg
import pytest
from octollm.arms.v1 import arm_pb2, arm_pb2_grpc, execution_pb2, retriever_pb2, retriever_pb2_grpc
from octollm.service.v1 import status_pb2, status_pb2_grpc
from pydantic import SecretStr

from arms.embedding import EMBEDDERS, WORDLLAMA, Model
from arms.host import Shared, serve_arms
from arms.permission.unchecked import unchecked
from arms.retriever.app import host_retriever
from arms.retriever.documents import MAX_BYTES
from arms.retriever.settings import RetrieverSettings
from arms.settings import ArmsSettings
from arms.testing.scripted import scripted_layer
from servicekit.channel import open_channel
from servicekit.errors import NotFoundError, PayloadTooLargeError, UnavailableError, ValidationFailedError
from tests.arms.retriever.samples import make_pdf
from tests.support.postgres import BreakablePostgres

HANDBOOK = b"""# Handbook

## Leave

Everybody has thirty days of leave a year. Ask your lead two weeks before.

## Travel

Trains are first choice. A flight needs the approval of two leads.
"""


@asynccontextmanager
async def serving(
    settings: RetrieverSettings, *, model_answers: Sequence[str] = ("not asked for",)
) -> AsyncGenerator[grpc.aio.Channel]:
    """A running retriever and a channel to it."""
    shared = Shared(
        settings=ArmsSettings(grpc_ports={"retriever": 0}),
        layer=scripted_layer(model_answers),
        register=None,
        verifiers=unchecked,
    )
    async with (
        serve_arms([host_retriever(settings)], shared=shared) as running,
        open_channel(running.endpoints["retriever"], timeout=60) as channel,
    ):
        yield channel


async def status_of(channel: grpc.aio.Channel) -> status_pb2.GetStatusResponse:
    return await status_pb2_grpc.StatusServiceStub(channel).GetStatus(status_pb2.GetStatusRequest())


async def until_told(channel: grpc.aio.Channel, state: status_pb2.State.ValueType, text: str) -> str:
    """Wait until the arm says that it is in this state, and why."""
    status = status_pb2.GetStatusResponse()
    for _ in range(300):
        status = await status_of(channel)
        details = " ".join(dependency.detail for dependency in status.dependencies)
        if status.state == state and text in details:
            return details
        await asyncio.sleep(0.1)
    raise AssertionError(f"the arm did not say {state} and {text!r}, but {status}")


async def until(channel: grpc.aio.Channel, state: status_pb2.State.ValueType) -> None:
    """Wait until the arm says that it is in this state."""
    await until_told(channel, state, "")


@pytest.fixture
async def channel(settings: RetrieverSettings) -> AsyncGenerator[grpc.aio.Channel]:
    async with serving(settings) as channel:
        await until(channel, status_pb2.STATE_HEALTHY)
        yield channel


@pytest.fixture
def stub(channel: grpc.aio.Channel) -> "retriever_pb2_grpc.RetrieverServiceAsyncStub":
    return retriever_pb2_grpc.RetrieverServiceStub(channel)


def put_request(
    content: bytes = HANDBOOK, *, title: str = "Handbook", media_type: str = "text/markdown", **metadata: str
) -> retriever_pb2.PutDocumentRequest:
    return retriever_pb2.PutDocumentRequest(
        title=title, media_type=media_type, content=content, metadata=metadata
    )


async def put(
    stub: "retriever_pb2_grpc.RetrieverServiceAsyncStub", request: retriever_pb2.PutDocumentRequest
) -> str:
    return (await stub.PutDocument(request)).document.document_id


def execute_request(
    instruction: str, arguments: str = "", *, capability: str = "document_search"
) -> arm_pb2.ExecuteRequest:
    return arm_pb2.ExecuteRequest(
        task=execution_pb2.TaskBrief(task_id="task_1", goal="g"),
        step_id="s1",
        attempt=1,
        idempotency_key="k",
        capability=capability,
        instruction=instruction,
        arguments_json=arguments,
    )


async def execute(channel: grpc.aio.Channel, request: arm_pb2.ExecuteRequest) -> arm_pb2.ExecuteResult:
    events = [event async for event in arm_pb2_grpc.ArmServiceStub(channel).Execute(request)]
    assert events[-1].WhichOneof("event") == "result"
    return events[-1].result


async def test_a_document_lives_and_dies(stub: "retriever_pb2_grpc.RetrieverServiceAsyncStub") -> None:
    stored = (await stub.PutDocument(put_request(team="all"))).document
    assert (stored.title, stored.media_type, dict(stored.metadata)) == (
        "Handbook",
        "text/markdown",
        {"team": "all"},
    )
    assert (stored.chunks, stored.size_bytes) == (2, len(HANDBOOK))
    assert stored.created_at.seconds > 1_700_000_000
    by_id = retriever_pb2.GetDocumentRequest(document_id=stored.document_id)
    assert (await stub.GetDocument(by_id)).document == stored
    page = await stub.ListDocuments(retriever_pb2.ListDocumentsRequest(page=1, page_size=10))
    assert (list(page.documents), page.total_items) == ([stored], 1)
    await stub.DeleteDocument(retriever_pb2.DeleteDocumentRequest(document_id=stored.document_id))
    with pytest.raises(NotFoundError):
        await stub.GetDocument(by_id)


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
async def test_a_search_answers_with_citations(
    stub: "retriever_pb2_grpc.RetrieverServiceAsyncStub", mode: retriever_pb2.SearchMode.ValueType
) -> None:
    document_id = await put(stub, put_request(team="all"))
    await put(stub, put_request(make_pdf(["Flights are fun and leave often."]), media_type="application/pdf"))
    found = await stub.Search(
        retriever_pb2.SearchRequest(query="approval of a flight", limit=1, mode=mode, filters={"team": "all"})
    )
    (passage,) = found.passages
    assert passage.text.startswith("## Travel")
    assert passage.citation.document_id == document_id
    assert passage.citation.chunk_id == f"{document_id}:1"
    assert passage.citation.title == "Handbook"
    assert passage.citation.quote == "A flight needs the approval of two leads."
    assert 0 < passage.citation.score <= 1


async def test_a_step_answers_with_numbered_passages(channel: grpc.aio.Channel) -> None:
    stub = retriever_pb2_grpc.RetrieverServiceStub(channel)
    document_id = await put(stub, put_request())
    result = await execute(channel, execute_request("How many days of leave are there?"))
    assert result.output.startswith("[1] Handbook, Handbook > Leave\n")
    assert "\n\n[2] Handbook, Handbook > Travel\n" in result.output
    data = orjson.loads(result.output_json)
    assert [passage["number"] for passage in data["passages"]] == [1, 2]
    assert [passage["chunk_id"] for passage in data["passages"]] == [
        citation.chunk_id for citation in result.citations
    ]
    for passage, citation in zip(data["passages"], result.citations, strict=True):
        assert citation.quote in passage["text"]
        assert HANDBOOK.decode()[passage["start"] : passage["end"]] == passage["text"]
    assert list(result.provenance.sources) == [document_id]
    assert result.provenance.arm_id == "retriever"
    assert 0.5 <= result.confidence <= 1


async def test_a_step_takes_arguments(channel: grpc.aio.Channel) -> None:
    stub = retriever_pb2_grpc.RetrieverServiceStub(channel)
    await put(stub, put_request(team="a"))
    await put(stub, put_request(b"Trains leave at ten.", title="Trains", media_type="text/plain", team="b"))
    arguments = '{"query": "trains", "limit": 1, "mode": "keyword", "filters": {"team": "b"}}'
    result = await execute(channel, execute_request("Look it up.", arguments))
    assert result.output == "[1] Trains\nTrains leave at ten."


async def test_a_step_that_finds_nothing_says_so(channel: grpc.aio.Channel) -> None:
    result = await execute(channel, execute_request("anything"))
    assert result.output == "No passage of the stored documents fits this."
    assert (result.confidence, list(result.citations)) == (0.0, [])


@pytest.mark.parametrize(
    "arguments", ['{"limit": 0}', '{"mode": "magic"}', '{"extra": 1}', '{"filters": {"a": 1}}', "[]", "{"]
)
async def test_arguments_that_are_not_taken(channel: grpc.aio.Channel, arguments: str) -> None:
    with pytest.raises(ValidationFailedError):
        await execute(channel, execute_request("x", arguments))


async def test_the_arm_describes_itself(channel: grpc.aio.Channel) -> None:
    answer = await arm_pb2_grpc.ArmServiceStub(channel).GetCapabilities(arm_pb2.GetCapabilitiesRequest())
    names = [capability.name for capability in answer.capabilities]
    assert (answer.arm_id, names) == ("retriever", ["document_search", "document_answer"])
    for capability in answer.capabilities:
        takes = set(orjson.loads(capability.input_schema_json)["properties"])
        assert takes == {"query", "limit", "mode", "filters"}
        assert set(orjson.loads(capability.output_schema_json)["properties"]) == {"query", "passages"}


async def test_the_largest_document_comes_in_and_a_larger_one_does_not(
    stub: "retriever_pb2_grpc.RetrieverServiceAsyncStub",
) -> None:
    largest = b"%PDF-1.7" + b" " * (MAX_BYTES - 8)  # not read far: what counts is that it arrives
    with pytest.raises(ValidationFailedError) as refused:
        await stub.PutDocument(put_request(largest, media_type="application/pdf"))
    assert refused.value.reason == "DOCUMENT_DAMAGED"
    with pytest.raises(ValidationFailedError) as refused:
        await stub.PutDocument(put_request(largest + b" ", media_type="application/pdf"))
    assert refused.value.field == "content"
    with pytest.raises(PayloadTooLargeError):
        await stub.PutDocument(put_request(largest + largest, media_type="application/pdf"))


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (put_request(b"x", media_type="image/png"), "media_type"),
        (put_request(b"x", title=""), "title"),
        (put_request(b"a\x00b", media_type="text/plain"), "content"),
        (put_request(b"\xff\xfe\xfd", media_type="text/plain"), "content"),
        (put_request(b"\xed\xa0\x80", media_type="text/markdown"), "content"),
        (put_request(b"<p></p>", media_type="text/html"), "content"),
        (put_request(b"%PDF-1.7 nothing", media_type="application/pdf"), "content"),
        (put_request(b"x", title="a\x00b"), "title"),
    ],
)
async def test_documents_that_are_refused(
    stub: "retriever_pb2_grpc.RetrieverServiceAsyncStub",
    request_: retriever_pb2.PutDocumentRequest,
    field: str,
) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        await stub.PutDocument(request_)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("answers", "state", "text", "method"),
    [
        (("Thirty days a year [1][8].",), status_pb2.STATE_HEALTHY, "Thirty days a year [1].", "model"),
        ((), status_pb2.STATE_DEGRADED, "Everybody has thirty days of leave a year.", "rule"),
    ],
)
async def test_an_answer_cites_what_is_stored(
    settings: RetrieverSettings,
    answers: tuple[str, ...],
    state: status_pb2.State.ValueType,
    text: str,
    method: str,
) -> None:
    async with serving(settings, model_answers=answers) as channel:
        await until(channel, state)
        document_id = await put(retriever_pb2_grpc.RetrieverServiceStub(channel), put_request())
        asked = execute_request("How many days of leave do I have?", capability="document_answer")
        result = await execute(channel, asked)
    assert text in result.output
    assert result.provenance.method == method
    assert result.citations[0].document_id == document_id
    assert all(citation.quote in HANDBOOK.decode() for citation in result.citations)


async def test_nothing_stored_is_nothing_answered(channel: grpc.aio.Channel) -> None:
    result = await execute(channel, execute_request("How much leave?", capability="document_answer"))
    assert result.output == "The stored documents say nothing about this."
    assert (result.confidence, list(result.citations)) == (0.0, [])


async def test_without_a_database_it_is_there_and_says_why() -> None:
    async with serving(RetrieverSettings(database_url=None)) as channel:
        await until_told(channel, status_pb2.STATE_UNAVAILABLE, "OCTOLLM_DATABASE_URL")
        stub = retriever_pb2_grpc.RetrieverServiceStub(channel)
        for call in (
            stub.Search(retriever_pb2.SearchRequest(query="x", limit=1)),
            stub.PutDocument(put_request()),
            stub.ListDocuments(retriever_pb2.ListDocumentsRequest(page=1, page_size=1)),
            execute(channel, execute_request("x")),
        ):
            with pytest.raises(UnavailableError, match="OCTOLLM_DATABASE_URL"):
                await call


async def test_an_index_of_another_embedder_is_told_in_health(
    settings: RetrieverSettings, database_url: str
) -> None:
    async with serving(settings) as channel:
        await until(channel, status_pb2.STATE_HEALTHY)
        await put(retriever_pb2_grpc.RetrieverServiceStub(channel), put_request())
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE retriever.embedder SET name = 'another'")
    async with serving(settings) as channel:
        assert "OCTOLLM_EMBEDDER" in (await until_told(channel, status_pb2.STATE_UNAVAILABLE, "another"))
        with pytest.raises(UnavailableError, match="OCTOLLM_EMBEDDER"):
            await retriever_pb2_grpc.RetrieverServiceStub(channel).Search(
                retriever_pb2.SearchRequest(query="x", limit=1)
            )


async def test_without_an_embedder_it_says_so_and_finds_keywords(
    settings: RetrieverSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(settings) as channel:
        await until(channel, status_pb2.STATE_HEALTHY)
        document_id = await put(retriever_pb2_grpc.RetrieverServiceStub(channel), put_request())

    def load() -> Model:
        raise ImportError("not built for this machine")

    monkeypatch.setitem(EMBEDDERS, "wordllama", (WORDLLAMA, load))
    async with serving(settings) as channel:
        stub = retriever_pb2_grpc.RetrieverServiceStub(channel)
        await until_told(channel, status_pb2.STATE_DEGRADED, "cannot be loaded")
        with pytest.raises(UnavailableError, match="cannot be loaded"):
            await stub.Search(retriever_pb2.SearchRequest(query="leave", limit=1))
        by_words = retriever_pb2.SearchRequest(query="leave", limit=1, mode=retriever_pb2.SEARCH_MODE_KEYWORD)
        found = await stub.Search(by_words)
        assert found.passages[0].citation.document_id == document_id


async def test_it_heals_when_the_database_comes_back(postgres_server: BreakablePostgres) -> None:
    settings = RetrieverSettings(database_url=SecretStr(postgres_server.url), retriever_readers=1)
    async with serving(settings) as channel:
        stub = retriever_pb2_grpc.RetrieverServiceStub(channel)
        await until(channel, status_pb2.STATE_HEALTHY)
        document_id = await put(stub, put_request())
        await postgres_server.kill()
        with pytest.raises(UnavailableError):
            await stub.Search(retriever_pb2.SearchRequest(query="leave", limit=1))
        await until(channel, status_pb2.STATE_UNAVAILABLE)
        await postgres_server.start()
        await until(channel, status_pb2.STATE_HEALTHY)
        found = await stub.Search(retriever_pb2.SearchRequest(query="leave", limit=1))
        assert found.passages[0].citation.document_id == document_id


async def test_it_starts_before_the_database_does(postgres_server: BreakablePostgres) -> None:
    settings = RetrieverSettings(database_url=SecretStr(postgres_server.url), retriever_readers=1)
    await postgres_server.kill()
    async with serving(settings) as channel:
        await until(channel, status_pb2.STATE_UNAVAILABLE)
        await postgres_server.start()
        await until(channel, status_pb2.STATE_HEALTHY)
