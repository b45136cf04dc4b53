"""Who and what is free, how full a week is, and where a subject runs short."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from lianxiao.scheduling.v1 import capacity_service_pb2 as pb
from lianxiao.scheduling.v1.capacity_service_pb2_grpc import CapacityServiceStub
from services.scheduling.actions import capacity, teachers, timetable
from services.scheduling.actions.capacity import Hours
from services.scheduling.models import Campus, Teacher
from services.scheduling.rules import capacity as rules
from services.scheduling.rules.availability import Range
from services.scheduling.rules.calendars import CampusDays
from services.scheduling.rules.capacity import Person, Week
from services.scheduling.rules.spans import Span
from services.scheduling.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, serving
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours

MONDAY = date(2030, 3, 4)
WEEK = Hours(MONDAY)


def able(tx: Tx, at: Campus, *ranges: Range, subject: str = "math") -> Teacher:
    """Return a teacher of a subject who has named these times."""
    teacher = make.teacher(tx)
    teachers.set_skills(tx, teacher.id, [(subject, "")])
    if ranges:
        teachers.set_availability(tx, teacher.id, campus_id=at.id, ranges=ranges)
    return teacher


def free(tx: Tx, at: Campus, start: datetime = START, *, least: int = 0) -> tuple[list[UUID], set[UUID]]:
    rooms, people = capacity.free(tx, at.id, Span(start, start + hours(1)), course_id=None, least_capacity=least)
    return [room.id for room in rooms], {each.id for each in people}


def test_free_is_what_fits_can_and_has_no_lesson_anywhere(tx: Tx) -> None:
    here, there = make.campus(tx), make.campus(tx)
    small, large = make.room(tx, here, capacity=6), make.room(tx, here, capacity=20)
    shared = able(tx, here)
    evening = able(tx, here, Range(1, 18 * 60, 21 * 60))
    morning = able(tx, here, Range(1, 8 * 60, 12 * 60))
    assert free(tx, here) == ([small.id, large.id], {shared.id, evening.id})
    assert free(tx, here, least=7)[0] == [large.id]
    make.lesson(tx, there, by=[shared])
    kept = make.lesson(tx, here, by=[evening], in_room=small)
    assert free(tx, here) == ([large.id], set())
    assert free(tx, here, START + hours(1.5))[1] == {shared.id, evening.id}
    timetable.cancel(tx, kept.id, reason="台风")
    assert free(tx, here) == ([small.id, large.id], {evening.id})
    assert free(tx, here, START - hours(8))[1] == {shared.id, morning.id}


def test_only_who_can_teach_a_course_is_asked_for_it(tx: Tx) -> None:
    campus = make.campus(tx)
    able(tx, campus, subject="piano")
    mathematician = able(tx, campus)
    _, people = capacity.free(
        tx, campus.id, Span(START, START + hours(1)), course_id=make.course(tx).id, least_capacity=0
    )
    assert [each.id for each in people] == [mathematician.id]


@pytest.mark.parametrize("length", [timedelta(), timedelta(minutes=-1), timedelta(hours=25)])
def test_a_time_is_at_most_a_day_long(tx: Tx, length: timedelta) -> None:
    campus = make.campus(tx)
    with pytest.raises(InvalidInput, match="at most a day"):
        capacity.free(tx, campus.id, Span(START, START + length), course_id=None, least_capacity=0)


def test_the_load_of_a_week_counts_minutes_here_and_anywhere(tx: Tx) -> None:
    here, there = make.campus(tx), make.campus(tx)
    make.close(tx, here, MONDAY + timedelta(days=2))
    room = make.room(tx, here)
    teacher = able(tx, here, Range(1, 18 * 60, 21 * 60), Range(3, 18 * 60, 21 * 60))
    teachers.set_availability(tx, teacher.id, campus_id=there.id, ranges=[Range(2, 0, 1440)])
    for day, campus in ((0, here), (1, there), (7, here)):
        start = START + timedelta(days=day)
        make.lesson(tx, campus, by=[teacher], in_room=room if campus is here else None, start=start)
    found = capacity.load(tx, here.id, WEEK)
    assert found.week.open_minutes == 6 * 13 * 60
    assert [(each.id, taken) for each, taken in found.rooms] == [(room.id, 90)]
    (mine,) = found.teachers
    # On Wednesday the campus is closed, whatever the teacher has named.
    assert (mine.here, mine.taught, mine.available) == (90, 180, 180)


def test_another_campus_is_nobodys_to_count(tx: Tx) -> None:
    here, there = make.campus(tx), make.campus(tx)
    tx.scope = Scope(frozenset({here.id}))
    with pytest.raises(NotFound):
        capacity.load(tx, there.id, WEEK)
    with pytest.raises(InvalidInput, match="after it begins"):
        capacity.load(tx, here.id, Hours(MONDAY, 9, 9))


def test_a_subject_is_short_where_no_teacher_or_no_room_is_left() -> None:
    """Two teachers of mathematics and one of both subjects, one room, in an hour of a Monday."""
    week, campus = Week(MONDAY, 18, 20, CampusDays("Asia/Shanghai", open_weekdays=[1])), uuid7()
    six, seven = (Span(START + hours(n), START + hours(n + 1)) for n in (0, 1))
    people = [Person({"math"}, (), [six]), Person({"math", "piano"}, (), []), Person({"math"}, (), [six, seven])]
    found = rules.hourly(week, campus, people, [[six]], {"math": [six, six], "chess": [seven]})
    told = [(e.hour, e.subject, e.lessons, e.available, e.free, e.rooms, e.short) for e in found]
    assert told == [
        (18, "math", 2, 3, 1, 0, True),
        (18, "piano", 0, 1, 1, 0, True),
        (19, "chess", 1, 0, 0, 1, True),
        (19, "math", 0, 3, 2, 1, False),
        (19, "piano", 0, 1, 1, 1, False),
    ]


def test_minutes_at_the_edges_of_a_period_count_as_far_as_they_lie_in_it() -> None:
    period = Span(START, START + hours(2))
    spans = [Span(START - hours(1), START + hours(0.5)), Span(START + hours(1.75), START + hours(3))]
    assert rules.minutes_within([*spans, Span(START + hours(2), START + hours(3))], period) == 45


@pytest.fixture(scope="module")
def stub(database: Database) -> Iterator[CapacityServiceStub]:
    with serving("scheduling", SERVICERS, database) as wire:
        yield CapacityServiceStub(wire.channel)


def test_capacity_on_the_wire(stub: CapacityServiceStub, database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        teacher, room = able(tx, campus, Range(1, 18 * 60, 21 * 60)), make.room(tx, campus)
        make.lesson(tx, campus, by=[teacher], in_room=room)
    signed, monday = Wire.metadata(staff(institution)), {"year": 2030, "month": 3, "day": 4}
    later = START + hours(2)
    asked = pb.GetFreeResourcesRequest(campus_id=str(campus.id), start_time=later, end_time=later + hours(1))
    answer = stub.GetFreeResources(asked, metadata=signed)
    assert ([each.name for each in answer.rooms], len(answer.teachers)) == ([room.name], 1)
    load = stub.GetCampusLoad(pb.GetCampusLoadRequest(campus_id=str(campus.id), start_date=monday), metadata=signed)
    assert (load.rooms[0].taken_minutes, load.teachers[0].taught_here_minutes) == (90, 90)
    wanted = pb.GetHourlyCapacityRequest(campus_id=str(campus.id), start_date=monday, subject="math")
    found = [each for each in stub.GetHourlyCapacity(wanted, metadata=signed).hours if each.available_teacher_count]
    assert [(each.hour, each.lesson_count, each.short_of_supply) for each in found] == [
        (18, 1, True),
        (19, 1, True),
        (20, 0, False),
    ]
    this_week = stub.GetCampusLoad(pb.GetCampusLoadRequest(campus_id=str(campus.id)), metadata=signed).start_date
    assert date(this_week.year, this_week.month, this_week.day).weekday() == 0
    assert datetime.now(UTC).date() - date(this_week.year, this_week.month, this_week.day) < timedelta(days=8)
