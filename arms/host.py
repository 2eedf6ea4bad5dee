"""Runs arms: a gRPC server for each, its health, its place in the register."""

import asyncio
import logging
import secrets
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc

from arms.arm import Arm
from arms.calls import Calls
from arms.model.layer import ModelLayer
from arms.model_watch import ModelWatch
from arms.permission.verifier import Instance, Verifiers
from arms.registration import Register, Registration
from arms.servicer import SERVICE_NAME, add_arm_service
from arms.settings import ArmsSettings
from servicekit.context import set_service
from servicekit.loops import Loop, running
from servicekit.metrics import Metrics
from servicekit.running import Running
from servicekit.server import serve
from servicekit.status_board import StatusBoard
from servicekit.validation import Validator

_LOG = logging.getLogger(__name__)
_EVERYWHERE = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104  # compared with, not bound


@dataclass(frozen=True, kw_only=True)
class HostedArm:
    """An arm as a process runs it.

    Attributes:
        arm: what it does.
        board: how it is; written by the arm and by the host.
        add_typed: adds its typed service to the server; None for an arm that has none.
        typed: full names of those services.
        background: what runs beside it until it ends.
        options: gRPC options of its server, beside the common ones.
    """

    arm: Arm
    board: StatusBoard
    add_typed: Callable[[Calls, grpc.aio.Server], None] | None = None
    typed: Sequence[str] = ()
    background: Sequence[Loop] = ()
    options: Sequence[tuple[str, Any]] = ()


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all arms of a process have in common.

    Attributes:
        settings: where to listen.
        layer: the model.
        register: where arms are made known; None for an arm that nobody shall find.
        verifiers: make what checks the capability tokens of each arm.
        validator: the rules of the protos, compiled once.
    """

    settings: ArmsSettings
    layer: ModelLayer
    register: Register | None
    verifiers: Verifiers
    validator: Validator = field(default_factory=Validator)


@asynccontextmanager
async def serve_arms(
    hosted: Sequence[HostedArm],
    *,
    shared: Shared,
    background: Sequence[Loop] = (),
) -> AsyncGenerator[Running]:
    """Run arms until the block ends.

    Args:
        hosted: which.
        shared: what they have in common.
        background: what runs beside them all.

    Yields:
        The running arms; `endpoints` has one address by arm_id.

    Raises:
        UnavailableError: an address is taken.
    """
    watch = ModelWatch(layer=shared.layer)
    watched = [(each.arm, each.board) for each in hosted]
    await watch.look(watched)
    async with AsyncExitStack() as stack:
        served = [await stack.enter_async_context(_serve(each, shared=shared)) for each in hosted]
        registrations = {server.name: registration for server, registration in served if registration}
        loops: dict[str, Loop] = {"model": partial(watch.follow, watched)}
        loops |= {f"beside all, {number}": run for number, run in enumerate(background, start=1)}
        loops |= {
            f"beside {each.arm.arm_id}, {number}": partial(_in_name_of, each.arm, run)
            for each in hosted
            for number, run in enumerate(each.background, start=1)
        }
        loops |= {f"registration of {arm_id}": kept.keep for arm_id, kept in registrations.items()}
        await stack.enter_async_context(running(loops))

        async def drain(grace: float) -> None:
            for each in hosted:
                each.board.start_draining()
            await asyncio.gather(*(registration.leave() for registration in registrations.values()))
            await asyncio.gather(*(server.drain(grace) for server, _ in served))

        endpoints = {server.name: _endpoint(server, shared.settings) for server, _ in served}
        yield Running(name="arms", endpoints=endpoints, drain=drain)


@asynccontextmanager
async def _serve(hosted: HostedArm, *, shared: Shared) -> AsyncGenerator[tuple[Running, Registration | None]]:
    arm = hosted.arm
    instance_id = f"{arm.arm_id}-{secrets.token_hex(8)}"
    metrics = Metrics()
    instance = Instance(arm_id=arm.arm_id, instance_id=instance_id, metrics=metrics)
    calls = Calls(arm=arm, instance_id=instance_id, layer=shared.layer, verifier=shared.verifiers(instance))

    def add_services(server: grpc.aio.Server) -> None:
        add_arm_service(calls, server)
        if hosted.add_typed is not None:
            hosted.add_typed(calls, server)

    async with (
        arm.lifespan(),
        serve(
            name=arm.arm_id,
            addresses=shared.settings.listen(arm.arm_id),
            register=add_services,
            services=[SERVICE_NAME, *hosted.typed],
            board=hosted.board,
            metrics=metrics,
            validator=shared.validator,
            tokens=shared.settings.internal_tokens("arms"),
            tls=shared.settings.mutual_tls(),
            options=hosted.options,
        ) as running,
    ):
        yield running, _registration(calls, running=running, board=hosted.board, shared=shared)


def _registration(
    calls: Calls, *, running: Running, board: StatusBoard, shared: Shared
) -> Registration | None:
    if shared.register is None:
        return None
    return Registration(
        arm=calls.arm,
        instance_id=calls.instance_id,
        endpoint=_endpoint(running, shared.settings),
        register=shared.register,
        board=board,
        running=lambda: calls.running,
    )


def _endpoint(running: Running, settings: ArmsSettings) -> str:
    """Where others reach the arm: its socket where there is one, else its port under a name they know."""
    if "socket" in running.endpoints:
        return running.endpoints["socket"]
    host, _, port = running.endpoints["grpc"].rpartition(":")
    if settings.advertise_host:
        host = settings.advertise_host
    elif host in _EVERYWHERE:
        host = socket.gethostname()
    return f"{host}:{port}"


async def _in_name_of(arm: Arm, run: Loop) -> None:
    """Run what belongs to an arm so that its log lines say so."""
    set_service(arm.arm_id)
    await run()
