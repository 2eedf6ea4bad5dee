"""Which processes a run consists of, and how each is started."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cli.settings import ServeSettings
from cli.supervisor.child import Command
from cli.supervisor.environment import for_services, where_things_are
from cli.supervisor.layout import Layout
from cli.supervisor.logfiles import rotate
from cli.supervisor.model import ModelServer


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process that runs services.

    Args:
        name: its name, and that of its log.
        argv: what to run.
        drain: seconds its services may take to finish what they are doing.
        opens_database: whether it is told where PostgreSQL is.
        calls_models: whether it sees the keys of model providers and where the local model is.
    """

    name: str
    argv: Sequence[str]
    drain: float
    opens_database: bool = False
    calls_models: bool = False


def serving(*services: str) -> list[str]:
    """Return the command that runs services in one process."""
    return [sys.executable, "-P", "-m", "cli.serve", *services]  # -P: never import from the current directory


PROCESSES = (
    # They are stopped from the last to the first: the gateway takes nothing new, the orchestrator finishes
    # or releases its steps, and only then the arms go.
    Process(name="arms", argv=serving("arms"), drain=1.0, opens_database=True, calls_models=True),
    Process(name="orchestrator", argv=serving("orchestrator", "reflex"), drain=4.0, opens_database=True),
    Process(name="gateway", argv=serving("gateway"), drain=1.5),
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
    commands = [_model_command(model_server, layout=layout)] if model_server else []
    for process in processes:
        told = where_things_are(settings, layout=layout)
        told["OCTOLLM_DRAIN_SECONDS"] = str(process.drain)
        if process.opens_database:
            told["OCTOLLM_DATABASE_URL"] = database_url
        if process.calls_models and model_server:
            told.update(model_server.told)
        commands.append(
            Command(
                name=process.name,
                argv=process.argv,
                env=for_services(environ, process=process.name, calls_models=process.calls_models) | told,
                log=rotate(layout.logs / f"{process.name}.log"),
                patience=process.drain + KILL_AFTER,
            )
        )
    return commands


def _model_command(server: ModelServer, *, layout: Layout) -> Command:
    return Command(
        name="model",
        argv=server.argv,
        env=server.env,
        log=rotate(layout.logs / "model.log"),
        announces=False,
        patience=MODEL_PATIENCE,
    )
