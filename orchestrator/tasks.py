"""Accepts tasks, tells how they stand, cancels them: what TaskService does, without RPC."""

import asyncio
import secrets
import string
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from orchestrator.admission import Admission
from orchestrator.bus import RECHECK, Bus
from orchestrator.fingerprint import Fingerprints
from orchestrator.guard import Reflex, guarded
from orchestrator.meters import Meters
from orchestrator.model.event import Event, EventType
from orchestrator.model.step import Step
from orchestrator.model.task import PiiPolicy, Task, TaskSpec
from orchestrator.ownership import reach
from orchestrator.policy import TenantPolicies
from orchestrator.state import TaskEvent, next_status
from orchestrator.store_lists import ListQuery, ListStore
from orchestrator.store_submit import NewTask, SubmitStore
from orchestrator.store_tasks import DailyUsage, TaskStore
from orchestrator.webhooks.way_out import check_callback
from servicekit.context import current_task_id, set_task_id
from servicekit.egress.policy import EgressPolicy
from servicekit.errors import ConflictError, NotFoundError
from servicekit.principal import Principal
from servicekit.request_id import current_request_id
from servicekit.spans import sent, spanned

READ, CANCEL = "task:read", "task:cancel"
"""The scopes that decide whose tasks are seen and ended."""

