"""Results of equal tasks, kept for a while in the reflex's value cache; off unless it is asked for."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Protocol

from pydantic import ValidationError

from orchestrator.fingerprint import Fingerprints
from orchestrator.model.arm import ArmInstance
from orchestrator.model.task import TaskResult, TaskSpec
from orchestrator.rows import RESULT, dump
from servicekit.errors import OctoError
from servicekit.principal import current_principal

_LOG = logging.getLogger(__name__)

_SHAPES_NOTHING = ("labels", "callback_url")
"""What of a task does not reach its result."""


class Values(Protocol):
    """Where values are kept under keys."""

    async def value(self, key: str) -> str | None:
        """The JSON under a key, if there is any."""
        ...

    async def keep_value(self, key: str, value_json: str, *, seconds: int) -> None:
        """Keep JSON under a key for so many seconds."""
        ...


class ResultCache:
    """Finds and keeps results.

    Args:
        values: where they are kept; its loss costs the cache, never a task.
        fingerprints: makes keyed hashes: nobody who may write values can guess a key.
        arms: every arm instance; another version of an arm makes other results.
        seconds: how long a result is kept; 0 keeps and finds nothing.
    """

    def __init__(
        self,
        *,
        values: Values,
        fingerprints: Fingerprints,
        arms: Callable[[], Sequence[ArmInstance]],
        seconds: int,
    ) -> None:
        self._values = values
        self._fingerprints = fingerprints
        self._arms = arms
        self._seconds = seconds

    async def key(self, spec: TaskSpec) -> str:
        """What the result of such a task is kept under, for its owner and with the arms as they are now.

        Empty while nothing is kept.
        """
        if not self._seconds:
            return ""
        owner = current_principal()
        shapes = {name: value for name, value in asdict(spec).items() if name not in _SHAPES_NOTHING}
        arms = {
            (arm.description.arm_id, arm.description.version, held.name)
            for arm in self._arms()
            for held in arm.description.capabilities
        }
        whole = [owner.tenant, owner.subject, shapes, sorted(arms)]
        return f"task-result:{await self._fingerprints.of_json(whole)}"

    async def find(self, key: str) -> TaskResult | None:
        """The result under a key, if one is kept."""
        if not key:
            return None
        try:
            text = await self._values.value(key)
            return RESULT.validate_json(text) if text else None
        except (OctoError, ValidationError) as error:
            _LOG.warning("the result cache cannot be read", extra={"reason": type(error).__name__})
            return None

    async def keep(self, key: str, spec: TaskSpec, result: TaskResult) -> None:
        """Keep a result that was found good, unless the arms changed since the task began."""
        if not key or not result.validation_passed or key != await self.key(spec):
            return
        try:
            await self._values.keep_value(key, dump(RESULT, result), seconds=self._seconds)
        except OctoError as error:
            _LOG.warning("a result could not be kept", extra={"reason": error.reason})
