"""Homework: handed in, late or not, marked, returned and done again; counted once per student who had it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.scheduling.v1 import homework_pb2
from lianxiao.scheduling.v1 import homework_service_pb2 as pb
from lianxiao.scheduling.v1.homework_service_pb2_grpc import HomeworkServiceStub
from lianxiao.scheduling.v1.scheduling_events_pb2 import HomeworkSubmissionChanged
from services.scheduling.actions import class_records, homework, homework_completion, statistic_periods
from services.scheduling.actions.class_records import Content
from services.scheduling.models import HomeworkSubmission, Lesson
from services.scheduling.rules.homework import Entry, Work, end_of, share, step
from services.scheduling.rules.hours import Asked
from services.scheduling.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, serving
from shared.wire_values import date_pb
from tests.scheduling import factories as make
from tests.scheduling.factories import hours
from tests.scheduling.outbox import published
from tests.scheduling.test_roll_calls import taught

START = datetime(2030, 3, 4, 10, tzinfo=UTC)
CHANGES = pb.ListHomeworkSubmissionChangesRequest()


def given_to(tx: Tx, count: int = 2, *, due: timedelta | None = timedelta(days=2)) -> tuple[Lesson, list[UUID]]:
    """Return a lesson of an hour ago whose final record gives homework, and its students."""
    lesson, children = taught(tx, count)
    content = Content("通分", homework="练习册第3页", homework_due_time=lesson.start_time + due if due else None)
    class_records.save(tx, lesson.id, content, {}, base_revision=0, final=True)
    return lesson, children


def work(tx: Tx, lesson_id: UUID) -> dict[UUID, HomeworkSubmission | None]:
    return {line.student_id: line.submission for line in homework.get(tx, lesson_id).lines}


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


HANDED_IN = Work("submitted", at(10), at(10), 1)
REDONE = Work("returned", at(10), at(10), 1, 40, 100, "重做第2题")


@pytest.mark.parametrize(
    ("before", "entry", "after"),
    [
        (Work(), Entry("submitted"), Work("submitted", at(60), at(60), 1)),
        (Work(), Entry("marked", at(5), 9, 10, " 好 "), Work("marked", at(5), at(5), 1, 9, 10, "好")),
        (HANDED_IN, Entry("submitted"), HANDED_IN),
        (HANDED_IN, Entry("submitted", at(20)), Work("submitted", at(20), at(20), 1)),
        (HANDED_IN, Entry("returned", score=40, remark="重做第2题"), REDONE),
        (REDONE, Entry("returned", remark="重做"), Work("returned", at(10), at(10), 1, remark="重做")),
        (REDONE, Entry("submitted", at(30)), Work("submitted", at(30), at(10), 2)),
        (REDONE, Entry("returned", at(30)), Work("returned", at(30), at(10), 2)),
        (REDONE, Entry("marked", score=0), Work("marked", at(60), at(10), 2, 0, 100)),
        (Work("marked", at(30), at(10), 2, 90, 100), Entry("submitted"), Work("submitted", at(30), at(10), 2)),
        (REDONE, Entry("open"), Work()),
    ],
)
def test_work_goes_its_way(before: Work, entry: Entry, after: Work) -> None:
    assert step(before, entry, lesson_start=START, now=at(60)) == after
    assert step(after, entry, lesson_start=START, now=at(60)) == after or entry.submit_time is None


@pytest.mark.parametrize("state", ["marked", "returned"])
def test_whoever_waited_for_another_began_before_the_time_that_stands(state: str) -> None:
    stands = Work(state, at(60), at(60), 1)
    assert step(stands, Entry("marked"), lesson_start=START, now=at(59)).submit_time == at(60)


@pytest.mark.parametrize(
    ("before", "entry", "reason"),
    [
        (Work(), Entry("submitted", at(-1)), "HOMEWORK_TIME_INVALID"),
        (Work(), Entry("submitted", at(61)), "HOMEWORK_TIME_INVALID"),
        (REDONE, Entry("submitted", at(9)), "HOMEWORK_TIME_INVALID"),
        (Work("submitted", at(30), at(10), 2), Entry("marked", at(5)), "HOMEWORK_TIME_INVALID"),
        (Work(), Entry("open", at(5)), "HOMEWORK_TIME_INVALID"),
        (Work(), Entry("submitted", score=3), "HOMEWORK_SCORE_INVALID"),
        (Work(), Entry("open", remark="好"), "HOMEWORK_SCORE_INVALID"),
        (Work(), Entry("marked", score=11, score_highest=10), "HOMEWORK_SCORE_INVALID"),
        (Work(), Entry("marked", score=101), "HOMEWORK_SCORE_INVALID"),
    ],
)
def test_odd_entries_are_refused(before: Work, entry: Entry, reason: str) -> None:
    with pytest.raises(InvalidInput) as error:
        step(before, entry, lesson_start=START, now=at(60))
    assert error.value.reason == reason


_ENTRIES = st.builds(
    Entry,
    st.sampled_from(["open", "submitted", "returned", "marked"]),
    st.none() | st.integers(-5, 65).map(at),
    st.none() | st.integers(0, 12),
    st.just(10),
)


@given(st.lists(_ENTRIES, max_size=8))
def test_however_it_goes_times_and_counts_agree(entries: list[Entry]) -> None:
    known, now = Work(), at(40)
    for entry in entries:
        try:
            known = step(known, entry, lesson_start=START, now=now)
        except InvalidInput:
            continue
        now += timedelta(minutes=5)
        is_open = known.state == "open"
        assert is_open == (known.submit_time is None) == (known.first_submit_time is None)
        assert is_open == (known.attempt_count == 0)
        if known.submit_time and known.first_submit_time:
            assert START <= known.first_submit_time <= known.submit_time <= now
            assert known.attempt_count > 1 or known.first_submit_time == known.submit_time
        assert known.score is None or (known.state in {"returned", "marked"} and known.score <= known.score_highest)


@pytest.mark.parametrize(("zone", "end"), [("Asia/Shanghai", "03-04T15:59:59"), ("Europe/London", "03-04T23:59:59")])
def test_a_day_ends_at_midnight_of_the_campus(zone: str, end: str) -> None:
    assert end_of(date(2030, 3, 4), zone).isoformat().startswith(f"2030-{end}.999999")


def test_the_ends_of_the_calendar_are_refused() -> None:
    with pytest.raises(InvalidInput):
        end_of(date.max, "Asia/Shanghai")
    for day in (date.max, date.min):
        with pytest.raises(InvalidInput) as period:
            statistic_periods.bounds(Asked(day, day))
        assert period.value.reason == "PERIOD_INVALID"


def test_shares_are_rounded_half_up() -> None:
    assert [share(*each) for each in ((0, 0), (0, 3), (2, 3), (1, 3), (1, 20_000), (3, 3))] == [
        *(None, 0, 6667, 3333),
        *(1, 10_000),
    ]


def test_a_class_is_recorded_in_one_call_and_again_without_effect(tx: Tx) -> None:
    lesson, (first, second) = given_to(tx)
    entries = {first: Entry("marked", None, 95, remark="字迹工整"), second: Entry("returned", remark="重做")}
    homework.record(tx, lesson.id, entries)
    homework.record(tx, lesson.id, entries)
    found = work(tx, lesson.id)
    one, other = found[first], found[second]
    assert one is not None
    assert other is not None
    assert (one.state, one.score, one.score_highest, one.revision) == ("marked", 95, 100, 1)
    assert HomeworkSubmission.remark.reveal(tx, one) == "字迹工整"
    told = {each.student_id: each.state for each in published(tx, HomeworkSubmissionChanged)}
    assert told == {str(first): "marked", str(second): "returned"}
    assert len(published(tx, HomeworkSubmissionChanged)) == 2
    homework.record(tx, lesson.id, {second: Entry("submitted", base_revision=1)})
    steps = homework.changes_of(tx, CHANGES, other.id).rows
    assert [(each.revision, each.state) for each in steps] == [(2, "submitted"), (1, "returned")]
    with pytest.raises(Exception, match="permission denied"):
        tx.run("update homework_submission_change set state = 'marked'")


def test_nothing_is_recorded_when_one_line_is_refused(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (first, second) = given_to(tx)
        homework.record(tx, lesson.id, {first: Entry("submitted")})
        bare = taught(tx)[0].id
        lesson_id = lesson.id
    cases: list[tuple[UUID, dict[UUID, Entry], str]] = [
        (lesson_id, {second: Entry("submitted"), first: Entry("marked", base_revision=0)}, "HOMEWORK_CHANGED"),
        (lesson_id, {second: Entry("submitted"), uuid7(): Entry("submitted")}, "STUDENT_NOT_EXPECTED"),
        (bare, {second: Entry("submitted")}, "HOMEWORK_NOT_FOUND"),
    ]
    for wanted, entries, reason in cases:
        with pytest.raises(DomainError) as error, database.begin(Caller.system(institution)) as tx:
            homework.record(tx, wanted, entries)
        assert error.value.reason == reason
    with database.begin(Caller.system(institution)) as tx:
        assert work(tx, lesson_id)[second] is None
    with pytest.raises(InvalidInput):
        homework.entries_of([(first, Entry("submitted")), (first, Entry("marked"))])


def test_of_two_who_mark_at_once_one_is_told(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (child, _) = given_to(tx)
        lesson_id = lesson.id

    def mark(score: int) -> str:
        try:
            with database.begin(Caller.system(institution)) as tx:
                homework.record(tx, lesson_id, {child: Entry("marked", score=score)})
        except Refused as error:
            return error.reason
        return "marked"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(mark, (60, 90))) == ["HOMEWORK_CHANGED", "marked"]


def test_late_follows_the_due_time_as_it_stands(tx: Tx) -> None:
    lesson, (child, _) = given_to(tx, due=timedelta(minutes=30))
    homework.record(tx, lesson.id, {child: Entry("submitted")})
    assert published(tx, HomeworkSubmissionChanged)[-1].late
    later = Content("通分", homework="练习册第3页", homework_due_date=(lesson.start_time + hours(48)).date())
    class_records.correct(tx, lesson.id, later, {}, base_revision=1, reason="延期")
    row = work(tx, lesson.id)[child]
    assert row is not None
    tx.session.refresh(row)
    assert row.due_time == homework.get(tx, lesson.id).record.homework_due_time
    figures = homework_completion.of(tx, around(tx))[1]
    assert (figures.completed, figures.late, figures.pending) == (1, 0, 1)
    both = Content("通分", homework="抄写", homework_due_time=lesson.end_time, homework_due_date=tx.now.date())
    with pytest.raises(InvalidInput):
        class_records.correct(tx, lesson.id, both, {}, base_revision=2, reason="两个期限")


def around(tx: Tx, dimension: str = "", **only: Any) -> Asked:
    return Asked(tx.now.date() - timedelta(days=2), tx.now.date() + timedelta(days=2), dimension, **only)


def test_each_student_counts_once_for_each_homework(tx: Tx) -> None:
    over, (done, missing, redo, late) = given_to(tx, 4, due=timedelta(minutes=30))
    in_time = over.start_time + timedelta(minutes=20)
    marks = {
        done: Entry("marked", in_time, 95),
        redo: Entry("returned", in_time, 1, 3),
        late: Entry("submitted", in_time + timedelta(minutes=11)),
    }
    homework.record(tx, over.id, marks)
    given_to(tx, 2, due=None)
    taught(tx, 3)
    whole = homework_completion.of(tx, around(tx))[1]
    assert (whole.assigned, whole.completed, whole.late, whole.marked) == (6, 2, 1, 1)
    assert (whole.returned, whole.missing, whole.pending) == (1, 1, 2)
    assert (whole.completion, whole.scored, whole.score) == (5000, 2, 6417)
    for dimension in ("student", "class_group", "teacher", "campus", "course"):
        rows, total = homework_completion.of(tx, around(tx, dimension))
        assert total == whole
        assert sum(row.figures.assigned for row in rows) == 6
        for row in rows:
            assert row.subject_id is not None
            one: dict[str, Any] = {f"{dimension}_id": row.subject_id}
            alone = homework_completion.of(tx, around(tx, **one))[1]
            assert alone == row.figures, dimension
    of_student = {row.subject_id: row.figures for row in homework_completion.of(tx, around(tx, "student"))[0]}
    assert (of_student[missing].completion, of_student[done].completion) == (0, 10_000)


def test_a_teacher_with_own_rows_meets_homework_of_own_lessons(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (child, _) = given_to(tx)
        homework.record(tx, lesson.id, {child: Entry("submitted")})
        lesson_id, leads, campus_id, asked = lesson.id, lesson.teacher_id, lesson.campus_id, around(tx)
        colleague = make.teacher(tx).id
    assert leads is not None

    def seen(scope: Scope, subject: UUID) -> tuple[int, int]:
        with database.begin(Caller(institution, subject, "staff"), scope=scope) as tx:
            rows = homework.LISTING.page(tx, pb.ListHomeworkSubmissionsRequest()).rows
            return len(rows), homework_completion.of(tx, asked)[1].assigned

    own, stranger = Scope(None, own=True), uuid7()
    assert (seen(own, leads), seen(own, colleague)) == ((1, 2), (0, 0))
    assert seen(Scope(frozenset({campus_id})), stranger) == (1, 2)
    assert seen(Scope(frozenset({uuid7()})), stranger) == (0, 0)
    with pytest.raises(NotFound), database.begin(Caller(institution, colleague, "staff"), scope=own) as tx:
        homework.record(tx, lesson_id, {child: Entry("marked", base_revision=1)})


def test_homework_over_the_wire(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (child, _) = given_to(tx)
        lesson_id, asked = str(lesson.id), around(tx)
    signed = Wire.metadata(staff(institution))
    with serving("scheduling", SERVICERS, database) as wire:
        stub = HomeworkServiceStub(wire.channel)
        request = pb.RecordHomeworkRequest(lesson_id=lesson_id)
        request.entries.add(student_id=str(child), state=homework_pb2.HOMEWORK_STATE_MARKED, score=0, remark="空白")
        recorded = stub.RecordHomework(request, metadata=signed).homework
        assert stub.GetHomework(pb.GetHomeworkRequest(lesson_id=lesson_id), metadata=signed).homework == recorded
        assert {line.display_name for line in recorded.lines} == {"学员0", "学员1"}
        filtered = pb.ListHomeworkSubmissionsRequest(filter=f"student_id = {child} AND state = HOMEWORK_STATE_MARKED")
        (row,) = stub.ListHomeworkSubmissions(filtered, metadata=signed).submissions
        assert (row.HasField("score"), row.score, row.score_highest, row.remark, row.late) == (
            *(True, 0, 100),
            *("空白", False),
        )
        of_row = pb.ListHomeworkSubmissionChangesRequest(homework_submission_id=row.homework_submission_id)
        assert len(stub.ListHomeworkSubmissionChanges(of_row, metadata=signed).changes) == 1
        days = {"start_date": date_pb(asked.first), "end_date": date_pb(asked.last)}
        counted = stub.GetHomeworkCompletion(pb.GetHomeworkCompletionRequest(**days), metadata=signed).total
        assert (counted.assigned_count, counted.completion_basis_points, counted.score_basis_points) == (2, 10_000, 0)
