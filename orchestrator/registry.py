"""The register of arms as a service: who can do what, and who is alive."""

from orchestrator.model.arm import ArmDescription, ArmStatus
from orchestrator.register import Arm, Register, by_kind
from orchestrator.store_arms import ArmStore
from servicekit.errors import NotFoundError


class Registry:
    """Registers arms and tells of them.

    Args:
        store: the register in the database.
        register: this orchestrator's copy, which learns of changes made here at once.
        interval: seconds between the heartbeats that arms are told to send.
    """

    def __init__(self, *, store: ArmStore, register: Register, interval: float) -> None:
        self._store = store
        self._register = register
        self._interval = interval

    async def register(
        self, *, instance_id: str, arm: ArmDescription, status: ArmStatus, detail: str
    ) -> float:
        """Make an instance known; returns the seconds between its heartbeats."""
        await self._store.register(instance_id=instance_id, arm=arm, status=status, detail=detail)
        self._register.invalidate()
        return self._interval

    async def heartbeat(self, *, instance_id: str, status: ArmStatus, detail: str, running: int) -> bool:
        """Note a sign of life; False when the instance must register again."""
        return await self._store.heartbeat(
            instance_id=instance_id, status=status, detail=detail, running=running
        )

    async def deregister(self, *, instance_id: str) -> None:
        """Take an instance out."""
        await self._store.deregister(instance_id=instance_id)
        self._register.invalidate()

    async def arms(self) -> list[Arm]:
        """Every arm, by arm_id."""
        return list(by_kind(await self._store.instances()).values())

    async def arm(self, arm_id: str) -> Arm:
        """One arm.

        Raises:
            NotFoundError: none of that kind is registered.
        """
        found = by_kind(await self._store.instances()).get(arm_id)
        if found is None:
            raise NotFoundError(f"there is no arm {arm_id}", reason="ARM_NOT_FOUND")
        return found
