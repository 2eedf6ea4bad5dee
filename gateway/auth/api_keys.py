"""Verifies API keys by asking the orchestrator's IdentityService."""

import re
from typing import TYPE_CHECKING

from octollm.orchestrator.v1 import identity_pb2

from gateway.auth.refusal import refusal
from servicekit.errors import DeadlineError, UnauthenticatedError, UnavailableError, ValidationFailedError
from servicekit.principal import Principal
from servicekit.roles import known_roles

if TYPE_CHECKING:  # exists in the stubs' types only
    from octollm.orchestrator.v1.identity_pb2_grpc import IdentityServiceAsyncStub

PREFIX = "octo_"
_FORM = re.compile(r"octo_([A-Za-z0-9]{1,64})_[A-Za-z0-9]{20,128}", re.ASCII)
_SECONDS = 3.0


def key_id_of(presented: str) -> str:
    """The public part of what has the form of a key; empty for anything else."""
    form = _FORM.fullmatch(presented)
    return form.group(1) if form else ""


class KeyVerifier:
    """Tells whom API keys stand for.

    Args:
        identity: the service that knows.
    """

    def __init__(self, *, identity: "IdentityServiceAsyncStub") -> None:
        self._identity = identity

    async def verify(self, presented: str) -> Principal:
        """Whom a key stands for.

        Raises:
            UnauthenticatedError: for nobody; the reason says why.
            UnavailableError: that cannot be told now.
        """
        if not key_id_of(presented):
            raise refusal("API_KEY_MALFORMED")
        request = identity_pb2.VerifyApiKeyRequest(secret=presented)
        try:
            found = (await self._identity.VerifyApiKey(request, timeout=_SECONDS)).api_key
        except (UnauthenticatedError, ValidationFailedError) as error:
            raise refusal(error.reason) from None
        except DeadlineError:
            raise UnavailableError("the orchestrator did not tell in time whose this API key is") from None
        return Principal(tenant=found.tenant, subject=found.subject, roles=known_roles(found.roles))
