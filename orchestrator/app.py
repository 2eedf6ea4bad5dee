"""The orchestrator's composition root: opens what it stands on, starts what runs, undoes it in reverse."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from orchestrator.clients.arms import GrpcArms
from orchestrator.clients.reflex import GrpcReflex
from orchestrator.meters import Meters
from orchestrator.migrations import bring_up_to_date
from orchestrator.parts import Ground, Parts, make_parts
from orchestrator.permits import Permits
from orchestrator.servicer.registration import SERVICES, add_servicers
from orchestrator.settings import OrchestratorSettings
from orchestrator.signing_keys import SigningKeys
from orchestrator.store_signing_keys import SigningKeyStore
from servicekit.context import set_service
from servicekit.database import Pool, open_pool
from servicekit.loops import running
from servicekit.metrics import Metrics
from servicekit.running import Running
from servicekit.server import serve
from servicekit.status_board import StatusBoard

NAME = "orchestrator"

_CALL_SECONDS = 3600.0
"""Bounds a call of an arm; the task's own deadline is always nearer."""


@asynccontextmanager
async def build(settings: OrchestratorSettings) -> AsyncGenerator[Running]:
    """Run an orchestrator until the block ends.

    Raises:
        UnavailableError: the database did not come up, or an address is taken.
        ConflictError: the database was made by a newer version.
    """
    set_service(NAME)
    await bring_up_to_date(settings.database_url.get_secret_value(), seconds=settings.start_seconds)
    board, metrics = StatusBoard(service=NAME), Metrics()
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(_ground(settings, board=board, metrics=metrics))
        parts = make_parts(settings, ground=ground)
        await parts.watchdog.look()
        server = await stack.enter_async_context(
            serve(
                name=NAME,
                addresses=settings.listen(NAME),
                register=partial(add_servicers, parts),
                services=SERVICES,
                board=board,
                metrics=metrics,
                tokens=settings.internal_tokens(NAME),
                tls=settings.mutual_tls(),
            )
        )
        await stack.enter_async_context(running(parts.loops))
        stack.push_async_callback(parts.hand_over, 0.0)
        yield Running(name=NAME, endpoints=server.endpoints, drain=_drain(parts, server, board))


@asynccontextmanager
async def _ground(
    settings: OrchestratorSettings, *, board: StatusBoard, metrics: Metrics
) -> AsyncGenerator[Ground]:
    """The database, the keys that sign, and the ways to reflex and arms."""
    url, tokens, tls = settings.database_url, settings.internal_tokens(NAME), settings.mutual_tls()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            open_pool(url.get_secret_value(), name=NAME, max_size=settings.database_connections)
        )
        signing = _signing_keys(settings, pool=pool)
        await signing.try_look()
        arms = GrpcArms(seconds=_CALL_SECONDS, permits=Permits(keys=signing), tokens=tokens, tls=tls)
        stack.push_async_callback(arms.close)
        reflex = GrpcReflex(target=settings.target("reflex"), tokens=tokens, tls=tls)
        stack.push_async_callback(reflex.close)
        yield Ground(
            pool=pool,
            arms=arms,
            reflex=reflex,
            signing=signing,
            board=board,
            meters=Meters(metrics=metrics),
        )


def _signing_keys(settings: OrchestratorSettings, *, pool: Pool) -> SigningKeys:
    return SigningKeys(
        store=SigningKeyStore(pool=pool, rules=settings.signing),
        clock=time.monotonic,
        interval=settings.signing.look,
    )


def _drain(parts: Parts, server: Running, board: StatusBoard) -> Callable[[float], Awaitable[None]]:
    async def drain(grace: float) -> None:
        board.start_draining()
        await parts.hand_over(grace)
        await server.drain(min(grace, 1.0))

    return drain
