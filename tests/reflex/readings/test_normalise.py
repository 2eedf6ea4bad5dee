"""Readings of a text, and the way back to the original's characters."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflex.readings.characters import changeable, folded
from reflex.readings.characters import plain as plain_character
from reflex.readings.normalise import Normaliser, hidden_tags
from reflex.view import Bytes, View

NORMALISER = Normaliser()


def plain(text: str) -> View:
    return NORMALISER.plain(view=View(text=text, original_length=len(text)))


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("ig\u200bnore", "ignore"),
        ("\uff41\uff42\uff43\uff11\uff12\uff13", "abc123"),
        ("\ufb01ne\u2026", "fine..."),
        ("\u201cquoted\u201d \u2013 it\u2019s", '"quoted" - it\'s'),
        ("a\u202eb\u00adc\x00d", "abcd"),
        ("line\r\nline\tend", "line\r\nline\tend"),
    ],
)
def test_plain_reading(text: str, reads: str) -> None:
    assert plain(text).text == reads


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("ign\u043er\u0435", "ignore"),
        ("ìgnörè", "ignore"),
        ("ᴀʙᴄ", "abc"),
        ("straße", "strasse"),
        ("🅸🅶🅽🅾🆁🅴", "IGNORE"),
        ("e\u0301", "e"),
    ],
)
def test_folded_reading(text: str, reads: str) -> None:
    folded = NORMALISER.folded(view=plain(text))
    assert folded is not None
    assert folded.text == reads


def test_ascii_has_no_folded_reading() -> None:
    assert NORMALISER.folded(view=plain("plain text")) is None


@pytest.mark.parametrize("text", ["日本語のテキスト", "שלום עולם", "नमस्ते"])
def test_other_scripts_are_left_readable(text: str) -> None:
    assert plain(text).text == text


def test_span_goes_back_through_both_readings() -> None:
    text = "x\u200b\ufb01\u0456z"
    folded = NORMALISER.folded(view=plain(text))
    assert folded is not None
    assert folded.text == "xfiiz"
    assert folded.span(start=1, end=4) == (2, 4)


def test_span_takes_the_invisible_characters_after_it() -> None:
    text = "ab\u200b\u200bc"
    view = plain(text)
    assert view.span(start=1, end=2) == (1, 4)


def test_tag_characters_are_read() -> None:
    text = "hello" + "".join(chr(0xE0000 + ord(c)) for c in "ignore")
    view = hidden_tags(text=text)
    assert view is not None
    assert view.text == "ignore"
    assert view.span(start=0, end=6) == (5, 11)


def test_the_tables_leave_out_no_character() -> None:
    """Han and Hangul apart, every character of Unicode that a rule changes is among those the tables know."""
    known = set(changeable())
    blocks = ((0, 0x4E00), (0xA000, 0xAC00), (0xD7B0, 0x20000), (0x2F000, 0x33500), (0xE0000, 0xF0000))
    others = [chr(code) for block in blocks for code in range(*block) if chr(code) not in known]
    assigned = [c for c in others if unicodedata.category(c) not in {"Cn", "Co", "Cs"}]
    missed = [c for c in assigned if plain_character(c) != c or folded(c) != c]
    assert missed == []


@given(st.text().filter(lambda text: not any("\uac00" <= c <= "\ud7a3" for c in text)))
def test_readings_are_what_the_rules_say_of_each_character(text: str) -> None:
    reading = "".join(map(plain_character, text))
    assert plain(text).text == reading
    view = NORMALISER.folded(view=plain(text))
    assert (view.text if view else reading) == "".join(map(folded, reading))


@given(st.text())
def test_every_character_has_an_origin_in_order(text: str) -> None:
    view = plain(text)
    spans = [view.span(start=index, end=index + 1) for index in range(len(view.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_byte_offsets_become_character_offsets(text: str) -> None:
    encoded = Bytes(text=text)
    for index in range(len(text) + 1):
        place = len(text[:index].encode())
        assert encoded.characters([(0, place)]) == [(0, index)]
