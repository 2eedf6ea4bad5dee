"""The local model's server, when a local model is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arms.model.names import local_of
from arms.model.runtime.command import model_server_command
from cli.settings import ServeSettings
from cli.supervisor.environment import for_services
from cli.supervisor.layout import Layout

STATE_FILE = "model.json"
"""The name of the file in which the server tells how far it is, beside the services' sockets."""


@dataclass(frozen=True, kw_only=True)
class ModelServer:
    """A process that answers for a language model; its readiness is not waited for.

    Args:
        argv: what to run.
        env: its environment.
        told: variables that tell the arms how to find it.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    told: Mapping[str, str]


def local_model_server(
    settings: ServeSettings, layout: Layout, environ: Mapping[str, str]
) -> ModelServer | None:
    """Return how to run the local model's server; None when the model is somebody else's to run.

    Args:
        settings: which model.
        layout: where things are; the server's state goes beside the sockets, which nobody else can read.
        environ: our environment.
    """
    name = local_of(settings.model, has_server=bool(environ.get("OCTOLLM_MODEL_BASE_URL")))
    if name is None:
        return None
    state_file = layout.sockets / STATE_FILE
    command = model_server_command(model=name, state_file=state_file)
    return ModelServer(
        argv=command.argv,
        env={**for_services(environ, process="model", calls_models=False), **command.env},
        told={"OCTOLLM_MODEL_STATE_FILE": str(state_file)},
    )
