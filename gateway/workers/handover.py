"""What a worker is given by the process that starts it: one JSON line on its standard input."""

import json
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pydantic import SecretStr

from gateway.settings import GatewaySettings


@dataclass(frozen=True, kw_only=True)
class Handover:
    """What a worker needs.

    Attributes:
        settings: as the gateway read them, secrets included.
        sockets: by door, the number of the inherited descriptor that is bound and listens.
        metrics: the directory in which all workers keep their metrics.
    """

    settings: GatewaySettings
    sockets: Mapping[str, int]
    metrics: Path

    def line(self) -> bytes:
        """One line of JSON."""
        told = {
            "settings": self.settings.model_dump(),
            "sockets": dict(self.sockets),
            "metrics": str(self.metrics),
        }
        return json.dumps(told, default=_plain).encode() + b"\n"

    def open(self, stack: ExitStack) -> dict[str, socket.socket]:
        """The sockets, by door; closed with the stack."""
        opened = {
            door: stack.enter_context(socket.socket(fileno=number)) for door, number in self.sockets.items()
        }
        for sock in opened.values():
            sock.setblocking(False)
        return opened


def received(source: IO[bytes]) -> Handover:
    """Read the line."""
    told = json.loads(source.readline())
    return Handover(
        settings=GatewaySettings(**told["settings"]), sockets=told["sockets"], metrics=Path(told["metrics"])
    )


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
