"""Tells every orchestrator at once that a task changed: LISTEN/NOTIFY, on a connection of our own.

Events are announced after their commit and together: a NOTIFY inside each writing transaction takes a lock
that serialises all commits. What a lost announcement costs is one look after `RECHECK` seconds.
"""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager

from psycopg import OperationalError, sql

from servicekit.database import Pool, connection, dedicated
from servicekit.errors import UnavailableError

_LOG = logging.getLogger(__name__)

EVENTS_CHANNEL = "octollm_events"
"""Payload: who tells, then task ids, separated by commas; one that ended has a ``!`` behind it."""

CANCEL_CHANNEL = "octollm_cancel"
"""Payload: the id of a task that was cancelled."""

ARMS_CHANNEL = "octollm_arms"
"""Empty payload: the register of arms changed."""

RECHECK = 5.0
"""Seconds after which a waiting reader looks by itself."""

_PAYLOAD_IDS = 300
"""Ids in one NOTIFY: its payload is bounded to 8000 bytes."""

_GATHER_SECONDS = 0.005
"""How long announcements gather: readers at other orchestrators wait that much longer, and a busy one sends
fewer."""

_PROBE_SECONDS = 3.0
_RETRY_SECONDS = 0.2


class Subscription:
    """Wakes one reader when a task changes.

    Args:
        only_end: sleep through everything but the end.
    """

    def __init__(self, *, only_end: bool) -> None:
        self.only_end = only_end
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Wake the reader."""
        self._event.set()

    async def wait(self, seconds: float = RECHECK) -> None:
        """Return when there may be something new, or after so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()


class Bus:
    """Announcements between orchestrators.

    Args:
        pool: where announcements are sent.
        url: where the listening connection goes.
    """

    def __init__(self, *, pool: Pool, url: str) -> None:
        self._pool = pool
        self._url = url
        self._own_name = secrets.token_hex(4)
        self._of_cancels: list[Callable[[str], None]] = []
        self._of_arms: list[Callable[[], None]] = []
        self._readers: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._pending: dict[str, None] = {}
        self._work = asyncio.Event()
        self.listening = asyncio.Event()

    @property
    def readers(self) -> int:
        """Readers that wait now."""
        return sum(map(len, self._readers.values()))

    def on_cancel(self, hear: Callable[[str], None]) -> None:
        """Call `hear` with the id of every task that is cancelled, on whichever orchestrator."""
        self._of_cancels.append(hear)

    def on_arms(self, hear: Callable[[], None]) -> None:
        """Call `hear` when the register of arms changed."""
        self._of_arms.append(hear)

    @contextmanager
    def subscribe(self, task_id: str, *, only_end: bool = False) -> Generator[Subscription]:
        """Hear of a task's changes for the length of the block."""
        subscription = Subscription(only_end=only_end)
        self._readers[task_id].add(subscription)
        try:
            yield subscription
        finally:
            self._readers[task_id].discard(subscription)
            if not self._readers[task_id]:
                del self._readers[task_id]

    def announce(self, task_id: str, *, ended: bool = False) -> None:
        """Tell readers here at once, and readers elsewhere soon; call it after the commit."""
        self._tell(task_id, ended=ended)
        self._pending[f"{task_id}!" if ended else task_id] = None
        self._work.set()

    async def send(self) -> None:
        """Send announcements, those that gathered meanwhile together, until cancelled."""
        while True:
            await self._work.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._work.clear()
            while self._pending:
                batch = list(self._pending)[:_PAYLOAD_IDS]
                for announced in batch:  # before it is sent: what is told meanwhile is told again
                    del self._pending[announced]
                await self._notify(batch)

    async def listen(self) -> None:
        """Keep one listening connection alive until cancelled; everybody looks again after a gap."""
        while True:
            try:
                await self._listen_once()
            except (UnavailableError, OperationalError, TimeoutError) as error:
                _LOG.warning("the listening connection was lost", extra={"reason": type(error).__name__})
            self.listening.clear()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen_once(self) -> None:
        async with dedicated(self._url, name="orchestrator-listen") as conn:
            for channel in (EVENTS_CHANNEL, CANCEL_CHANNEL, ARMS_CHANNEL):
                await conn.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            self.listening.set()
            self._tell_everybody()
            while True:
                async for notify in conn.notifies(timeout=_PROBE_SECONDS):
                    self._heard(notify.channel, notify.payload)
                async with asyncio.timeout(_PROBE_SECONDS):  # a frozen server says nothing, for ever
                    await conn.execute("SELECT 1")

    def _heard(self, channel: str, payload: str) -> None:
        if channel == CANCEL_CHANNEL:
            for hear in self._of_cancels:
                hear(payload)
            self._tell(payload, ended=True)
        elif channel == ARMS_CHANNEL:
            self._tell_of_arms()
        else:
            sender, *ids = payload.split(",")
            if sender == self._own_name:
                return  # who reads here was told at once
            for announced in ids:
                self._tell(announced.removesuffix("!"), ended=announced.endswith("!"))

    def _tell(self, task_id: str, *, ended: bool) -> None:
        for subscription in self._readers.get(task_id, ()):
            if ended or not subscription.only_end:
                subscription.tell()

    def _tell_everybody(self) -> None:
        self._tell_of_arms()
        for subscriptions in self._readers.values():
            for subscription in subscriptions:
                subscription.tell()

    def _tell_of_arms(self) -> None:
        for hear in self._of_arms:
            hear()

    async def _notify(self, batch: list[str]) -> None:
        """Send one; when the database is away, the readers' own look makes up for it."""
        try:
            async with connection(self._pool) as conn:
                await conn.execute(
                    "SELECT pg_notify(%s, %s)", (EVENTS_CHANNEL, ",".join([self._own_name, *batch]))
                )
        except UnavailableError:
            await asyncio.sleep(_RETRY_SECONDS)
