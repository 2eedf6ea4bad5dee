"""`octollm serve arm`: one arm of one's own, in this process, registered with a running platform."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from arms.host import HostedArm
from arms.mcp_tools.command import read_command, require_mcp
from arms.own.app import build_own
from arms.own.loading import load_arm
from arms.own.settings import OwnArmSettings
from cli.platform_place import PlatformPlace, find_platform
from cli.serve import Builder, read_settings, serve
from cli.settings import ServeSettings
from servicekit.errors import ValidationFailedError
from servicekit.status_board import StatusBoard


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which arm.

    Attributes:
        module: its class, MODULE:CLASS; None for an MCP server.
        mcp: the command that starts the MCP server; None for a class.
        mcp_env: variables that the MCP server may see.
        arm_id: what the MCP server's arm is called; None takes what the server calls itself.
        port: where it listens; 0 takes a free port.
    """

    module: str | None = None
    mcp: str | None = None
    mcp_env: tuple[str, ...] = ()
    arm_id: str | None = None
    port: int = 0


def serve_arm(
    wanted: Wanted, *, orchestrator: str | None, settings: ServeSettings, environ: MutableMapping[str, str]
) -> None:
    """Run one arm until SIGTERM or Ctrl-C.

    Args:
        wanted: which.
        orchestrator: where it registers; None looks into the data directory.
        settings: from flags and variables.
        environ: our environment.

    Raises:
        ValidationFailedError: there is no such arm, or it breaks a rule.
        UnavailableError: there is no platform to register with, or the port is taken.
    """
    if bool(wanted.module) == bool(wanted.mcp):
        raise ValidationFailedError(
            "Say which arm: octollm serve arm --module MODULE:CLASS, or --mcp COMMAND.", field="module"
        )
    name, builder = _mcp(wanted, environ=environ) if wanted.mcp else _own(wanted)
    place = find_platform(named=orchestrator, data_dir=settings.data_dir)
    environ.update(_told(place, settings=settings, environ=environ))
    serve([name], builders={name: builder}, environ=environ)


def _own(wanted: Wanted) -> tuple[str, Builder]:
    arm = load_arm(wanted.module or "", directory=Path.cwd())
    hosted = HostedArm(arm=arm, board=StatusBoard(service=arm.arm_id))
    return arm.arm_id, lambda: build_own(hosted, settings=_settings_for(arm.arm_id, port=wanted.port))


def _mcp(wanted: Wanted, *, environ: Mapping[str, str]) -> tuple[str, Builder]:
    require_mcp()
    from arms.mcp_tools.app import build_mcp

    command = read_command(wanted.mcp or "", passed=wanted.mcp_env, environ=environ)
    return wanted.arm_id or "mcp", lambda: build_mcp(
        command, arm_id=wanted.arm_id, settings_for=lambda arm_id: _settings_for(arm_id, port=wanted.port)
    )


def _settings_for(arm_id: str, *, port: int) -> OwnArmSettings:
    return read_settings(lambda: OwnArmSettings(grpc_ports={arm_id: port}, socket_dir=None))


def _told(place: PlatformPlace, *, settings: ServeSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """What the arm is told the way all services are: through the environment; what is there already wins."""
    told = {
        "OCTOLLM_DATA_DIR": str(settings.data_dir),
        "OCTOLLM_HOST": settings.host,
        "OCTOLLM_MODEL": settings.model,
        "OCTOLLM_AUTH": settings.auth,
        "OCTOLLM_EXPOSE_WITHOUT_AUTH": str(settings.expose_without_auth).lower(),
        "OCTOLLM_ORCHESTRATOR": place.orchestrator,
    }
    if place.model_state_file and "OCTOLLM_MODEL_STATE_FILE" not in environ:
        told["OCTOLLM_MODEL_STATE_FILE"] = str(place.model_state_file)
    if place.internal_key and not {"OCTOLLM_INTERNAL_KEY", "OCTOLLM_INTERNAL_KEY_FILE"} & environ.keys():
        told |= {"OCTOLLM_AUTH": "required", "OCTOLLM_INTERNAL_KEY_FILE": str(place.internal_key)}
    return told
