"""Budgets: reserve before, settle after, never more than the call in flight beyond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.budget import BudgetAccount, BudgetExceededError
from orchestrator.model.provenance import Usage
from orchestrator.model.task import Budget


def test_what_is_left_is_shared_and_comes_back() -> None:
    account = BudgetAccount(Budget(max_tokens=1000, max_cost_micros=100))
    first = account.reserve(shares=2)
    assert (first.tokens, first.cost_micros) == (500, 50)
    second = account.reserve(estimated_tokens=400, shares=2)
    assert second.tokens == 400
    assert account.reserve(shares=1).tokens == 100
    with pytest.raises(BudgetExceededError):
        account.reserve()
    account.settle(first, Usage(input_tokens=10, output_tokens=20))
    assert account.reserve(shares=1).tokens == 470


def test_an_estimate_never_grants_more_than_is_left() -> None:
    account = BudgetAccount(Budget(max_tokens=100))
    assert account.reserve(estimated_tokens=5000, shares=4).tokens == 100


def test_money_alone_ends_a_task() -> None:
    account = BudgetAccount(Budget(max_cost_micros=10), cost_micros=11)
    with pytest.raises(BudgetExceededError) as caught:
        account.reserve()
    assert caught.value.spent["cost_dollars"] == pytest.approx(0.000011)


def test_nothing_allowed_is_not_nothing_left() -> None:
    assert BudgetAccount(Budget(max_cost_micros=0)).reserve().cost_micros == 0


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 300), st.integers(0, 40)), max_size=40))
def test_a_task_oversteps_by_at_most_the_call_in_flight(calls: list[tuple[int, int, int]]) -> None:
    account = BudgetAccount(Budget(max_tokens=1000))
    spent = last = 0
    for shares, estimate, beyond in calls:
        try:
            granted = account.reserve(estimated_tokens=estimate, shares=shares)
        except BudgetExceededError:
            assert spent >= 1000
            return
        assert spent + granted.tokens <= 1000
        last = granted.tokens + beyond
        account.settle(granted, Usage(input_tokens=last))
        spent += last
    assert spent < 1000 + last or spent == 0
