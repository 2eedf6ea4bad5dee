"""procrastinate's worker, watched: it is run anew whenever it ends, fails, or may have gone deaf.

A wake-up only starts a drive, so its job is short: nothing is lost when the worker is stopped at any time.
"""

import asyncio
import contextlib
import logging
import weakref
from collections.abc import Awaitable, Callable

from procrastinate import App, PsycopgConnector
from psycopg import OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.migrations import JOBS_SCHEMA
from orchestrator.wakeups import JOB, QUEUE
from servicekit.database import Connection, cut, open_pool
from servicekit.errors import OctoError

_LOG = logging.getLogger(__name__)

_RETRY_SECONDS = 0.5
_POLL_SECONDS = 1.0
"""How often procrastinate looks by itself; its notifications are quicker, this is the net under them."""

_FAREWELL_SECONDS = 2.0
_CUT_SECONDS = 0.2
_BEAT_SECONDS = 1.0
"""How often procrastinate's worker says that it lives; the wake-ups of one that does not are rescued."""


class Dispatcher:
    """Receives wake-ups.

    Args:
        url: the database.
        wake: takes up the task of a wake-up, or lets go.
        at_once: wake-ups handled at once.
    """

    def __init__(self, *, url: str, wake: Callable[[str], Awaitable[None]], at_once: int = 4) -> None:
        self._url = _in_jobs_schema(url)
        self._wake = wake
        self._at_once = at_once
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._again = asyncio.Event()
        self._stopping = False
        self._stopped = asyncio.Event()

    def renew(self) -> None:
        """The database was away: its listener may have died silently, so make a new one."""
        self._again.set()

    async def stop(self) -> None:
        """Receive nothing more; returns when what was on its way has been turned away."""
        self._stopping = True
        self._again.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * _FAREWELL_SECONDS):
                await self._stopped.wait()

    async def run(self) -> None:
        """Receive until cancelled, or until `stop`."""
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        while not self._stopping:
            self._again.clear()
            worker = asyncio.create_task(self._work(), name="wake-ups")
            again = asyncio.create_task(self._again.wait())
            try:
                await asyncio.wait({worker, again}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                again.cancel()
                await self._end(worker)
            if not self._stopping:
                await asyncio.sleep(_RETRY_SECONDS)
        self._stopped.set()
        await asyncio.Event().wait()

    async def _end(self, worker: asyncio.Task[None]) -> None:
        """End procrastinate's worker. Its farewell needs the database: a frozen one must not hold us up."""
        worker.cancel()
        await asyncio.wait({worker}, timeout=_FAREWELL_SECONDS)
        while not worker.done():  # what waits for the server fails now, so that the worker comes to its end
            for connection in list(self._connections):
                cut(connection)
            await asyncio.wait({worker}, timeout=_CUT_SECONDS)

    async def _work(self) -> None:
        try:
            async with (
                open_pool(
                    self._url,
                    name="orchestrator-jobs",
                    max_size=3,
                    statement_timeout=10.0,
                    on_connect=self._connections.add,
                ) as pool,
                self._app().open_async(pool) as app,
            ):
                await app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self._at_once,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=_POLL_SECONDS,
                    update_heartbeat_interval=_BEAT_SECONDS,
                    shutdown_graceful_timeout=0.0,
                )
            _LOG.warning("the worker of wake-ups ended; it is started again")
        except (OSError, OperationalError, OctoError) as error:
            _LOG.warning("wake-ups cannot be received", extra={"reason": type(error).__name__})
        except Exception:  # noqa: BLE001  # a library's defect must not end dispatch
            _LOG.exception("the worker of wake-ups failed; it is started again")

    def _app(self) -> App:
        async def remember(connection: Connection) -> None:
            self._connections.add(connection)

        # The pool is ours; procrastinate opens only its listening connection by itself.
        connector = PsycopgConnector(configure=remember)
        app = App(connector=connector)

        async def handle(task_id: str) -> None:
            await self._wake(task_id)

        app.task(name=JOB)(handle)
        return app


def _in_jobs_schema(url: str) -> str:
    given = conninfo_to_dict(url).get("options") or ""
    return make_conninfo(url, options=f"{given} -c search_path={JOBS_SCHEMA}".strip())
