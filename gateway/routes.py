"""From an HTTP method and a path to an RPC: a tree of segments, built from the google.api.http templates.

A literal segment wins over a variable one; `:verb` belongs to the template, never to the value before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from gateway.catalogue import Method

_VERBS = ("get", "post", "put", "patch", "delete")
_VARIABLE = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_.]*)(?:=([^}]+))?}")
_REST = "**"
_ONE = "*"


@dataclass(frozen=True, slots=True)
class Variable:
    """A field of the request that the path fills: segments [start, end), to the end of the path when end is None."""

    field_path: str
    start: int
    end: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One binding of an RPC to HTTP; compared by identity."""

    verb: str
    template: str
    method: Method
    body: str
    response_body: str
    variables: tuple[Variable, ...]
    segments: tuple[str, ...]
    custom: str


_Leaf = dict[str, dict[str, Route]]  # custom verb -> HTTP method -> route


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    one: _Node | None = None
    rest: _Leaf = field(default_factory=dict)
    here: _Leaf = field(default_factory=dict)


def routes_of(methods: Iterable[Method]) -> Iterator[Route]:
    """Yield every binding of every method."""
    for method in methods:
        for rule in method.rules:
            for verb in _VERBS:
                template = getattr(rule, verb)
                if template:
                    yield make_route(verb.upper(), template, method, rule.body, rule.response_body)


def make_route(verb: str, template: str, method: Method, body: str = "", response_body: str = "") -> Route:
    """Parse a template such as `/v1/{name=notes/*}/parts/{part_id}:move`."""
    path, _, custom = template.rpartition(":") if ":" in template.rsplit("}", 1)[-1] else (template, "", "")
    segments: list[str] = []
    variables: list[Variable] = []
    # A pattern inside braces holds slashes of its own, so the template is cut at the braces first.
    for part in re.split(r"/(?![^{]*})", path.strip("/")):
        match = _VARIABLE.fullmatch(part)
        inner = (match[2] or _ONE).split("/") if match else [part]
        if match:
            end = None if inner[-1] == _REST else len(segments) + len(inner)
            variables.append(Variable(match[1], len(segments), end))
        segments += inner
    return Route(verb, template, method, body, response_body, tuple(variables), tuple(segments), custom)


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        leaf = node.here
        for segment in route.segments:
            if segment == _REST:
                leaf = node.rest
                break
            if segment == _ONE:
                node.one = node.one or _Node()
                node = node.one
            else:
                node = node.literals.setdefault(segment, _Node())
            leaf = node.here
        known = leaf.setdefault(route.custom, {}).setdefault(route.verb, route)
        if known is not route:
            raise SystemExit(
                f"{route.verb} {route.template} leads to both {known.method.endpoint.path} and another RPC"
            )

    def find(self, verb: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route and the values of its variables, or None when the path has none for this verb."""
        segments, routes = self._fitting(raw_path)
        route = routes.get(verb)
        return (route, _values(route, segments)) if route else None

    def verbs(self, raw_path: str) -> list[str]:
        """Return the HTTP methods that the path has, for `Allow`."""
        return sorted(self._fitting(raw_path)[1])

    def _fitting(self, raw_path: str) -> tuple[list[str], dict[str, Route]]:
        """Return the segments and the routes of the most exact template, whatever its verb: a path is one thing."""
        segments = raw_path.removeprefix("/").split("/")
        last, colon, custom = segments[-1].rpartition(":")
        if colon:
            short = [*segments[:-1], last]
            found = _search(self._root, short, 0, custom)
            if found:
                return short, found
        return segments, _search(self._root, segments, 0, "") or {}


def _search(node: _Node, segments: list[str], index: int, custom: str) -> dict[str, Route] | None:
    if index == len(segments):
        return node.here.get(custom)
    segment = segments[index]
    below = node.literals.get(segment)
    found = _search(below, segments, index + 1, custom) if below else None
    if found is None and node.one is not None and segment:
        found = _search(node.one, segments, index + 1, custom)
    return found or node.rest.get(custom)


def _values(route: Route, segments: list[str]) -> dict[str, str]:
    values = {}
    for variable in route.variables:
        parts = segments[variable.start : variable.end]
        values[variable.field_path] = "/".join(unquote(part, errors="strict") for part in parts)
    return values
