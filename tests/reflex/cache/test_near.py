"""The semantic tier: same saying, same answer; a number, a negation or an order apart, none."""

import time
from datetime import UTC, datetime

import pytest

from reflex.cache.bounded import BoundedCache
from reflex.cache.memory_store import MemoryStore
from reflex.cache.near import KnownText, NearTexts
from reflex.cache.values import StoredValue, Values, text_key

PUT = "What is the refund policy for orders above 100 euros placed in Germany before 2024?"

LONG = "The text that the question stands in says what it is about, with names, dates and numbers. " * 5
"""So much of it that what follows hardly moves the cosine."""


def new_near(*, entries: int = 10) -> NearTexts:
    return NearTexts(cache=BoundedCache[KnownText](entries=entries, memory=1_000_000, clock=time.monotonic))


@pytest.mark.parametrize(
    "text",
    [
        PUT,
        PUT.lower(),
        PUT.replace("?", " ?"),
        PUT.replace(" ", "  "),
        PUT.replace("?", "!!"),
    ],
)
def test_same_saying_is_found(text: str) -> None:
    near = new_near()
    near.add(tenant="a", text=PUT, key="k", ttl=60)
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
    near = new_near()
    near.add(tenant="a", text=PUT, key="k", ttl=60)
    assert near.find(tenant="a", text=text) is None


def test_small_words_may_differ() -> None:
    near = new_near()
    near.add(tenant="a", text=LONG + PUT, key="k", ttl=60)
    assert near.find(tenant="a", text=LONG + PUT.replace("the refund", "a refund")) == "k"


@pytest.mark.parametrize(
    ("put", "asked"),
    [
        ("What is 5 + 3?", "What is 5 - 3?"),
        ("Is -5 in range?", "Is 5 in range?"),
        ("A price of $100", "A price of \N{EURO SIGN}100"),
        ("Write it in C++", "Write it in C#"),
        ("when a < b", "when a > b"),
        ("when a != b", "when a = b"),
        ("if (!ready)", "if (ready)"),
        ("50 % of 20", "50 of 20"),
        ("Flights from Paris to London", "Flights to Paris from London"),
        ("what you gave me", "what I gave you"),
        ("red or green", "red and green"),
        ("\u0932\u095c\u0915\u0940", "\u0932\u095c\u0915\u093e"),  # girl, boy
    ],
)
def test_a_sign_or_a_direction_apart_in_a_long_text_is_not_the_same(put: str, asked: str) -> None:
    near = new_near()
    near.add(tenant="a", text=LONG + put, key="k", ttl=60)
    assert near.find(tenant="a", text=LONG + asked) is None


def test_tenants_are_apart_and_the_oldest_forgotten() -> None:
    near = new_near(entries=2)
    for number in range(3):
        near.add(tenant="a", text=f"question {number}", key=str(number), ttl=60)
    assert near.find(tenant="b", text="question 2") is None
    assert [near.find(tenant="a", text=f"question {number}") for number in range(3)] == [None, "1", "2"]


async def test_the_value_of_exactly_the_text_comes_first() -> None:
    def now() -> datetime:
        return datetime.now(UTC)

    cache = BoundedCache[StoredValue](entries=10, memory=100_000, clock=time.monotonic)
    store = MemoryStore(cache=cache, now=now)
    values = Values(store=store, on_look_up=lambda _found: None, now=now, near=new_near())
    for number, text in enumerate((PUT, PUT.lower())):
        await values.put_text(tenant="a", text=text, value_json=str(number), ttl=60)
    for number, text in enumerate((PUT, PUT.lower())):
        key, value = await values.find_text(tenant="a", text=text)
        assert value is not None
        assert (key, value.value_json) == (text_key(text=text), str(number))
    await values.delete(tenant="a", key=text_key(text=PUT))
    key, value = await values.find_text(tenant="a", text=PUT)
    assert value is not None
    assert (key, value.value_json) == (text_key(text=PUT.lower()), "1")
    await values.delete(tenant="a", key=key)
    assert await values.find_text(tenant="a", text=PUT) == (text_key(text=PUT), None)
    assert (values.hits, values.misses) == (3, 1)
