"""The steps of `octollm serve all`, undone in reverse: directory, ports, PostgreSQL, model, services."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from rich.console import Console

from cli.embedded.postgres import prepared_postgres
from cli.lock import owned
from cli.processes import appended
from cli.rundir import make_path
from cli.settings import ServeSettings
from cli.stop import Stop
from cli.supervisor.child import Child
from cli.supervisor.endpoints import end_recorded, endpoints_file, read_endpoints
from cli.supervisor.kept import Kept, Part
from cli.supervisor.layout import Layout, make_layout
from cli.supervisor.logfiles import rotate
from cli.supervisor.model import ModelServer, local_model_server
from cli.supervisor.plan import PROCESSES, Process, make_commands
from cli.supervisor.platform import Platform
from cli.supervisor.table import show
from servicekit.logs import configure_logging

log = logging.getLogger(__name__)

FindModelServer = Callable[[ServeSettings, Layout, Mapping[str, str]], ModelServer | None]
"""Tells how to run the model's server; None when none is needed."""


async def supervise(
    settings: ServeSettings,
    *,
    environ: Mapping[str, str],
    console: Console,
    processes: Sequence[Process] = PROCESSES,
    find_model_server: FindModelServer = local_model_server,
) -> None:
    """Run the whole platform until SIGTERM or Ctrl-C; everything is stopped when this returns.

    Args:
        settings: from flags and variables.
        environ: our environment.
        console: where the table of what runs goes.
        processes: the processes that run services.
        find_model_server: tells how to run the local model's server, if one is needed.

    Raises:
        OctoError: something cannot be had: the directory, a port, PostgreSQL, a service.
    """
    settings = replace(settings, data_dir=make_path(settings.data_dir))
    with owned(settings.data_dir / "serve.lock", what=f"The data directory {settings.data_dir}"):
        file = settings.data_dir / "endpoints.json"
        end_recorded(read_endpoints(file))
        layout = make_layout(settings, environ=environ)
        with endpoints_file(file), appended(rotate(layout.logs / "supervisor.log")) as descriptor:
            configure_logging("supervisor", stream=os.fdopen(descriptor, "a", closefd=False))
            await Supervisor(
                settings,
                environ=environ,
                console=console,
                processes=processes,
                model_server=find_model_server(settings, layout, environ),
                platform=Platform(host=settings.host, layout=layout, file=file),
            ).run()


class Supervisor:
    """Starts, watches and stops the parts of one run; see ``supervise``."""

    def __init__(
        self,
        settings: ServeSettings,
        *,
        environ: Mapping[str, str],
        console: Console,
        processes: Sequence[Process],
        model_server: ModelServer | None,
        platform: Platform,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._console = console
        self._processes = processes
        self._model_server = model_server
        self._platform = platform

    async def run(self) -> None:
        """Start everything, wait until asked to stop, stop everything."""
        began = time.monotonic()
        task = asyncio.current_task()
        assert task is not None, "coroutines run in tasks"  # noqa: S101 - for the type checker
        stop = Stop(cancel=task.cancel, hurry=self._platform.kill_services)
        stop.listen()
        try:
            async with AsyncExitStack() as running:
                await self._start(running)
                stop.ready = True
                self._show(seconds=time.monotonic() - began)
                await stop.asked.wait()
                self._tell("stopping")
        except asyncio.CancelledError:
            if not stop.asked.is_set():
                raise
        self._tell("stopped")

    async def _start(self, running: AsyncExitStack) -> None:
        url = self._settings.database_url or await self._start_postgres(running)
        commands = make_commands(
            self._processes,
            model_server=self._model_server,
            database_url=url,
            settings=self._settings,
            layout=self._platform.layout,
            environ=self._environ,
        )
        children = [Child(command) for command in commands]
        self._platform.children = children
        self._platform.write()
        kept = [
            await running.enter_async_context(self._keep(child, name=child.command.name))
            for child in children
        ]
        await asyncio.gather(*(one.ready() for one in kept))

    async def _start_postgres(self, running: AsyncExitStack) -> str:
        server = await running.enter_async_context(
            prepared_postgres(
                data_dir=self._settings.data_dir,
                log_file=rotate(self._platform.layout.logs / "postgres.log"),
                environ=self._environ,
            )
        )
        self._platform.postgres = server
        kept = await running.enter_async_context(self._keep(server, name="PostgreSQL"))
        await kept.ready()
        return server.url

    def _keep(self, part: Part, *, name: str) -> Kept:
        return Kept(part, name=name, tell=self._tell, changed=self._platform.write)

    def _tell(self, line: str) -> None:
        log.warning(line)
        with suppress(OSError):  # the terminal may be gone; the log has it
            self._console.print(line, highlight=False, markup=False)

    def _show(self, *, seconds: float) -> None:
        log.info("ready", extra={"seconds": round(seconds, 3)})
        layout = self._platform.layout
        with suppress(OSError):
            show(self._console, endpoints=self._platform.describe(), logs=layout.logs, seconds=seconds)
