"""The model server's life: check the machine, fetch, load, serve; always telling where it stands."""

import logging
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from arms.model.cache import ModelCache
from arms.model.catalog import ModelFile
from arms.model.fetch import FetchProgress, Phase, fetch
from arms.model.runtime.llama import LlamaServer, start_llama
from arms.model.runtime.requirements import missing_requirement, this_machine
from arms.model.runtime.sizing import Sizing, size_for_this_machine
from arms.model.runtime.state import RuntimePhase, RuntimeState, write_state
from servicekit.errors import OctoError

_LOG = logging.getLogger(__name__)
_RETRY_SECONDS = 60.0
_TELL_SECONDS = 1.0


@dataclass(kw_only=True)
class ModelServer:
    """One model, from the first look at the machine to the end of the process.

    Attributes:
        model: which model.
        cache: where its file is.
        state_file: where everybody looks.
        host: the address to bind.
        port: the port to bind, 0 for a free one.
        wait: waits so many seconds before a failed fetch or load is tried again.
    """

    model: ModelFile
    cache: ModelCache
    state_file: Path
    host: str
    port: int
    wait: Callable[[float], None] = time.sleep
    _told: RuntimeState | None = None
    _told_at: float = field(default=0.0, init=False)

    def run(self) -> LlamaServer | None:
        """Return the serving server, or None when this machine can never serve it."""
        missing = missing_requirement(this_machine())
        if missing:
            self._tell(RuntimePhase.FAILED, detail=missing)
            return None
        while True:
            try:
                return self._load(self._fetch())
            except OctoError as error:
                self._tell(RuntimePhase.FAILED, detail=f"{error.message} (tried again every minute)")
            self.wait(_RETRY_SECONDS)

    def _fetch(self) -> Path:
        return fetch(model=self.model, cache=self.cache, progress=self._show)

    def _load(self, path: Path) -> LlamaServer:
        sizing = size_for_this_machine()
        self._tell(RuntimePhase.LOADING, detail=f"loading {self.model.title}")
        api_key = secrets.token_urlsafe(24)
        server = start_llama(
            path=path,
            alias=self.model.title,
            host=self.host,
            port=self.port,
            api_key=api_key,
            sizing=sizing,
        )
        self._tell_ready(server=server, api_key=api_key, sizing=sizing)
        return server

    def _tell_ready(self, *, server: LlamaServer, api_key: str, sizing: Sizing) -> None:
        state = self._state(RuntimePhase.READY)
        self._write(
            replace(
                state,
                base_url=server.base_url,
                api_key=api_key,
                slots=sizing.slots,
                slot_context=sizing.slot_context,
            )
        )
        _LOG.info("ready", extra={"model": self.model.name, "base_url": server.base_url})

    def _show(self, progress: FetchProgress) -> None:
        if progress.phase is Phase.SOURCE_FAILED:
            _LOG.warning("source failed", extra={"source": progress.source, "reason": progress.note})
            return
        if progress.phase is Phase.READY:
            return
        self._tell(
            RuntimePhase.FETCHING,
            detail=f"{progress.phase.value} {self.model.title} from {progress.source}",
            done=progress.done_bytes,
        )

    def _tell(self, phase: RuntimePhase, *, detail: str, done: int = 0) -> None:
        last = self._told
        same = last is not None and (last.phase, last.detail) == (phase, detail)
        if same and time.monotonic() < self._told_at + _TELL_SECONDS:
            return
        self._write(replace(self._state(phase), detail=detail, done_bytes=done))
        if not same:
            level = logging.WARNING if phase is RuntimePhase.FAILED else logging.INFO
            _LOG.log(level, detail, extra={"phase": phase.value})

    def _state(self, phase: RuntimePhase) -> RuntimeState:
        return RuntimeState(
            pid=os.getpid(),
            model=self.model.name,
            title=self.model.title,
            phase=phase,
            total_bytes=self.model.size_bytes,
        )

    def _write(self, state: RuntimeState) -> None:
        write_state(self.state_file, state)
        self._told, self._told_at = state, time.monotonic()
