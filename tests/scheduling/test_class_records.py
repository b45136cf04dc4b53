"""Class records: written for the whole class, published once, corrected with history, seen by whom they concern."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from lianxiao.scheduling.v1 import class_record_service_pb2 as pb
from lianxiao.scheduling.v1.scheduling_events_pb2 import ClassRecordPublished, HomeworkGiven
from services.scheduling.actions import class_records, rating_scales, syllabi
from services.scheduling.actions.class_records import Content, Said
from services.scheduling.models import StudentRemark, StudentRemarkChange
from services.scheduling.rules.syllabi import Draft
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.factories import hours
from tests.scheduling.outbox import published
from tests.scheduling.test_roll_calls import taught

LIST = pb.ListStudentClassRecordsRequest()


def remarks(tx: Tx, record_id: UUID) -> dict[UUID, tuple[str | None, int, int]]:
    rows = class_records.remarks_of(tx, record_id)
    return {row.student_id: (StudentRemark.remark.reveal(tx, row), row.rating, row.rating_highest) for row in rows}


def test_a_record_is_drafted_published_and_corrected_with_history(tx: Tx) -> None:
    lesson, (first, second) = taught(tx)
    due = tx.now + timedelta(days=2)
    draft = class_records.save(tx, lesson.id, Content("通分"), {first: Said("认真", 4)}, base_revision=0, final=False)
    assert (draft.state, draft.revision, published(tx, ClassRecordPublished)) == ("draft", 1, [])
    content = Content("通分与约分", homework="练习册第3页", homework_due_time=due)
    row = class_records.save(tx, lesson.id, content, {second: Said("走神", 2)}, base_revision=1, final=True)
    assert (row.state, row.revision, row.publish_time) == ("final", 2, tx.now)
    assert remarks(tx, row.id) == {first: ("认真", 4, 5), second: ("走神", 2, 5)}
    (told,), (homework,) = published(tx, ClassRecordPublished), published(tx, HomeworkGiven)
    assert (set(told.student_ids), told.corrected) == ({str(first), str(second)}, False)
    assert (homework.homework, homework.due_time.ToDatetime(due.tzinfo)) == ("练习册第3页", due)
    rating_scales.put(tx, highest=10, labels=())
    class_records.correct(tx, lesson.id, content, {second: Said("", 9)}, base_revision=2, reason="写错了人")
    assert remarks(tx, row.id) == {first: ("认真", 4, 5), second: (None, 9, 10)}
    assert [each.corrected for each in published(tx, ClassRecordPublished)] == [False, True]
    assert len(published(tx, HomeworkGiven)) == 1
    changes = class_records.changes_of(tx, pb.ListClassRecordChangesRequest(), lesson.id).rows
    assert [(each.revision, each.reason) for each in changes] == [(3, "写错了人"), (2, "")]
    kept = class_records.remark_changes(tx, changes)
    said = {
        n: {each.student_id: StudentRemarkChange.remark.reveal(tx, each) for each in some} for n, some in kept.items()
    }
    assert said == {2: {first: "认真", second: "走神"}, 3: {second: None}}


def test_odd_records_are_refused(tx: Tx) -> None:
    lesson, (child, _) = taught(tx)
    campus = make.campus(tx, campus_id=lesson.campus_id)
    ahead = make.lesson(tx, campus, student_ids=[make.student(tx, campus)], start=tx.now + hours(5))
    foreign = syllabi.put(tx, make.course(tx).id, [Draft("别的课")], base_version=0, reason="").point_ids
    plain, late = Content("讲评"), Content("讲评", (), "抄写", lesson.start_time)
    cases = [
        (lesson.id, Content("  "), {}, "CLASS_RECORD_EMPTY"),
        (ahead.id, plain, {}, "CLASS_RECORD_TOO_EARLY"),
        (lesson.id, plain, {uuid7(): Said("好")}, "STUDENT_NOT_EXPECTED"),
        (lesson.id, plain, {child: Said("", 6)}, "RATING_OUT_OF_SCALE"),
        (lesson.id, Content("讲评", foreign), {}, "SYLLABUS_POINT_UNKNOWN"),
        (lesson.id, late, {}, "INVALID_FIELD"),
        (lesson.id, Content("讲评", (), " ", tx.now + hours(1)), {}, "INVALID_FIELD"),
    ]
    for lesson_id, content, said, reason in cases:
        with pytest.raises(DomainError) as error:
            class_records.save(tx, lesson_id, content, said, base_revision=0, final=True)
        assert error.value.reason == reason
    assert class_records.save(tx, ahead.id, plain, {}, base_revision=0, final=False).state == "draft"
    with pytest.raises(Refused) as draft:
        class_records.correct(tx, ahead.id, plain, {}, base_revision=1, reason="改")
    class_records.save(tx, lesson.id, plain, {}, base_revision=0, final=True)
    with pytest.raises(Refused) as final:
        class_records.save(tx, lesson.id, plain, {}, base_revision=1, final=False)
    with pytest.raises(Refused) as stale:
        class_records.correct(tx, lesson.id, plain, {}, base_revision=9, reason="改")
    reasons = [each.value.reason for each in (draft, final, stale)]
    assert reasons == ["CLASS_RECORD_NOT_FINAL", "CLASS_RECORD_FINAL", "CLASS_RECORD_CHANGED"]
    with pytest.raises(InvalidInput):
        class_records.said_of([(child, Said("好")), (child, Said("坏"))])


def test_of_two_who_write_at_once_one_is_told(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson_id = taught(tx)[0].id

    def write(text: str) -> str:
        try:
            with database.begin(Caller.system(institution)) as tx:
                class_records.save(tx, lesson_id, Content(text), {}, base_revision=0, final=True)
        except Refused as error:
            return error.reason
        return "written"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, ("甲", "乙"))) in (
            ["CLASS_RECORD_FINAL", "written"],
            ["CLASS_RECORD_CHANGED", "written"],
        )


def test_a_family_sees_its_own_child_and_no_draft(tx: Tx) -> None:
    lesson, (mine, other) = taught(tx)
    said = {mine: Said("进步明显", 5), other: Said("常走神", 2)}
    class_records.save(tx, lesson.id, Content("通分"), said, base_revision=0, final=False)
    assert class_records.of_student(tx, LIST, mine)[0].rows == []
    class_records.save(tx, lesson.id, Content("通分"), {}, base_revision=1, final=True)
    page, about = class_records.of_student(tx, LIST, mine)
    assert [row.lesson_id for row in page.rows] == [lesson.id]
    assert [(each.student_id, StudentRemark.remark.reveal(tx, each)) for each in about.values()] == [(mine, "进步明显")]
    stranger = make.student(tx, make.campus(tx, campus_id=lesson.campus_id))
    assert class_records.of_student(tx, LIST, stranger)[0].rows == []
    tx.scope = Scope(frozenset({uuid7()}))
    with pytest.raises(NotFound):
        class_records.of_student(tx, LIST, mine)


def test_a_teacher_with_own_rows_meets_records_of_own_lessons_also_as_a_substitute(
    database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        lesson, (child, _) = taught(tx)
        lesson_id, leads = lesson.id, lesson.teacher_id
        colleague = make.teacher(tx).id
        class_records.save(tx, lesson_id, Content("通分"), {child: Said("好")}, base_revision=0, final=False)
    assert leads is not None

    def seen(teacher_id: UUID) -> tuple[int, int]:
        with database.begin(Caller(institution, teacher_id, "staff"), scope=Scope(None, own=True)) as tx:
            counted = tx.run("select (select count(*) from class_record), (select count(*) from student_remark)")
            records, some = counted.all()[0]
            return records, some

    assert (seen(leads), seen(colleague)) == ((1, 1), (0, 0))
    theirs = Caller(institution, colleague, "staff")
    with pytest.raises(NotFound), database.begin(theirs, scope=Scope(None, own=True)) as tx:
        class_records.save(tx, lesson_id, Content("冒充"), {}, base_revision=1, final=False)
    with database.begin(Caller.system(institution)) as tx:
        tx.run("update lesson set teacher_id = %(t)s, teacher_ids = array[%(t)s]::uuid[]", {"t": str(colleague)})
    assert (seen(leads), seen(colleague)) == ((0, 0), (1, 1))
    with database.begin(theirs, scope=Scope(None, own=True)) as tx:
        assert class_records.save(tx, lesson_id, Content("代课"), {}, base_revision=1, final=True).revision == 2
