"""Puts together what authentication needs, as the settings say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.auth.api_keys import KeyVerifier
from gateway.auth.audit import AuditTrail
from gateway.auth.authenticator import Authenticator
from gateway.auth.jwt import TokenVerifier
from gateway.auth.key_location import key_source
from gateway.clients import Clients
from gateway.edge.layers import Access
from gateway.settings import GatewaySettings
from servicekit.errors import ValidationFailedError
from servicekit.metrics import Metrics


@asynccontextmanager
async def opened_access(
    settings: GatewaySettings, *, clients: Clients, metrics: Metrics
) -> AsyncIterator[Access | None]:
    """What tells who may call, for the length of the block; None while authentication is off.

    Raises:
        ValidationFailedError: the settings of tokens do not fit together.
    """
    if settings.auth == "none":
        yield None
        return
    async with AsyncExitStack() as stack:
        tokens = _token_verifier(settings, stack=stack)
        audit = AuditTrail(identity=clients.identity, metrics=metrics)
        await stack.enter_async_context(audit.running())
        keys = KeyVerifier(identity=clients.identity)
        yield Access(authenticator=Authenticator(keys=keys, tokens=tokens), audit=audit)


def _token_verifier(settings: GatewaySettings, *, stack: AsyncExitStack) -> TokenVerifier | None:
    _check(settings)
    if not settings.jwt_issuer:
        return None
    source = key_source(settings.jwt_jwks) if settings.jwt_jwks else None
    if source is not None:
        stack.push_async_callback(source.close)
    secret = settings.jwt_secret.get_secret_value().encode() if settings.jwt_secret else None
    return TokenVerifier(issuer=settings.jwt_issuer, keys=source, secret=secret)


def _check(settings: GatewaySettings) -> None:
    verifies = bool(settings.jwt_jwks or settings.jwt_secret)
    if verifies != bool(settings.jwt_issuer):
        raise ValidationFailedError(
            "OCTOLLM_JWT_ISSUER and one of OCTOLLM_JWT_JWKS and OCTOLLM_JWT_SECRET go together: tokens are "
            "taken from one issuer and verified with its keys.",
            field="OCTOLLM_JWT_ISSUER",
        )
    if settings.jwt_secret and settings.replicas > 1:
        raise ValidationFailedError(
            "OCTOLLM_JWT_SECRET is for a single gateway: with several, every one could make tokens for all. "
            "Use OCTOLLM_JWT_JWKS.",
            field="OCTOLLM_JWT_SECRET",
        )
