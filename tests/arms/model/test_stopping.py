"""When a text goes in circles, and when it only looks like it."""

import pytest

from arms.model.stopping import WINDOW, goes_in_circles

LINES = [f"assert add({number}, 1) == {number + 1}\n" for number in range(100)]


@pytest.mark.parametrize(
    ("text", "circles"),
    [
        ("x" * WINDOW, True),
        ("x" * (WINDOW - 1), False),
        ("I start well. " + "And then, and then. " * 80, True),
        ("def add(a, b):\n    return a + b\n\n\nprint(add(1, 2))\n" * 40, True),
        ("".join(LINES), False),
        (("word " * 10 + "\n") * 30 + "The end. " + "".join(LINES[:40]), False),
        ("".join(f"Paragraph {n} says what paragraph {n - 1} does not. " for n in range(60)), False),
    ],
)
def test_circles(text: str, *, circles: bool) -> None:
    assert goes_in_circles(text) is circles
