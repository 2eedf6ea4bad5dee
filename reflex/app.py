"""The reflex's composition root: names every dependency, starts what runs, undoes it in reverse."""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from octollm.reflex.v1 import reflex_pb2, reflex_pb2_grpc

from reflex.cache.aside import Aside
from reflex.cache.bounded import BoundedCache
from reflex.cache.front import Front
from reflex.cache.memory_store import MemoryStore
from reflex.cache.near import KnownText, NearTexts
from reflex.cache.redis_link import RedisLink
from reflex.cache.redis_store import RedisStore
from reflex.cache.redis_values import PREFIX, RedisValues
from reflex.cache.values import StoredValue, Values, ValueStore
from reflex.check import Checker, Outcome
from reflex.detect import Detector
from reflex.lanes import Lanes
from reflex.matching.engine import Engine
from reflex.meters import Meters
from reflex.policy import Policy, Thresholds
from reflex.readings.disguise import Disguises
from reflex.readings.normalise import Normaliser
from reflex.readings.vocabulary import load_vocabulary
from reflex.redact import Redactor, TokenVault
from reflex.rules import Rule, load_rules
from reflex.scoring.concepts import load_concepts
from reflex.scoring.scorer import Scorer, Weights, load_weights
from reflex.servicer import ReflexServicer
from reflex.settings import ReflexSettings
from reflex.stats import Stats
from reflex.warm import warm
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
        board, metrics = StatusBoard(service=NAME), Metrics()
        meters = Meters(metrics=metrics)
        rules, weights = load_rules(), load_weights()
        folder = settings.data_dir / NAME if settings.data_dir else None
        detector = await asyncio.to_thread(_detector, rules=rules, weights=weights, folder=folder)
        board.set("engine", Health.HEALTHY, required=True)
        lanes = Lanes(short=settings.short_lane, long=settings.long_lane)
        stack.callback(lanes.close)
        store = await stack.enter_async_context(_value_store(settings, board=board, meters=meters))
        values = Values(
            store=store,
            on_look_up=lambda found: meters.looked_up(found=found),
            now=_now,
            near=_near_texts(settings) if settings.semantic_cache else None,
        )
        servicer = _servicer(
            settings,
            detector=detector,
            digest=detection_digest(rules=rules, weights=weights),
            lanes=lanes,
            values=values,
            meters=meters,
        )
        server = await stack.enter_async_context(
            serve(
                name=NAME,
                addresses=settings.listen(NAME),
                register=partial(reflex_pb2_grpc.add_ReflexServiceServicer_to_server, servicer),
                services=_SERVICES,
                board=board,
                metrics=metrics,
                tokens=settings.internal_tokens(NAME),
                tls=settings.mutual_tls(),
            )
        )
        yield server


@asynccontextmanager
async def _value_store(
    settings: ReflexSettings, *, board: StatusBoard, meters: Meters
) -> AsyncGenerator[ValueStore]:
    """Values in process, or in Redis when there is one; a Redis that is away does not stop a start."""
    if settings.redis_url is None:
        yield MemoryStore(cache=_value_cache(settings), now=_now)
        return
    told = asyncio.Event()

    def on_change(up: bool, why: str) -> None:  # noqa: FBT001 - the signature that RedisStore calls
        meters.redis(up=up)
        detail = "" if up else f"{why}; values are kept in process until it is back"
        board.set("redis", Health.HEALTHY if up else Health.DEGRADED, detail=detail)
        told.set()

    link = RedisLink(url=settings.redis_url.get_secret_value(), timeout=settings.redis_timeout, prefix=PREFIX)
    kept = RedisValues(link=link, now=_now)
    store = RedisStore(
        link=link,
        values=kept,
        front=Front(cache=_value_cache(settings), read=kept.read, now=_now),
        aside=Aside(cache=_value_cache(settings), now=_now),
        pause=settings.redis_pause,
        on_change=on_change,
    )
    following = asyncio.create_task(store.follow(), name="redis of reflex")
    await told.wait()
    try:
        yield store
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await link.close()


def _value_cache(settings: ReflexSettings) -> BoundedCache[StoredValue]:
    return BoundedCache(entries=settings.cache_entries, memory=settings.cache_bytes, clock=time.monotonic)


def _near_texts(settings: ReflexSettings) -> NearTexts:
    cache = BoundedCache[KnownText](
        entries=settings.cache_entries, memory=settings.cache_bytes, clock=time.monotonic
    )
    return NearTexts(cache=cache)


def _now() -> datetime:
    return datetime.now(UTC)


def _servicer(
    settings: ReflexSettings,
    *,
    detector: Detector,
    digest: str,
    lanes: Lanes,
    values: Values,
    meters: Meters,
) -> ReflexServicer:
    clock = time.monotonic
    verdicts = BoundedCache[Outcome](
        entries=settings.verdict_entries, memory=settings.verdict_bytes, clock=clock
    )
    stats = Stats(clock=clock)
    policy = Policy(
        injection=Thresholds(flag=settings.flag_threshold, block=settings.block_threshold),
        by_role=settings.role_thresholds,
    )
    checker = Checker(
        detector=detector,
        policy=policy,
        policy_version=policy.version(rules=digest),
        redactor=Redactor(key=settings.reflex_key.get_secret_value().encode(), vault=TokenVault()),
        verdicts=verdicts,
        verdict_ttl=settings.verdict_seconds,
        values=values,
        lanes=lanes,
        stats=stats,
        meters=meters,
        clock=clock,
    )
    return ReflexServicer(checker=checker, values=values, verdicts=verdicts, stats=stats)


def detector(*, scored: bool = True) -> Detector:
    """Rules and weights as the service runs them, for benchmarks and for use without a server.

    Args:
        scored: with the learned score.
    """
    return _detector(rules=load_rules(), weights=load_weights() if scored else None)


def _detector(*, rules: Sequence[Rule], weights: Weights | None, folder: Path | None = None) -> Detector:
    detector = Detector(
        engine=Engine(rules=rules, folder=folder),
        normaliser=Normaliser(),
        disguises=Disguises(vocabulary=load_vocabulary()),
        scorer=Scorer(weights=weights, concepts=load_concepts()) if weights else None,
    )
    warm(detector=detector, rules=rules)
    return detector


def detection_digest(*, rules: Sequence[Rule], weights: Weights) -> str:
    """A digest that changes whenever a rule or a weight does."""
    digest = hashlib.sha256(repr(rules).encode())
    digest.update(weights.table.tobytes())
    digest.update(weights.concepts.tobytes())
    digest.update(repr((weights.bias, weights.flag_at, weights.sure_at)).encode())
    return digest.hexdigest()
