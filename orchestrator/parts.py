"""What an orchestrator is made of, put together: every part gets all that it needs here."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

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
from orchestrator.meters import Meters
from orchestrator.model.task import PiiPolicy
from orchestrator.permits import Permits
from orchestrator.policy import TenantPolicies
from orchestrator.register import Register
from orchestrator.registry import Registry
from orchestrator.result_cache import ResultCache
from orchestrator.retry import RetryBudget
from orchestrator.rotation import Rotation
from orchestrator.routing import Router
from orchestrator.settings import OrchestratorSettings
from orchestrator.signing_keys import SigningKeys
from orchestrator.store_arms import ArmStore
from orchestrator.store_lease import LeaseStore
from orchestrator.store_lists import ListStore
from orchestrator.store_submit import SubmitStore
from orchestrator.store_sweep import SweepStore
from orchestrator.store_tasks import TaskStore
from orchestrator.store_writes import WriteStore
from orchestrator.sweeper import Sweeper
from orchestrator.tasks import Stores, Tasks
from orchestrator.tools import Tools
from orchestrator.watchdog import Watchdog
from orchestrator.webhooks.app import webhook_deliverer, webhook_fetcher
from orchestrator.webhooks.deliverer import Deliverer
from orchestrator.worker import Worker
from servicekit.database import Pool
from servicekit.egress.policy import EgressPolicy
from servicekit.status_board import StatusBoard

_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the parts stand on: open before them, closed after them."""

    pool: Pool
    arms: GrpcArms
    reflex: GrpcReflex
    signing: SigningKeys
    board: StatusBoard
    meters: Meters


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What serves, and what runs beside it."""

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
    rotation: Rotation
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


def make_parts(settings: OrchestratorSettings, *, ground: Ground) -> Parts:
    """Every part, wired to the others; nothing runs yet."""
    pool, signing, meters = ground.pool, ground.signing, ground.meters
    url = settings.database_url.get_secret_value()
    bus, submit = Bus(pool=pool, url=url), SubmitStore(pool=pool)
    arms = ArmStore(pool=pool, silence=settings.arm_silence_seconds)
    register = Register(store=arms, clock=time.monotonic)
    tools = _tools(settings, ground=ground, submit=submit, register=register)
    worker = _worker(settings, pool=pool, bus=bus, tools=tools)
    dispatcher = Dispatcher(url=url, wake=worker.wake)
    audit = Audit(store=AuditStore(pool=pool), retention_seconds=settings.audit_retention_days * _DAY)
    out = webhook_fetcher(settings)
    bus.on_cancel(worker.cancel)
    bus.on_arms(register.invalidate)
    meters.watch(running=lambda: worker.running, readers=lambda: bus.readers)
    return Parts(
        tasks=_tasks(settings, ground=ground, bus=bus, submit=submit, tools=tools, callbacks=out.policy),
        registry=Registry(store=arms, register=register, interval=settings.arm_heartbeat_seconds),
        worker=worker,
        dispatcher=dispatcher,
        watchdog=Watchdog(pool=pool, register=register, board=ground.board, on_return=dispatcher.renew),
        sweeper=_sweeper(settings, pool=pool, bus=bus),
        bus=bus,
        register=register,
        keys=_api_keys(settings, pool=pool),
        audit=audit,
        signing=signing,
        capabilities=Capabilities(
            permits=Permits(keys=signing), keys=signing, register=register, audit=audit
        ),
        rotation=Rotation(keys=signing, audit=audit),
        deliverer=webhook_deliverer(settings, pool=pool, submit=submit, out=out, meters=meters),
    )


def _tools(
    settings: OrchestratorSettings, *, ground: Ground, submit: SubmitStore, register: Register
) -> Tools:
    router = Router(register=register)
    register.on_look(router.leave_silent)
    fingerprints = Fingerprints(load_key=submit.hash_key)
    return Tools(
        calls=ground.arms,
        router=router,
        retries=RetryBudget(),
        limits=settings.drive,
        meters=ground.meters,
        fingerprints=fingerprints,
        results=ResultCache(
            values=ground.reflex,
            fingerprints=fingerprints,
            arms=lambda: register.instances,
            seconds=settings.result_cache_seconds,
        ),
        random=random.random,
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


def _tasks(
    settings: OrchestratorSettings,
    *,
    ground: Ground,
    bus: Bus,
    submit: SubmitStore,
    tools: Tools,
    callbacks: EgressPolicy,
) -> Tasks:
    pool = ground.pool
    pii = {tenant: PiiPolicy[name.upper()] for tenant, name in settings.tenant_pii.items()}
    return Tasks(
        stores=Stores(submit=submit, tasks=TaskStore(pool=pool), lists=ListStore(pool=pool)),
        reflex=ground.reflex,
        policies=TenantPolicies(pii=pii),
        admission=Admission(store=submit, most=settings.tenant_queue, clock=time.monotonic),
        bus=bus,
        meters=tools.meters,
        fingerprints=tools.fingerprints,
        callbacks=callbacks,
    )


def _sweeper(settings: OrchestratorSettings, *, pool: Pool, bus: Bus) -> Sweeper:
    store = SweepStore(pool=pool, limits=settings.sweep)
    return Sweeper(store=store, bus=bus, interval=settings.sweep_seconds)


def _api_keys(settings: OrchestratorSettings, *, pool: Pool) -> ApiKeys:
    pepper = settings.api_key_pepper
    return ApiKeys(store=KeyStore(pool=pool), pepper=pepper.get_secret_value().encode() if pepper else None)
