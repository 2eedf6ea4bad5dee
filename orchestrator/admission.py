"""Bounds the queue of a tenant: beyond it a submit is refused with the time after which to try again."""

from collections.abc import Callable

from orchestrator.store_submit import SubmitStore
from servicekit.errors import RateLimitError

_FRESH_SECONDS = 1.0
"""How long a count is trusted while the queue is far from full."""

_FAR = 0.5
"""The share of the bound below which a queue is far from full."""

_MOST_TENANTS = 10_000


class Admission:
    """Lets tasks in.

    Args:
        store: counts what is queued.
        most: queued tasks a tenant may have.
        clock: monotonic seconds.
        retry_after: seconds that a refused caller is told to wait.
    """

    def __init__(
        self, *, store: SubmitStore, most: int, clock: Callable[[], float], retry_after: float = 5.0
    ) -> None:
        self._store = store
        self._most = most
        self._clock = clock
        self._retry_after = retry_after
        self._far_until: dict[str, float] = {}
        self._let_in: dict[str, int] = {}

    async def admit(self, *, tenant: str) -> None:
        """Let one task of the tenant's in.

        Submits at the same instant may pass together: the bound is soft by as many as run at once.

        Raises:
            RateLimitError: the queue is full.
        """
        if self._clock() < self._far_until.get(tenant, 0.0) and self._let_in[tenant] > 0:
            self._let_in[tenant] -= 1
            return
        queued = await self._store.queued(tenant=tenant)
        if queued >= self._most:
            raise RateLimitError(
                f"{queued} tasks are queued already; try again when some have ended",
                reason="QUEUE_FULL",
                constraint=f"at most {self._most} tasks may be queued",
                retry_after=self._retry_after,
            )
        if len(self._far_until) >= _MOST_TENANTS:
            self._far_until.clear()
            self._let_in.clear()
        # Until the next count, this orchestrator lets in a tenth of what is left.
        far = queued < self._most * _FAR
        self._far_until[tenant] = self._clock() + _FRESH_SECONDS if far else 0.0
        self._let_in[tenant] = int((self._most - queued) * 0.1)
