"""Events of other services, delivered more than once and out of order."""

from __future__ import annotations

from uuid import UUID

import pytest

from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged, StaffRole
from lianxiao.student.v1.student_events_pb2 import StudentEnrolled
from services.scheduling.actions import attendance_codes, campuses, students, teachers
from services.scheduling.consumers import CONSUMERS
from services.scheduling.models import AttendanceCode, Student
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.inbox import Handler, LateEventError, store
from shared.testing.bus import arrival, deliver, waiting


def test_a_campus_brings_its_time_zone_and_the_first_codes_once(database: Database, institution: UUID) -> None:
    campus_id = uuid7()
    event = CampusChanged(campus_id=str(campus_id), name="乌鲁木齐", time_zone="Asia/Urumqi", active=True)
    assert deliver(database, CONSUMERS, event, institution, times=3) == 1
    event.name = "乌鲁木齐一校"
    deliver(database, CONSUMERS, event, institution)
    with database.begin(Caller.system(institution)) as tx:
        campus = campuses.get(tx, campus_id)
        assert (campus.name, campus.time_zone) == ("乌鲁木齐一校", "Asia/Urumqi")
        assert tx.session.query(AttendanceCode).count() == len(attendance_codes.by_code(tx))


def test_codes_that_were_changed_stay_changed(database: Database, institution: UUID) -> None:
    event = CampusChanged(campus_id=str(uuid7()), name="一校", time_zone="Asia/Shanghai", active=True)
    deliver(database, CONSUMERS, event, institution)
    with database.begin(Caller.system(institution)) as tx:
        tx.run("update attendance_code set charge_factor_hundredths = 50 where code = 'sick'")
    event.campus_id = str(uuid7())
    deliver(database, CONSUMERS, event, institution)
    with database.begin(Caller.system(institution)) as tx:
        assert attendance_codes.by_code(tx)["sick"].charge_factor_hundredths == 50


def staff(staff_id: UUID, *roles: StaffRole, active: bool = True) -> StaffChanged:
    return StaffChanged(staff_id=str(staff_id), display_name="刘老师", active=active, roles=roles)


def test_a_teacher_comes_and_goes_with_the_role(database: Database, institution: UUID) -> None:
    staff_id, campus_id = uuid7(), uuid7()
    teaching = StaffRole(role="teacher", campus_ids=[str(campus_id)])
    assert deliver(database, CONSUMERS, staff(staff_id, teaching), institution, times=2) == 1
    with database.begin(Caller.system(institution)) as tx:
        teacher = teachers.get(tx, staff_id)
        assert (teacher.display_name, teacher.campus_ids, teacher.active) == ("刘老师", [campus_id], True)
        teachers.set_skills(tx, staff_id, [("math", "")])
    deliver(database, CONSUMERS, staff(staff_id, StaffRole(role="course_advisor")), institution)
    with database.begin(Caller.system(institution)) as tx:
        assert not teachers.get(tx, staff_id).active
    deliver(database, CONSUMERS, staff(staff_id, StaffRole(role="teacher")), institution)
    with database.begin(Caller.system(institution)) as tx:
        teacher = teachers.get(tx, staff_id)
        assert (teacher.active, teacher.campus_ids) == (True, [])
        assert teacher.skills == [{"subject": "math", "level": ""}]


def test_staff_who_do_not_teach_are_no_teachers(database: Database, institution: UUID) -> None:
    event = staff(uuid7(), StaffRole(role="finance"))
    assert deliver(database, CONSUMERS, event, institution) == 1
    with database.begin(Caller.system(institution)) as tx:
        assert tx.run("select count(*) from teacher").scalar() == 0


def test_word_that_comes_too_late_changes_nothing(database: Database, institution: UUID) -> None:
    staff_id = uuid7()
    early = arrival(institution, staff(staff_id, StaffRole(role="teacher")))
    deliver(database, CONSUMERS, staff(staff_id, StaffRole(role="teacher"), active=False), institution)
    with database.system() as tx:
        store(tx, [early], CONSUMERS)
    (delivery,) = waiting(database, early.event_id)
    with pytest.raises(LateEventError):
        Handler(database, CONSUMERS)._apply(delivery)  # noqa: SLF001 - the error itself, not its record
    with database.begin(Caller.system(institution)) as tx:
        assert not teachers.get(tx, staff_id).active


def test_a_students_name_is_kept_sealed(database: Database, institution: UUID) -> None:
    student_id = uuid7()
    event = StudentEnrolled(student_id=str(student_id), campus_id=str(uuid7()), display_name="王小明")
    assert deliver(database, CONSUMERS, event, institution, times=3) == 1
    with database.begin(Caller.system(institution)) as tx:
        assert students.names(tx, [student_id]) == {student_id: "王小明"}
        row = tx.session.get_one(Student, (institution, student_id))
        assert row.display_name_sealed is not None
        assert "王小明".encode() not in row.display_name_sealed
