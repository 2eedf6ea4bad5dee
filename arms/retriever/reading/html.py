"""HTML to the text a reader sees: parsed as browsers do, without what is not for reading."""

import codecs
import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from arms.retriever.reading.html_writer import Writer
from arms.retriever.reading.text import Text, clean, decode_marked

NOT_READ = """
head script style noscript template svg math nav footer form button select textarea input iframe object embed
canvas audio video map dialog"""
SKIPPED = frozenset(NOT_READ.split())
"""Elements that are not for reading, or stand on every page of a site."""

PARAGRAPHS = """
address article aside blockquote body dd details div dl dt fieldset figcaption figure h1 h2 h3 h4 h5 h6 header
hgroup hr html li main menu ol p pre section summary table tbody tfoot thead tr ul"""
BLOCKS = frozenset(PARAGRAPHS.split())
"""Elements that begin and end a paragraph."""

HEADINGS = {f"h{level}": level for level in range(1, 7)}
CELLS = frozenset(("td", "th"))
TEXT_NODE = "-text"

HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
"""Inline styles that hide: text that no reader sees must not reach a model either."""

CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)


def read_html(content: bytes) -> Text:
    """Read a page: its ``main`` element when it has one, else all of it.

    Raises:
        ValidationFailedError: it unpacks to too much text.
    """
    tree = LexborHTMLParser(decode_html(content))
    root = tree.css_first("main") or tree.body or tree.root
    writer = Writer()
    if root is not None:
        _walk(root, writer)
    return writer.text()


def decode_html(content: bytes) -> str:
    """Decode as the HTML standard says: the mark, the declaration, UTF-8, at last windows-1252."""
    marked = decode_marked(content)
    if marked is not None:
        return clean(marked)
    for encoding in (*_declared(content), "utf-8"):
        try:
            return clean(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return clean(content.decode("cp1252", errors="replace"))


def _declared(content: bytes) -> Iterator[str]:
    found = CHARSET.search(content, 0, 1024)
    if found:
        try:
            codec = codecs.lookup(found[1].decode("ascii"))
        except LookupError:
            return
        if codec.name.startswith(("utf-8", "iso8859", "cp", "koi8", "gb", "big5", "euc", "shift")):
            yield "cp1252" if codec.name == "iso8859-1" else codec.name  # what the standard means by Latin-1


def _walk(root: LexborNode, writer: Writer) -> None:
    """Depth first with a stack of our own: a hostile page nests deeper than Python recurses."""
    ahead: list[tuple[LexborNode, bool]] = [(root, False)]
    while ahead:
        node, leaving = ahead.pop()
        if leaving:
            _leave(node, writer)
            continue
        if node.mem_id != root.mem_id and node.next is not None:
            ahead.append((node.next, False))
        if _enter(node, writer):
            ahead.append((node, True))
            if node.first_child is not None:
                ahead.append((node.first_child, False))


def _enter(node: LexborNode, writer: Writer) -> bool:
    """Begin an element or take a text; whether to go into it and leave it later."""
    tag = node.tag or ""
    if tag == TEXT_NODE:
        writer.words(node.text_content or "")
    elif tag == "br":
        writer.line()
    if tag in SKIPPED or tag.startswith(("-", "_", "!")) or _hidden(node):
        return False
    if tag in BLOCKS:
        writer.paragraph()
    if tag in CELLS:
        writer.cell()
    elif tag in HEADINGS:
        writer.open_heading(HEADINGS[tag])
    elif tag == "li":
        writer.words("- ")
    elif tag == "pre":
        writer.preformatted += 1
    return True


def _leave(node: LexborNode, writer: Writer) -> None:
    tag = node.tag or ""
    if tag in HEADINGS:
        writer.close_heading()
    elif tag == "pre":
        writer.preformatted -= 1
    if tag in BLOCKS:
        writer.paragraph()


def _hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or bool(HIDDEN.search(attributes.get("style") or ""))
    )
