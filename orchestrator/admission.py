"""Bounds the queue of a tenant: beyond it a submit is refused with the time after which to try again."""

from orchestrator.store_submit import SubmitStore
from servicekit.errors import RateLimitError


class Admission:
    """Lets tasks in.

    Args:
        store: counts what is queued.
        most: queued tasks a tenant may have.
        retry_after: seconds that a refused caller is told to wait.
    """

    def __init__(self, *, store: SubmitStore, most: int, retry_after: float = 5.0) -> None:
        self._store = store
        self._most = most
        self._retry_after = retry_after

    async def admit(self, *, tenant: str) -> None:
        """Let one task of the tenant's in.

        Submits at the same instant may pass together: the bound is soft by as many as run at once.

        Raises:
            RateLimitError: the queue is full.
        """
        queued = await self._store.queued(tenant=tenant)
        if queued >= self._most:
            raise RateLimitError(
                f"{queued} tasks are queued already; try again when some have ended",
                reason="QUEUE_FULL",
                constraint=f"at most {self._most} tasks may be queued",
                retry_after=self._retry_after,
            )