_ALPHABET = string.ascii_letters + string.digits
_LAST = {EventType.TASK_COMPLETED, EventType.TASK_FAILED, EventType.TASK_CANCELLED}


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Where tasks are kept."""

    submit: SubmitStore
    tasks: TaskStore
    lists: ListStore


class Tasks:
    """Tasks of all tenants; each call says for whom it is, and sees only what is within that one's reach.

    Args:
        stores: where tasks are kept.
        reflex: checks texts before they are stored.
        policies: what tenants demand.
        admission: bounds a tenant's queue.
        bus: tells of changes.
        meters: counts what is taken.
        fingerprints: makes keyed hashes.
        callbacks: where callers may be called back.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        reflex: Reflex,
        policies: TenantPolicies,
        admission: Admission,
        bus: Bus,
        meters: Meters,
        fingerprints: Fingerprints,
        callbacks: EgressPolicy,
    ) -> None:
        self._stores = stores
        self._reflex = reflex
        self._policies = policies
        self._admission = admission
        self._bus = bus
        self._meters = meters
        self._fingerprints = fingerprints
        self._callbacks = callbacks

    async def submit(self, spec: TaskSpec, *, owner: Principal, idempotency_key: str = "") -> Task:
        """Store a task durably; when this returns, it will end.

        Raises:
            ValidationFailedError: the reflex blocks a text, or the policy is looser than the tenant's.
            ConflictError: the key was used for another spec.
            RateLimitError: the tenant's queue is full.
            UnavailableError: the database or the reflex is away; nothing was acknowledged.
        """
        if spec.callback_url:
            check_callback(spec.callback_url, policy=self._callbacks)
        fingerprint = await self._fingerprints.of_spec(spec) if idempotency_key else b""
        if idempotency_key:
            known = await self._stores.submit.earlier(
                owner=owner, key=idempotency_key, fingerprint=fingerprint
            )
            if known:
                return await self.get(known, owner=owner)
        set_task_id(new_task_id())  # before anything is done for it, so that spans and log lines carry it
        policy = self._policies.applied(spec.policy, tenant=owner.tenant)
        await self._admission.admit(tenant=owner.tenant)
        with spanned("guard", attributes={"octollm.direction": "in"}):
            checked = await guarded(
                replace(spec, policy=policy),
                reflex=self._reflex,
                pii=policy.pii or PiiPolicy.REDACT,
                user=owner.subject,
            )
        stored = await self._stores.submit.submit(
            NewTask(
                task_id=current_task_id(),
                owner=owner,
                spec=checked.spec,
                own_findings=await self._fingerprints.of_values(checked.own) if checked.own else frozenset(),
                request_id=current_request_id(),
                idempotency_key=idempotency_key,
                fingerprint=fingerprint,
                trace_context=sent(),
            )
        )
        self._meters.submitted()
        return stored if isinstance(stored, Task) else await self.get(stored, owner=owner)

    async def get(self, task_id: str, *, owner: Principal, wait_seconds: float = 0.0) -> Task:
        """One task, at once, or when it ends or the time is up.

        Raises:
            NotFoundError: there is no such task within the owner's reach.
        """
        if not wait_seconds:
            return await self._get(task_id, owner)
        loop = asyncio.get_running_loop()
        give_up = loop.time() + wait_seconds
        with self._bus.subscribe(task_id, only_end=True) as told:
            while True:
                task = await self._get(task_id, owner)  # after subscribing: nothing falls between
                left = give_up - loop.time()
                if task.ended or left <= 0:
                    return task
                await told.wait(min(left, RECHECK))

    async def page(self, query: ListQuery) -> tuple[list[Task], int]:
        """One page of the tenant's tasks, and how many there are in all."""
        return await self._stores.lists.page(query)

    async def steps(self, task_id: str, *, owner: Principal) -> list[Step]:
        """A task's steps in the order of the plan.

        Raises:
            NotFoundError: there is no such task within the owner's reach.
        """
        await self._get(task_id, owner)
        return await self._stores.tasks.steps(task_id=task_id)

    async def cancel(self, task_id: str, *, owner: Principal) -> Task:
        """End a task that has not ended; a cancelled one stays as it is.

        Raises:
            NotFoundError: there is no such task within the owner's reach.
            ConflictError: it completed or failed already.
        """
        cancelled = await self._stores.tasks.cancel(task_id=task_id, within=reach(owner, CANCEL))
        if cancelled:
            self._bus.announce(task_id, ended=True)
            return cancelled
        task = await self._get(task_id, owner)
        if task.status.name != "CANCELLED":
            next_status(task.status, TaskEvent.CANCEL)
        return task

    async def erase(self, task_id: str, *, owner: Principal) -> Task:
        """Remove what a task that ended says: goal, context, steps, result and events.

        Raises:
            NotFoundError: there is no such task within the owner's reach.
            ConflictError: it has not ended.
        """
        erased = await self._stores.tasks.erase(task_id=task_id, within=reach(owner, CANCEL))
        if erased:
            return erased
        await self._get(task_id, owner)
        raise ConflictError(
            "a task that has not ended cannot be erased; cancel it first",
            reason="STATE_CONFLICT",
            constraint="status must be one of completed, failed, cancelled",
        )

    async def usage(self, *, owner: Principal, days: int) -> list[DailyUsage]:
        """What the tenant used on each of the last days, newest first."""
        return await self._stores.tasks.usage(tenant=owner.tenant, days=days)

    async def watch(self, task_id: str, *, owner: Principal, after: int = 0) -> AsyncGenerator[Event]:
        """The task's events after a sequence number as they happen, up to the terminal one.

        Raises:
            NotFoundError: there is no such task within the owner's reach.
        """
        with self._bus.subscribe(task_id) as told:
            task = await self._get(task_id, owner)
            while True:
                events = await self._stores.tasks.events(task_id=task_id, after=after)
                for event in events:
                    yield event
                    after = event.sequence
                    if event.type in _LAST:
                        return
                if not events:
                    if task.ended:
                        return  # the reader had them all, or they were erased
                    await told.wait()
                    task = await self._get(task_id, owner)

    async def _get(self, task_id: str, owner: Principal) -> Task:
        task = await self._stores.tasks.get(task_id=task_id, within=reach(owner, READ))
        if task is None:
            raise NotFoundError(f"there is no task {task_id}", reason="TASK_NOT_FOUND")
        return task


def new_task_id() -> str:
    """``task_`` and 16 characters of [a-zA-Z0-9]."""
    return "task_" + "".join(secrets.choice(_ALPHABET) for _ in range(16))
