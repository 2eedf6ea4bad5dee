"""Tells the kind of a goal, or a third party's capability, by the nearest example.

An example of a capability that no rule knows is its own description.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from arms.embedding import Embedder
from arms.planner.examples import EXAMPLES
from arms.planner.naming import KNOWN
from arms.planner.plan import Offer
from arms.planner.shapes import Kind
from arms.vectors import Vector

LEAST = 0.25
"""Cosine similarity below which the nearest example says nothing."""

MARGIN = 0.03
"""By how much the nearest example must be nearer than the nearest of any other kind."""


@dataclass(kw_only=True)
class Nearest:
    """Finds the nearest example.

    Attributes:
        embedder: turns texts into vectors.
    """

    embedder: Embedder
    _labels: list[Kind] = field(default_factory=list[Kind], init=False)
    _vectors: list[Vector] = field(default_factory=list[Vector], init=False)

    async def kind_of(self, goal: str, *, offers: Sequence[Offer]) -> Kind | str | None:
        """The kind of a goal, or the name of a third party's capability; None when nothing is near enough.

        Raises:
            UnavailableError: the embedder cannot be loaded.
        """
        strange = [offer for offer in offers if offer.name not in KNOWN]
        texts = [f"{offer.name.replace('_', ' ')}: {offer.description}" for offer in strange]
        await self._learn()
        goal_vector, *told = await self.embedder.embed([goal, *texts])
        labels: list[Kind | str] = [*self._labels, *(offer.name for offer in strange)]
        similar = np.stack([*self._vectors, *told]) @ goal_vector
        best: dict[Kind | str, float] = {}
        for label, value in zip(labels, similar.tolist(), strict=True):
            best[label] = max(value, best.get(label, -1.0))
        first, second = sorted(best, key=lambda label: -best[label])[:2]
        is_clear = best[first] >= LEAST and best[first] - best[second] >= MARGIN
        return first if is_clear else None

    async def _learn(self) -> None:
        if self._vectors:
            return
        pairs = [(kind, text) for kind, texts in EXAMPLES.items() for text in texts]
        vectors = await self.embedder.embed([text for _, text in pairs])
        self._labels, self._vectors = [kind for kind, _ in pairs], vectors
