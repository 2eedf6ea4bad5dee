"""`octollm serve NAME...`: runs services in this process until it is told to stop.

The supervisor starts this file as `python -m cli.serve NAME...`; one process by hand is the same thing.
"""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

import uvloop
from pydantic import ValidationError

from cli.readiness import Ready, announce, ready_descriptor
from cli.stop import Stop
from servicekit.errors import OctoError, ValidationFailedError
from servicekit.logs import configure_logging
from servicekit.orphans import adopt_orphans
from servicekit.running import Running
from servicekit.settings import ServiceSettings
from servicekit.telemetry import telemetry

Settings = TypeVar("Settings", bound=ServiceSettings)
Builder = Callable[[], AbstractAsyncContextManager[Running]]

log = logging.getLogger("cli.serve")  # as a program this module is called __main__


def _builder(package: str) -> Builder:
    """Return what builds a service; its code is imported only when that is called."""

    def build() -> AbstractAsyncContextManager[Running]:
        app: Any = import_module(f"{package}.app")
        return app.build(read_settings(get_type_hints(app.build)["settings"]))

    return build


def read_settings(kind: Callable[[], Settings]) -> Settings:
    """Have a service's settings read their OCTOLLM_* variables; what is wrong is told, never the value."""
    try:
        return kind()
    except ValidationError as error:
        wrong = [f"OCTOLLM_{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()]
        raise ValidationFailedError("; ".join(wrong), field=wrong[0].partition(":")[0]) from None


BUILDERS: Mapping[str, Builder] = MappingProxyType(
    {name: _builder(name) for name in ("gateway", "orchestrator", "reflex", "arms")}
)


def serve(names: Sequence[str], *, builders: Mapping[str, Builder], environ: Mapping[str, str]) -> None:
    """Run services in this process and return when they were told to stop and have stopped.

    Args:
        names: which, callers before those they call: they are drained in this order.
        builders: what builds each service.
        environ: our environment.

    Raises:
        OctoError: a service could not be built; the starter was told why.
        ValidationFailedError: there is no service of such a name.
    """
    if unknown := [name for name in names if name not in builders]:
        raise ValidationFailedError(
            f"There is no service {unknown[0]!r}: choose of all, {', '.join(builders)}.", field="name"
        )
    settings = ServiceSettings()
    configure_logging("+".join(names), level=settings.log_level)
    chosen = {name: builders[name] for name in names}
    with (
        telemetry(process="+".join(names), environ=environ),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_run(chosen, descriptor=ready_descriptor(environ), drain_seconds=settings.drain_seconds))


async def _run(builders: Mapping[str, Builder], *, descriptor: int | None, drain_seconds: float) -> None:
    task = asyncio.current_task()
    assert task is not None, "coroutines run in tasks"  # noqa: S101 - for the type checker
    stop = Stop(cancel=task.cancel, hurry=task.cancel)
    stop.listen()
    try:
        await _serve(builders, descriptor=descriptor, drain_seconds=drain_seconds, stop=stop)
    except asyncio.CancelledError:
        if not stop.asked.is_set():
            raise
    except OctoError as error:
        if descriptor is not None and not stop.ready:
            announce(Ready(endpoints={}, error=error.message), descriptor=descriptor)
        raise


async def _serve(
    builders: Mapping[str, Builder], *, descriptor: int | None, drain_seconds: float, stop: Stop
) -> None:
    async with AsyncExitStack() as running:
        services = [await running.enter_async_context(build()) for build in builders.values()]
        # What was made so far lives to the end: a collector that walks over it stops every request for 0.1 s.
        gc.collect()
        gc.freeze()
        endpoints = {service.name: dict(service.endpoints) for service in services}
        announce(Ready(endpoints=endpoints), descriptor=descriptor)
        stop.ready = True
        log.info("ready", extra={"services": list(builders)})
        await stop.asked.wait()
        log.info("stopping")
        await _drain(services, seconds=drain_seconds)
    log.info("stopped")


async def _drain(services: Sequence[Running], *, seconds: float) -> None:
    """Drain one after the other: what is drained first may still need those that follow."""
    loop = asyncio.get_running_loop()
    over = loop.time() + seconds
    for service in services:
        await service.drain(max(over - loop.time(), 0.0))


def main(builders: Mapping[str, Builder]) -> None:
    """Be a program: services in the arguments, everything that goes wrong in the log, exit status 1 then."""
    adopt_orphans()
    try:
        serve(sys.argv[1:], builders=builders, environ=os.environ)
    except OctoError as error:
        log.error("gives up: %s", error.message)  # noqa: TRY400 - the text says it all
        sys.exit(1)
    except Exception:
        log.exception("crashed")
        sys.exit(1)


if __name__ == "__main__":
    main(BUILDERS)
