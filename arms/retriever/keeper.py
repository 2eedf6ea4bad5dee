"""Keeps a retriever open: tries again while the database is away, and tells the status board how it is."""

import asyncio
import logging

from arms.retriever.compose import Opened, open_retriever
from arms.retriever.retriever import Retriever
from arms.retriever.settings import RetrieverSettings
from servicekit.database import ping
from servicekit.errors import OctoError, UnavailableError
from servicekit.status_board import Health, StatusBoard

log = logging.getLogger(__name__)

DEPENDENCY = "documents"
"""What the status board calls the database with the documents."""

EMBEDDER = "embedder"
"""What it calls the model that makes vectors; without it only keywords are searched."""

LOOK_SECONDS = 5.0
"""Between two looks whether the database answers."""

AGAIN_SECONDS = 1.0
"""Before what could not be opened is tried again; doubled each time, up to ``LOOK_SECONDS``."""


class Keeper:
    """Opens the retriever in the background, so that the arm starts at once and heals by itself.

    Args:
        settings: where the database is, and the bounds.
        board: where it tells how it is.
    """

    def __init__(self, *, settings: RetrieverSettings, board: StatusBoard) -> None:
        self._settings = settings
        self._board = board
        self._opened: Opened | None = None
        self._detail = "the retriever is starting"
        self._tell(Health.UNAVAILABLE)

    @property
    def retriever(self) -> Retriever:
        """The retriever.

        Raises:
            UnavailableError: it could not be opened yet; the message says why.
        """
        if self._opened is None:
            raise UnavailableError(
                f"Documents are not available: {self._detail}",
                reason="DOCUMENTS_UNAVAILABLE",
                retry_after=5.0,
            )
        return self._opened.retriever

    async def run(self) -> None:
        """Keep it open until cancelled."""
        pause = AGAIN_SECONDS
        while True:
            try:
                async with open_retriever(self._settings) as opened:
                    self._opened, pause = opened, AGAIN_SECONDS
                    await self._watch(opened)
            except OctoError as error:
                self._note(error.message)
            except Exception:
                log.exception("the retriever could not be opened")
                self._note("a defect; the log of this service tells more")
            finally:
                self._opened = None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LOOK_SECONDS)

    async def _watch(self, opened: Opened) -> None:
        while True:
            try:
                await ping(opened.pool)
            except UnavailableError as error:  # the pool finds the database again by itself
                self._note(error.message)
            else:
                self._detail = ""
                self._tell(Health.HEALTHY)
            trouble = opened.embedder.trouble
            self._board.set(EMBEDDER, Health.DEGRADED if trouble else Health.HEALTHY, detail=trouble)
            await asyncio.sleep(LOOK_SECONDS)

    def _note(self, detail: str) -> None:
        if detail != self._detail:
            log.warning("documents are not available", extra={"why": detail})
        self._detail = detail
        self._tell(Health.UNAVAILABLE)

    def _tell(self, health: Health) -> None:
        self._board.set(DEPENDENCY, health, detail=self._detail, required=True)
