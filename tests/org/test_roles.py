"""Roles and assignments on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from lianxiao.org.v1 import org_events_pb2 as events
from services.org.actions import access, campuses, roles, staff
from services.org.models import Campus
from services.org.rules.institutions import id_of
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, NotAllowed, NotFound, Refused
from shared.events import decode
from shared.ids import uuid7
from tests.org import factories


@pytest.fixture
def code(database: Database) -> str:
    return factories.committed_institution(database)[0]


@pytest.fixture
def tx(database: Database, code: str) -> Iterator[Tx]:
    with database.begin(Caller.system(id_of(code)), keep=False) as transaction:
        yield transaction


def _published(database: Database, code: str, kind: str) -> list[str]:
    with database.begin(Caller.system(id_of(code)), read_only=True) as tx:
        rows = tx.execute(text("select body from outbox where type = :kind order by id"), {"kind": kind})
        return list(rows.scalars())


def test_a_role_without_a_scope_holds_as_the_role_says(tx: Tx) -> None:
    campus = factories.campus(tx)
    person, assignment = factories.holder(tx, "course_advisor", campus_id=campus.id)
    (grant,) = access.grants_of(tx, person.id)
    assert (assignment.scope, assignment.campus_ids) == ("own", [campus.id])
    assert (grant.campuses, grant.own) == (frozenset({campus.id}), True)


def test_a_role_is_held_once_in_one_place(tx: Tx) -> None:
    campus = factories.campus(tx)
    person, _ = factories.holder(tx, "teacher", campus_id=campus.id)
    with pytest.raises(AlreadyExists) as refusal:
        roles.assign(tx, person.id, role="teacher")
    assert refusal.value.reason == "ROLE_ASSIGNED_ALREADY"


def test_unknown_roles_people_campuses_and_regions_are_not_found(tx: Tx) -> None:
    person = factories.person(tx)
    for arguments in (
        {"role": "astronaut"},
        {"role": "teacher", "scope": "campus", "campus_ids": [uuid7()]},
        {"role": "teacher", "scope": "region", "region_ids": [uuid7()]},
    ):
        with pytest.raises(NotFound):
            roles.assign(tx, person.id, **arguments)
    with pytest.raises(NotFound):
        roles.assign(tx, uuid7(), role="teacher")


def test_a_region_reaches_the_campuses_of_today(tx: Tx) -> None:
    region = factories.region(tx)
    person = factories.person(tx)
    roles.assign(tx, person.id, role="principal", scope="region", region_ids=[region.id])
    assert access.grants_of(tx, person.id) == ()
    campus = factories.campus(tx, region_id=region.id)
    (grant,) = access.grants_of(tx, person.id)
    assert grant.campuses == frozenset({campus.id})
    details = campuses.Details(name=campus.name)
    campuses.update(tx, campus.id, fields={"region_id"}, details=details)
    assert access.grants_of(tx, person.id) == ()


def test_a_campus_that_moves_takes_back_the_tokens_of_the_region(database: Database, code: str) -> None:
    with database.begin(Caller.system(id_of(code))) as tx:
        region = factories.region(tx)
        person = factories.person(tx)
        roles.assign(tx, person.id, role="principal", scope="region", region_ids=[region.id])
        before = len(_published(database, code, "org.access_revoked.v1"))
        campus = factories.campus(tx, region_id=region.id)
    revoked = _published(database, code, "org.access_revoked.v1")
    changed = [
        decode(id_of(code), body, events.StaffChanged) for body in _published(database, code, "org.staff_changed.v1")
    ]
    assert len(revoked) == before + 2
    assert changed[-1].roles[0].campus_ids == [str(campus.id)]


def test_assigning_publishes_the_new_rights_and_calls_the_tokens_back(database: Database, code: str) -> None:
    with database.begin(Caller.system(id_of(code))) as tx:
        campus = factories.campus(tx)
        person, _ = factories.holder(tx, "teacher", campus_id=campus.id)
        email = "wang@example.com"
        staff.update(
            tx, person.id, fields={"email"}, details=staff.Details(display_name="", email=" Wang@Example.com ")
        )
        now = tx.now
    bodies = _published(database, code, "org.staff_changed.v1")
    last = decode(id_of(code), bodies[-1], events.StaffChanged)
    (revoked,) = [
        event
        for body in _published(database, code, "org.access_revoked.v1")
        if (event := decode(id_of(code), body, events.AccessRevoked)).subject_id == str(person.id)
    ]
    assert (last.email, last.active, last.roles[0].role) == (email, True, "teacher")
    assert last.roles[0].campus_ids == [str(campus.id)]
    assert email not in "".join(bodies)
    assert now < revoked.not_before_time.ToDatetime(tzinfo=now.tzinfo) < now + timedelta(seconds=30)


def _principal(database: Database, code: str, campus: Campus) -> Caller:
    with database.begin(Caller.system(id_of(code))) as tx:
        person, _ = factories.holder(tx, "principal", campus_id=campus.id)
        return Caller(id_of(code), person.id, "staff", access.grants_of(tx, person.id), uuid7())


@pytest.fixture
def campus(database: Database, code: str) -> Campus:
    with database.begin(Caller.system(id_of(code))) as tx:
        return factories.campus(tx)


def _scope(caller: Caller) -> Scope:
    scope = caller.scope("role.assign")
    assert scope is not None
    return scope


def test_a_principal_gives_roles_in_the_own_campus_only(database: Database, code: str, campus: Campus) -> None:
    caller = _principal(database, code, campus)
    with database.begin(Caller.system(id_of(code))) as tx:
        other = factories.campus(tx).id
        here, there = factories.person(tx, campus_id=campus.id).id, factories.person(tx, campus_id=other).id
    with database.begin(caller, scope=_scope(caller), keep=False) as tx:
        assert roles.assign(tx, here, role="teacher").scope == "own"
        with pytest.raises(NotFound) as unseen:
            roles.assign(tx, there, role="teacher")
        with pytest.raises(NotFound):
            roles.assign(tx, here, role="class_tutor", campus_ids=[other])
        with pytest.raises(NotAllowed) as refusal:
            roles.assign(tx, here, role="class_tutor", scope="chain")
        with pytest.raises(NotAllowed):
            roles.assign(tx, here, role="hq_admin", scope="campus")
    assert unseen.value.reason == "STAFF_NOT_FOUND"
    assert refusal.value.reason == "ROLE_OUT_OF_REACH"


def test_a_principal_cannot_become_somebody_with_more_rights(database: Database, code: str, campus: Campus) -> None:
    caller = _principal(database, code, campus)
    with database.begin(Caller.system(id_of(code))) as tx:
        chief, assignment = factories.holder(tx, "hq_admin", campus_id=campus.id, scope="chain")
    with database.begin(caller, scope=_scope(caller), keep=False) as tx:
        for attempt in (
            lambda: staff.set_password(tx, chief.id, password="Another-horse-9"),
            lambda: staff.deactivate(tx, chief.id),
            lambda: staff.update(tx, chief.id, fields={"email"}, details=staff.Details("x", "x@example.com")),
            lambda: roles.revoke(tx, assignment.id),
        ):
            with pytest.raises(NotAllowed) as refusal:
                attempt()
            assert refusal.value.reason == "STAFF_OUT_OF_REACH"


def test_only_the_chain_changes_what_roles_mean(database: Database, code: str, campus: Campus) -> None:
    caller = _principal(database, code, campus)
    with database.begin(caller, scope=_scope(caller), keep=False) as tx, pytest.raises(NotAllowed) as refusal:
        roles.create(tx, code="helper", name="助理", permissions=["lead.read"], default_scope="campus")
    assert refusal.value.reason == "CHAIN_SCOPE_NEEDED"


def test_a_changed_role_calls_back_all_who_hold_it(database: Database, code: str) -> None:
    with database.begin(Caller.system(id_of(code))) as tx:
        role = roles.create(tx, code="helper", name="助理", permissions=["lead.read"], default_scope="chain")
        person, _ = factories.holder(tx, "helper")
    before = len(_published(database, code, "org.access_revoked.v1"))
    with database.begin(Caller.system(id_of(code))) as tx:
        roles.update(
            tx, role.id, fields={"permissions", "name", "default_scope"}, name="帮手",
            permissions=["task.read", "task.read"], default_scope="campus",
        )  # fmt: skip
        (grant,) = access.grants_of(tx, person.id)
        assert (grant.permissions, role.code) == (("task.read",), "helper")
    assert len(_published(database, code, "org.access_revoked.v1")) == before + 1


def test_the_administrators_rights_and_the_last_administrator_stay(database: Database) -> None:
    own, admin_id = factories.committed_institution(database)
    with database.begin(Caller.system(id_of(own)), keep=False) as tx:
        (assignment,) = roles.assignments(tx, [admin_id])[admin_id]
        with pytest.raises(Refused) as locked:
            roles.update(tx, assignment.role_id, fields={"permissions"}, name="", permissions=[], default_scope="chain")
        with pytest.raises(Refused) as last:
            roles.revoke(tx, assignment.id)
        with pytest.raises(Refused):
            staff.deactivate(tx, admin_id)
        factories.holder(tx, "hq_admin")
        assert roles.revoke(tx, assignment.id).revoke_time == tx.now
        assert roles.revoke(tx, assignment.id).revoke_time == tx.now
    assert (locked.value.reason, last.value.reason) == ("ROLE_LOCKED", "STAFF_LAST_ADMIN")


def test_a_code_names_one_role(tx: Tx) -> None:
    with pytest.raises(AlreadyExists) as refusal:
        roles.create(tx, code="teacher", name="教师", permissions=[], default_scope="own")
    assert refusal.value.reason == "ROLE_CODE_TAKEN"


def test_what_is_not_there_is_not_found(tx: Tx) -> None:
    with pytest.raises(NotFound):
        roles.revoke(tx, UUID(int=5))
    with pytest.raises(NotFound):
        roles.update(tx, UUID(int=5), fields=set(), name="", permissions=[], default_scope="own")


def test_a_token_made_while_rights_are_taken_away_dies_too(database: Database, code: str) -> None:
    with database.begin(Caller.system(id_of(code))) as tx:
        person, assignment = factories.holder(tx, "auditor")
    with database.begin(Caller.system(id_of(code))) as slow:
        with database.begin(Caller.system(id_of(code))) as quick:
            issue_time = quick.now
            assert access.grants_of(quick, person.id)
        roles.revoke(slow, assignment.id)
        assert slow.now < issue_time
    with database.begin(Caller.system(id_of(code)), read_only=True) as tx:
        moment = tx.scalar(text("select max(not_before_time) from access_revocation"))
    assert moment > issue_time
