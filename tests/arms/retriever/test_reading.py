"""Reading each kind of document: what a reader would see comes out, nothing else."""

import codecs
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arms.retriever.documents import MediaType
from arms.retriever.reading.chunking import ChunkingRules
from arms.retriever.reading.html import read_html
from arms.retriever.reading.markdown import read_markdown
from arms.retriever.reading.pdf import read_pdf
from arms.retriever.reading.reader import read_chunks, read_plain
from arms.retriever.reading.text import Text
from servicekit.errors import ValidationFailedError
from tests.arms.retriever.samples import assemble_pdf, bomb_pdf, make_pdf


def headings(text: Text) -> list[tuple[str, int, str]]:
    """Title, level, and what stands at the offset."""
    return [
        (heading.title, heading.level, text.body[heading.offset :].split("\n")[0])
        for heading in text.headings
    ]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"plain", "plain"),
        (b"a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("grün 😀".encode(), "grün 😀"),
        (codecs.BOM_UTF8 + b"marked", "marked"),
        ("zwei Bytes".encode("utf-16"), "zwei Bytes"),
        ("vier Bytes".encode("utf-32"), "vier Bytes"),
        (b"bell\x07and\x1bescape", "bell\ufffdand\ufffdescape"),
    ],
)
def test_plain_text(content: bytes, text: str) -> None:
    assert read_plain(content).body == text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("grün".encode("latin-1"), id="latin-1"),
        pytest.param(b"NUL\x00", id="NUL"),
        pytest.param(b"\xed\xa0\x80", id="surrogate"),
        pytest.param(codecs.BOM_UTF16_LE + b"\x00\xd8", id="half a pair"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", id="a picture"),
    ],
)
@pytest.mark.parametrize("read", [read_plain, read_markdown])
def test_what_is_not_text_is_refused(read: Callable[[bytes], Text], content: bytes) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        read(content)
    assert (refused.value.field, refused.value.reason) == ("content", "DOCUMENT_NOT_TEXT")


def test_markdown_headings_are_those_that_commonmark_sees() -> None:
    source = "# One\r\n```\n# no: code\n```\nTwo\n---\n> # no: quoted\n\n    # no: indented\n### Three ###\n"
    text = read_markdown(source.encode())
    assert headings(text) == [("One", 1, "# One"), ("Two", 2, "Two"), ("Three", 3, "### Three ###")]


HTML = [
    pytest.param("<p>one<p>two", "one\n\ntwo", id="paragraphs"),
    pytest.param("a <b>bold</b>  word<br>line", "a bold word\nline", id="inline"),
    pytest.param("<ul><li>one<li>two</ul>", "- one\n\n- two", id="list"),
    pytest.param("<table><tr><td>a<td>b<tr><td>c<td>d</table>", "a | b\n\nc | d", id="table"),
    pytest.param("<pre>  keep\n   this</pre>", "  keep\n   this", id="preformatted"),
    pytest.param("x<script>evil()</script><style>p{}</style><!-- note -->y", "xy", id="not read"),
    pytest.param("<nav>Home</nav><p>text</p><footer>2026</footer>", "text", id="on every page"),
    pytest.param(
        '<p>seen</p><p hidden>a</p><p style="display: none">b</p><p aria-hidden="true">c</p>',
        "seen",
        id="hidden",
    ),
    pytest.param("<div>menu</div><main><p>article</p></main>", "article", id="main"),
    pytest.param("&lt;b&gt; &amp; &eacute;&#0;&#xD800;&#13;x", "<b> & é\ufffd\ufffd x", id="entities"),
    pytest.param("<p>open <b>never <i>closed <table><td>cell", "open never closed\n\ncell", id="broken"),
    pytest.param("<template><p>inert</p></template>text", "text", id="template"),
]


@pytest.mark.parametrize(("source", "text"), HTML)
def test_html_is_read_as_shown(source: str, text: str) -> None:
    lines = [line.rstrip() for line in read_html(source.encode()).body.strip("\n").split("\n")]
    assert "\n".join(lines) == text


def test_html_headings_have_their_places() -> None:
    text = read_html(b"<h1>A <em>title</em></h1><p>text<h2>Part\ntwo</h2>more<h3></h3>")
    assert headings(text) == [("A title", 1, "A title"), ("Part two", 2, "Part two")]


@pytest.mark.parametrize(
    "content",
    [
        "é".encode(),
        "é".encode("utf-16"),
        b'<meta charset="iso-8859-1">' + "é".encode("cp1252"),
        b'<meta http-equiv=content-type content="text/html; charset=utf-8">' + "é".encode(),
        b"<meta charset=nonsense>" + "é".encode(),
        b"<meta charset=zlib>" + "é".encode(),
        "é".encode("cp1252"),
    ],
)
def test_html_encodings(content: bytes) -> None:
    assert read_html(content).body.strip() == "é"


def test_html_nests_deeper_than_python_recurses() -> None:
    deep = b"<div>" * 10_000 + b"bottom"
    assert read_html(deep).body.strip() == "bottom"


def test_pdf_pages_are_sections() -> None:
    text = read_pdf(make_pdf(["first page", "line two"], ["second (page)"]))
    assert [line for line in text.body.split("\n") if line] == ["first page", "line two", "second (page)"]
    assert headings(text) == [("Page 1", 1, "first page"), ("Page 2", 1, "second (page)")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"%PDF-1.7", "DOCUMENT_DAMAGED", id="only a header"),
        pytest.param(b"not a PDF at all", "DOCUMENT_DAMAGED", id="text"),
        pytest.param(make_pdf(["x"])[:300], "DOCUMENT_DAMAGED", id="cut off"),
        pytest.param(
            make_pdf(["x"]).replace(b"/Kids [5", b"/Kids [2"), "DOCUMENT_DAMAGED", id="its own parent"
        ),
        pytest.param(bomb_pdf(200), "DOCUMENT_DAMAGED", id="bomb"),
        pytest.param(
            assemble_pdf([], trailer=b"/Encrypt << /Filter /Standard /V 9 /R 9 >>"),
            "DOCUMENT_DAMAGED",
            id="odd lock",
        ),
    ],
)
def test_pdfs_that_cannot_be_read(content: bytes, reason: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        read_pdf(content)
    assert (refused.value.field, refused.value.reason) == ("content", reason)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b" \n\t", MediaType.PLAIN),
        (b"<script>x</script>", MediaType.HTML),
        (make_pdf([""]), MediaType.PDF),
    ],
)
def test_a_document_without_text_is_refused(content: bytes, media_type: MediaType) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        read_chunks(content, media_type=media_type, rules=ChunkingRules())
    assert refused.value.reason == "DOCUMENT_EMPTY"


@given(content=st.binary(max_size=300), media_type=st.sampled_from(MediaType))
def test_any_bytes_are_read_or_refused(content: bytes, media_type: MediaType) -> None:
    try:
        chunks = read_chunks(content, media_type=media_type, rules=ChunkingRules())
    except ValidationFailedError as refused:
        assert refused.field == "content"  # noqa: PT017  # either outcome is right
    else:
        assert all(chunk.text.isprintable() or "\x00" not in chunk.text for chunk in chunks)
        assert all(chunk.text.encode() for chunk in chunks)


@given(source=st.text(alphabet="<>/=\"'& pdivtablehscr!-[]CDATA\n", max_size=300))
def test_any_html_is_read(source: str) -> None:
    read_html(source.encode())
