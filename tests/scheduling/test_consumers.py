"""Events of other services, delivered more than once and out of order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from google.type.date_pb2 import Date
from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import ClosedDatesChanged, LeadLost, TrialsFollowedLead
from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged, StaffRole
from lianxiao.student.v1.student_events_pb2 import StudentEnrolled
from services.scheduling.actions import attendance_codes, campuses, lessons, students, teachers, trials
from services.scheduling.consumers import CONSUMERS
from services.scheduling.models import AttendanceCode, Student, Trial
from shared.caller import Caller, Scope
from shared.db import Database
from shared.errors import NotFound
from shared.ids import uuid7
from shared.inbox import Handler, LateEventError, store
from shared.testing.bus import arrival, deliver, waiting
from tests.scheduling import factories as make


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


def test_a_campus_keeps_the_closed_days_that_were_said_last(database: Database, institution: UUID) -> None:
    campus_id = uuid7()
    known = CampusChanged(campus_id=str(campus_id), name="一校", time_zone="Asia/Shanghai", active=True)
    deliver(database, CONSUMERS, known, institution)
    for closed in (
        [Date(year=2030, month=1, day=1), Date(year=2030, month=2, day=28)],
        [Date(year=2030, month=5, day=1)],
    ):
        said = ClosedDatesChanged(campus_id=str(campus_id), closed_dates=closed)
        assert deliver(database, CONSUMERS, said, institution, times=2) == 1
    known.name = "二校"
    deliver(database, CONSUMERS, known, institution)
    with database.begin(Caller.system(institution)) as tx:
        assert campuses.get(tx, campus_id).closed_dates == [date(2030, 5, 1)]


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


def test_a_lost_lead_gives_back_what_lies_ahead(database: Database, institution: UUID) -> None:
    guest = make.guest()
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        begun, ahead = make.lesson(tx, campus, start=tx.now - make.hours(0.5)), make.lesson(tx, campus)
        for lesson in (begun, ahead):
            make.trial(tx, lesson, by=guest)
        trials.invite(tx, guest, campus_id=campus.id, course_id=ahead.course_id)
    lost = LeadLost(lead_id=str(guest.lead_id), customer_id=str(guest.customer_id), reason="price")
    lost.campus_id = str(campus.id)
    assert deliver(database, CONSUMERS, lost, institution, times=2) == 1
    with database.begin(Caller.system(institution)) as tx:
        rows = tx.session.scalars(select(Trial).order_by(Trial.lesson_start_time))
        assert [(row.lesson_id, row.state) for row in rows] == [
            (begun.id, "booked"),
            (ahead.id, "cancelled"),
            (None, "cancelled"),
        ]
        assert lessons.get(tx, ahead.id).seats_taken == 0


def test_trials_follow_their_lead(database: Database, institution: UUID) -> None:
    guest, old, new = make.guest(), uuid7(), uuid7()
    with database.begin(Caller.system(institution)) as tx:
        trial = make.trial(tx, make.lesson(tx, make.campus(tx)), by=replace(guest, owner_id=old))
    event = TrialsFollowedLead(lead_id=str(guest.lead_id), owner_id=str(new), campus_id=str(trial.campus_id))
    deliver(database, CONSUMERS, event, institution)
    reach = Scope(frozenset({trial.campus_id}), own=True)
    with database.begin(Caller(institution, new, "staff"), scope=reach) as tx:
        assert trials.get(tx, trial.id).owner_id == new
    with pytest.raises(NotFound), database.begin(Caller(institution, old, "staff"), scope=reach) as tx:
        trials.get(tx, trial.id)
