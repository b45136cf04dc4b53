"""Hours that were planned, taught and consumed: the parts make up the whole, whatever they are added up by."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from lianxiao.scheduling.v1 import hour_statistic_service_pb2 as pb
from lianxiao.scheduling.v1.hour_statistic_service_pb2_grpc import HourStatisticServiceStub
from services.scheduling.actions import hour_files, hour_statistics, memberships, roll_calls, statistic_periods
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.hour_statistics import Row
from services.scheduling.models import Lesson
from services.scheduling.rules.hours import DIMENSIONS, PERIODS, Asked, Figures, check
from services.scheduling.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, Refused
from shared.testing.callers import staff
from shared.testing.wire import Wire, serving
from shared.wire_values import date_pb
from tests.scheduling import factories as make
from tests.scheduling.factories import hours

CODES = ("present", "late", "absent_unexcused", "excused", None)
NOTHING = Figures(0, 0, 0, 0, 0, 0)


def term(tx: Tx, seed: int) -> list[Lesson]:
    """Teach at two campuses in two time zones, some groups, some one to one; some rolls are called, some in part."""
    random, lessons = Random(seed), []
    teachers = [make.teacher(tx) for _ in range(4)]
    for number, zone in enumerate(("Asia/Shanghai", "Europe/London")):
        campus = make.campus(tx, time_zone=zone)
        courses = [make.course(tx, lesson_hours_hundredths=random.choice((100, 133, 150))) for _ in range(2)]
        groups = [make.class_group(tx, campus, taught=courses[0], led_by=teachers[number]) for _ in range(2)]
        children = [make.student(tx, campus) for _ in range(4)]
        for child in children[:3]:
            make.member(tx, random.choice(groups), child, join_time=tx.now - timedelta(days=60))
        for day in sorted(random.sample(range(1, 25), 5)):
            start = tx.now - timedelta(days=day, hours=random.choice((0, 5)), minutes=random.choice((0, 7)))
            chosen = random.choice([groups[:1], groups[1:], groups, []])
            alone = [] if chosen else children[3:]
            by = [teachers[number]] if chosen else [teachers[number + 2]]
            taught = None if chosen else courses[1]
            each = make.lesson(tx, campus, groups=chosen, by=by, taught=taught, student_ids=alone, start=start)
            called = {line.student_id: random.choice(CODES) for line in roll_calls.read(tx, each).lines}
            marks = {child: Mark(code) for child, code in called.items() if code}
            if marks:
                roll_calls.confirm(tx, each.id, marks)
            lessons.append(each)
    return lessons


def summed(rows: list[Row]) -> Figures:
    return Figures(*map(sum, zip(NOTHING, *(row.figures for row in rows), strict=True)))


def today(tx: Tx) -> date:
    return tx.now.date()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_parts_make_up_the_whole_by_whatever_they_are_added_up(tx: Tx, seed: int) -> None:
    lessons = term(tx, seed)
    first, last = today(tx) - timedelta(days=27), today(tx)
    totals = set()
    for dimension in ("", *DIMENSIONS):
        for period in ("", *PERIODS):
            rows, total = hour_statistics.of(tx, Asked(first, last, dimension, period))
            assert summed(rows) == total
            assert len({(row.start, row.subject_id) for row in rows}) == len(rows)
            totals.add(total if dimension != "student" else total._replace(planned_lesson=0))
    whole = hour_statistics.of(tx, Asked(first, last))[1]
    assert totals == {whole, Figures(*whole[:3], 0, 0, 0)}
    assert whole.lessons == len(lessons)
    assert whole.planned_lesson == sum(each.lesson_hours_hundredths for each in lessons)
    charged = tx.run("select sum(charge_hundredths) from attendance where state = 'confirmed'").scalar()
    assert whole.consumed == int(charged or 0) > 0
    assert whole.taught <= whole.planned


def test_one_is_what_its_row_in_the_whole_is(tx: Tx) -> None:
    term(tx, 4)
    first, last = today(tx) - timedelta(days=27), today(tx)
    for dimension in DIMENSIONS:
        rows, _ = hour_statistics.of(tx, Asked(first, last, dimension))
        for row in rows:
            if row.subject_id:
                one: dict[str, Any] = {f"{dimension}_id": row.subject_id}
                of_one = replace(Asked(first, last), **one)
                alone = hour_statistics.of(tx, of_one)[1]
                assert alone == row.figures, dimension


def test_a_day_is_that_of_the_campus(tx: Tx) -> None:
    late = datetime(2030, 3, 3, 16, 30, tzinfo=UTC)
    zones = {"Asia/Shanghai": date(2030, 3, 4), "Europe/London": date(2030, 3, 3)}
    for zone, day in zones.items():
        campus = make.campus(tx, time_zone=zone)
        make.lesson(tx, campus, student_ids=[make.student(tx, campus)], start=late)
        asked = Asked(day, day, "campus", "day", campus_id=campus.id)
        (row,) = hour_statistics.of(tx, asked)[0]
        assert (row.start, row.subject_id, row.start) == (day, campus.id, late.astimezone(ZoneInfo(zone)).date())
        other = Asked(day + timedelta(days=1), day + timedelta(days=2), campus_id=campus.id)
        assert hour_statistics.of(tx, other) == ([], NOTHING)
    by_week, _ = hour_statistics.of(tx, Asked(date(2030, 3, 1), date(2030, 3, 8), "", "week"))
    assert [row.start for row in by_week] == [date(2030, 2, 25), date(2030, 3, 4)]


def test_who_left_keeps_what_was_charged_and_trials_count_nowhere(tx: Tx) -> None:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx), capacity=3)
    left, stays = (make.student(tx, campus) for _ in range(2))
    for child in (left, stays):
        make.member(tx, group, child, join_time=tx.now - hours(48))
    lesson = make.lesson(tx, campus, groups=[group], start=tx.now + timedelta(minutes=1))
    make.trial(tx, lesson)
    lesson.start_time -= hours(2)
    roll_calls.confirm(tx, lesson.id, {left: Mark("absent_unexcused")})
    memberships.leave(tx, group.id, student_id=left, reason="搬家")
    span = (today(tx) - timedelta(days=1), today(tx) + timedelta(days=1))
    rows, total = hour_statistics.of(tx, Asked(*span, "student"))
    assert {row.subject_id: row.figures[:3] for row in rows}[left][1:] == (0, 150)
    assert (total.planned, total.taught, total.consumed) == (150, 0, 150)
    # Whoever counts seats without asking whose they are leaves trials out as well.
    assert {hour_statistics.of(tx, Asked(*span, each))[1].planned for each in ("", "campus", "class_group")} == {150}


def test_a_teacher_with_own_rows_adds_up_own_lessons_only(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lessons = term(tx, 5)
        span = (today(tx) - timedelta(days=27), today(tx))
        teacher_id = lessons[0].teacher_id
        campus_id = lessons[0].campus_id
        led = sum(each.teacher_id == teacher_id for each in lessons)
    assert teacher_id is not None
    with database.begin(Caller(institution, teacher_id, "staff"), scope=Scope(None, own=True)) as tx:
        assert hour_statistics.of(tx, Asked(*span))[1].lessons == led
    with database.begin(Caller.system(institution), scope=Scope(frozenset({campus_id}))) as tx:
        (row,) = hour_statistics.of(tx, Asked(*span, "campus"))[0]
        assert row.subject_id == campus_id


def test_periods_are_bounded(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    first = date(2030, 1, 1)
    some = UUID(int=1)
    for most, one in ((31, Asked(first, first)), (100, Asked(first, first, campus_id=some))):
        longest = first + timedelta(days=most - 1)
        check(Asked(first, longest, campus_id=one.campus_id))
        with pytest.raises(InvalidInput):
            check(Asked(first, longest + timedelta(days=1), campus_id=one.campus_id))
    check(Asked(first, first + timedelta(days=399), student_id=some))
    with pytest.raises(InvalidInput) as reverse:
        check(Asked(first, first - timedelta(days=1)))
    assert reverse.value.reason == "PERIOD_INVALID"
    term(tx, 6)
    monkeypatch.setattr(statistic_periods, "MOST_ROWS", 2)
    with pytest.raises(Refused) as many:
        hour_statistics.of(tx, Asked(today(tx) - timedelta(days=27), today(tx), "student", "day"))
    assert many.value.reason == "HOUR_STATISTICS_TOO_MANY"


def test_hours_are_told_over_the_wire(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        term(tx, 7)
        last = today(tx)
    with serving("scheduling", SERVICERS, database) as wire:
        request = pb.GetHourStatisticsRequest(
            start_date=date_pb(last - timedelta(days=27)),
            end_date=date_pb(last),
            dimension=pb.HOUR_DIMENSION_COURSE,
            period=pb.HOUR_PERIOD_MONTH,
        )
        stub = HourStatisticServiceStub(wire.channel)
        found = stub.GetHourStatistics(request, metadata=Wire.metadata(staff(institution)))
    assert sum(each.figures.planned_hundredths for each in found.statistics) == found.total.planned_hundredths > 0
    assert found.total.lesson_count == 10


def test_a_file_has_the_rows_with_names_and_their_sum(tx: Tx) -> None:
    lessons = term(tx, 8)
    asked = Asked(today(tx) - timedelta(days=27), today(tx), "class_group")
    rows, total = hour_statistics.of(tx, asked)
    group = next(row.subject_id for row in rows if row.subject_id)
    tx.run("update class_group set name = '=1+1, \"周六\"班' where id = %(id)s", {"id": str(group)})
    data = hour_files.write(tx, asked, language="zh")
    assert data.startswith(b"\xef\xbb\xbf")
    heading, *lines, whole = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert (heading[:4], len(lines)) == (["起始日期", "编号", "班级", "计划课时（学员）"], len(rows))
    assert [line[2] for line in lines if line[1] == str(group)] == ['\'=1+1, "周六"班']
    hundredths = [round(Decimal(cell) * 100) for cell in whole[3:-1]]
    assert [whole[0], *hundredths, int(whole[-1])] == ["合计", *total]
    assert sum(Decimal(line[3]) for line in lines) == Decimal(whole[3])
    assert b"Class group" in hour_files.write(tx, asked, language="en")
    assert lessons


@pytest.mark.parametrize(("permissions", "name"), [(["pii.read"], "王小明"), (["hour_statistic.read"], "王**")])
def test_names_of_students_are_masked_in_files_too(tx: Tx, permissions: list[str], name: str) -> None:
    campus = make.campus(tx)
    make.lesson(tx, campus, student_ids=[make.student(tx, campus)], start=tx.now)
    tx.caller = staff(tx.institution_id, permissions)
    data = hour_files.write(tx, Asked(today(tx), today(tx) + timedelta(days=1), "student"), language="zh")
    assert name in data.decode()


def test_a_file_is_served_as_it_is(database: Database, institution: UUID) -> None:
    last = date(2030, 3, 31)
    request = pb.GetHourStatisticFileRequest(start_date=date_pb(last), end_date=date_pb(last), language="en")
    with serving("scheduling", SERVICERS, database) as wire:
        stub = HourStatisticServiceStub(wire.channel)
        file = stub.GetHourStatisticFile(request, metadata=Wire.metadata(staff(institution))).file
    assert file.content_type == "text/csv; charset=utf-8"
    assert file.data.decode("utf-8-sig").splitlines()[1] == "Total,,,0.00,0.00,0.00,0.00,0.00,0"
