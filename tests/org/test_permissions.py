"""Who may give what."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.org.rules.permissions import covers, may_give
from services.org.rules.roles import ADMIN, BUILT_IN
from shared.caller import Caller, Grant

A, B = UUID(int=1), UUID(int=2)
_ROLES = {role.code: role for role in BUILT_IN}
_NAMES = st.sampled_from(["lead", "pii", "order", "audit"])
_PATTERNS = st.one_of(
    st.just("*"), st.builds("{}.{}".format, _NAMES | st.just("*"), st.sampled_from(["read", "write", "*"]))
)


@pytest.mark.parametrize(
    ("granted", "wanted", "answer"),
    [
        ("*", "lead.read", True),
        ("*", "*", True),
        ("lead.*", "lead.assign", True),
        ("lead.*", "lead.*", True),
        ("*.read", "lead.read", True),
        ("*.read", "lead.*", False),
        ("lead.*", "*", False),
        ("lead.read", "lead.*", False),
        ("lead.read", "leads.read", False),
    ],
)
def test_one_pattern_covers_another(granted: str, wanted: str, answer: bool) -> None:  # noqa: FBT001 - a table
    assert covers(granted, wanted) is answer


@given(_PATTERNS, _PATTERNS, _NAMES, st.sampled_from(["read", "write"]))
def test_a_covered_pattern_matches_nothing_that_its_cover_does_not(have: str, want: str, noun: str, verb: str) -> None:
    permission = f"{noun}.{verb}"
    if covers(have, want) and Grant((want,)).covers(permission):
        assert Grant((have,)).covers(permission)


def test_rights_of_several_campuses_add_up() -> None:
    held = [Grant(("lead.*",), frozenset({A})), Grant(("lead.read",), frozenset({B}))]
    assert may_give(held, Grant(("lead.read",), frozenset({A, B})))
    assert not may_give(held, Grant(("lead.update",), frozenset({A, B})))


def test_a_campus_does_not_give_the_chain() -> None:
    assert not may_give([Grant(("*",), frozenset({A}))], Grant(("lead.read",)))


def test_own_rights_give_own_rights_only() -> None:
    held = [Grant(("lead.*",), frozenset({A}), own=True)]
    assert may_give(held, Grant(("lead.read",), frozenset({A}), own=True))
    assert not may_give(held, Grant(("lead.read",), frozenset({A})))


def test_nobody_gives_what_they_do_not_hold() -> None:
    assert not may_give([], Grant(("lead.read",), frozenset({A})))


@pytest.mark.parametrize("code", ["course_advisor", "class_tutor", "academic_admin", "teacher"])
def test_a_principal_may_give_the_roles_of_a_campus(code: str) -> None:
    held = [Grant(_ROLES["principal"].permissions, frozenset({A}))]
    role = _ROLES[code]
    assert may_give(held, Grant(role.permissions, frozenset({A}), role.scope == "own"))
    assert not may_give(held, Grant(role.permissions, frozenset({B}), role.scope == "own"))


def test_a_principal_makes_no_administrator() -> None:
    held = [Grant(_ROLES["principal"].permissions, frozenset({A}))]
    assert not may_give(held, Grant(_ROLES[ADMIN].permissions, frozenset({A})))


@pytest.mark.parametrize("noun", ["price", "quote", "contract", "order", "payment", "lot", "split", "ledger", "refund"])
def test_a_teacher_never_sees_money(noun: str) -> None:
    caller = Caller(A, B, "staff", (Grant(_ROLES["teacher"].permissions),))
    assert not caller.allows(f"{noun}.read")


def test_an_auditor_reads_everything_but_personal_data_and_writes_nothing() -> None:
    caller = Caller(A, B, "staff", (Grant(_ROLES["auditor"].permissions),))
    assert caller.allows("ledger.read")
    assert not caller.allows("pii.read")
    assert all(pattern.endswith(".read") for pattern in _ROLES["auditor"].permissions)
