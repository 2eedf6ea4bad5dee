"""Where an embedded PostgreSQL lives: directories, programs and account, checked before a start."""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.embedded.configuration import write_configuration
from cli.embedded.unprivileged import can_reach, server_account
from cli.embedded.wheel import Programs, copy_programs, find_programs
from cli.processes import plain_environment
from cli.rundir import make_path, make_private, runtime_dir
from servicekit.errors import ValidationFailedError
from servicekit.tied import Account

SHARED = Path("/var/lib/octollm")
"""Where root keeps what the unprivileged account must be able to read."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a server needs that outlives it.

    Args:
        root: the directory that holds the cluster and its configuration; ours.
        sockets: the directory of its socket; the account's.
        log: the file its log is appended to.
        programs: the programs, readable by ``account``.
        account: who runs it; None means ourselves.
        environment: what the server sees of our environment.
    """

    root: Path
    sockets: Path
    log: Path
    programs: Programs
    account: Account | None
    environment: Mapping[str, str]

    @property
    def data(self) -> Path:
        """The cluster's data directory; the account's."""
        return self.root / "data"


def make_root(data_dir: Path) -> Path:
    """Make ``<data_dir>/postgres`` and what is missing above it; change nothing that is there.

    Raises:
        UnavailableError: there is no account to run a server as.
        ValidationFailedError: the account that would run it cannot get there.
    """
    account = server_account()
    root = make_path(data_dir / "postgres")
    if account and not can_reach(root, account=account):
        raise ValidationFailedError(
            f"{data_dir} cannot be entered by the user {account.name}, who runs PostgreSQL when octollm is "
            f"started by root: name another --data-dir (the default is {SHARED}), or open the way to it with "
            "chmod o+x on each directory above it.",
            field="data_dir",
            reason="UNREACHABLE_DIRECTORY",
        )
    return root


def make_place(
    root: Path, *, log: Path, environ: Mapping[str, str], overrides: Mapping[str, str], shared: Path
) -> Place:
    """Make everything a server needs but its cluster.

    Args:
        root: from ``make_root``; the caller holds its lock.
        log: the server's log file.
        environ: our environment.
        overrides: settings that replace ours.
        shared: where a readable copy of the programs goes if one is needed.

    Raises:
        UnavailableError: there are no programs, or a directory is somebody else's.
    """
    account = server_account()
    sockets = runtime_dir(root.parent, environ=environ) / "pg"
    make_private(sockets, mode=0o700, owner=account.uid if account else None)
    place = Place(
        root=root,
        sockets=sockets,
        log=log,
        programs=_readable_programs(account, shared=shared),
        account=account,
        environment=plain_environment(environ),
    )
    client = pwd.getpwuid(os.geteuid()).pw_name
    write_configuration(root, data=place.data, sockets=sockets, client=client, overrides=overrides)
    return place


def _readable_programs(account: Account | None, *, shared: Path) -> Programs:
    programs = find_programs()
    if account is None or can_reach(programs.path("postgres"), account=account):
        return programs
    return copy_programs(programs, to=shared / "programs")
