"""Turns texts into vectors, off the event loop, with weights that came with the package."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from arms.vectors import Vector
from servicekit.errors import UnavailableError, ValidationFailedError

BATCH = 16
"""Texts at once: the library pads them all to the longest one, and a text of rare characters is long."""

TURN = 64
"""Texts of one caller before the next one's turn comes: a query does not wait for a whole book."""


@dataclass(frozen=True, kw_only=True)
class EmbedderName:
    """What vectors of one index have in common; stored with the index.

    Attributes:
        name: the model, such as ``wordllama-l2-supercat``.
        dimension: numbers in a vector.
    """

    name: str
    dimension: int

    def __str__(self) -> str:
        return f"{self.name} with {self.dimension} dimensions"


class Embedder(Protocol):
    """Something that turns texts into vectors of length 1."""

    @property
    def identity(self) -> EmbedderName:
        """Whose vectors they are."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text; raises UnavailableError when the model cannot be loaded."""
        ...


Model: TypeAlias = Callable[[list[str]], list[Vector]]
"""A loaded model; slow enough to keep off the event loop."""


class ThreadedEmbedder:
    """Runs a model in one thread, which loads it first.

    Args:
        identity: whose vectors they are.
        load: loads the model; called once, in the thread.
    """

    def __init__(self, *, identity: EmbedderName, load: Callable[[], Model]) -> None:
        self.identity = identity
        self.trouble = ""
        """Why the model could not be loaded the last time; empty when it was, or was not needed yet."""
        self._load = load
        self._model: Model | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedder")

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text.

        Raises:
            UnavailableError: the model cannot be loaded.
        """
        loop = asyncio.get_running_loop()
        vectors: list[Vector] = []
        for first in range(0, len(texts), TURN):
            turn = list(texts[first : first + TURN])
            vectors += await loop.run_in_executor(self._thread, self._embed, turn)
        return vectors

    async def warm_up(self) -> None:
        """Load the model, before the first caller needs it.

        Raises:
            UnavailableError: it cannot be loaded.
        """
        await self.embed(["ready"])

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _embed(self, texts: list[str]) -> list[Vector]:
        if self._model is None:
            try:
                self._model = self._load()
            except Exception as error:
                self.trouble = f"The embedder {self.identity.name} cannot be loaded: search by keyword works."
                raise UnavailableError(self.trouble, reason="EMBEDDER_UNAVAILABLE") from error
            self.trouble = ""
        return self._model(texts)


WORDLLAMA = EmbedderName(name="wordllama-l2-supercat", dimension=256)


def load_wordllama() -> Model:
    """Load wordllama's weights from its own package; nothing is fetched."""
    import wordllama

    package = Path(wordllama.__file__).parent
    model: Any = wordllama.WordLlama.load(cache_dir=package, dim=WORDLLAMA.dimension, disable_download=True)

    def embed(texts: list[str]) -> list[Vector]:
        # The library divides 0 by 0 for an empty text.
        return list(model.embed([text or " " for text in texts], norm=True, batch_size=BATCH))

    return embed


EMBEDDERS = {"wordllama": (WORDLLAMA, load_wordllama)}
"""Every embedder by the name that settings use."""


@asynccontextmanager
async def open_embedder(name: str) -> AsyncIterator[ThreadedEmbedder]:
    """Have an embedder for the length of the block.

    Args:
        name: one of ``EMBEDDERS``.

    Yields:
        The embedder; its model is loaded by its first use.

    Raises:
        ValidationFailedError: there is none of that name.
    """
    if name not in EMBEDDERS:
        raise ValidationFailedError(
            f"there is no embedder {name}",
            field="embedder",
            constraint=f"must be one of {', '.join(sorted(EMBEDDERS))}",
        )
    identity, load = EMBEDDERS[name]
    embedder = ThreadedEmbedder(identity=identity, load=load)
    try:
        yield embedder
    finally:
        embedder.close()
