"""Where deliveries may go: hosts on a list, at public addresses or in networks of the operator's."""

import ssl
from collections.abc import Sequence
from pathlib import Path

from servicekit.egress.addresses import public_or_in
from servicekit.egress.fetch import Fetcher
from servicekit.egress.policy import EgressPolicy
from servicekit.errors import PermissionDeniedError, ValidationFailedError

_FIELD = "callback_url"
_SETTING = "OCTOLLM_WEBHOOK_HOSTS"


def way_out(
    *, hosts: Sequence[str], networks: Sequence[str], ca_file: Path | None, seconds: float
) -> Fetcher:
    """The guard that every delivery passes; it follows no redirect.

    Args:
        hosts: patterns of hosts; none by default, so that nothing leaves that nobody allowed.
        networks: addresses that may be connected to beside public ones; none by default.
        ca_file: certificates of authorities that are trusted beside the usual ones.
        seconds: that may pass without a byte.

    Raises:
        ValidationFailedError: a network is none, or the file holds no certificate.
    """
    policy = EgressPolicy(
        hosts=tuple(hosts), address_allowed=public_or_in(networks), setting=_SETTING, field=_FIELD
    )
    return Fetcher(policy=policy, tls=_trusted(ca_file), timeout=seconds, redirects=0)


def check_callback(url: str, *, policy: EgressPolicy) -> None:
    """Refuse an address that would never be called.

    Raises:
        ValidationFailedError: it is no https URL of a host that is allowed.
    """
    try:
        policy.check(url)
    except PermissionDeniedError as error:
        raise ValidationFailedError(
            error.message,
            field=_FIELD,
            constraint=f"must be on a host that {_SETTING} lists",
            reason=error.reason,
        ) from None


def _trusted(ca_file: Path | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ValidationFailedError(
            f"OCTOLLM_WEBHOOK_CA_FILE: {ca_file} cannot be read as certificates: {error}",
            field="OCTOLLM_WEBHOOK_CA_FILE",
        ) from None
    return context
