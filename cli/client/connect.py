"""The connections that the client commands' options mean."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cli.client.rest import Api
from cli.client.where import gateway_url
from cli.settings import default_data_dir
from servicekit.errors import ValidationFailedError
from servicekit.principal import ANONYMOUS
from servicekit.secret_files import secret_from

if TYPE_CHECKING:
    from cli.local.clients import LocalOrchestrator


class IdentityDoor(Protocol):
    """Keys and the audit log, over REST or on the machine itself."""

    def create_key(
        self, *, subject: str, roles: list[str], label: str, expires_in_days: int | None
    ) -> dict[str, Any]:
        """Make a key."""
        ...

    def keys(self, *, page: int, page_size: int) -> dict[str, Any]:
        """One page of keys."""
        ...

    def revoke_key(self, key_id: str) -> dict[str, Any]:
        """End a key."""
        ...

    def audit(self, *, page: int, page_size: int, outcome: str | None) -> dict[str, Any]:
        """One page of the log."""
        ...


def connect(*, url: str | None, data_dir: str | None, token: str | None = None) -> Api:
    """A connection to the gateway that the options mean."""
    shown = token or secret_from(os.environ, "OCTOLLM_TOKEN")
    return Api(base_url=gateway_url(named=url, data_dir=_place(data_dir)), token=shown)


@contextmanager
def identity_door(
    *, local: bool, tenant: str | None, token: str | None, url: str | None, data_dir: str | None
) -> Iterator[IdentityDoor]:
    """The door to keys and the audit log that the options mean.

    Raises:
        ValidationFailedError: a tenant is named over REST, where it is the caller's own.
    """
    if local:
        yield local_orchestrator(tenant=tenant, data_dir=data_dir)
        return
    if tenant is not None:
        raise ValidationFailedError("--tenant goes with --local: a token has its tenant.", field="--tenant")
    with connect(url=url, data_dir=data_dir, token=token) as api:
        yield api


def local_orchestrator(*, tenant: str | None = None, data_dir: str | None) -> "LocalOrchestrator":
    """The orchestrator of the platform that runs from the data directory, called with the key in it.

    Raises:
        ValidationFailedError: there is no such directory, or its key is not ours to read.
    """
    # Slow to import, and not needed by those who call over REST.
    from cli.local.clients import LocalOrchestrator
    from cli.local.place import check_data_dir, local_tokens, orchestrator_target
    from servicekit.settings import ServiceSettings

    place = _place(data_dir)
    check_data_dir(place)
    return LocalOrchestrator(
        target=orchestrator_target(place),
        tokens=local_tokens(place, environ=os.environ),
        tenant=tenant or ANONYMOUS.tenant,
        tls=ServiceSettings().mutual_tls(),
    )


def _place(data_dir: str | None) -> Path:
    return Path(data_dir) if data_dir else default_data_dir(environ=os.environ)
