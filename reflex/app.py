"""The reflex's composition root: names every dependency, starts what runs, undoes it in reverse."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import grpc
from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from reflex.bounded import BoundedCache
from reflex.check import Checker, Outcome
from reflex.detect import Detector
from reflex.disguise import Disguises
from reflex.engine import Engine
from reflex.lanes import Lanes
from reflex.normalise import Normaliser
from reflex.policy import Policy, Thresholds
from reflex.redact import Redactor, TokenVault
from reflex.rules import Rule, load_rules
from reflex.scorer import Scorer, Weights, load_weights
from reflex.servicer import ReflexServicer
from reflex.settings import ReflexSettings
from reflex.stats import Stats
from reflex.values import MemoryStore, Values
from reflex.vocabulary import load_vocabulary
from servicekit.context import set_service
from servicekit.metrics import Metrics
from servicekit.running import Running
from servicekit.server import serve
from servicekit.status_board import Health, StatusBoard

NAME = "reflex"
_SERVICES = (reflex_pb2.DESCRIPTOR.services_by_name["ReflexService"].full_name,)


@asynccontextmanager
async def build(settings: ReflexSettings) -> AsyncGenerator[Running]:
    """Run a reflex until the block ends.

    Raises:
        UnavailableError: an address is taken.
    """
    set_service(NAME)
    async with AsyncExitStack() as stack:
        board = StatusBoard(service=NAME)
        rules = load_rules()
        engine = await asyncio.to_thread(Engine, rules=rules)
        board.set("engine", Health.HEALTHY, required=True)
        lanes = Lanes(short=settings.short_lane, long=settings.long_lane)
        stack.callback(lanes.close)
        servicer = _servicer(settings, engine=engine, rules=rules, lanes=lanes)

        def register(server: grpc.aio.Server) -> None:
            reflex_pb2_grpc.add_ReflexServiceServicer_to_server(servicer, server)

        server = await stack.enter_async_context(
            serve(
                name=NAME,
                addresses=settings.listen(NAME),
                register=register,
                services=_SERVICES,
                board=board,
                metrics=Metrics(),
            )
        )
        yield server


def _servicer(
    settings: ReflexSettings, *, engine: Engine, rules: Sequence[Rule], lanes: Lanes
) -> ReflexServicer:
    clock = time.monotonic
    weights = load_weights()
    verdicts = BoundedCache[Outcome](
        entries=settings.verdict_entries, memory=settings.verdict_bytes, clock=clock
    )
    values = Values(
        store=MemoryStore(
            cache=BoundedCache(entries=settings.cache_entries, memory=settings.cache_bytes, clock=clock),
            now=lambda: datetime.now(UTC),
        )
    )
    policy = Policy(injection=Thresholds(flag=settings.flag_threshold, block=settings.block_threshold))
    stats = Stats(clock=clock)
    checker = Checker(
        detector=Detector(
            engine=engine,
            normaliser=Normaliser(),
            disguises=Disguises(vocabulary=load_vocabulary()),
            scorer=Scorer(weights=weights),
        ),
        policy=policy,
        policy_version=policy.version(rules=detection_digest(rules=rules, weights=weights)),
        redactor=Redactor(key=settings.reflex_key.get_secret_value().encode(), vault=TokenVault()),
        verdicts=verdicts,
        verdict_ttl=settings.verdict_seconds,
        values=values,
        lanes=lanes,
        stats=stats,
        clock=clock,
    )
    return ReflexServicer(checker=checker, values=values, verdicts=verdicts, stats=stats)


def detection_digest(*, rules: Sequence[Rule], weights: Weights) -> str:
    """A digest that changes whenever a rule or a weight does."""
    digest = hashlib.sha256(repr(rules).encode())
    digest.update(weights.table.tobytes())
    digest.update(repr((weights.bias, weights.flag_at, weights.sure_at)).encode())
    return digest.hexdigest()
