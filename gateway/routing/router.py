"""Finds the route for a path and a method, without touching the request further."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from gateway.routing.route import AnyRoute


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """What a request is for.

    Attributes:
        route: the route; None when there is none for this method, or none at all.
        path: values of the variable segments, percent-decoded.
        allowed: the methods that this path takes; empty when no route has this path.
    """

    route: AnyRoute | None
    path: Mapping[str, str] = field(default_factory=dict[str, str])
    allowed: Sequence[str] = ()


@dataclass(kw_only=True, slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    variable: "tuple[str, _Node] | None" = None
    methods: dict[str, AnyRoute] = field(default_factory=dict)


class Router:
    """The routes of one port as a tree of path segments; a fixed segment wins over a variable one."""

    def __init__(self, routes: Sequence[AnyRoute]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in routes:
            self._add(route)

    def match(self, method: str, raw_path: bytes) -> Match:
        """Find the route.

        Args:
            method: as sent.
            raw_path: the path as sent, still percent-encoded, so that an encoded slash stays in its segment.
        """
        found = self._find(raw_path)
        if found is None:
            return Match(route=None)
        node, path = found
        route = node.methods.get(method)
        if route is not None:
            return Match(route=route, path=path)
        return Match(route=None, path=path, allowed=sorted(node.methods))

    def _find(self, raw_path: bytes) -> tuple[_Node, dict[str, str]] | None:
        node, path = self._root, dict[str, str]()
        for segment in _segments(raw_path):
            child = node.children.get(segment)
            if child is not None:
                node = child
            elif segment and node.variable is not None:
                name, node = node.variable
                path[name] = segment
            else:
                return None
        return (node, path) if node.methods else None

    def _add(self, route: AnyRoute) -> None:
        node = self._root
        for segment in route.path.split("/")[1:]:
            if segment.startswith("{"):
                name = segment[1:-1]
                if node.variable is None:
                    node.variable = (name, _Node())
                node = node.variable[1]
            else:
                node = node.children.setdefault(segment, _Node())
        node.methods[route.method] = route
        if route.method == "GET" and not route.streams:  # a stream without its body would never end
            node.methods.setdefault("HEAD", route)


def _segments(raw_path: bytes) -> list[str]:
    """The decoded segments; what is not UTF-8 becomes a character that no pattern allows."""
    text = raw_path.decode("latin-1")
    if "%" not in text:
        return text.split("/")[1:]
    return [unquote_to_bytes(segment).decode("utf-8", "replace") for segment in text.split("/")[1:]]
