"""Whose certificates the client commands believe."""

import os
import ssl
from collections.abc import Mapping

from servicekit.errors import ValidationFailedError

VARIABLE = "OCTOLLM_TLS_CA_FILE"
"""Names an authority to believe beside the system's."""


def trusted(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """What connections are made with.

    Raises:
        ValidationFailedError: the file holds no authority.
    """
    context = ssl.create_default_context()
    if path := environ.get(VARIABLE):
        try:
            context.load_verify_locations(path)
        except OSError as error:  # ssl's own is one too
            raise ValidationFailedError(
                f"{VARIABLE}: {path} cannot be read as certificates: {error}", field=VARIABLE
            ) from error
    return context


def is_distrusted(error: BaseException) -> bool:
    """Whether a connection failed because the other side's certificate is not believed."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)
