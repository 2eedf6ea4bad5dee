"""Where the orchestrator of this machine listens, and the key by which it knows us."""

import os
from collections.abc import Mapping
from pathlib import Path

from cli.supervisor.endpoints import read_endpoints
from cli.supervisor.internal_key import NAME as KEY_FILE
from servicekit.errors import ValidationFailedError
from servicekit.internal_tokens import InternalTokens
from servicekit.secret_files import secret_from
from servicekit.settings import ServiceSettings

CALLER = "cli"


def orchestrator_target(data_dir: Path) -> str:
    """The gRPC target: of the platform that runs on this directory, else as the services' variables say."""
    entry = read_endpoints(data_dir / "endpoints.json").get("orchestrator", {})
    return str(entry.get("socket") or entry.get("grpc") or ServiceSettings().target("orchestrator"))


def local_tokens(data_dir: Path, *, environ: Mapping[str, str]) -> InternalTokens | None:
    """What makes our tokens; None where there is no key, as while authentication is off.

    Raises:
        ValidationFailedError: the key is not ours to read.
    """
    given = secret_from(environ, "OCTOLLM_INTERNAL_KEY")
    path = data_dir / KEY_FILE
    if given is None and os.path.lexists(path):
        given = secret_from({"OCTOLLM_INTERNAL_KEY_FILE": str(path)}, "OCTOLLM_INTERNAL_KEY")
    return InternalTokens(key=given.encode(), caller=CALLER) if given else None


def check_data_dir(data_dir: Path) -> None:
    """Refuse a directory that is none: a wrong one would look like authentication that is off.

    Raises:
        ValidationFailedError: it is none.
    """
    if not data_dir.is_dir():
        raise ValidationFailedError(
            f"There is no data directory {data_dir}: name the running platform's with --data-dir.",
            field="--data-dir",
        )
