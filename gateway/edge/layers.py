"""The layers of the edge, in their order, with why each stands where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.auth.audit import AuditTrail
from gateway.auth.authenticator import Authenticator
from gateway.context import Context
from gateway.edge.authenticate import AuthenticateLayer
from gateway.edge.authorise import AuthoriseLayer
from gateway.edge.body_limits import BodyLimitsLayer
from gateway.edge.client_address import ClientAddresses
from gateway.edge.cors import CorsLayer
from gateway.edge.error_envelope import ErrorEnvelopeLayer
from gateway.edge.observe import ObserveLayer
from gateway.edge.ports import Ports
from gateway.edge.rate_limit import RateLimitLayer, RateLimits
from gateway.edge.request_id import RequestIdLayer
from gateway.edge.resolve import ResolveLayer
from gateway.edge.trace import TraceLayer
from gateway.limiter import Limiter
from gateway.routing.asgi import App
from gateway.routing.route import RouteTable


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What rate limits need.

    Attributes:
        limiter: counts.
        limits: what is allowed.
        addresses: tells clients apart.
    """

    limiter: Limiter
    limits: RateLimits
    addresses: ClientAddresses


@dataclass(frozen=True, kw_only=True)
class Access:
    """What authentication needs.

    Attributes:
        authenticator: tells who calls.
        audit: takes what is refused.
    """

    authenticator: Authenticator
    audit: AuditTrail


def edge(
    *,
    context: Context,
    apps: Mapping[int, App],
    tables: Mapping[int, RouteTable],
    rates: Rates,
    allowed_origins: frozenset[bytes],
    access: Access | None = None,
) -> App:
    """The whole ASGI app.

    Args:
        context: what the handlers share.
        apps: by port, the FastAPI app that serves it.
        tables: by port, what its routes declare.
        rates: who may ask how often.
        allowed_origins: whose pages may call the API.
        access: who may call; None while authentication is off.
    """
    # From the innermost to the outermost; a request meets the last one first.
    app: App = Ports(apps)
    # Refuses by the head before anything reads the body.
    app = BodyLimitsLayer(app)
    if access:
        # After the count: a failed authentication counts against its address before it is told.
        app = AuthoriseLayer(
            app, authenticator=access.authenticator, audit=access.audit, addresses=rates.addresses
        )
    # Before anything is done for the request, its body read included.
    app = RateLimitLayer(app, limiter=rates.limiter, limits=rates.limits, addresses=rates.addresses)
    if access:
        # Before the count, which is by subject where there is one.
        app = AuthenticateLayer(app, authenticator=access.authenticator)
    # Outside of all that refuses, so that pages can read why; a preflight costs nothing and is not counted.
    app = CorsLayer(app, allowed=allowed_origins)
    # Outside of all that may refuse or fail.
    app = ErrorEnvelopeLayer(app)
    # Sees the status that goes out, errors included.
    app = ObserveLayer(app, metrics=context.metrics)
    # Outside of the log, so that its lines carry the trace.
    app = TraceLayer(app)
    # Before all that depends on the route: names of spans, labels, limits of rates and bodies, scopes.
    app = ResolveLayer(app, tables=tables)
    # Outermost, and never fails: log lines, envelopes and every response carry the id.
    return RequestIdLayer(app, service="gateway")
