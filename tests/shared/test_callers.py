"""How far a permission reaches, ids, settings, and the totality of the error tables."""

from __future__ import annotations

import inspect
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import errors, status
from shared.caller import Caller, Grant, Scope
from shared.errors import DomainError
from shared.ids import uuid7
from shared.settings import from_environment

A, B, C = (UUID(int=n) for n in (1, 2, 3))
ME = UUID(int=9)


def caller(*grants: Grant) -> Caller:
    """Return a caller with grants."""
    return Caller(UUID(int=7), ME, "staff", grants)


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ((), None),
        ((Grant(("student.read",)),), None),
        ((Grant(("*",)),), Scope(None)),
        ((Grant(("lead.*",), frozenset({A})),), Scope(frozenset({A}))),
        ((Grant(("lead.read",), frozenset({A})), Grant(("lead.*",), frozenset({B}))), Scope(frozenset({A, B}))),
        ((Grant(("lead.read",), frozenset({A}), own=True),), Scope(frozenset({A}), own=True)),
        ((Grant(("lead.read",), None, own=True), Grant(("lead.read",), frozenset({B}))), Scope(frozenset({B}))),
        ((Grant(("lead.read",), frozenset({A}), own=True), Grant(("*.read",), None)), Scope(None)),
    ],
)
def test_grants_add_up_and_a_wider_one_wins(grants: tuple[Grant, ...], expected: Scope | None) -> None:
    assert caller(*grants).scope("lead.read") == expected


def test_a_pattern_does_not_match_across_its_end() -> None:
    assert not caller(Grant(("lead.read",))).allows("lead.read_all")
    assert not caller(Grant(("lead",))).allows("lead.read")


@given(st.integers(0, 2**48 - 2))
def test_ids_are_version_seven_and_sort_by_time(moment: int) -> None:
    first, second = uuid7(moment), uuid7(moment + 1)
    assert (first.version, first.variant) == (7, second.variant)
    assert first < second


def test_ids_of_one_instant_differ() -> None:
    assert len({uuid7(1) for _ in range(10_000)}) == 10_000


def test_every_domain_error_has_a_status() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DomainError)]
    assert {kind.code for kind in kinds} == set(status.CODES)


def test_settings_have_no_secret_by_default() -> None:
    empty = from_environment({})
    assert (empty.app_password, empty.kek_file, empty.jwt_private_key_file, empty.amqp_url) == ("", None, None, "")
    with pytest.raises(SystemExit, match="LIANXIAO_DATABASE_URL"):
        empty.admin_url()


def test_each_service_has_its_own_database_and_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    given_url = {"LIANXIAO_DATABASE_URL": "postgresql://admin@/postgres?host=/tmp", "LIANXIAO_DATABASE_PASSWORD": "p"}
    url = from_environment(given_url).role_url("lead", "app")
    assert (url.username, url.database, url.password) == ("lead_app", "lianxiao_lead", "p")
    monkeypatch.setenv("LIANXIAO_LEAD_APP_URL", "postgresql://other@db/leads")
    assert from_environment(given_url).role_url("lead", "app").host == "db"
