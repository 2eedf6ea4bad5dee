"""Keeps one arm instance in the orchestrator's register, for as long as it lives, whatever comes and goes."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from arms.arm import Arm
from servicekit.context import set_service
from servicekit.errors import OctoError, UnavailableError
from servicekit.status_board import Health, StatusBoard

_LOG = logging.getLogger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 3.0
_FAREWELL_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A sign of life: how the arm is, why it is not better, and how many calls it works on."""

    health: Health
    detail: str = ""
    running: int = 0


class Register(Protocol):
    """Where arms are known."""

    async def register(self, *, arm: Arm, instance_id: str, endpoint: str, sign: Sign) -> float:
        """Make an instance known; returns the seconds between its heartbeats."""
        ...

    async def heartbeat(self, *, instance_id: str, sign: Sign) -> bool:
        """Say that it is alive; False when it must register again."""
        ...

    async def deregister(self, *, instance_id: str) -> None:
        """Take it out."""
        ...


@dataclass(kw_only=True)
class Registration:
    """One instance's place in the register.

    Attributes:
        arm: what it is.
        instance_id: which running one.
        endpoint: where it listens.
        register: where it is made known.
        board: how it is; a change is told at once.
        running: how many calls it works on.
    """

    arm: Arm
    instance_id: str
    endpoint: str
    register: Register
    board: StatusBoard
    running: Callable[[], int]
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _leaving: bool = field(default=False, init=False)
    _told: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.board.on_change(self._changed.set)

    async def keep(self) -> None:
        """Register and stay registered until cancelled, or until `leave`."""
        set_service(self.arm.arm_id)
        pause = _FIRST_PAUSE
        while not self._leaving:
            try:
                interval = await self._registered()
                _LOG.info("registered", extra={"arm": self.arm.arm_id, "instance": self.instance_id})
                pause, self._told = _FIRST_PAUSE, ""
                await self._beat(interval)
            except OctoError as error:
                self._tell(error, pause=pause)
                await asyncio.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311  # spreads arms in time
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _tell(self, error: OctoError, *, pause: float) -> None:
        """Log why it is not registered: a refusal at once, a silent orchestrator when it stays so."""
        may_come = isinstance(error, UnavailableError) and pause < _LONGEST_PAUSE
        level = logging.DEBUG if may_come or error.message == self._told else logging.WARNING
        _LOG.log(level, "not registered: %s", error.message, extra={"arm": self.arm.arm_id})
        if level == logging.WARNING:
            self._told = error.message

    async def leave(self) -> None:
        """Take the instance out; an orchestrator that is away finds out by silence."""
        self._leaving = True
        with contextlib.suppress(OctoError, TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self.register.deregister(instance_id=self.instance_id)

    async def _registered(self) -> float:
        self._changed.clear()
        return await self.register.register(
            arm=self.arm, instance_id=self.instance_id, endpoint=self.endpoint, sign=self._sign()
        )

    async def _beat(self, interval: float) -> None:
        """Give signs of life until the register no longer knows the instance."""
        known = True
        while known and not self._leaving:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await self._changed.wait()
            self._changed.clear()
            known = await self.register.heartbeat(instance_id=self.instance_id, sign=self._sign())

    def _sign(self) -> Sign:
        if self.board.draining:
            return Sign(health=Health.UNAVAILABLE, detail="it is being stopped", running=self.running())
        troubles = (
            f"{dependency.name}: {dependency.detail}"
            for dependency in self.board.dependencies
            if dependency.health is not Health.HEALTHY
        )
        return Sign(health=self.board.health, detail="; ".join(troubles), running=self.running())
