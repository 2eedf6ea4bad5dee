"""A long reading is read only near what it changed, and its spans are those of the original."""

import numpy as np
import pytest

from reflex.readings.embedded import DecodeBudget
from reflex.readings.escapes import unescaped
from reflex.readings.narrow import AROUND, LONG, narrowed
from reflex.readings.normalise import Normaliser
from reflex.view import View

NORMALISER = Normaliser()


def plain(text: str) -> View:
    return NORMALISER.plain(view=View(text=text, original_length=len(text)))


def far_apart(*parts: str) -> str:
    return "".join(f"{'words ' * LONG}{part}" for part in parts) + " end"


@pytest.mark.parametrize("hidden", ["", "\u200b"])
def test_only_what_is_near_a_change_is_read_again(hidden: str) -> None:
    text = hidden + far_apart("sec%72et", "pa%73s")
    view = plain(text)
    written = unescaped(view=view, kinds=["percent"], budget=DecodeBudget())
    assert written is not None
    reading = narrowed(view=view, reading=written)
    assert reading.partial
    assert len(reading.text) < 6 * AROUND
    for word, original in (("secret", "sec%72et"), ("pass", "pa%73s")):
        start = reading.text.index(word)
        first, past = reading.span(start=start, end=start + len(word))
        assert text[first:past] == original


def test_what_changed_everywhere_is_read_as_a_whole() -> None:
    view = plain("\u0430" * LONG)
    folded = NORMALISER.folded(view=view)
    assert folded is not None
    assert narrowed(view=view, reading=folded) is folded


def test_a_short_reading_is_whole() -> None:
    view = plain("word " * 1000 + "\u0430")
    folded = NORMALISER.folded(view=view)
    assert folded is not None
    assert narrowed(view=view, reading=folded) is folded


def test_what_was_left_out_is_a_change() -> None:
    view = plain("word " * LONG)
    shorter = view.derive(
        text=view.text[: LONG - 5] + view.text[LONG + 5 :],
        encoding="cut",
        picked=np.delete(np.arange(len(view.text), dtype=np.int32), range(LONG - 5, LONG + 5)),
    )
    reading = narrowed(view=view, reading=shorter)
    assert reading.partial
    assert reading.span(start=AROUND, end=AROUND + 1)[0] in range(LONG - 20, LONG + 20)
