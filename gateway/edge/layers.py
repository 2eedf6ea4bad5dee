"""The layers of the edge, in their order, with why each stands where it stands."""

from collections.abc import Mapping

from gateway.context import Context
from gateway.edge.body_limits import BodyLimitsLayer
from gateway.edge.endpoint import Endpoint
from gateway.edge.error_envelope import ErrorEnvelopeLayer
from gateway.edge.observe import ObserveLayer
from gateway.edge.request_id import RequestIdLayer
from gateway.edge.resolve import ResolveLayer
from gateway.routing.asgi import App
from gateway.routing.route import PathParameter
from gateway.routing.router import Router


def edge(
    *,
    context: Context,
    parameters: Mapping[str, PathParameter],
    routers: Mapping[int, Router],
) -> App:
    """The whole ASGI app.

    Args:
        context: what the handlers share.
        parameters: the path parameters of all routes.
        routers: by port, the routes that it serves.
    """
    # From the innermost to the outermost; a request meets the last one first.
    app: App = Endpoint(context=context, parameters=parameters)
    # Refuses by the head before anything reads the body.
    app = BodyLimitsLayer(app)
    # Before all that depends on the route: limits of bodies, scopes, labels.
    app = ResolveLayer(app, routers=routers)
    # Outside of all that may refuse or fail.
    app = ErrorEnvelopeLayer(app)
    # Sees the status that goes out, errors included.
    app = ObserveLayer(app, metrics=context.metrics)
    # Outermost, and never fails: log lines, envelopes and every response carry the id.
    return RequestIdLayer(app, service="gateway")
