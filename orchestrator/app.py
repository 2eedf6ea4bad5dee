"""The orchestrator's composition root: names every dependency, starts what runs, undoes it in reverse."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
from octollm.orchestrator.v1 import (
    arm_registry_pb2,
    arm_registry_pb2_grpc,
    capability_pb2,
    capability_pb2_grpc,
    identity_pb2,
    identity_pb2_grpc,
    tasks_pb2,
    tasks_pb2_grpc,
)

from orchestrator.admission import Admission
from orchestrator.bus import Bus
from orchestrator.capability import Capabilities
from orchestrator.clients.arms import GrpcArms
from orchestrator.clients.reflex import GrpcReflex
from orchestrator.dispatcher import Dispatcher
from orchestrator.fingerprint import Fingerprints
from orchestrator.identity.api_keys import ApiKeys
from orchestrator.identity.audit import Audit
from orchestrator.identity.audit_store import AuditStore
from orchestrator.identity.key_store import KeyStore
from orchestrator.identity.migrations import SCHEMA as IDENTITY_SCHEMA
from orchestrator.identity.migrations import identity_migrations
from orchestrator.meters import Meters
from orchestrator.migrations import SCHEMA, all_migrations
from orchestrator.model import PiiPolicy
from orchestrator.permits import Permits
from orchestrator.policy import TenantPolicies
from orchestrator.register import Register
from orchestrator.registry import Registry
from orchestrator.result_cache import ResultCache
from orchestrator.retry import RetryBudget
from orchestrator.routing import Router
from orchestrator.servicer.arm_servicer import ArmRegistryServicer
from orchestrator.servicer.capability_servicer import CapabilityServicer
from orchestrator.servicer.identity_servicer import IdentityServicer
from orchestrator.servicer.task_servicer import TaskServicer
from orchestrator.settings import OrchestratorSettings
from orchestrator.signing_keys import SigningKeys
from orchestrator.store_arms import ArmStore
from orchestrator.store_lease import LeaseStore
from orchestrator.store_lists import ListStore
from orchestrator.store_signing_keys import SigningKeyStore
from orchestrator.store_submit import SubmitStore
from orchestrator.store_sweep import SweepStore
from orchestrator.store_tasks import TaskStore
from orchestrator.store_writes import WriteStore
from orchestrator.sweeper import Sweeper
from orchestrator.tasks import Stores, Tasks
from orchestrator.tools import Tools
from orchestrator.watchdog import Watchdog
from orchestrator.webhooks.deliverer import Deliverer
from orchestrator.webhooks.secrets import WebhookSecrets
from orchestrator.webhooks.store import WebhookStore
from orchestrator.webhooks.way_out import way_out
from orchestrator.worker import Worker
from servicekit.context import set_service
from servicekit.database import Pool, open_pool
from servicekit.egress.fetch import Fetcher
from servicekit.errors import UnavailableError
from servicekit.metrics import Metrics
from servicekit.migrate import migrate
from servicekit.running import Running
from servicekit.server import serve
from servicekit.status_board import StatusBoard

_LOG = logging.getLogger(__name__)

NAME = "orchestrator"

_CALL_SECONDS = 3600.0
"""Bounds a call of an arm; the task's own deadline is always nearer."""

_DAY = 86_400.0

_AGAIN_SECONDS = 0.5
"""Before what stopped or could not start is tried again."""


@asynccontextmanager
async def build(settings: OrchestratorSettings) -> AsyncGenerator[Running]:
    """Run an orchestrator until the block ends.

    Raises:
        UnavailableError: the database did not come up, or an address is taken.
        ConflictError: the database was made by a newer version.
    """
    set_service(NAME)
    url = settings.database_url.get_secret_value()
    await _migrated(url, seconds=settings.start_seconds)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(
            open_pool(url, name=NAME, max_size=settings.database_connections)
        )
        tokens, tls = settings.internal_tokens(NAME), settings.mutual_tls()
        signing = SigningKeys(
            store=SigningKeyStore(pool=pool, rules=settings.signing),
            clock=time.monotonic,
            interval=settings.signing.look,
        )
        await signing.try_look()
        arms = GrpcArms(seconds=_CALL_SECONDS, permits=Permits(keys=signing), tokens=tokens, tls=tls)
        stack.push_async_callback(arms.close)
        reflex = GrpcReflex(target=settings.target("reflex"), tokens=tokens, tls=tls)
        stack.push_async_callback(reflex.close)
        board, metrics = StatusBoard(service=NAME), Metrics()
        meters = Meters(metrics=metrics)
        parts = _parts(
            settings,
            pool=pool,
            url=url,
            board=board,
            arms=arms,
            signing=signing,
            reflex=reflex,
            meters=meters,
        )
        await parts.watchdog.look()
        server = await stack.enter_async_context(
            serve(
                name=NAME,
                addresses=settings.listen(NAME),
                register=parts.add_servicers,
                services=_SERVICES,
                board=board,
                metrics=metrics,
                tokens=tokens,
                tls=tls,
            )
        )
        await stack.enter_async_context(_running(parts.loops))
        stack.push_async_callback(parts.hand_over, 0.0)
        yield Running(name=NAME, endpoints=server.endpoints, drain=_drain(parts, server, board))


