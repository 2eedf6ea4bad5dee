"""Tells the boards of the arms how their model is, as long as the process lives."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from arms.arm import Arm, ModelNeed
from arms.model.layer import ModelLayer
from servicekit.status_board import StatusBoard


@dataclass(frozen=True, kw_only=True)
class ModelWatch:
    """Asks how the model is and writes it where arms that want one read it.

    Attributes:
        layer: the model.
    """

    layer: ModelLayer

    async def look(self, arms: Sequence[tuple[Arm, StatusBoard]]) -> None:
        """Ask once and tell all boards."""
        status = await self.layer.health()
        for arm, board in arms:
            if arm.model_need is not ModelNeed.NONE:
                board.set(
                    "model",
                    status.health,
                    detail=status.detail,
                    required=arm.model_need is ModelNeed.REQUIRED,
                )

    async def follow(self, arms: Sequence[tuple[Arm, StatusBoard]]) -> None:
        """Ask again and again, until cancelled."""
        while True:
            await asyncio.sleep(self.layer.look_seconds)
            await self.look(arms)
