"""Pages and roles say what the product does: every RPC, permission, subscription, setting and metric."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from itertools import takewhile

import pytest
from google.protobuf.descriptor import ServiceDescriptor

from services.__main__ import names as every_service
from shared.endpoints import PUBLIC, SIGNED_IN, endpoints, http_route
from shared.inbox import Consumer
from shared.server import descriptor_of
from tools.sources import ROOT

HEADINGS = ["## Owns", "## RPCs", "## Events", "## Invariants", "## When it breaks"]


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
            stream = known[method.name].acknowledgement is not None
            route = "gRPC stream" if stream else " ".join(http_route(method.GetOptions()))
            rows.append(f"| {method.name} | {route} | {known[method.name].permission} |")
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


def cells(page: str, first: str) -> list[list[str]]:
    """Return the rows of the table of a page whose first heading is `first`."""
    lines = (ROOT / page).read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |"))
    rows = takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_operations_page_lists_every_setting_with_its_default() -> None:
    sources = "".join((ROOT / path).read_text("utf-8") for path in ("shared/settings.py", "gateway/config.py"))
    read = dict(re.findall(r'(?:text|path)\("([A-Z_]+)"(?:, "([^"]*)")?', sources))
    told = {name: default for name, default, _ in cells("docs/operations.md", "Variable") if "`" not in name}
    assert set(told) == set(read)
    assert {name: told[name] for name, default in read.items() if default} == {n: d for n, d in read.items() if d}


def test_the_operations_page_lists_every_metric() -> None:
    paths = [path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py")]
    paths += (ROOT / "gateway").glob("*.py")
    kinds = r'(?:Histogram|Counter|Gauge)\(\s*"(lianxiao_[a-z_]+)"'
    made = {name for path in paths for name in re.findall(kinds, path.read_text("utf-8"))}
    assert {row[0] for row in cells("docs/operations.md", "Metric")} == made


def test_the_architecture_page_lists_every_subscription() -> None:
    told = {(source, event): heard.split(", ") for source, event, heard in cells("ARCHITECTURE.md", "From")}
    found: dict[tuple[str, str], list[str]] = {}
    for service in every_service():
        for consumer in importlib.import_module(f"services.{service}.consumers").CONSUMERS:
            if isinstance(consumer, Consumer):
                event = consumer.event.DESCRIPTOR
                found.setdefault((event.full_name.split(".")[1], event.name), []).append(service)
    assert told == found
