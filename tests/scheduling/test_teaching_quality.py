"""Teaching quality: each figure is made of rows that one may see, and goes beyond its threshold once a month."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from lianxiao.scheduling.v1 import teaching_quality_service_pb2 as pb
from lianxiao.scheduling.v1.scheduling_events_pb2 import TeachingQualityAlerted
from lianxiao.scheduling.v1.teaching_quality_service_pb2_grpc import TeachingQualityServiceStub
from services.scheduling.actions import (
    class_records,
    homework,
    leaves,
    quality_alerts,
    quality_thresholds,
    roll_call_chases,
    roll_calls,
    teacher_attendances,
    teaching_quality,
)
from services.scheduling.actions.attendances import Mark
from services.scheduling.actions.class_records import Content, Said
from services.scheduling.actions.teaching_quality import Figure
from services.scheduling.models import Lesson
from services.scheduling.rules.homework import Entry
from services.scheduling.rules.hours import Asked
from services.scheduling.rules.quality import INDICATORS, Threshold, check, is_beyond, months
from services.scheduling.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, serving
from shared.wire_values import date_pb
from tests.scheduling import factories as make
from tests.scheduling.factories import hours
from tests.scheduling.outbox import published
from tests.scheduling.test_roll_calls import taught


def a_week(tx: Tx) -> tuple[Lesson, Lesson]:
    """Return a lesson that went well but for one child, and one of another teacher that nobody has looked after."""
    good, (came, stayed_away, excused) = taught(tx, 3)
    campus = make.campus(tx, campus_id=good.campus_id)
    (leave,) = leaves.ask_for_student(tx, [good.id], student_id=excused, code="excused", reason="感冒")
    leaves.settle(tx, leave.id, state="approved", note="")
    good.end_time = tx.now - timedelta(minutes=20)
    marks = {came: "present", stayed_away: "absent_unexcused", excused: "excused"}
    roll_calls.confirm(tx, good.id, {key: Mark(code) for key, code in marks.items()})
    given = Content("通分", homework="第3页", homework_due_time=good.end_time)
    said = {came: Said("好", 4), stayed_away: Said("", 1)}
    class_records.save(tx, good.id, given, said, base_revision=0, final=True)
    homework.record(tx, good.id, {came: Entry("submitted"), excused: Entry("returned")})
    other = make.lesson(
        tx,
        campus,
        groups=[make.class_group(tx, campus, led_by=make.teacher(tx))],
        student_ids=[make.student(tx, campus)],
        start=tx.now - hours(4),
        minutes=60,
    )
    tx.session.flush()
    roll_call_chases.step(tx)
    return good, other


def month(tx: Tx, dimension: str = "teacher") -> Asked:
    return Asked(tx.now.date() - timedelta(days=3), tx.now.date() + timedelta(days=3), dimension)


def of(figures: list[Figure], subject_id: UUID | None) -> dict[str, tuple[int, int, int]]:
    return {
        each.indicator: (each.row_count, each.hit_count, each.basis_points)
        for each in figures
        if each.subject_id == subject_id
    }


def test_each_figure_says_what_it_is_made_of(tx: Tx) -> None:
    good, other = a_week(tx)
    found = teaching_quality.of(tx, month(tx))
    expected = {
        "attendance": (3, 1, 3333),
        "no_show": (3, 1, 3333),
        "late_roll_call": (1, 0, 0),
        "class_record": (1, 1, 10_000),
        "homework": (3, 1, 3333),
        "student_rating": (2, 0, 5000),
    }
    assert of(found, good.teacher_id) == expected
    assert of(found, other.teacher_id) == {"late_roll_call": (1, 1, 10_000), "class_record": (1, 0, 0)}
    by_group = teaching_quality.of(tx, month(tx, "class_group"))
    assert of(by_group, good.class_group_ids[0]) == expected


def test_late_starts_are_those_of_the_teacher_who_was_late(tx: Tx) -> None:
    campus = make.campus(tx)
    leads, beside = make.teacher(tx), make.teacher(tx)
    lesson = make.lesson(tx, campus, by=[leads, beside], student_ids=[make.student(tx, campus)], start=tx.now)
    teacher_attendances.came_online(tx, lesson, leads.id, lesson.start_time)
    teacher_attendances.came_online(tx, lesson, beside.id, lesson.start_time + timedelta(minutes=9))
    found = teaching_quality.of(tx, month(tx))
    assert of(found, leads.id)["late_start"] == (1, 0, 0)
    assert of(found, beside.id) == {"late_start": (1, 1, 10_000)}
    only = teaching_quality.of(
        tx, Asked(tx.now.date(), tx.now.date() + timedelta(days=1), "teacher", teacher_id=beside.id)
    )
    assert {each.subject_id for each in only} == {beside.id}


@pytest.mark.parametrize("dimension", ["teacher", "class_group"])
def test_the_rows_of_a_figure_make_it_up(tx: Tx, dimension: str) -> None:
    good, _ = a_week(tx)
    asked = month(tx, dimension)
    told = {(each.indicator, each.subject_id): each for each in teaching_quality.of(tx, asked)}
    rows: dict[tuple[str, UUID], list[int]] = defaultdict(list)
    for indicator in INDICATORS:
        for row in teaching_quality.evidence(tx, asked, indicator):
            subject = row.teacher_id if dimension == "teacher" else row.class_group_id
            assert subject is not None
            rows[indicator, subject].append(row.basis_points)
    assert set(rows) == set(told)
    for key, values in rows.items():
        figure = told[key]
        assert (len(values), values.count(10_000)) == (figure.row_count, figure.hit_count)
        assert figure.basis_points == (2 * sum(values) + len(values)) // (2 * len(values))
    (seen,) = {row.campus_id for row in teaching_quality.evidence(tx, asked, "attendance")}
    assert seen == good.campus_id


def test_what_one_may_not_see_counts_nowhere(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        good, other = a_week(tx)
        asked = month(tx)
        assert other.teacher_id is not None
        me, campus_id, mine = other.teacher_id, good.campus_id, {other.teacher_id}
        both = {good.teacher_id, other.teacher_id}

    def seen(scope: Scope, subject: UUID) -> set[UUID | None]:
        with database.begin(Caller(institution, subject, "staff"), scope=scope) as tx:
            found: set[UUID | None] = {each.subject_id for each in teaching_quality.of(tx, asked)}
            rows = {row.teacher_id for each in INDICATORS for row in teaching_quality.evidence(tx, asked, each)}
            assert rows == found
            return found

    assert seen(Scope(None, own=True), me) == mine
    assert seen(Scope(frozenset({campus_id})), uuid7()) == both
    assert seen(Scope(frozenset({uuid7()})), uuid7()) == set()


@pytest.mark.parametrize(
    ("indicator", "basis_points", "rows", "beyond"),
    [
        ("attendance", 7999, 10, True),
        ("attendance", 8000, 10, False),
        ("attendance", 0, 9, False),
        ("no_show", 8001, 10, True),
        ("no_show", 8000, 10, False),
        ("student_rating", 100, 10, True),
        ("late_roll_call", 10_000, 10, True),
    ],
)
def test_beyond_is_worse_than_the_threshold(indicator: str, basis_points: int, rows: int, *, beyond: bool) -> None:
    assert is_beyond(indicator, basis_points, rows, Threshold(8000, 10)) is beyond
    assert not is_beyond(indicator, basis_points, rows, None)


def test_a_month_settles_for_three_days() -> None:
    march = (date(2030, 3, 1), date(2030, 3, 31))
    assert list(months(datetime(2030, 3, 20, tzinfo=UTC))) == [march]
    assert list(months(datetime(2030, 4, 3, 23, tzinfo=UTC))) == [march, (date(2030, 4, 1), date(2030, 4, 30))]
    assert list(months(datetime(2030, 4, 4, tzinfo=UTC))) == [(date(2030, 4, 1), date(2030, 4, 30))]
    for narrow, most in ((True, 100), (False, 31)):
        check(march[0], march[0] + timedelta(days=most - 1), narrow=narrow)
        with pytest.raises(InvalidInput):
            check(march[0], march[0] + timedelta(days=most), narrow=narrow)


def test_what_is_beyond_is_told_once_in_a_month(tx: Tx) -> None:
    good, other = a_week(tx)
    quality_alerts.step(tx)
    quality_thresholds.put(tx, None, "class_record", Threshold(9000, 1))
    quality_thresholds.put(tx, good.campus_id, "homework", Threshold(5000, 3))
    quality_thresholds.put(tx, good.campus_id, "attendance", Threshold(9000, 4))
    for _ in range(2):
        quality_alerts.step(tx)
    told = {(each.dimension, each.subject_id, each.indicator) for each in published(tx, TeachingQualityAlerted)}
    expected = {
        ("teacher", str(other.teacher_id), "class_record"),
        ("class_group", str(other.class_group_ids[0]), "class_record"),
        ("teacher", str(good.teacher_id), "homework"),
        ("class_group", str(good.class_group_ids[0]), "homework"),
    }
    assert told == expected
    assert len(published(tx, TeachingQualityAlerted)) == len(expected)
    rows = quality_alerts.LISTING.page(tx, pb.ListQualityAlertsRequest()).rows
    assert {(row.indicator, row.basis_points, row.limit_basis_points) for row in rows} == {
        ("class_record", 0, 9000),
        ("homework", 3333, 5000),
    }


def test_thresholds_are_replaced_and_bound_to_their_scope(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus_id = make.campus(tx).id
        for limit in (9000, 8000):
            quality_thresholds.put(tx, campus_id, "attendance", Threshold(limit, 5))
        quality_thresholds.put(tx, None, "no_show", Threshold(500, 5))
        quality_thresholds.put(tx, None, "no_show", None)
    with database.begin(Caller.system(institution)) as tx:
        assert quality_thresholds.live(tx) == {(campus_id, "attendance"): Threshold(8000, 5)}
        assert len(quality_thresholds.LISTING.page(tx, pb.ListQualityThresholdsRequest()).rows) == 3
    local = Scope(frozenset({campus_id}))
    with pytest.raises(NotAllowed), database.begin(Caller.system(institution), scope=local) as tx:
        quality_thresholds.put(tx, None, "attendance", Threshold(1, 1))


def test_quality_over_the_wire(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        good, _ = a_week(tx)
        asked, campus_id, teacher_id = month(tx), str(good.campus_id), str(good.teacher_id)
    signed = Wire.metadata(staff(institution))
    days = {"start_date": date_pb(asked.first), "end_date": date_pb(asked.last)}
    with serving("scheduling", SERVICERS, database) as wire:
        stub = TeachingQualityServiceStub(wire.channel)
        wanted = pb.SetQualityThresholdRequest(
            campus_id=campus_id, indicator=pb.QUALITY_INDICATOR_ATTENDANCE, limit_basis_points=9000, least_row_count=2
        )
        made = stub.SetQualityThreshold(wanted, metadata=signed).quality_threshold
        assert list(
            stub.ListQualityThresholds(pb.ListQualityThresholdsRequest(), metadata=signed).quality_thresholds
        ) == [made]
        by_teacher = pb.GetTeachingQualityRequest(**days, dimension=pb.QUALITY_DIMENSION_TEACHER, teacher_id=teacher_id)
        (quality,) = stub.GetTeachingQuality(by_teacher, metadata=signed).qualities
        attendance = next(each for each in quality.figures if each.indicator == pb.QUALITY_INDICATOR_ATTENDANCE)
        assert (attendance.row_count, attendance.limit_basis_points, attendance.beyond) == (3, 9000, True)
        rows = pb.GetTeachingQualityRowsRequest(
            **days, dimension=pb.QUALITY_DIMENSION_TEACHER, indicator=pb.QUALITY_INDICATOR_ATTENDANCE
        )
        assert len(stub.GetTeachingQualityRows(rows, metadata=signed).rows) == attendance.row_count
        assert list(stub.ListQualityAlerts(pb.ListQualityAlertsRequest(), metadata=signed).quality_alerts) == []
