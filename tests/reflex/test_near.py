"""The semantic tier: same saying, same answer; a number, a negation or an order apart, none."""

import pytest

from reflex.near import NearTexts

PUT = "What is the refund policy for orders above 100 euros placed in Germany before 2024?"


@pytest.mark.parametrize(
    "text",
    [
        PUT,
        PUT.lower(),
        PUT.replace("?", " ?"),
        PUT.replace(" ", "  "),
    ],
)
def test_same_saying_is_found(text: str) -> None:
    near = NearTexts(size=10)
    near.add(tenant="a", text=PUT, key="k")
    assert near.find(tenant="a", text=text) == "k"


@pytest.mark.parametrize(
    "text",
    [
        PUT.replace("100", "1000"),
        PUT.replace("placed", "not placed"),
        PUT.replace("What is", "What isn't"),
        PUT.replace("Germany", "France"),
        PUT.replace("above", "below"),
        PUT.replace("orders above 100 euros placed in Germany", "Germany placed in orders above 100 euros"),
        "refund policy",
        "",
    ],
)
def test_other_saying_is_not(text: str) -> None:
    near = NearTexts(size=10)
    near.add(tenant="a", text=PUT, key="k")
    assert near.find(tenant="a", text=text) is None


def test_tenants_are_apart_and_the_oldest_forgotten() -> None:
    near = NearTexts(size=2)
    for number in range(3):
        near.add(tenant="a", text=f"question {number}", key=str(number))
    assert near.find(tenant="b", text="question 2") is None
    assert [near.find(tenant="a", text=f"question {number}") for number in range(3)] == [None, "1", "2"]
