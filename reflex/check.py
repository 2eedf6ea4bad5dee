"""The pipeline of Check: verdict cache, detection off the loop, verdict, redaction, value look-up, counts."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reflex.cache.bounded import BoundedCache, held_bytes
from reflex.cache.single_flight import SingleFlight
from reflex.cache.values import Values, text_key
from reflex.detect import Detector, Wanted
from reflex.lanes import Lanes
from reflex.meters import Meters
from reflex.policy import Handling, Policy, Thresholds
from reflex.redact import Redaction, Redactor
from reflex.stats import Stats
from reflex.verdict import Action, Verdict, judge, redactable

_FINDING_BYTES = 300
"""Of one finding in the verdict cache, roughly; its words are the rule's."""
_AT_ONCE = 2
"""Texts of one batch under way: they keep both cores busy, and leave a lane to others after each text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a text is checked.

    Attributes:
        cache: look the text up in the caches.
        wanted: what to look for.
        redact: return the text without what was found.
        way: how found values are replaced.
        pii: what happens to personal data; the policy's way when None.
    """

    cache: bool = True
    wanted: Wanted = field(default_factory=Wanted)
    redact: bool = True
    way: Redaction = Redaction.MASK
    pii: Handling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a scan came to; this is what the verdict cache holds, and it has no value that was found.

    Attributes:
        verdict: action, findings and risk.
        sanitized: the text that may pass; empty when it is blocked or redaction is off.
    """

    verdict: Verdict
    sanitized: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The answer to a Check.

    Attributes:
        outcome: verdict and sanitized text.
        verdict_cached: whether it came from the verdict cache.
        key: the text's key in the value cache; empty when the caches were not asked.
        value_json: the value found there, or None; never given for a blocked text.
        milliseconds: inside the reflex.
        policy_version: of the policy that decided.
    """

    outcome: Outcome
    verdict_cached: bool
    key: str
    value_json: str | None
    milliseconds: float
    policy_version: str


class Checker:
    """Checks texts.

    Verdicts are remembered in this process only: to scan an ordinary text costs no more than a round trip to
    Redis, and whoever can write to Redis must not be able to declare a text harmless.

    Args:
        detector: finds.
        policy: decides.
        policy_version: names the policy together with the rules in use.
        redactor: replaces.
        verdicts: remembers outcomes.
        verdict_ttl: seconds they are remembered.
        values: what callers put.
        lanes: where scans run.
        stats: counts for GetStats.
        meters: counts for Prometheus.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        detector: Detector,
        policy: Policy,
        policy_version: str,
        redactor: Redactor,
        verdicts: BoundedCache[Outcome],
        verdict_ttl: float,
        values: Values,
        lanes: Lanes,
        stats: Stats,
        meters: Meters,
        clock: Callable[[], float],
    ) -> None:
        self._detector = detector
        self._policy = policy
        self._version = policy_version
        self._redactor = redactor
        self._verdicts = verdicts
        self._ttl = verdict_ttl
        self._values = values
        self._lanes = lanes
        self._stats = stats
        self._meters = meters
        self._clock = clock
        self._flights = SingleFlight[Outcome]()

    async def check(self, *, text: str, options: Options, tenant: str, roles: Sequence[str] = ()) -> Checked:
        """Check one text for a tenant.

        Args:
            text: 1 to 100,000 characters.
            options: how.
            tenant: whose caches are asked.
            roles: the caller's, for thresholds of their own.
        """
        started = self._clock()
        thresholds = self._policy.thresholds(roles=roles)
        key = self._verdict_key(text=text, options=options, tenant=tenant, thresholds=thresholds)
        kept = self._verdicts.get(key) if options.cache else None
        if kept:
            outcome = kept.value
        else:
            outcome = await self._scan_once(key, text=text, options=options, thresholds=thresholds)
        value_key, value = "", None
        # A value never stands in for a verdict, and a blocked text gets none.
        if options.cache and outcome.verdict.action is Action.BLOCK:
            value_key = text_key(text=text)
        elif options.cache:
            value_key, value = await self._values.find_text(tenant=tenant, text=text)
        seconds = self._clock() - started
        self._stats.count(action=outcome.verdict.action, milliseconds=seconds * 1000)
        remembered = kept is not None if options.cache else None
        self._meters.checked(verdict=outcome.verdict, seconds=seconds, remembered=remembered)
        return Checked(
            outcome=outcome,
            verdict_cached=kept is not None,
            key=value_key,
            value_json=value.value_json if value else None,
            milliseconds=seconds * 1000,
            policy_version=self._version,
        )

    async def check_all(
        self, *, texts: Sequence[str], options: Options, tenant: str, roles: Sequence[str] = ()
    ) -> list[Checked]:
        """Check texts in the same way; answers in their order. See `check`."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(text: str) -> Checked:
            async with turns:
                return await self.check(text=text, options=options, tenant=tenant, roles=roles)

        return await asyncio.gather(*map(one, texts))

    async def _scan_once(self, key: str, *, text: str, options: Options, thresholds: Thresholds) -> Outcome:
        async def scan() -> Outcome:
            outcome = await self._lanes.run(
                length=len(text), work=lambda: self._scan(text=text, options=options, thresholds=thresholds)
            )
            # A token is remembered for a while only: one from the cache might no longer turn back.
            if options.cache and options.way is not Redaction.TOKEN:
                size = held_bytes(outcome.sanitized) + _FINDING_BYTES * len(outcome.verdict.findings)
                self._verdicts.put(key, outcome, size=size, ttl=self._ttl)
            return outcome

        return await self._flights.do(key, scan)

    def _scan(self, *, text: str, options: Options, thresholds: Thresholds) -> Outcome:
        findings = self._detector.detect(text=text, wanted=options.wanted)
        verdict = judge(findings=findings, policy=self._policy, thresholds=thresholds, pii=options.pii)
        if verdict.action is Action.BLOCK or not options.redact:
            return Outcome(verdict=verdict, sanitized="")
        replaced = redactable(verdict=verdict, policy=self._policy, pii=options.pii)
        return Outcome(
            verdict=verdict, sanitized=self._redactor.redact(text=text, findings=replaced, way=options.way)
        )

    def _verdict_key(self, *, text: str, options: Options, tenant: str, thresholds: Thresholds) -> str:
        """SHA-256 of tenant, exact text, flags and policy version: any difference is another verdict."""
        wanted = options.wanted
        flags = (
            wanted.pii, wanted.secrets, wanted.injection, options.cache, options.redact, options.way,
            options.pii, thresholds, tenant, self._version,
        )  # fmt: skip
        digest = hashlib.sha256(repr(flags).encode())
        digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()
