"""The embedded PostgreSQL: started on a data directory, ended with the process that started it."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from cli.embedded.cluster import make_cluster, prepare_database, url
from cli.embedded.configuration import DATABASE, SUPERUSER, USER
from cli.embedded.place import SHARED, Place, make_place, make_root
from cli.embedded.takeover import end_leftovers
from cli.lock import owned
from cli.processes import appended, start_child, stop_child
from servicekit.errors import InternalError, UnavailableError

STOP_STEPS = ((signal.SIGINT, 3.0), (signal.SIGQUIT, 1.0))
"""Fast shutdown with a checkpoint; then an immediate one, which the next start recovers from."""


class Postgres:
    """One server on one place; may be started again after it ended, at the same address.

    Args:
        place: where it lives; the caller holds its lock.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """URL, for libpq, of the services' database; no secret in it, the kernel vouches for this user."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the services' URL of another database of this server."""
        return url(self._place.sockets, user=USER, database=database)

    @property
    def admin_url(self) -> str:
        """URL, for libpq, of the maintenance database as the superuser."""
        return url(self._place.sockets, user=SUPERUSER, database="postgres")

    @property
    def pid(self) -> int | None:
        """Process id of the server; None while it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self, *, seconds: float = 60.0) -> None:
        """Start it and wait until services can use it.

        Args:
            seconds: the longest wait, which replaying the log after a crash may need.

        Raises:
            UnavailableError: it ended instead, or did not answer in time.
        """
        place = self._place
        await end_leftovers(place.data, patience=10.0)
        for stale in (place.data / "postmaster.pid", *place.sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)  # nobody is left who could own it; its pid may be another's by now
        with appended(place.log) as output:
            self._process = await start_child(
                argv=[place.programs.path("postgres"), f"--config-file={place.root / 'postgresql.conf'}"],
                env=place.environment,
                output=output,
                account=place.account,
                death_signal=signal.SIGINT,
                cwd=Path("/"),
            )
        await self._until_ready(self._process, seconds=seconds)

    async def _until_ready(self, process: asyncio.subprocess.Process, *, seconds: float) -> None:
        ended = asyncio.create_task(process.wait())
        ready = asyncio.create_task(prepare_database(self._place.sockets, seconds=seconds))
        try:
            await asyncio.wait((ended, ready), return_when=asyncio.FIRST_COMPLETED)
            await ready if ready.done() else self._refuse_ended()
        except BaseException:
            await self.stop()
            raise
        finally:
            ended.cancel()
            ready.cancel()

    def _refuse_ended(self) -> NoReturn:
        raise UnavailableError(
            f"The embedded PostgreSQL ended while starting: see {self._place.log}",
            reason="DATABASE_NOT_STARTED",
        )

    async def stop(self) -> None:
        """Shut it down, the clean way if it lets us; a server that has ended already is no error."""
        if self._process:
            await stop_child(self._process, steps=STOP_STEPS)

    async def wait(self) -> int:
        """Wait until it ends by itself or by somebody's hand.

        Returns:
            Its exit status, negative when a signal ended it.
        """
        if self._process is None:
            raise InternalError("the embedded PostgreSQL was never started")
        return await self._process.wait()


@asynccontextmanager
async def prepared_postgres(
    *,
    data_dir: Path,
    log_file: Path,
    environ: Mapping[str, str],
    overrides: Mapping[str, str] = MappingProxyType({}),
    shared_dir: Path = SHARED,
) -> AsyncGenerator[Postgres]:
    """Prepare a PostgreSQL 18 with pgvector on ``<data_dir>/postgres`` that is the caller's to start.

    Permissions of nothing that was there before are changed. As root it runs as ``nobody``.

    Args:
        data_dir: the installation's data directory; made when missing.
        log_file: what its log is appended to; the directory must exist.
        environ: our environment, of which it sees paths only.
        overrides: settings that replace ours, such as ``fsync``.
        shared_dir: as root, where a copy of the programs goes when the account cannot read them.

    Yields:
        The server, not started; stopped after the block.

    Raises:
        ConflictError: another process runs one on this directory.
        UnavailableError: there is none to run.
        ValidationFailedError: the account that runs it cannot reach the data directory.
    """
    root = make_root(data_dir)
    with owned(root / "lock", what=f"The embedded PostgreSQL of {data_dir}"):
        place = make_place(root, log=log_file, environ=environ, overrides=overrides, shared=shared_dir)
        durable = overrides.get("fsync") != "off"
        await make_cluster(place, options=() if durable else ("--no-sync",))
        server = Postgres(place)
        try:
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def embedded_postgres(
    *,
    data_dir: Path,
    log_file: Path,
    environ: Mapping[str, str],
    overrides: Mapping[str, str] = MappingProxyType({}),
    shared_dir: Path = SHARED,
) -> AsyncGenerator[Postgres]:
    """Run one for the length of the block; everything as for ``prepared_postgres``, but started and ready."""
    async with prepared_postgres(
        data_dir=data_dir, log_file=log_file, environ=environ, overrides=overrides, shared_dir=shared_dir
    ) as server:
        await server.start()
        yield server
