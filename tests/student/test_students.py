"""Actions on students and guardians."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.student.actions import guardians, students
from services.student.actions.guardians import Contact
from services.student.models import Student
from services.student.rules import lifecycle
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import published
from shared.testing.callers import staff
from tests.student import factories


def test_a_file_is_sealed_and_found_by_part_of_the_name(tx: Tx) -> None:
    row = factories.student(tx, name="欧阳小明")
    assert "欧阳".encode() not in (row.name_sealed or b"")
    for typed in ("欧阳", "小明", "ouyang", "oyxm"):
        found = tx.session.scalars(select(Student.id).where(*students.name_filter(tx, typed))).all()
        assert found == [row.id], typed
    assert tx.session.scalars(select(Student.id).where(*students.name_filter(tx, "王芳"))).all() == []


def test_enrolling_twice_opens_one_file_and_brings_a_lapsed_student_back(tx: Tx) -> None:
    row = factories.student(tx)
    again = students.enrol(tx, row.id, campus_id=row.campus_id, profile=students.Profile("别名"))
    assert again is row
    students.change_state(tx, row.id, to_state=lifecycle.LAPSED, reason="price")
    students.enrol(tx, row.id, campus_id=row.campus_id, profile=students.Profile("别名"))
    assert [entry.to_state for entry in students.states(tx, row.id)] == ["enrolled", "lapsed", "enrolled"]


def test_a_forbidden_move_changes_nothing(tx: Tx) -> None:
    row = factories.student(tx)
    with pytest.raises(Refused, match="may become"):
        students.change_state(tx, row.id, to_state=lifecycle.ALUMNUS, reason="x")
    assert row.state == lifecycle.ENROLLED


def test_a_new_name_is_found_and_the_old_one_is_not(tx: Tx) -> None:
    row = factories.student(tx, name="张小明")
    students.update(tx, row.id, {"name": "李雷", "school": "一中"})
    assert tx.session.scalars(select(Student.id).where(*students.name_filter(tx, "李雷"))).all() == [row.id]
    assert tx.session.scalars(select(Student.id).where(*students.name_filter(tx, "小明"))).all() == []


def test_students_of_another_campus_or_owner_are_not_there(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        row = factories.student(tx, owner_id=uuid7())
    institution = caller.institution_id
    for scope in (Scope(frozenset({uuid7()})), Scope(None, own=True)):
        with database.begin(staff(institution), scope=scope) as tx, pytest.raises(NotFound):
            students.get(tx, row.id)
    with database.begin(Caller.system(uuid7())) as tx, pytest.raises(NotFound):
        students.get(tx, row.id)


def test_a_household_knows_a_phone_once_however_it_is_written(tx: Tx) -> None:
    row = factories.student(tx)
    guardians.add(tx, row.id, Contact("张伟", "138 1234 5678"))
    with pytest.raises(AlreadyExists) as refusal:
        guardians.add(tx, row.id, Contact("张先生", "+86-13812345678"))
    assert refusal.value.reason == "GUARDIAN_EXISTS"


def test_a_phone_that_is_none_is_refused(tx: Tx) -> None:
    row = factories.student(tx)
    with pytest.raises(InvalidInput) as refusal:
        guardians.add(tx, row.id, Contact("张伟", "12345"))
    assert refusal.value.info["field"] == "guardian.phone"


def test_rights_are_announced(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        row = factories.student(tx)
        guardian, _ = guardians.add(tx, row.id, Contact("张伟", "13812345678"))
    with database.begin(caller) as tx:
        guardians.set_rights(tx, row.id, guardian.id, may_see=False, may_contact=False)
    events = published(database, caller.institution_id, "guardian_contact")
    assert [event.get("may_contact", False) for event in events] == [True, False]
    with database.begin(caller) as tx, pytest.raises(NotFound):
        guardians.set_rights(tx, row.id, uuid7(), may_see=True, may_contact=True)
