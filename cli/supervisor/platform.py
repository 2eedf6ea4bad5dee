"""What runs at the moment, and the file that says so."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.embedded.postgres import Postgres
from cli.supervisor.child import Child
from cli.supervisor.endpoints import process_entry, write_endpoints
from cli.supervisor.layout import Layout


@dataclass(kw_only=True)
class Platform:
    """The parts of one run.

    Args:
        host: the address TCP ports are bound to.
        layout: where things are.
        file: where to write what runs.
        children: the processes that run services, and the model server.
        postgres: the embedded server, when there is one.
    """

    host: str
    layout: Layout
    file: Path
    children: Sequence[Child] = ()
    postgres: Postgres | None = None

    def describe(self) -> dict[str, dict[str, Any]]:
        """Return, by name, the process and the addresses of everything that runs."""
        running: dict[str, dict[str, Any]] = {}
        for child in self.children:
            process = process_entry(child.pid)
            for name, addresses in (child.endpoints or {child.command.name: {}}).items():
                running[name] = {**process, **addresses}
        scheme = str(running.get("gateway", {}).get("rest", "http")).partition(":")[0]
        for name, port in self.layout.rest.items():
            running.setdefault(name, {}).setdefault("rest", f"{scheme}://{reachable(self.host)}:{port}")
        if self.postgres:
            # Without its start: after a crash the next PostgreSQL takes it over, it must not just be ended.
            running["postgres"] = {"pid": self.postgres.pid, "url": self.postgres.url}
        supervisor = process_entry(os.getpid())
        if self.layout.internal_key:  # where it is, for arms that join; what it is stays in the file
            supervisor["internal_key"] = str(self.layout.internal_key)
        return running | {"supervisor": supervisor}

    def write(self) -> None:
        """Write it to the file."""
        write_endpoints(self.file, self.describe())

    def kill_services(self) -> None:
        """End everything but PostgreSQL at once: what they were doing is in its rows."""
        for child in self.children:
            child.kill()


def reachable(host: str) -> str:
    """Return an address under which what is bound to ``host`` is reached from this machine."""
    loopback = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound
    address = loopback.get(host, host)
    return f"[{address}]" if ":" in address else address
