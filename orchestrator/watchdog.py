"""Watches what the orchestrator depends on, and writes it on the status board."""

import asyncio
from collections.abc import Callable

from orchestrator.calls import PLAN, REVIEW, VALIDATE
from orchestrator.model.arm import ArmStatus
from orchestrator.register import Register
from servicekit.database import Pool, ping
from servicekit.errors import UnavailableError
from servicekit.status_board import Health, StatusBoard

_NEEDED_ARMS = {PLAN: "planner", VALIDATE: "judge", REVIEW: "guardian"}
"""What no task can do without; without them tasks wait, so the orchestrator still takes them."""


class Watchdog:
    """Looks every so often.

    Args:
        pool: the database.
        register: the arms.
        board: where it is written.
        on_return: called when the database is back after it was away.
        interval: seconds between looks.
    """

    def __init__(
        self,
        *,
        pool: Pool,
        register: Register,
        board: StatusBoard,
        on_return: Callable[[], None],
        interval: float = 1.0,
    ) -> None:
        self._pool = pool
        self._register = register
        self._board = board
        self._on_return = on_return
        self._interval = interval
        self._away = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._interval)

    async def look(self) -> None:
        """Look once."""
        try:
            await ping(self._pool)
        except UnavailableError:
            self._away = True
            detail = "PostgreSQL does not answer; tasks are kept, nothing new is taken until it is back"
            self._board.set("postgresql", Health.UNAVAILABLE, detail=detail, required=True)
        else:
            self._board.set("postgresql", Health.HEALTHY, required=True)
            if self._away:
                self._away = False
                self._on_return()
        for capability, name in _NEEDED_ARMS.items():
            self._look_at(capability, name)

    def _look_at(self, capability: str, name: str) -> None:
        holders = [i for i in self._register.instances if i.holds(capability)]
        best = min(holders, key=lambda i: i.status, default=None)
        if best is None:
            self._board.set(name, Health.UNAVAILABLE, detail=f"no arm is registered for {capability}")
        elif best.status is ArmStatus.HEALTHY:
            self._board.set(name, Health.HEALTHY)
        else:
            self._board.set(name, Health(best.status), detail=best.status_detail)
