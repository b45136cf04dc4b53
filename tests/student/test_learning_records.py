"""Scores, homework and remarks: written by who teaches, read by who may, and the same however events come."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import grpc
import pytest
from google.protobuf.message import Message

from lianxiao.scheduling.v1 import scheduling_events_pb2 as scheduling
from lianxiao.student.v1 import exam_pb2, learning_record_pb2
from lianxiao.student.v1 import exam_service_pb2 as exam_service
from lianxiao.student.v1 import knowledge_map_service_pb2 as map_service
from lianxiao.student.v1 import learning_record_service_pb2 as pb
from lianxiao.student.v1.exam_service_pb2_grpc import ExamServiceStub
from lianxiao.student.v1.knowledge_map_service_pb2_grpc import KnowledgeMapServiceStub
from lianxiao.student.v1.learning_record_service_pb2_grpc import LearningRecordServiceStub
from lianxiao.student.v1.student_events_pb2 import ExamScoreRecorded
from services.student.actions import exams, homework_works, learning_records, teaching
from services.student.actions.exams import Entry, Paper
from services.student.consumers import CONSUMERS
from services.student.models import Exam
from services.student.rules import scores
from services.student.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database
from shared.errors import DomainError, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories, lessons

# 15 June, noon in Shanghai.
NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
DAY = date(2026, 6, 15)


def exam(tx: object, group_id: UUID, title: str = "期中", day: date = DAY, full: int = 10_000) -> Exam:
    return exams.create(tx, Paper(group_id, "数学", title, "midterm", day, full))  # type: ignore[arg-type]


def test_a_mean_is_told_beside_a_score_only_where_five_have_one(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = factories.student(tx)
        others = [uuid7() for _ in range(4)]
        group_id = lessons.class_group(tx, child.campus_id, members=[child.id, *others])
        row = exam(tx, group_id)
        exams.record(tx, row.id, {child.id: Entry(9_000), **{each: Entry(6_000) for each in others[:3]}})
        [subject] = learning_records.get(tx, child.id, start=None, end=None).subjects
        assert (subject.points[0].share, subject.points[0].class_mean) == (9_000, None)
        exams.record(tx, row.id, {others[3]: Entry(None)})
        [subject] = learning_records.get(tx, child.id, start=None, end=None).subjects
        assert subject.points[0].class_mean is None, "who was not there is not counted"
        exams.record(tx, row.id, {others[3]: Entry(1_000, base_revision=1)})
        [subject] = learning_records.get(tx, child.id, start=None, end=None).subjects
        assert subject.points[0].class_mean == 5_600
        found = exams.figures_of(row, exams.scores_of(tx, row))
        assert (found.scored, found.absent, found.median, found.lowest) == (5, 0, 6_000, 1_000)


def test_scores_show_where_a_child_goes_and_cancelled_exams_are_left_out(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = factories.student(tx)
        group_id = lessons.class_group(tx, child.campus_id, members=[child.id], joined=NOON - timedelta(days=100))
        for number, score in enumerate((5_000, 6_000, 8_000)):
            row = exam(tx, group_id, day=DAY - timedelta(days=30 - number))
            exams.record(tx, row.id, {child.id: Entry(score)})
        missed = exam(tx, group_id)
        exams.record(tx, missed.id, {child.id: Entry(None)})
        exams.cancel(tx, exam(tx, group_id, day=DAY).id)
        [subject] = learning_records.get(tx, child.id, start=None, end=None).subjects
        assert [point.score for point in subject.points] == [5_000, 6_000, 8_000, None]
        assert subject.trend == 2_000
        assert learning_records.get(tx, child.id, start=DAY, end=DAY).subjects[0].trend is None
        for start, end in ((DAY, DAY - timedelta(days=1)), (date(2020, 1, 1), DAY)):
            with pytest.raises(DomainError) as wrong:
                learning_records.get(tx, child.id, start=start, end=end)
            assert wrong.value.reason == "PERIOD_INVALID"


def test_who_was_no_member_on_the_day_of_the_campus_has_no_score(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = factories.student(tx)
        # Joined at 00:30 of the 16th in Shanghai, which is the 15th in UTC.
        late = datetime(2026, 6, 15, 16, 30, tzinfo=UTC)
        group_id = lessons.class_group(tx, child.campus_id, members=[child.id], joined=late)
        row = exam(tx, group_id)
        with pytest.raises(Refused) as refused:
            exams.record(tx, row.id, {child.id: Entry(1)})
        assert refused.value.reason == "STUDENT_NOT_IN_GROUP"
        exams.record(tx, exam(tx, group_id, day=date(2026, 6, 16)).id, {child.id: Entry(1)})


def test_a_leaving_that_is_heard_of_before_the_joining_counts(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = factories.student(tx)
        group_id = lessons.class_group(tx, child.campus_id, members=[])
        left, joined = scheduling.ClassGroupLeft(), scheduling.ClassGroupJoined()
        for event in (left, joined):
            event.class_group_id, event.student_id = str(group_id), str(child.id)
            event.campus_id, event.membership_id = str(child.campus_id), str(group_id)
        left.leave_time.FromDatetime(NOON - timedelta(days=2))
        joined.join_time.FromDatetime(NOON - timedelta(days=9))
        teaching.on_left(tx, left)
        teaching.on_joined(tx, joined)
        group = teaching.group(tx, group_id)
        assert teaching.members_on(tx, group, DAY) == set()
        assert teaching.members_on(tx, group, DAY - timedelta(days=5)) == {child.id}


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        (Entry(10_001), ()),
        (Entry(5_000, (1,)), ()),
        (Entry(None, (1,)), (5_000,)),
        (Entry(5_000, (6_000,)), (5_000,)),
        # The rest of the exam gives 5,000 at most.
        (Entry(9_000, (3_000,)), (5_000,)),
        (Entry(2_000, (3_000,)), (5_000,)),
    ],
)
def test_what_nobody_can_score_is_refused(entry: Entry, parts: tuple[int, ...]) -> None:
    with pytest.raises(DomainError) as wrong:
        scores.check_score(10_000, parts, entry.score, entry.parts)
    assert wrong.value.reason == "EXAM_SCORE_INVALID"


def test_of_two_who_record_at_once_one_is_told_to_look_again(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = factories.student(tx)
        row = exam(tx, lessons.class_group(tx, child.campus_id, members=[child.id]))

    def write(score: int) -> str:
        try:
            with database.begin(caller, now=NOON) as tx:
                exams.record(tx, row.id, {child.id: Entry(score)})
        except Refused as refused:
            return refused.reason
        return "kept"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, (100, 200))) == ["EXAM_SCORE_CHANGED", "kept"]
    with database.begin(caller, now=NOON) as tx:
        [kept] = exams.scores_of(tx, row)
        exams.record(tx, row.id, {child.id: Entry(kept.score_hundredths)})
        assert factories.told(tx, ExamScoreRecorded) == [], "what stands as asked for is left alone"


def test_a_teacher_works_with_own_class_groups_and_their_members_alone(
    database: Database, caller: Caller, institution: UUID
) -> None:
    me, campus_id = uuid7(), uuid7()
    with database.begin(caller, now=NOON) as tx:
        child, stranger = (factories.student(tx, campus_id=campus_id) for _ in range(2))
        mine = lessons.class_group(tx, campus_id, teacher_id=me, members=[child.id])
        theirs = lessons.class_group(tx, campus_id, teacher_id=uuid7(), members=[stranger.id])
        foreign = exam(tx, theirs)
    teacher, own = staff(institution, subject=me), Scope(frozenset({campus_id}), own=True)
    with database.begin(teacher, now=NOON, scope=own) as tx:
        row = exam(tx, mine)
        exams.record(tx, row.id, {child.id: Entry(8_000)})
        learning_records.prefer(tx, child.id, channels=["visual"], weak_codes=[], payment="", note="爱画画")
        assert learning_records.get(tx, child.id, start=None, end=None).subjects[0].points[0].share == 8_000
        listed = exams.page(tx, exam_service.ListExamsRequest())
        assert [each.id for each in listed.rows] == [row.id]
        for reach in (
            lambda: exam(tx, theirs),
            lambda: exams.get(tx, foreign.id),
            lambda: learning_records.get(tx, stranger.id, start=None, end=None),
        ):
            with pytest.raises(NotFound):
                reach()
    stood_in = scheduling.AttendanceConfirmed(
        attendance_id=str(uuid7()),
        class_group_id=str(theirs),
        campus_id=str(campus_id),
        teacher_id=str(me),
        lesson_start_time=NOON,
    )
    with database.begin(caller, now=NOON) as tx:
        teaching.on_attendance(tx, stood_in)
    with database.begin(teacher, now=NOON + timedelta(days=1), scope=own) as tx:
        assert exams.get(tx, foreign.id).id == foreign.id, "whoever stood in may look"
    with database.begin(teacher, now=NOON + timedelta(days=121), scope=own) as tx, pytest.raises(NotFound):
        exams.get(tx, foreign.id)


def test_homework_is_the_same_in_whichever_order_it_is_heard_of(database: Database) -> None:
    start, due = NOON - timedelta(days=3), NOON - timedelta(days=1)
    done, lazy, gone = (uuid7() for _ in range(3))
    campus_id = uuid7()
    seen = set()
    for order in itertools.permutations(range(4)):
        lesson_id = uuid7()
        told: list[Message] = [
            lessons.homework_given(lesson_id, campus_id, [done, lazy, gone], start=start, due=start),
            lessons.homework_given(lesson_id, campus_id, [done, lazy], start=start, due=due, revision=2),
            lessons.submission(lesson_id, campus_id, done, state="submitted", revision=1, submitted=start),
            lessons.submission(lesson_id, campus_id, done, state="marked", revision=2, submitted=start),
        ]
        told[3].score, told[3].score_highest = 7, 8  # type: ignore[attr-defined]
        with database.begin(Caller.system(uuid7()), now=NOON) as tx:
            for number in order:
                event = told[number]
                if isinstance(event, scheduling.HomeworkGiven):
                    homework_works.on_given(tx, event)
                else:
                    homework_works.on_submission(tx, event)  # type: ignore[arg-type]
            period = (start, start + timedelta(days=1))
            seen.add(tuple(homework_works.figures(tx, [each], *period) for each in (done, lazy, gone)))
    [(first, second, third)] = seen
    assert (first.given, first.done, first.completion, first.score) == (1, 1, 10_000, 8_750)
    assert (second.given, second.missing, second.completion) == (1, 1, 0)
    assert third.given == 0, "who is not in the lesson any more has no homework"


def test_homework_that_a_correction_takes_back_is_missed_by_nobody(database: Database, institution: UUID) -> None:
    child, campus_id = uuid7(), uuid7()
    start = NOON - timedelta(days=3)
    for turn in (1, -1):
        lesson_id = str(uuid7())
        given = lessons.homework_given(UUID(lesson_id), campus_id, [child], start=start, due=start)
        corrected = scheduling.ClassRecordPublished(
            class_record_id=lesson_id, lesson_id=lesson_id, campus_id=str(campus_id), revision=2, corrected=True
        )
        for event in (given, corrected)[::turn]:
            deliver(database, CONSUMERS, event, institution)
    with database.begin(Caller.system(institution), now=NOON) as tx:
        assert homework_works.figures(tx, [child], start, NOON).given == 0


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


@pytest.fixture
def seat(database: Database, institution: UUID) -> tuple[UUID, UUID]:
    """Return a student and the class group that it has been in since January."""
    with database.begin(Caller.system(institution)) as tx:
        child = factories.student(tx)
        joined = datetime(2026, 1, 1, tzinfo=UTC)
        return child.id, lessons.class_group(tx, child.campus_id, members=[child.id], joined=joined)


def a_final(group_id: UUID, point_id: str) -> exam_service.CreateExamRequest:
    asked = exam_service.CreateExamRequest()
    asked.exam.class_group_id, asked.exam.subject, asked.exam.title = str(group_id), "数学", "期末"
    asked.exam.kind, asked.exam.full_hundredths = exam_pb2.EXAM_KIND_FINAL, 10_000
    asked.exam.exam_date.year, asked.exam.exam_date.month, asked.exam.exam_date.day = 2026, 6, 1
    asked.exam.parts.add(knowledge_point_id=point_id, full_hundredths=10_000)
    return asked


def test_exams_and_maps_over_the_wire(wire: Wire, institution: UUID, seat: tuple[UUID, UUID]) -> None:
    student_id, group_id = seat
    signed = Wire.metadata(staff(institution))
    maps, stub = KnowledgeMapServiceStub(wire.channel), ExamServiceStub(wire.channel)
    wanted = map_service.SetKnowledgeMapRequest(subject="数学")
    wanted.points.add(code="fractions", title="分数")
    [point] = maps.SetKnowledgeMap(wanted, metadata=signed).knowledge_map.points
    made = stub.CreateExam(a_final(group_id, point.knowledge_point_id), metadata=signed).exam
    told = exam_service.RecordExamScoresRequest(exam_id=made.exam_id)
    told.scores.add(student_id=str(student_id), score_hundredths=5_000, part_hundredths=[5_000])
    assert stub.RecordExamScores(told, metadata=signed).statistics.mean_basis_points == 5_000
    found = stub.GetExam(exam_service.GetExamRequest(exam_id=made.exam_id), metadata=signed)
    assert [each.revision for each in found.scores] == [1]
    [listed] = stub.ListExams(exam_service.ListExamsRequest(filter='subject = "数学"'), metadata=signed).exams
    assert listed == made
    mastery = map_service.GetMasteryMapRequest(student_id=str(student_id), subject="数学")
    [step] = maps.GetMasteryMap(mastery, metadata=signed).plan
    assert (step.number, step.code) == (1, "fractions")
    shown = maps.ListKnowledgePoints(map_service.ListKnowledgePointsRequest(subject="数学"), metadata=signed)
    assert shown.knowledge_map.version == 1
    stub.CancelExam(exam_service.CancelExamRequest(exam_id=made.exam_id), metadata=signed)
    [cancelled] = stub.ListExams(exam_service.ListExamsRequest(), metadata=signed).exams
    assert cancelled.state == exam_pb2.EXAM_STATE_CANCELLED


def test_a_record_over_the_wire_has_the_newest_remark(
    wire: Wire, database: Database, institution: UUID, seat: tuple[UUID, UUID]
) -> None:
    student_id, _ = seat
    remark = scheduling.StudentRemarkPublished(
        lesson_id=str(uuid7()),
        student_id=str(student_id),
        campus_id=str(uuid7()),
        course_id=str(uuid7()),
        lesson_start_time=datetime(2026, 6, 1, tzinfo=UTC),
        rating=4,
        rating_highest=5,
    )
    for revision, text in ((2, "思路清楚"), (1, "旧评语")):
        remark.revision, remark.remark = revision, text
        deliver(database, CONSUMERS, remark, institution)
    signed = Wire.metadata(staff(institution))
    records = LearningRecordServiceStub(wire.channel)
    preference = learning_record_pb2.LearningPreference(
        channels=[learning_record_pb2.LEARNING_CHANNEL_AUDITORY],
        payment=learning_record_pb2.PAYMENT_PREFERENCE_INSTALMENTS,
        note="喜欢听故事",
    )
    said = pb.SetLearningPreferenceRequest(student_id=str(student_id), preference=preference)
    records.SetLearningPreference(said, metadata=signed)
    period = pb.GetLearningRecordRequest(student_id=str(student_id))
    for day, month in ((period.start_date, 5), (period.end_date, 7)):
        day.year, day.month, day.day = 2026, month, 1
    record = records.GetLearningRecord(period, metadata=signed).learning_record
    assert [each.remark for each in record.remarks] == ["思路清楚"]
    assert record.preference.note == "喜欢听故事"
    with pytest.raises(grpc.RpcError) as caught:
        records.GetLearningRecord(period, metadata=Wire.metadata(staff(institution, ("*",), [uuid7()])))
    assert refusal(caught.value)[1] == "STUDENT_NOT_FOUND"
