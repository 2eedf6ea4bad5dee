"""Which processes a run consists of, and how each is started."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cli.settings import ServeSettings
from cli.supervisor.child import Command
from cli.supervisor.environment import common_environment
from cli.supervisor.layout import Layout
from cli.supervisor.logfiles import rotate


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process that runs services.

    Args:
        name: its name, and that of its log.
        argv: what to run.
        drain: seconds its services may take to finish what they are doing.
        opens_database: whether it is told where PostgreSQL is.
    """

    name: str
    argv: Sequence[str]
    drain: float
    opens_database: bool


@dataclass(frozen=True, kw_only=True)
class ModelServer:
    """The local model's own server process.

    Args:
        argv: what to run.
        env: its environment.
        told: variables that tell the arms how to reach it, its key among them.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    told: Mapping[str, str]


def serving(*services: str) -> list[str]:
    """Return the command that runs services in one process."""
    return [sys.executable, "-P", "-m", "cli.serve", *services]  # -P: never import from the current directory


PROCESSES = (
    # They are stopped from the last to the first: the gateway takes nothing new, the orchestrator finishes
    # or releases its steps, and only then the arms go.
    Process(name="arms", argv=serving("arms"), drain=1.0, opens_database=True),
    Process(name="orchestrator", argv=serving("orchestrator", "reflex"), drain=4.0, opens_database=True),
    Process(name="gateway", argv=serving("gateway"), drain=1.5, opens_database=False),
)
"""All processes of ours; with the model's and PostgreSQL's patience their drains add up to less than 15 s."""

KILL_AFTER = 1.0
"""Seconds a process may take to end after its drain."""

MODEL_PATIENCE = 0.5
"""Seconds the model's server, which keeps nothing, may take to end."""


def make_commands(
    processes: Sequence[Process],
    *,
    model_server: ModelServer | None,
    database_url: str,
    settings: ServeSettings,
    layout: Layout,
    environ: Mapping[str, str],
) -> list[Command]:
    """Return how every process is started, in the order of their start: the model's first.

    Args:
        processes: those that run services.
        model_server: the local model's, when there is one.
        database_url: where PostgreSQL is.
        settings: what the supervisor was told.
        layout: where things are.
        environ: our environment.
    """
    common = common_environment(settings, layout=layout, environ=environ)
    commands: list[Command] = []
    if model_server:
        common |= model_server.told
        commands.append(
            Command(
                name="model",
                argv=model_server.argv,
                env=model_server.env,
                log=rotate(layout.logs / "model.log"),
                announces=False,
                patience=MODEL_PATIENCE,
            )
        )
    for process in processes:
        database = {"OCTOLLM_DATABASE_URL": database_url} if process.opens_database else {}
        commands.append(
            Command(
                name=process.name,
                argv=process.argv,
                env={**common, **database, "OCTOLLM_DRAIN_SECONDS": str(process.drain)},
                log=rotate(layout.logs / f"{process.name}.log"),
                patience=process.drain + KILL_AFTER,
            )
        )
    return commands
