"""`octollm serve arm`: one arm of one's own, in this process, registered with a running platform."""

from collections.abc import Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from arms.arm import Arm
from arms.host import HostedArm
from arms.own.app import build_own
from arms.own.loading import load_arm
from arms.own.settings import OwnArmSettings
from cli.platform_place import PlatformPlace, find_platform
from cli.serve import read_settings, serve
from cli.settings import ServeSettings
from servicekit.errors import ValidationFailedError
from servicekit.running import Running
from servicekit.status_board import StatusBoard


def serve_arm(
    module: str | None,
    *,
    orchestrator: str | None,
    port: int,
    settings: ServeSettings,
    environ: MutableMapping[str, str],
) -> None:
    """Run one arm until SIGTERM or Ctrl-C.

    Args:
        module: its class, MODULE:CLASS.
        orchestrator: where it registers; None looks into the data directory.
        port: where it listens; 0 takes a free port.
        settings: from flags and variables.
        environ: our environment.

    Raises:
        ValidationFailedError: there is no such arm, or it breaks a rule.
        UnavailableError: there is no platform to register with, or the port is taken.
    """
    if module is None:
        raise ValidationFailedError("Say which arm: octollm serve arm --module MODULE:CLASS.", field="module")
    arm = load_arm(module, directory=Path.cwd())
    place = find_platform(named=orchestrator, data_dir=settings.data_dir)
    environ.update(_told(place, settings=settings, environ=environ))
    serve([arm.arm_id], builders={arm.arm_id: lambda: _build(arm, port=port)}, environ=environ)


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


def _build(arm: Arm, *, port: int) -> AbstractAsyncContextManager[Running]:
    settings = read_settings(lambda: OwnArmSettings(grpc_ports={arm.arm_id: port}, socket_dir=None))
    return build_own(HostedArm(arm=arm, board=StatusBoard(service=arm.arm_id)), settings=settings)
