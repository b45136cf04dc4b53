"""Home pages: what waits for a teacher and for a campus, and nothing of anybody else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from lianxiao.scheduling.v1 import home_service_pb2 as pb
from lianxiao.scheduling.v1.home_service_pb2_grpc import HomeServiceStub
from services.scheduling.actions import (
    campus_home,
    class_groups,
    class_records,
    homework,
    leaves,
    memberships,
    openings,
    roll_calls,
    teacher_home,
    timetable,
    waiting_lists,
)
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.class_records import Content
from services.scheduling.actions.teacher_home import TeacherHome
from services.scheduling.rules.homework import Entry
from services.scheduling.rules.opening import Opening
from services.scheduling.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotFound
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, serving
from tests.scheduling import factories as make
from tests.scheduling.factories import hours
from tests.scheduling.staffroom import offered, staffroom
from tests.scheduling.test_places import full

# Wednesday, 14:00 in Shanghai and 06:00 in London.
NOW = datetime(2030, 3, 6, 6, tzinfo=UTC)


def as_teacher(database: Database, institution: UUID, teacher_id: UUID, now: datetime = NOW) -> TeacherHome:
    caller = Caller(institution, teacher_id, "staff")
    with database.begin(caller, scope=Scope(None, own=True), now=now) as tx:
        return teacher_home.of_caller(tx)


def test_a_teacher_meets_the_day_and_what_waits(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution), now=NOW) as tx:
        campus = make.campus(tx)
        mine, colleague = make.teacher(tx, campus), make.teacher(tx, campus)
        child = make.student(tx, campus)

        def lesson(start: datetime, by: list[object]) -> UUID:
            return make.lesson(tx, campus, by=by, student_ids=[child], start=start, minutes=60).id  # type: ignore[arg-type]

        forgotten, earlier = lesson(NOW - hours(48), [mine]), lesson(NOW - hours(4), [mine])
        running, evening = lesson(NOW - hours(0.5), [mine]), lesson(NOW + hours(5), [colleague, mine])
        # After midnight at the campus it is tomorrow.
        tomorrow = lesson(NOW + hours(11), [mine])
        off = lesson(NOW + hours(2), [mine])
        timetable.cancel(tx, off, reason="停课")
        lesson(NOW - hours(6), [colleague])
        roll_calls.confirm(tx, earlier, {child: Mark("present")})
        due = Content("通分", homework="第3页")
        class_records.save(tx, earlier, due, {}, base_revision=0, final=True)
        homework.record(tx, earlier, {child: Entry("submitted")})
        mine_id, colleague_id = mine.id, colleague.id
    home = as_teacher(database, institution, mine_id)
    assert [each.lesson_id for each in home.today] == [earlier, running, off, evening]
    assert [each.state for each in home.today] == ["scheduled", "scheduled", "cancelled", "scheduled"]
    assert home.next_lesson is not None
    assert home.next_lesson.lesson_id == evening
    assert [each.lesson_id for each in home.open_roll_calls.rows] == [forgotten, running]
    assert [each.lesson_id for each in home.records_to_write.rows] == [forgotten]
    assert [(each.lesson_id, each.count) for each in home.homework_to_mark.rows] == [(earlier, 1)]
    assert home.homework_to_mark.count == 1
    later = as_teacher(database, institution, mine_id, NOW + hours(11.5))
    assert [each.lesson_id for each in later.today] == [tomorrow]
    other = as_teacher(database, institution, colleague_id)
    assert (len(other.today), other.homework_to_mark.count, other.records_to_write.count) == (2, 0, 1)


def test_offers_wait_for_who_is_asked(tx: Tx) -> None:
    room = staffroom(tx)
    request = room.want(tx)
    asked, other = room.colleagues
    (offer,) = offered(tx, request, asked.id)
    for teacher_id, ids in ((asked.id, [offer.id]), (other.id, [])):
        tx.caller = Caller(tx.institution_id, teacher_id, "staff")
        home = teacher_home.of_caller(tx)
        assert [each.offer_id for each in home.substitute_offers.rows] == ids
        assert home.substitute_offers.count == len(ids)


def needy(tx: Tx) -> tuple[UUID, UUID, tuple[UUID, ...]]:
    """Return a campus, a student, and what needs a person there: lessons, a forming class group, a place held."""
    campus, group, (child,) = full(tx)
    waiting = waiting_lists.wait(tx, group.id, student_id=make.student(tx, campus))
    memberships.leave(tx, group.id, student_id=child, reason="搬家")
    ahead = tx.now + hours(30)
    lead = make.teacher(tx, campus)
    roomless = make.lesson(tx, campus, by=[lead], student_ids=[child], start=ahead)
    held = make.lesson(
        tx, campus, by=[lead], in_room=make.room(tx, campus), student_ids=[child], start=ahead + hours(3)
    )
    online = make.course(tx, online=True)
    make.lesson(tx, campus, by=[lead], taught=online, student_ids=[child], start=ahead + hours(6))
    (leave,) = leaves.ask_for_teacher(tx, [held.id], teacher_id=lead.id, reason="病假")
    open_ = make.lesson(tx, campus, by=[lead], student_ids=[child], start=tx.now - hours(1), minutes=60)
    leaves.settle(tx, leave.id, state="approved", note="")
    late = class_groups.create(
        tx,
        campus_id=campus.id,
        course_id=group.course_id,
        name="春季班",
        capacity=5,
        opening=Opening(min_members=3, open_by_date=tx.now.date() + timedelta(days=2)),
    )
    openings.warn(tx)
    excused = make.lesson(tx, campus, by=[make.teacher(tx)], student_ids=[child], start=tx.now - hours(5))
    roll_calls.confirm(tx, excused.id, {child: Mark("excused")})
    make.lesson(tx, make.campus(tx), start=tx.now + hours(1))
    return campus.id, child, (roomless.id, held.id, open_.id, late.id, waiting.id)


def test_a_campus_meets_what_needs_a_person(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus_id, child, ids = needy(tx)
    local = Scope(frozenset({campus_id}))
    with database.begin(Caller.system(institution), scope=local) as tx:
        home = campus_home.of(tx, campus_id)
    assert [(each.lesson_id, each.kind) for each in home.conflicts.rows] == [
        (ids[0], "without_room"),
        (ids[1], "teacher_on_leave"),
    ]
    assert [each.lesson_id for each in home.open_roll_calls.rows] == [ids[2]]
    assert [(each.class_group_id, each.unmet) for each in home.not_ready] == [(ids[3], ["min_members"])]
    assert [each.row_id for each in home.place_offers.rows] == [ids[4]]
    assert home.makeups_due.count == 0
    assert 0 < home.hours.taught <= home.hours.over <= home.hours.planned
    with database.begin(Caller.system(institution), now=datetime.now(UTC) + timedelta(days=50)) as tx:
        (due,) = campus_home.of(tx, campus_id).makeups_due.rows
        assert due.student_id == child
    stranger = Scope(frozenset({uuid7()}))
    with pytest.raises(NotFound), database.begin(Caller.system(institution), scope=stranger) as tx:
        campus_home.of(tx, campus_id)


def test_a_day_is_that_of_the_campus(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution), now=NOW) as tx:
        late = datetime(2030, 3, 5, 16, 30, tzinfo=UTC)
        days = {}
        for zone, day in (("Asia/Shanghai", date(2030, 3, 6)), ("Europe/London", date(2030, 3, 5))):
            campus = make.campus(tx, time_zone=zone)
            make.lesson(tx, campus, student_ids=[make.student(tx, campus)], start=late)
            days[campus.id] = day
        assert {key: len(campus_home.of(tx, key).today) for key in days} == {
            key: int(day == NOW.date()) for key, day in days.items()
        }


def test_home_pages_over_the_wire(database: Database, institution: UUID) -> None:
    me = uuid7()
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        teacher = make.teacher(tx, campus, teacher_id=me)
        lesson = make.lesson(tx, campus, by=[teacher], student_ids=[make.student(tx, campus)], start=tx.now - hours(1))
        campus_id, lesson_id = str(campus.id), str(lesson.id)
    with serving("scheduling", SERVICERS, database) as wire:
        stub, signed = HomeServiceStub(wire.channel), Wire.metadata(staff(institution))
        found = stub.GetCampusHome(pb.GetCampusHomeRequest(campus_id=campus_id), metadata=signed)
        assert [each.lesson_id for each in found.open_roll_calls.lessons] == [lesson_id]
        assert [(each.lesson_id, each.kind) for each in found.conflicts] == []
        assert found.month_hours.planned_hundredths >= 0
        empty = stub.GetTeacherHome(pb.GetTeacherHomeRequest(), metadata=signed)
        assert (len(empty.today_lessons), empty.HasField("next_lesson"), empty.open_roll_calls.count) == (0, False, 0)
