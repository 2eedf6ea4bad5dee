"""Goals of several parts: one piece of writing is one step; only what the words call for is offered."""

import pytest

from arms.planner.needs import acts
from arms.planner.shapes import Kind, shape_of


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("Summarise this report in one paragraph, then list exactly three action items.", Kind.PROSE),
        ("Explain what happened. Then name the root cause and, finally, suggest a remedy.", Kind.PROSE),
        ("Write an email to the team and then a shorter one to the customer.", Kind.PROSE),
        ("1. Summarise the text\n2. Translate the summary into French", Kind.UNCLEAR),
        ("Write a Python function that sorts a list, then explain it.", Kind.UNCLEAR),
        ("Summarise the article, then write a script that counts its words.", Kind.UNCLEAR),
        ("Search our documentation for the limit, then write an email about it.", Kind.UNCLEAR),
        ("Calculate the mean of these numbers and then explain it.", Kind.UNCLEAR),
        ("Describe the plan, then download https://example.org/x and compare.", Kind.UNCLEAR),
    ],
)
def test_several_parts_of_one_text_are_prose(goal: str, kind: Kind) -> None:
    assert shape_of(goal).kind is kind


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("Summarise the incident", False),
        ("Execute this program", True),
        ("Cite your sources", True),
        ("Fetch https://example.org", True),
        ("Write a haiku", False),
    ],
)
def test_acting_on_the_world_is_called_for_by_words(words: str, *, needed: bool) -> None:
    assert acts(words) is needed
