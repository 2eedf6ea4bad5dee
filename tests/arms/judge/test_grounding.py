"""Evidence that a model took from the context does not count for the output."""

import pytest

from arms.judge.grounding import borrowed

CONTEXT = "Root cause: the pool size was multiplied by 24 instances and exceeded the connection limit."
QUOTE = "The pool size was multiplied by 24 instances and exceeded the connection limit"


@pytest.mark.parametrize(
    ("evidence", "output", "is_borrowed"),
    [
        (QUOTE, "Checkout was down for 47 minutes.", True),
        (f'It says "{QUOTE}."', "Nothing of the kind.", True),
        (QUOTE, f"Summary. {QUOTE.upper()}!", False),
        ("the tone is warm and it thanks the reader twice", "Thank you! Thanks.", False),
        ("the pool size", "Nothing.", False),
        ("", "", False),
    ],
)
def test_only_words_of_the_output_are_evidence(evidence: str, output: str, *, is_borrowed: bool) -> None:
    assert bool(borrowed(evidence, output=output, material=[CONTEXT])) is is_borrowed
