"""Pages and roles say what the descriptors say: every RPC of a service, every permission of the product."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest
from google.protobuf.descriptor import ServiceDescriptor

from services.__main__ import names as every_service
from services.org.rules.roles import BUILT_IN, BuiltIn
from shared.endpoints import PUBLIC, SIGNED_IN, endpoints, http_route
from shared.server import descriptor_of
from tools.sources import ROOT

HEADINGS = ["## Owns", "## RPCs", "## Events", "## Invariants", "## When it breaks"]
# Asked for beside the permission of an RPC: to see personal data, and to schedule against the rules.
WITHOUT_RPC = {"pii.read", "lesson.override"}


def descriptors(service: str) -> Iterator[ServiceDescriptor]:
    """Yield the proto services of a service in the order in which its server lists them."""
    for add, _ in importlib.import_module(f"services.{service}.server").SERVICERS:
        yield descriptor_of(add)


def table(service: str) -> list[str]:
    """Return the rows that a service's page must have, one per RPC."""
    rows = ["| RPC | Route | Permission |", "|---|---|---|"]
    for descriptor in descriptors(service):
        known = {endpoint.name: endpoint for endpoint in endpoints(descriptor).values()}
        for method in descriptor.methods:
            verb, path = http_route(method.GetOptions())
            rows.append(f"| {method.name} | {verb} {path} | {known[method.name].permission} |")
    return rows


def permissions() -> set[str]:
    """Return every permission that some RPC asks for."""
    every = (endpoints(each).values() for service in every_service() for each in descriptors(service))
    return {endpoint.permission for some in every for endpoint in some} - {PUBLIC, SIGNED_IN}


@pytest.mark.parametrize("service", every_service())
def test_the_page_of_a_service_lists_its_rpcs(service: str) -> None:
    lines = (ROOT / "services" / service / "README.md").read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")] == HEADINGS
    assert [line for line in lines if line.startswith("|")] == table(service)


def test_a_permission_is_a_noun_and_the_verb_of_what_is_done() -> None:
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", permission) for permission in permissions())
    assert not [permission for permission in permissions() if permission.endswith((".write", ".manage", ".edit"))]


def test_a_query_asks_for_reading_and_a_command_for_more() -> None:
    for service in every_service():
        for descriptor in descriptors(service):
            for endpoint in endpoints(descriptor).values():
                if endpoint.permission not in {PUBLIC, SIGNED_IN}:
                    assert endpoint.permission.endswith(".read") == endpoint.is_query, endpoint.action


@pytest.mark.parametrize("role", BUILT_IN, ids=lambda role: role.code)
def test_every_right_of_a_role_opens_something(role: BuiltIn) -> None:
    known = permissions() | WITHOUT_RPC
    assert [pattern for pattern in role.permissions if not any(fnmatchcase(each, pattern) for each in known)] == []
