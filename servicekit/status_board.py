"""How well a service works: its own parts and its dependencies, told from one place."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum


class Health(IntEnum):
    """How well something works; a higher value is worse."""

    HEALTHY = 1
    """Works fully."""
    DEGRADED = 2
    """Works, with less than all it offers."""
    UNAVAILABLE = 3
    """Does not work."""


@dataclass(frozen=True, kw_only=True)
class DependencyStatus:
    """How well one dependency works.

    Attributes:
        name: such as ``postgresql``.
        health: how well it works.
        detail: for people: what is wrong and what to do; empty when healthy.
        required: whether the service can do nothing useful without it.
    """

    name: str
    health: Health
    detail: str
    required: bool


class StatusBoard:
    """Where a service's parts write how they are, and where health answers are read from."""

    def __init__(self, *, service: str) -> None:
        self.service = service
        self.started_at = datetime.now(UTC)
        self.draining = False
        self._dependencies: dict[str, DependencyStatus] = {}
        self._listeners: list[Callable[[], None]] = []

    def set(self, name: str, health: Health, *, detail: str = "", required: bool = False) -> None:
        """Tell how dependency `name` is; listeners hear of it when it changed."""
        status = DependencyStatus(name=name, health=health, detail=detail, required=required)
        if self._dependencies.get(name) != status:
            self._dependencies[name] = status
            self._tell()

    def start_draining(self) -> None:
        """From now on the service takes no new work."""
        self.draining = True
        self._tell()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    @property
    def dependencies(self) -> tuple[DependencyStatus, ...]:
        """Every dependency told so far, by name."""
        return tuple(self._dependencies[name] for name in sorted(self._dependencies))

    @property
    def health(self) -> Health:
        """Unavailable while something required is; degraded while anything is less than healthy."""
        worst = Health.HEALTHY
        for dependency in self._dependencies.values():
            weight = dependency.health if dependency.required else min(dependency.health, Health.DEGRADED)
            worst = max(worst, weight)
        return worst

    @property
    def serving(self) -> bool:
        """Whether new work is welcome: what grpc.health calls SERVING."""
        return not self.draining and self.health is not Health.UNAVAILABLE

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
