"""Documents over the wire: uploads as a form, pages, one, gone; and forms that mean no good."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, AsyncIterator

import httpx
import pytest
import pytest_asyncio

from gateway.schemas.arm_work.retriever import Document, DocumentPage
from gateway.schemas.errors import ErrorEnvelope
from tests.gateway.conftest import Gateway, Starter, running_gateway

SHARED = pytest.mark.asyncio(loop_scope="module")
FORM = "multipart/form-data; boundary=B"
MIB = 2**20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keeping() -> AsyncGenerator[Gateway]:
    async with running_gateway(arms=("retriever",)) as gateway:
        yield gateway


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keeper(keeping: Gateway) -> AsyncGenerator[httpx.AsyncClient]:
    async with keeping.client("retriever") as client:
        yield client


def part(
    content: bytes = b"text", *, name: str = "file", filename: str | None = "a.txt", more: bytes = b""
) -> bytes:
    """One part of a form, behind its boundary."""
    called = f'; filename="{filename}"' if filename is not None else ""
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"{called}\r\n'.encode()
    return head + more + b"\r\n" + content + b"\r\n"


END = b"--B--\r\n"


@SHARED
@pytest.mark.parametrize("door", ["retriever", "gateway"])
async def test_a_document_comes_is_listed_read_and_goes(keeping: Gateway, door: str) -> None:
    under = "" if door == "retriever" else "/arms/retriever"
    keeping.fakes.typed.documents.clear()
    async with keeping.client(door) as api:
        made = await api.post(
            f"{under}/documents",
            files={"file": ("notes/r\u00e9sum\u00e9.md", b"# One\n", "text/markdown; charset=UTF-8")},
            data={"title": "One", "metadata": '{"team": "a\\u00e4"}'},
        )
        assert made.status_code == 201, made.text
        told = Document.model_validate_json(made.content)
        assert (told.title, told.media_type, told.metadata) == ("One", "text/markdown", {"team": "a\u00e4"})
        assert made.headers["location"] == f"/api/v1{under}/documents/{told.document_id}"
        assert keeping.fakes.typed.requests[-1].content == b"# One\n"
        page = DocumentPage.model_validate_json((await api.get(f"{under}/documents?page_size=1")).content)
        assert ([it.document_id for it in page.data], page.pagination.total_items) == ([told.document_id], 1)
        one = await api.get(f"{under}/documents/{told.document_id}")
        assert one.json() == made.json()
        gone = await api.delete(f"{under}/documents/{told.document_id}")
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await api.get(f"{under}/documents/{told.document_id}")).status_code == 404
        assert (await api.delete(f"{under}/documents/{told.document_id}")).status_code == 404


@SHARED
@pytest.mark.parametrize(
    ("filename", "sent", "read"),
    [
        ("a.txt", None, "text/plain"),
        ("a.MD", "application/octet-stream", "text/markdown"),
        ("a.b.htm", None, "text/html"),
        ("a.pdf", None, "application/pdf"),
        ("a.txt", "application/pdf", "application/pdf"),
        ("a", 'text/html; charset="utf-8"', "text/html"),
        ("a.gz", None, None),
        ("a", None, None),
        ("a.txt", "application/gzip", None),
        ("a.txt", "image/png", None),
        ("a.txt", "text/plain; charset=latin-1", None),
        ("a.txt", "nonsense", "text/plain"),
    ],
)
async def test_the_type_of_a_document(
    keeping: Gateway, keeper: httpx.AsyncClient, filename: str, sent: str | None, read: str | None
) -> None:
    more = f"Content-Type: {sent}\r\n".encode() if sent else b""
    answer = await keeper.post(
        "/documents",
        content=part(filename=filename, more=more) + END,
        headers={"Content-Type": FORM},
    )
    if read:
        assert answer.json()["media_type"] == read
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@SHARED
@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/a.txt", "a.txt"),
        ("C:\\docs\\a.txt", "a.txt"),
        ("x" * 600 + ".txt", "x" * 500),
    ],
)
async def test_a_file_name_is_the_title_where_none_is_given(
    keeper: httpx.AsyncClient, filename: str, title: str
) -> None:
    answer = await keeper.post("/documents", files={"file": (filename, b"x", "text/plain")})
    assert answer.json()["title"] == title


@SHARED
async def test_a_document_of_32_mib_fits_and_one_byte_more_does_not(
    keeping: Gateway, keeper: httpx.AsyncClient
) -> None:
    content = b"0123456789abcde\n" * (2 * MIB)
    made = await keeper.post("/documents", files={"file": ("a.txt", content)})
    assert (made.status_code, made.json()["size_bytes"]) == (201, 32 * MIB)
    assert keeping.fakes.typed.requests.pop().content == content
    refused = await keeper.post("/documents", files={"file": ("a.txt", content + b"x")})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (413, "file")
    larger = await keeper.post("/documents", files={"file": ("a.txt", content + bytes(MIB))})
    assert (larger.status_code, larger.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


def text(content: bytes, *, name: str) -> bytes:
    """A part that is no file, behind a file."""
    return part() + part(content, name=name, filename=None)


def headed(head: bytes) -> bytes:
    """A part with this head."""
    return b"--B\r\n" + head + b"\r\n\r\nx\r\n"


MANY = b"".join(part(name=f"p{number}") for number in range(5000))
FORMS: dict[str, tuple[bytes, str]] = {
    "no part": (END, "file"),
    "never a boundary": (b"x" * MIB, ""),
    "another boundary": (b"--C\r\n\r\n--C--\r\n", ""),
    "no end": (part(), ""),
    "cut in a head": (b'--B\r\nContent-Disposition: form-data; name="fi', ""),
    "no file": (part(b"t", name="title", filename=None) + END, "file"),
    "the file as a text": (part(filename=None) + END, "file"),
    "the title as a file": (part() + part(b"t", name="title") + END, "title"),
    "a field nobody knows": (text(b"t", name="color") + END, "color"),
    "the file twice": (part() + part() + END, "file"),
    "many parts": (MANY + END, ""),
    "a nameless part": (headed(b"Content-Disposition: form-data") + END, ""),
    "a part without a head": (headed(b"") + END, ""),
    "an attachment": (headed(b'Content-Disposition: attachment; name="file"') + END, ""),
    "a head that is none": (headed(b"no colon here") + END, ""),
    "a huge head": (part(more=b"X-A: " + b"x" * 100_000 + b"\r\n") + END, ""),
    "many heads": (part(more=b"".join(b"X-%d: x\r\n" % it for it in range(1000))) + END, ""),
    "a head twice": (part(more=b"Content-Type: text/plain\r\n" * 2) + END, ""),
    "bytes that are no text in a head": (part(more=b"X-A: \xff\r\n") + END, ""),
    "NUL in the file's name": (part(filename="a\0.txt") + END, ""),
    "base64": (part(more=b"Content-Transfer-Encoding: base64\r\n") + END, ""),
    "an empty file": (part(b"") + END, "file"),
    "a file without a name": (part(filename="", more=b"Content-Type: text/plain\r\n") + END, "title"),
    "an endless text": (text(b"t" * 70_000, name="title") + END, "title"),
    "a long title": (text(b"t" * 501, name="title") + END, "title"),
    "a title that is no text": (text(b"\xff", name="title") + END, "title"),
    "metadata that is no json": (text(b"{", name="metadata") + END, "metadata"),
    "metadata twice": (text(b'{"a":"b","a":"c"}', name="metadata") + END, "metadata"),
    "metadata of numbers": (text(b'{"a":1}', name="metadata") + END, "metadata.a"),
    "metadata in a list": (text(b"[]", name="metadata") + END, "metadata"),
}
"""Bodies, and the field that is told to be at fault."""

HEADS = {
    "multipart/form-data": 400,
    "multipart/form-data; boundary=": 400,
    f"multipart/form-data; boundary={'B' * 71}": 400,
    "application/json": 415,
    "application/x-www-form-urlencoded": 415,
    "multipart/mixed; boundary=B": 415,
}
"""Content types, and the status that they get."""


@SHARED
@pytest.mark.parametrize("name", FORMS)
async def test_a_form_that_means_no_good(keeping: Gateway, keeper: httpx.AsyncClient, name: str) -> None:
    body, field = FORMS[name]
    before = len(keeping.fakes.typed.requests)
    answer = await keeper.post("/documents", content=body, headers={"Content-Type": FORM})
    assert answer.status_code == 400, answer.text
    assert ErrorEnvelope.model_validate_json(answer.content)
    assert answer.json()["error"]["details"].get("field", "") == field
    assert len(keeping.fakes.typed.requests) == before


@SHARED
@pytest.mark.parametrize("content_type", HEADS)
async def test_a_body_that_is_no_form(keeper: httpx.AsyncClient, content_type: str) -> None:
    answer = await keeper.post("/documents", content=part() + END, headers={"Content-Type": content_type})
    assert answer.status_code == HEADS[content_type]
    assert answer.json()["error"]["details"]["field"] == "Content-Type"


@SHARED
async def test_a_compressed_part_is_refused(keeper: httpx.AsyncClient) -> None:
    zipped = part(gzip.compress(bytes(MIB)), more=b"Content-Encoding: gzip\r\n")
    answer = await keeper.post("/documents", content=zipped + END, headers={"Content-Type": FORM})
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (415, "file")


@SHARED
async def test_a_bomb_is_refused_by_its_encoding(keeper: httpx.AsyncClient) -> None:
    bomb = gzip.compress(bytes(64 * MIB))
    answer = await keeper.post(
        "/documents", content=bomb, headers={"Content-Type": FORM, "Content-Encoding": "gzip"}
    )
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (415, "Content-Encoding")


@SHARED
async def test_parts_without_end_are_cut_off(keeping: Gateway) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield part(b"x" * 65_536)

    async with keeping.client("retriever") as api:
        answer = await api.post("/documents", content=endless(), headers={"Content-Type": FORM})
    assert answer.status_code in {400, 413}


async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(start: Starter) -> None:
    async with start(arms=("retriever",)) as gateway:
        _, writer = await asyncio.open_connection("127.0.0.1", gateway.port("retriever"))
        heads = f"Host: x\r\nContent-Type: {FORM}\r\nContent-Length: 9999999"
        head = f"POST /api/v1/documents HTTP/1.1\r\n{heads}\r\n\r\n"
        writer.write(head.encode() + part(b"x" * 100_000))
        await writer.drain()
        writer.close()
        async with gateway.client("retriever") as api:
            assert (await api.post("/documents", files={"file": ("a.txt", b"x")})).status_code == 201


async def test_only_a_few_documents_are_in_memory_at_once(start: Starter) -> None:
    async with start(arms=("retriever",)) as gateway, gateway.client("retriever") as api:
        gateway.fakes.trouble.hang = asyncio.Event()
        uploads = [
            asyncio.create_task(api.post("/documents", files={"file": ("a.txt", b"x")})) for _ in range(6)
        ]
        async with asyncio.timeout(10):
            while len(gateway.fakes.typed.requests) < 4:  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert len(gateway.fakes.typed.requests) == 4
        gateway.fakes.trouble.hang.set()
        assert {(await it).status_code for it in uploads} == {201}
