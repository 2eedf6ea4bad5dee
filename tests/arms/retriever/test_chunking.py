"""Dividing texts: what always holds, and what a reader expects."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arms.retriever.reading.chunking import ChunkingRules, chunk_text
from arms.retriever.reading.markdown import read_markdown
from arms.retriever.reading.text import Heading, Text, clean

SMALL = ChunkingRules(most=60, overlap=20)

WORDS = st.text(alphabet="ab. \n\t#-é字😀!?", max_size=400)


@st.composite
def texts(draw: st.DrawFn) -> Text:
    body = clean(draw(st.one_of(WORDS, st.text(max_size=300))))
    offsets = sorted(draw(st.sets(st.integers(0, max(0, len(body) - 1)), max_size=5)))
    return Text(
        body=body,
        headings=tuple(
            Heading(offset=offset, level=draw(st.integers(1, 6)), title=draw(st.text("xyz ", max_size=9)))
            for offset in offsets
        ),
    )


@given(
    text=texts(),
    rules=st.builds(ChunkingRules, most=st.integers(20, 120), overlap=st.integers(0, 19)),
)
def test_chunks_are_stretches_of_the_text_and_cover_it(text: Text, rules: ChunkingRules) -> None:
    chunks = chunk_text(text, rules=rules)
    covered: set[int] = set()
    for chunk in chunks:
        assert chunk.text == text.body[chunk.start : chunk.end]
        assert 0 < len(chunk.text) <= rules.most
        assert chunk.text == chunk.text.strip()
        covered.update(range(chunk.start, chunk.end))
    assert all(place in covered or character.isspace() for place, character in enumerate(text.body))
    assert [chunk.start for chunk in chunks] == sorted({chunk.start for chunk in chunks})
    assert [chunk.end for chunk in chunks] == sorted({chunk.end for chunk in chunks})
    for before, after in pairwise(chunks):
        assert before.end - after.start <= rules.overlap


def test_sections_are_named_by_the_headings_above() -> None:
    source = b"intro\n\n# Install\n\n## Linux\n\nuse apt\n\n## macOS\n\nuse brew\n\n# Use\n\nrun it\n"
    chunks = chunk_text(read_markdown(source), rules=ChunkingRules())
    assert [(chunk.section, chunk.text) for chunk in chunks] == [
        ("", "intro"),
        ("Install > Linux", "# Install\n\n## Linux\n\nuse apt"),
        ("Install > macOS", "## macOS\n\nuse brew"),
        ("Use", "# Use\n\nrun it"),
    ]


def test_a_chunk_begins_with_the_last_sentence_of_the_one_before() -> None:
    body = "One two three four. Five six seven. Eight nine ten eleven twelve. Thirteen."
    chunks = chunk_text(Text(body=body), rules=SMALL)
    assert [chunk.text for chunk in chunks] == [
        "One two three four. Five six seven.",
        "Five six seven. Eight nine ten eleven twelve. Thirteen.",
    ]


def test_chunks_prefer_to_end_with_a_paragraph() -> None:
    body = "A first paragraph of some length.\n\nA second. It goes on and on. And on."
    chunks = chunk_text(Text(body=body), rules=ChunkingRules(most=60, overlap=0))
    assert [chunk.text for chunk in chunks] == [
        "A first paragraph of some length.",
        "A second. It goes on and on. And on.",
    ]


def test_a_line_without_end_is_cut_between_words_and_at_last_within() -> None:
    words = chunk_text(Text(body="word " * 40), rules=ChunkingRules(most=22, overlap=0))
    assert {chunk.text for chunk in words} == {"word word word word"}
    solid = chunk_text(Text(body="x" * 50), rules=ChunkingRules(most=20, overlap=0))
    assert [len(chunk.text) for chunk in solid] == [20, 20, 10]


def test_a_long_gap_within_a_line_is_in_no_chunk() -> None:
    chunks = chunk_text(Text(body="a" + "\t" * 100 + "b"), rules=ChunkingRules(most=20, overlap=0))
    assert [(chunk.text, chunk.start) for chunk in chunks] == [("a", 0), ("b", 101)]


@pytest.mark.parametrize("body", ["", "   \n\t\n ", "\f"])
def test_a_blank_text_has_no_chunks(body: str) -> None:
    assert chunk_text(Text(body=body), rules=SMALL) == []
