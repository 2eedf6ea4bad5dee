"""The innermost layer: parses what the route declares, calls its handler, sends the answer."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from gateway.context import Context
from gateway.edge.body_limits import read_body
from gateway.edge.state import RequestState, state_of
from gateway.errors import MethodNotAllowedError
from gateway.routing.asgi import Receive, Scope, Send
from gateway.routing.call import Call
from gateway.routing.parse import check_path, parse_body, parse_query
from gateway.routing.route import AnyRoute, PathParameter
from gateway.routing.strict_json import parse_json
from servicekit.errors import NotFoundError


class Endpoint:
    """The app inside all layers."""

    def __init__(self, *, context: Context, parameters: Mapping[str, PathParameter]) -> None:
        self._context = context
        self._parameters = parameters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = state_of(scope)
        route = state.match.route
        if route is None:
            raise _no_route(state, method=scope["method"])
        if state.match.path:
            check_path(state.match.path, self._parameters)
        call: Call[Any, Any] = Call(
            context=self._context,
            path=state.match.path,
            query=_query(scope["query_string"], route),
            body=parse_body(parse_json(await read_body(receive)), route.body) if route.body else None,
            scope=scope,
        )
        answer = await route.handler(call)
        await answer.send(send)


def _query(text: bytes, route: AnyRoute) -> Any:
    return parse_query(text, route.query) if text else _defaults(route.query)


@lru_cache(maxsize=256)
def _defaults(model: type[BaseModel]) -> BaseModel:
    """The query without parameters; frozen, so one serves for all."""
    return model()


def _no_route(state: RequestState, *, method: str) -> NotFoundError | MethodNotAllowedError:
    if not state.match.allowed:
        return NotFoundError("there is no such route; /docs lists them", reason="NO_SUCH_ROUTE")
    allowed = ", ".join(state.match.allowed)
    return MethodNotAllowedError(
        f"this route does not take {method[:20]}",
        constraint=f"must be one of {allowed}",
        metadata={"allow": allowed},
    )
