"""Escapes are written out as browsers and languages read them, with a span for each."""

import html
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflex.readings.embedded import DecodeBudget
from reflex.readings.escapes import unescaped
from reflex.view import View

TEXT = st.text(alphabet="ab é語🙂%&;#xu\\41", min_size=1, max_size=12)


def written(text: str, *kinds: str, budget: DecodeBudget | None = None) -> View | None:
    view = View(text=text, original_length=len(text))
    return unescaped(view=view, kinds=kinds, budget=budget or DecodeBudget())


@given(TEXT)
def test_percent_signs_are_undone(text: str) -> None:
    view = written(quote(text), "percent")
    assert (view.text if view else quote(text)) == text


@given(TEXT)
def test_unicode_escapes_are_undone(text: str) -> None:
    units = text.encode("utf-16-be")
    escaped = "".join(f"\\u{high:02x}{low:02X}" for high, low in zip(units[::2], units[1::2], strict=True))
    view = written(escaped, "unicode_escape")
    assert view is not None
    assert view.text == text
    assert view.span(start=0, end=len(text)) == (0, len(escaped))


@given(TEXT)
def test_entities_are_undone_and_each_has_its_span(text: str) -> None:
    escaped = "".join(f"&#{ord(c)};" if place % 2 else f"&#x{ord(c):X};" for place, c in enumerate(text))
    view = written(escaped, "entity")
    assert view is not None
    assert view.text == text
    spans = [view.span(start=place, end=place + 1) for place in range(len(text))]
    assert [html.unescape(escaped[start:end]) for start, end in spans] == list(text)


@pytest.mark.parametrize(
    ("escaped", "kinds", "reads"),
    [
        ("a&lt;b&amp;c &copy &nosuch; &;", ["entity"], "a<b&c &copy &nosuch; &;"),
        ("&#0;&#1114112;&#99999999999999999999;", ["entity"], "\ufffd\ufffd\ufffd"),
        ("%41%C3%A9%E2%82%AC%F0%9F%99%82%4", ["percent"], "Aé€🙂%4"),
        ("%ff%C3x%82", ["percent"], "\u00ff\u00c3x\u0082"),
        ("%f7%bf%bf%bf", ["percent"], "\ufffd"),
        ("\\ud83d\\ude00\\ud83d\\u12", ["unicode_escape"], "😀\ud83d\\u12"),
        ("%41&#66;\\u0043", ["percent", "entity", "unicode_escape"], "ABC"),
        ("&#x%34%31;", ["percent", "entity"], "&#x41;"),
    ],
)
def test_what_is_no_escape_stays(escaped: str, kinds: list[str], reads: str) -> None:
    view = written(escaped, *kinds)
    assert view is not None
    assert view.text == reads


@given(st.text(alphabet="%&#;xXu\\0aF 1é", max_size=40))
def test_any_text_is_survived_with_spans_in_order(text: str) -> None:
    view = written(text, "percent", "entity", "unicode_escape")
    if view is None:
        return
    spans = [view.span(start=place, end=place + 1) for place in range(len(view.text))]
    assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == len(text)


def test_only_so_much_is_undone() -> None:
    budget = DecodeBudget(characters=7)
    view = written("%41%42%43", "percent", budget=budget)
    assert view is not None
    assert view.text == "AB%43"
    assert written("%41", "percent", budget=budget) is None
    assert unquote("%41%42%43") == "ABC"
