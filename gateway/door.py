"""One port's FastAPI app."""

from collections.abc import Mapping
from typing import Any, NoReturn

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from gateway.context import GATEWAY
from gateway.edge.error_envelope import ErrorEnvelopeLayer
from gateway.edge.state import state_of
from gateway.errors import MethodNotAllowedError
from gateway.openapi.contract import contract
from gateway.routes.table import routes_of
from gateway.routing.rules import refused
from servicekit.errors import InternalError, NotFoundError
from servicekit.version import octollm_version

_ABOUT: Mapping[str, str] = {
    GATEWAY: "Submit a goal with a budget, follow how it is worked on, read the checked result.",
    "reflex": "Check texts for personal data, secrets and injections; keep values in the cache.",
}


class DoorApp(FastAPI):
    """An app whose contract is OpenAPI 3.0.3."""

    def openapi(self) -> dict[str, Any]:
        """The contract, made when it is first asked for."""
        if self.openapi_schema is None:
            self.openapi_schema = contract(super().openapi(), routes=routes_of(self.state.door))
        return self.openapi_schema


def door_app(door: str) -> FastAPI:
    """The app that serves a port; its handlers expect a `Context` at ``app.state.context``."""
    app = DoorApp(
        title=f"OctoLLM {door}",
        version=octollm_version(),
        description=_ABOUT.get(door, f"What the {door} arm offers."),
        license_info={"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        servers=[{"url": "/", "description": "The port that serves this document."}],
        # Ours are among the routes: down-converted, and without a foreign host.
        openapi_url=None,
        redirect_slashes=False,
        # The edge has a span of its own around all layers; FastAPI's would be a second one inside of it.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        exception_handlers={HTTPException: _no_route, RequestValidationError: _broken_rule},
        # Stands once more inside of Starlette's own layer, which would answer defects before the edge can.
        middleware=[Middleware(ErrorEnvelopeLayer)],
    )
    app.state.door = door
    # What include_router adds, our routers carry already; it would look every request up twice.
    app.router.routes.extend(routes_of(door))
    return app


async def _broken_rule(request: Request, error: Any) -> NoReturn:
    del request
    raise refused(error.errors()) from None


async def _no_route(request: Request, error: Any) -> NoReturn:
    """What FastAPI itself refuses: a path or a method that no route takes."""
    match = state_of(request.scope).match
    if match.route is not None:
        raise InternalError(f"FastAPI answered {error.status_code} to a known route") from error
    if not match.allowed:
        raise NotFoundError("there is no such route; /docs lists them", reason="NO_SUCH_ROUTE") from None
    allowed = ", ".join(match.allowed)
    raise MethodNotAllowedError(
        f"this route does not take {request.method[:20]}",
        constraint=f"must be one of {allowed}",
        metadata={"allow": allowed},
    ) from None
