"""Syllabi, class records and progress over real gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from lianxiao.scheduling.v1 import class_record_pb2
from lianxiao.scheduling.v1 import class_record_service_pb2 as record_pb
from lianxiao.scheduling.v1 import progress_service_pb2 as progress_pb
from lianxiao.scheduling.v1 import syllabus_service_pb2 as syllabus_pb
from lianxiao.scheduling.v1.class_record_service_pb2_grpc import ClassRecordServiceStub
from lianxiao.scheduling.v1.progress_service_pb2_grpc import ProgressServiceStub
from lianxiao.scheduling.v1.syllabus_service_pb2_grpc import SyllabusServiceStub
from services.scheduling.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.testing.callers import staff
from shared.testing.wire import Wire, serving
from tests.scheduling.test_roll_calls import taught

Signed = tuple[tuple[str, str | bytes], ...]
Lesson = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve scheduling for this module."""
    with serving("scheduling", SERVICERS, database) as running:
        yield running


@pytest.fixture
def signed(institution: UUID) -> Signed:
    """Return metadata of somebody who may do everything."""
    return Wire.metadata(staff(institution))


@pytest.fixture
def lesson(database: Database, institution: UUID) -> Lesson:
    """Return the ids of a lesson of an hour ago, its course and class group, and one of its two students."""
    with database.begin(Caller.system(institution)) as tx:
        row, (child, _) = taught(tx)
        return str(row.id), str(row.course_id), str(row.class_group_ids[0]), str(child)


def _syllabus(wire: Wire, signed: Signed, course_id: str) -> tuple[str, str]:
    """Make two versions of a syllabus; return the second, and the point that stands in both."""
    syllabi = SyllabusServiceStub(wire.channel)
    pasted = syllabus_pb.ImportSyllabusRequest(course_id=course_id, text="1\t通分\t1.5\n2\t约分", validate_only=True)
    assert syllabi.ImportSyllabus(pasted, metadata=signed).syllabus.version == 0
    pasted.validate_only = False
    (kept, _) = syllabi.ImportSyllabus(pasted, metadata=signed).syllabus.points
    again = [syllabus_pb.SyllabusPointDraft(syllabus_point_id=kept.syllabus_point_id, title="通分（上）")]
    changed = syllabus_pb.SetSyllabusRequest(course_id=course_id, points=again, base_version=1, reason="拆开")
    made = syllabi.SetSyllabus(changed, metadata=signed).syllabus
    get = syllabus_pb.GetSyllabusRequest(syllabus_id=made.syllabus_id)
    assert syllabi.GetSyllabus(get, metadata=signed).syllabus == made
    of_course = syllabus_pb.ListSyllabiRequest(filter=f"course_id = {course_id}", order_by="version desc")
    assert [each.version for each in syllabi.ListSyllabi(of_course, metadata=signed).syllabi] == [2, 1]
    return made.syllabus_id, kept.syllabus_point_id


def _record(wire: Wire, signed: Signed, lesson_id: str, student_id: str, point_id: str) -> None:
    records = ClassRecordServiceStub(wire.channel)
    save = record_pb.SaveClassRecordRequest(lesson_id=lesson_id, publish=True)
    save.content.syllabus_point_ids.append(point_id)
    save.content.homework = "练习册第3页"
    save.remarks.add(student_id=student_id, remark="认真", rating=5)
    saved = records.SaveClassRecord(save, metadata=signed).class_record
    assert (saved.state, saved.remarks[0].remark) == (class_record_pb2.CLASS_RECORD_STATE_FINAL, "认真")
    correct = record_pb.CorrectClassRecordRequest(
        lesson_id=lesson_id, content=save.content, base_revision=1, reason="补充内容"
    )
    correct.content.content = "异分母通分"
    corrected = records.CorrectClassRecord(correct, metadata=signed).class_record
    found = records.GetClassRecord(record_pb.GetClassRecordRequest(lesson_id=lesson_id), metadata=signed).class_record
    assert (found, found.content, found.revision) == (corrected, "异分母通分", 2)
    changes = record_pb.ListClassRecordChangesRequest(lesson_id=lesson_id)
    listed = records.ListClassRecordChanges(changes, metadata=signed).changes
    assert [(each.reason, len(each.remarks)) for each in listed] == [("补充内容", 0), ("", 1)]
    of_state = record_pb.ListClassRecordsRequest(filter="state = CLASS_RECORD_STATE_FINAL")
    assert [each.revision for each in records.ListClassRecords(of_state, metadata=signed).class_records] == [2]


def test_from_the_syllabus_to_the_progress_of_a_student(wire: Wire, signed: Signed, lesson: Lesson) -> None:
    lesson_id, course_id, group_id, student_id = lesson
    syllabus_id, point_id = _syllabus(wire, signed, course_id)
    _record(wire, signed, lesson_id, student_id, point_id)
    family = record_pb.ListStudentClassRecordsRequest(student_id=student_id)
    (seen,) = ClassRecordServiceStub(wire.channel).ListStudentClassRecords(family, metadata=signed).class_records
    assert (seen.remark, seen.rating, seen.rating_highest, seen.homework) == ("认真", 5, 5, "练习册第3页")
    progress = ProgressServiceStub(wire.channel)
    of_group = progress_pb.GetClassGroupProgressRequest(class_group_id=group_id)
    far = progress.GetClassGroupProgress(of_group, metadata=signed)
    assert (far.syllabus_version, far.point_count, far.covered_count, far.ahead_count) == (1, 2, 1, 1)
    moved = syllabus_pb.AssignSyllabusRequest(class_group_id=group_id, syllabus_id=syllabus_id, reason="新大纲")
    assert SyllabusServiceStub(wire.channel).AssignSyllabus(moved, metadata=signed).syllabus.version == 2
    of_student = progress_pb.GetStudentProgressRequest(student_id=student_id, course_id=course_id)
    own = progress.GetStudentProgress(of_student, metadata=signed)
    assert (own.syllabus_version, own.pending_count, own.points[0].lesson_id) == (2, 1, lesson_id)


def test_ratings_have_a_scale(wire: Wire, signed: Signed) -> None:
    records = ClassRecordServiceStub(wire.channel)
    assert records.GetRatingScale(record_pb.GetRatingScaleRequest(), metadata=signed).rating_scale.highest == 5
    scale = record_pb.SetRatingScaleRequest(highest=2, labels=["良", "优"])
    made = records.SetRatingScale(scale, metadata=signed).rating_scale
    assert records.GetRatingScale(record_pb.GetRatingScaleRequest(), metadata=signed).rating_scale == made
    assert list(made.labels) == ["良", "优"]
