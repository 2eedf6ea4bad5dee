"""The file in which the model server tells how far it is, where it listens and with which key."""

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pydantic import TypeAdapter


class RuntimePhase(Enum):
    """What the model server is doing."""

    FETCHING = "fetching"
    """The model file is not here yet and is being fetched."""
    LOADING = "loading"
    """The file is being loaded into memory."""
    READY = "ready"
    """The server answers."""
    FAILED = "failed"
    """It does not work; `detail` says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class RuntimeState:
    """How the model server stands.

    Attributes:
        pid: its process.
        model: the model's name in the catalogue.
        title: the model's name in provenance.
        phase: what it is doing.
        detail: one sentence for people, empty when ready.
        done_bytes: bytes fetched so far.
        total_bytes: bytes to fetch.
        base_url: where it answers when ready, such as ``http://127.0.0.1:41234``.
        api_key: the bearer key that it asks for; the file is readable by its owner only.
        slots: how many requests it works on at once.
        slot_context: tokens that one request may hold, prompt and answer together.
    """

    pid: int
    model: str
    title: str
    phase: RuntimePhase
    detail: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    base_url: str = ""
    api_key: str = ""
    slots: int = 0
    slot_context: int = 0


_STATE = TypeAdapter(RuntimeState)


def write_state(path: Path, state: RuntimeState) -> None:
    """Replace the file at once, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_STATE.dump_json(state))
    fresh.replace(path)


def read_state(path: Path) -> RuntimeState | None:
    """Return what the file says, or None when there is none that can be read."""
    try:
        return _STATE.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
