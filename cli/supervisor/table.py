"""What the console shows of a running platform: a short table of what runs where."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

KINDS = ("rest", "grpc", "url")


def show(console: Console, *, endpoints: Mapping[str, Mapping[str, Any]], logs: Path, seconds: float) -> None:
    """Print the table, how long the start took, and how to stop.

    Args:
        console: where to.
        endpoints: as in ``endpoints.json``.
        logs: the directory of the log files.
        seconds: what the start took.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "pid", "address"):
        table.add_column(column)
    for name, entry in endpoints.items():
        addresses = [str(entry[kind]) for kind in KINDS if kind in entry]
        table.add_row(name, str(entry.get("pid", "")), "  ".join(addresses))
    console.print(table)
    console.print(f"ready after {seconds:.1f} s; logs in {logs}; Ctrl-C stops everything", highlight=False)