@dataclass(frozen=True, kw_only=True)
class _Parts:
    tasks: Tasks
    registry: Registry
    worker: Worker
    dispatcher: Dispatcher
    watchdog: Watchdog
    sweeper: Sweeper
    bus: Bus
    register: Register
    keys: ApiKeys
    audit: Audit
    signing: SigningKeys
    capabilities: Capabilities
    deliverer: Deliverer

    @property
    def loops(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs as long as the service does."""
        return {
            "register of arms": self.register.follow,
            "signing keys": self.signing.follow,
            "listen": self.bus.listen,
            "announce": self.bus.send,
            "heartbeat": self.worker.beat,
            "sweep": self.sweeper.run,
            "wake-ups": self.dispatcher.run,
            "watchdog": self.watchdog.run,
            "audit": self.audit.sweep,
            "webhooks": self.deliverer.run,
        }

    async def hand_over(self, grace: float) -> None:
        """Take nothing new, let tasks end within so many seconds, give the rest to others."""
        await self.dispatcher.stop()  # first, or it takes up again what is given back
        await self.worker.drain(grace)

    def add_servicers(self, server: grpc.aio.Server) -> None:
        tasks_pb2_grpc.add_TaskServiceServicer_to_server(TaskServicer(tasks=self.tasks), server)
        arm_registry_pb2_grpc.add_ArmRegistryServiceServicer_to_server(
            ArmRegistryServicer(registry=self.registry), server
        )
        identity_pb2_grpc.add_IdentityServiceServicer_to_server(
            IdentityServicer(keys=self.keys, audit=self.audit), server
        )
        capability_pb2_grpc.add_CapabilityServiceServicer_to_server(
            CapabilityServicer(capabilities=self.capabilities, keys=self.signing), server
        )


_SERVICES = (
    tasks_pb2.DESCRIPTOR.services_by_name["TaskService"].full_name,
    arm_registry_pb2.DESCRIPTOR.services_by_name["ArmRegistryService"].full_name,
    identity_pb2.DESCRIPTOR.services_by_name["IdentityService"].full_name,
    capability_pb2.DESCRIPTOR.services_by_name["CapabilityService"].full_name,
)


def _parts(
    settings: OrchestratorSettings,
    *,
    pool: Pool,
    url: str,
    board: StatusBoard,
    arms: GrpcArms,
    signing: SigningKeys,
    reflex: GrpcReflex,
    meters: Meters,
) -> _Parts:
    bus = Bus(pool=pool, url=url)
    submit = SubmitStore(pool=pool)
    fingerprints = Fingerprints(load_key=submit.hash_key)
    arm_store = ArmStore(pool=pool, silence=settings.arm_silence_seconds)
    register = Register(store=arm_store, clock=time.monotonic)
    router = Router(register=register)
    register.on_look(router.leave_silent)
    tools = Tools(
        calls=arms,
        router=router,
        retries=RetryBudget(),
        limits=settings.drive,
        meters=meters,
        fingerprints=fingerprints,
        results=ResultCache(
            values=reflex,
            fingerprints=fingerprints,
            arms=lambda: register.instances,
            seconds=settings.result_cache_seconds,
        ),
        random=random.random,
    )
    worker = _worker(settings, pool=pool, bus=bus, tools=tools)
    audit = Audit(store=AuditStore(pool=pool), retention_seconds=settings.audit_retention_days * _DAY)
    dispatcher = Dispatcher(url=url, wake=worker.wake)
    bus.on_cancel(worker.cancel)
    bus.on_arms(register.invalidate)
    out = way_out(
        hosts=settings.webhook_hosts,
        networks=settings.webhook_networks,
        ca_file=settings.webhook_ca_file,
        seconds=settings.webhook.seconds,
    )
    meters.watch(running=lambda: worker.running, readers=lambda: bus.readers)
    return _Parts(
        tasks=_tasks(settings, pool=pool, bus=bus, reflex=reflex, submit=submit, tools=tools, out=out),
        registry=Registry(store=arm_store, register=register, interval=settings.arm_heartbeat_seconds),
        worker=worker,
        dispatcher=dispatcher,
        watchdog=Watchdog(pool=pool, register=register, board=board, on_return=dispatcher.renew),
        sweeper=Sweeper(
            store=SweepStore(pool=pool, limits=settings.sweep), bus=bus, interval=settings.sweep_seconds
        ),
        bus=bus,
        register=register,
        keys=_api_keys(settings, pool=pool),
        audit=audit,
        signing=signing,
        capabilities=Capabilities(
            permits=Permits(keys=signing), keys=signing, register=register, audit=audit
        ),
        deliverer=_deliverer(settings, pool=pool, submit=submit, out=out, meters=meters),
    )


def _deliverer(
    settings: OrchestratorSettings, *, pool: Pool, submit: SubmitStore, out: Fetcher, meters: Meters
) -> Deliverer:
    return Deliverer(
        store=WebhookStore(pool=pool),
        secrets=WebhookSecrets(
            configured=settings.webhook_secrets.get_secret_value(), load_key=submit.hash_key
        ),
        out=out,
        limits=settings.webhook,
        meters=meters,
        clock=time.time,
        random=random.random,
    )


def _api_keys(settings: OrchestratorSettings, *, pool: Pool) -> ApiKeys:
    pepper = settings.api_key_pepper
    return ApiKeys(store=KeyStore(pool=pool), pepper=pepper.get_secret_value().encode() if pepper else None)


def _tasks(
    settings: OrchestratorSettings,
    *,
    pool: Pool,
    bus: Bus,
    reflex: GrpcReflex,
    submit: SubmitStore,
    tools: Tools,
    out: Fetcher,
) -> Tasks:
    return Tasks(
        stores=Stores(submit=submit, tasks=TaskStore(pool=pool), lists=ListStore(pool=pool)),
        reflex=reflex,
        policies=_policies(settings),
        admission=Admission(store=submit, most=settings.tenant_queue, clock=time.monotonic),
        bus=bus,
        meters=tools.meters,
        fingerprints=tools.fingerprints,
        callbacks=out.policy,
    )


def _worker(settings: OrchestratorSettings, *, pool: Pool, bus: Bus, tools: Tools) -> Worker:
    return Worker(
        leases=LeaseStore(
            pool=pool,
            owner=settings.instance_id,
            seconds=settings.lease_seconds,
            queue_limit=settings.sweep.queue_limit,
        ),
        store=WriteStore(pool=pool),
        bus=bus,
        tools=tools,
        most=settings.concurrent_tasks,
        heartbeat=settings.heartbeat_seconds,
        random=random.random,
    )


def _policies(settings: OrchestratorSettings) -> TenantPolicies:
    return TenantPolicies(
        pii={tenant: PiiPolicy[name.upper()] for tenant, name in settings.tenant_pii.items()}
    )


def _drain(parts: _Parts, server: Running, board: StatusBoard) -> Callable[[float], Awaitable[None]]:
    async def drain(grace: float) -> None:
        board.start_draining()
        await parts.hand_over(grace)
        await server.drain(min(grace, 1.0))

    return drain


async def _migrated(url: str, *, seconds: float) -> None:
    """Bring the schemas up to date; waits for a database that comes up at the same time."""
    give_up = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            await migrate(url, schema=SCHEMA, migrations=all_migrations())
            await migrate(url, schema=IDENTITY_SCHEMA, migrations=identity_migrations())
        except UnavailableError:
            if asyncio.get_running_loop().time() > give_up:
                raise
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return


@asynccontextmanager
async def _running(loops: Mapping[str, Callable[[], Awaitable[None]]]) -> AsyncGenerator[None]:
    """Run loops for the length of the block."""
    tasks = [asyncio.create_task(_forever(name, loop), name=name) for name, loop in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _forever(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """A loop that a defect ends is started again: the others depend on it."""
    while True:
        try:
            await loop()
        except Exception:  # noqa: BLE001  # a loop must not end
            _LOG.exception("a loop failed; it is started again", extra={"loop": name})
        await asyncio.sleep(_AGAIN_SECONDS)
