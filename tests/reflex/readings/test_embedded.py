"""Runs of base64 and hex are found, decoded and traced back, wherever they stand."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflex.readings.base64_runs import base64_runs
from reflex.readings.embedded import DecodeBudget, decoded
from reflex.view import View

SENTENCES = st.text(alphabet="abc é語🙂,.!", min_size=16, max_size=90)


def read(text: str, kind: str = "base64") -> View | None:
    return decoded(view=View(text=text, original_length=len(text)), kind=kind, budget=DecodeBudget())


@given(sentence=SENTENCES, runs=st.integers(1, 20))
def test_every_run_is_decoded_and_its_span_is_the_run(sentence: str, runs: int) -> None:
    """Few runs are tried one by one, many are sifted at once: both find the same."""
    run = base64.b64encode(sentence.encode()).decode()
    text = f"before {' '.join([run] * runs)}, after"
    view = read(text)
    assert view is not None
    assert view.text.count(sentence) >= runs
    last = view.text.rindex(sentence)
    start, end = view.span(start=last, end=last + len(sentence))
    assert text[start:end].rstrip("=") == run.rstrip("=")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_are_one_run(newline: str) -> None:
    sentence = "a sentence that is long enough for several lines of base64, as mail programs write it. " * 4
    lines = base64.encodebytes(sentence.encode()).decode().strip().replace("\n", newline)
    (run,) = base64_runs(f"x {lines} y")
    assert run == (2, 2 + len(lines))


NAMES = "some_function_name anotherVeryLongIdentifier path/to/some/module kebab-case-is-long-too "


def test_names_are_no_base64() -> None:
    assert read(NAMES * 10) is None
    assert len(list(base64_runs(NAMES * 10))) < 10


@pytest.mark.parametrize("form", ["{:02x}", "{:02X} ", "\\x{:02x}", "0x{:02x}, "])
def test_hex_in_every_form(form: str) -> None:
    text = "".join(form.format(byte) for byte in b"a sentence written in hex").strip(" ,")
    view = read(f"see {text}.", kind="hex")
    assert view is not None
    assert view.text.startswith("a sentence written in hex")


def test_depth_and_size_are_bounded() -> None:
    inner = base64.b64encode(b"a sentence that is hidden").decode()
    view, budget = View(text=inner, original_length=len(inner)), DecodeBudget(characters=10, depth=1)
    once = decoded(view=view, kind="base64", budget=budget)
    assert once is not None
    assert budget.characters < 0
    assert decoded(view=view, kind="base64", budget=budget) is None
    assert decoded(view=once, kind="base64", budget=DecodeBudget(depth=1)) is None
