"""What a text may take: the first reading always, further ones while units last; the rest counts as found."""

import pytest

from reflex.detect import Wanted
from reflex.findings import Category
from reflex.readings.embedded import DecodeBudget
from reflex.view import View
from reflex.work import LEAST_UNITS, MOST_UNITS, UNREAD, Work, unread


def view(length: int, *, foreign: bool = False) -> View:
    return View(text="a" * length, original_length=length, foreign=foreign)


def test_the_first_reading_is_always_afforded() -> None:
    assert Work().affords(view=view(10 * MOST_UNITS))


def test_readings_are_afforded_while_units_last() -> None:
    work = Work()
    work.spend(view=view(100_000), matches=0, rules=0)
    assert work.affords(view=view(MOST_UNITS - 100_000))
    assert not work.affords(view=view(MOST_UNITS - 99_999))
    assert work.affords(view=view(MOST_UNITS, foreign=True))


def test_a_dense_text_has_less_left_but_never_nothing() -> None:
    work = Work()
    work.spend(view=view(100_000), matches=10_000, rules=100)
    assert not work.affords(view=view(LEAST_UNITS))
    assert work.affords(view=view(LEAST_UNITS // 4))


@pytest.mark.parametrize(
    ("wanted", "categories"),
    [
        (Wanted(), [Category.INJECTION, Category.SECRET]),
        (Wanted(secrets=False), [Category.INJECTION, Category.PII]),
        (Wanted(injection=False), [Category.SECRET]),
        (Wanted(pii=False, secrets=False), [Category.INJECTION]),
    ],
)
def test_what_is_unread_counts_as_all_that_is_wanted(wanted: Wanted, categories: list[Category]) -> None:
    budget = DecodeBudget()
    budget.leave(view=view(100), start=20, end=30)
    budget.leave(view=view(100), start=50, end=60)
    found = list(unread(budget=budget, wanted=wanted))
    assert [finding.category for finding in found] == categories
    assert {(finding.start, finding.end, finding.confidence) for finding in found} == {(20, 60, UNREAD)}


def test_only_attacks_are_in_disguises_of_letters() -> None:
    budget = DecodeBudget()
    budget.leave(view=view(100), start=0, end=9, data=False)
    assert [finding.category for finding in unread(budget=budget, wanted=Wanted())] == [Category.INJECTION]
