"""A task's budget: reserve before a call, settle after it. A task oversteps by at most the call in flight."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.model.provenance import Usage
from orchestrator.model.task import Budget
from servicekit.errors import OctoError


class BudgetExceededError(OctoError):
    """The next call would overstep the budget.

    Args:
        spent: what was used and allowed, for the task's error details.
    """

    def __init__(self, message: str, *, spent: Mapping[str, Any]) -> None:
        super().__init__(message, reason="BUDGET_EXCEEDED")
        self.spent = dict(spent)


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """What one call may use.

    Attributes:
        tokens: model tokens, at least 1.
        cost_micros: millionths of a US dollar.
    """

    tokens: int
    cost_micros: int


class BudgetAccount:
    """What is left of one task's budget, while one orchestrator holds the task.

    Args:
        budget: the limits.
        tokens_used: what the ledger adds up to so far.
        cost_micros: the same, in money.
    """

    def __init__(self, budget: Budget, *, tokens_used: int = 0, cost_micros: int = 0) -> None:
        self._budget = budget
        self._tokens = tokens_used
        self._cost = cost_micros
        self._reserved_tokens = 0
        self._reserved_cost = 0

    @property
    def spent(self) -> dict[str, Any]:
        """What was used and what is allowed, for people and programs."""
        return {
            "tokens_used": self._tokens,
            "max_tokens": self._budget.max_tokens,
            "cost_dollars": self._cost / 1e6,
            "max_cost_dollars": self._budget.max_cost_micros / 1e6,
        }

    @property
    def reserved(self) -> bool:
        """Whether calls are in flight that set something aside."""
        return self._reserved_tokens > 0

    def reserve(self, *, estimated_tokens: int = 0, shares: int = 1) -> Reservation:
        """Set aside what one call may use.

        Args:
            estimated_tokens: a guess; the call gets at least that much when it is there.
            shares: how many calls what is left must suffice for, this one included.

        Raises:
            BudgetExceededError: nothing is left that is not set aside already.
        """
        tokens = self._budget.max_tokens - self._tokens - self._reserved_tokens
        cost = self._budget.max_cost_micros - self._cost - self._reserved_cost
        if tokens <= 0 or cost < 0:
            raise BudgetExceededError("the task's budget is used up", spent=self.spent)
        granted = Reservation(
            tokens=min(tokens, max(estimated_tokens, tokens // max(shares, 1), 1)),
            cost_micros=cost // max(shares, 1),
        )
        self._reserved_tokens += granted.tokens
        self._reserved_cost += granted.cost_micros
        return granted

    def release(self, reservation: Reservation) -> None:
        """Give back what was set aside."""
        self._reserved_tokens -= reservation.tokens
        self._reserved_cost -= reservation.cost_micros

    def settle(self, reservation: Reservation, usage: Usage) -> None:
        """Give back what was set aside, and take what was used."""
        self.release(reservation)
        self._tokens += usage.tokens
        self._cost += usage.cost_micros
