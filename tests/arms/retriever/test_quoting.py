"""Quotes stand word by word in the passage, and are the sentence that answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arms.retriever.quoting import MOST, best_quote

TEXT = """## Fees

The card is free. Overdue books cost twenty cents
a day. See also: other fees.

- Films cost a euro.
- Music is free of charge, whoever borrows it."""


@pytest.mark.parametrize(
    ("query", "quote"),
    [
        ("what do overdue books cost", "Overdue books cost twenty cents\na day."),
        ("BORROWING music", "- Music is free of charge, whoever borrows it."),
        ("films", "- Films cost a euro."),
        ("quantum mechanics", "The card is free."),
        ("", "The card is free."),
    ],
)
def test_the_sentence_that_fits(query: str, quote: str) -> None:
    assert best_quote(TEXT, query=query) == quote


@given(text=st.text(max_size=800), query=st.text(max_size=100))
def test_a_quote_is_always_a_stretch_of_the_text(text: str, query: str) -> None:
    quote = best_quote(text, query=query)
    assert quote in text
    assert len(quote) <= MOST
    assert bool(quote) is bool(text.strip())
