"""Delivers: takes up what is due, signs it, sends it through the egress guard, tries again if that fails."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from opentelemetry.trace import SpanKind

from orchestrator.meters import Meters
from orchestrator.webhooks.delivery import Delivery
from orchestrator.webhooks.limits import WebhookLimits
from orchestrator.webhooks.secrets import WebhookSecrets
from orchestrator.webhooks.signature import signed_headers
from orchestrator.webhooks.store import WebhookStore
from servicekit.context import set_task_id
from servicekit.egress.fetch import Fetcher
from servicekit.egress.request import Request
from servicekit.errors import OctoError, PermissionDeniedError, UnavailableError, ValidationFailedError
from servicekit.request_id import set_request_id
from servicekit.spans import received, spanned, tell

_LOG = logging.getLogger(__name__)

_DONE = range(200, 300)
_GONE = 410


@dataclass(frozen=True, kw_only=True)
class Deliverer:
    """Delivers what is due, on whichever orchestrator.

    Attributes:
        store: the rows.
        secrets: sign.
        out: the way out, and the guard on it.
        limits: how long and how often.
        meters: count what becomes of deliveries.
        clock: seconds since 1970, for signatures.
        random: uniform in [0, 1).
    """

    store: WebhookStore
    secrets: WebhookSecrets
    out: Fetcher
    limits: WebhookLimits
    meters: Meters
    clock: Callable[[], float]
    random: Callable[[], float]

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is taken up again by another one."""
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                running = {task for task in running if not task.done()}
                running |= {asyncio.create_task(self._deliver(it)) for it in await self._due(len(running))}
                await asyncio.sleep(self.limits.look)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _due(self, running: int) -> list[Delivery]:
        if running >= self.limits.places:
            return []
        try:
            return await self.store.claim(limit=self.limits.places - running, lease=self.limits.lease)
        except UnavailableError:
            return []  # the watchdog tells of a database that is away

    async def _deliver(self, delivery: Delivery) -> None:
        set_request_id(delivery.request_id)
        set_task_id(delivery.task_id)
        with spanned("webhook", kind=SpanKind.CLIENT, parent=received(delivery.trace_context)):
            outcome, why = await self._outcome(delivery)
            tell("octollm.outcome", outcome)
        self.meters.webhook(outcome)
        level = logging.WARNING if outcome == "given_up" else logging.INFO
        told = {"delivery_id": delivery.delivery_id, "attempt": delivery.attempts, "reason": why}
        _LOG.log(level, "webhook %s", outcome.replace("_", " "), extra=told)
        try:
            await self._note(delivery, outcome)
        except UnavailableError:
            _LOG.warning("a delivery could not be noted: it is made once more", extra=told)

    async def _outcome(self, delivery: Delivery) -> tuple[str, str]:
        """What became of it, and why: ``delivered``, ``retried``, ``given_up``."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                status = await self._sent(delivery)
        except (PermissionDeniedError, ValidationFailedError) as error:
            return "given_up", error.reason  # trying again would only probe the inside once more
        except (OctoError, TimeoutError) as error:
            return self._again(delivery, error.reason if isinstance(error, OctoError) else "TIMEOUT")
        if status in _DONE:
            return "delivered", ""
        return ("given_up", "GONE") if status == _GONE else self._again(delivery, f"HTTP_{status}")

    def _again(self, delivery: Delivery, why: str) -> tuple[str, str]:
        if delivery.attempts >= self.limits.attempts or delivery.age >= self.limits.age:
            return "given_up", why
        return "retried", why

    async def _sent(self, delivery: Delivery) -> int:
        """The status that the receiver answered with; the rest of its answer is never read."""
        body = delivery.body()
        headers = signed_headers(
            key=await self.secrets.of(delivery.tenant),
            delivery_id=delivery.delivery_id,
            timestamp=int(self.clock()),
            body=body,
        )
        headers |= {"content-type": "application/json", "x-request-id": delivery.request_id}
        request = Request(method="POST", url=delivery.url, headers=headers, body=body)
        async with self.out.fetch(request) as reply:
            return reply.status

    async def _note(self, delivery: Delivery, outcome: str) -> None:
        if outcome == "retried":
            pause = self.limits.pause_after(delivery.attempts, random=self.random)
            await self.store.later(delivery, pause=pause)
        else:
            await self.store.remove(delivery)
