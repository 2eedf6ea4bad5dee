"""One worker of the gateway: `python -m gateway.workers`, started by the process that bound the sockets."""

import asyncio
import json
import logging
import os
import signal
import sys
from contextlib import ExitStack

import uvloop

from gateway.answering import answering
from gateway.workers.handover import Handover, received
from servicekit.context import set_service
from servicekit.errors import OctoError
from servicekit.logs import configure_logging
from servicekit.metrics import Metrics
from servicekit.telemetry import telemetry

log = logging.getLogger("gateway.workers")


def main() -> None:
    """Answer requests until SIGTERM; whoever started us is told when we do, or why we cannot."""
    given = received(sys.stdin.buffer)
    configure_logging("gateway", level=given.settings.log_level)
    try:
        with (
            telemetry(process="gateway", environ=os.environ),
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_answer(given))
    except OctoError as error:
        _tell(error.message)
        sys.exit(1)


async def _answer(given: Handover) -> None:
    set_service("gateway")
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_stop.set)
    with ExitStack() as stack:
        sockets = given.open(stack)
        metrics = Metrics(shared=given.metrics)
        metrics.gauge("octollm_gateway_workers", "Processes that answer requests now.").set(1)
        async with answering(sockets, settings=given.settings, metrics=metrics) as drain:
            _tell("")
            log.info("ready", extra={"pid": os.getpid()})
            await asked_to_stop.wait()
            await drain(given.settings.drain_seconds)


def _tell(error: str) -> None:
    """One line on standard output, which nothing else is written to."""
    print(json.dumps({"error": error}), flush=True)  # noqa: T201  # the way a worker tells its parent


if __name__ == "__main__":
    main()
