"""How a supervisor starts the model server."""

import sys
from dataclasses import dataclass
from pathlib import Path

from arms.model.catalog import find_model
from arms.model.runtime.sizing import SPIN_COUNT


@dataclass(frozen=True, kw_only=True)
class ModelServerCommand:
    """What to run, and what to add to the environment."""

    argv: list[str]
    env: dict[str, str]


def model_server_command(
    *, model: str, state_file: Path, host: str = "127.0.0.1", port: int = 0, cache_folder: Path | None = None
) -> ModelServerCommand:
    """Return the command of the local model's server.

    The process fetches the model when it is not in the cache, loads it, serves until SIGTERM (exit status 0)
    and dies with its parent. While something is wrong it stays, says so in the state file, and tries again
    where that can help, so there is no need to restart it in a hurry.

    Args:
        model: name of a local model.
        state_file: where it tells how far it is; the arms read it there (OCTOLLM_MODEL_STATE_FILE).
        host: the address to bind.
        port: the port to bind; 0 takes a free one, which the state file and one line of output tell.
        cache_folder: where model files are; the user's cache folder when None.

    Raises:
        NotFoundError: there is no local model of that name.
    """
    argv = [sys.executable, "-P", "-m", "arms.model.runtime", "--model", find_model(model).name]
    argv += ["--state-file", str(state_file), "--host", host, "--port", str(port)]
    name, value = SPIN_COUNT
    env: dict[str, str] = {name: value}
    if cache_folder:
        env["OCTOLLM_MODEL_CACHE"] = str(cache_folder)
    return ModelServerCommand(argv=argv, env=env)
