"""What scheduling tells of class groups, lessons and homework."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from lianxiao.scheduling.v1 import scheduling_events_pb2 as pb
from services.student.actions import teaching
from shared.db import Tx
from shared.ids import uuid7


def class_group(
    tx: Tx, campus_id: UUID, *, teacher_id: UUID | None = None, members: list[UUID], joined: datetime | None = None
) -> UUID:
    """Let scheduling have told of a class group, who teaches it and who is in it."""
    group_id = uuid7()
    group = pb.ClassGroupCreated(
        class_group_id=str(group_id), course_id=str(uuid7()), campus_id=str(campus_id), name="奥数一班"
    )
    group.teacher_id = str(teacher_id) if teacher_id else ""
    teaching.on_group(tx, group)
    for student_id in members:
        seat = pb.ClassGroupJoined(
            class_group_id=str(group_id),
            student_id=str(student_id),
            campus_id=str(campus_id),
            membership_id=str(uuid7()),
            join_time=joined or tx.now,
        )
        teaching.on_joined(tx, seat)
    return group_id


def homework_given(
    lesson_id: UUID, campus_id: UUID, students: list[UUID], *, start: datetime, due: datetime | None, revision: int = 1
) -> pb.HomeworkGiven:
    """Return the event of homework that a record gives."""
    return pb.HomeworkGiven(
        class_record_id=str(lesson_id),
        lesson_id=str(lesson_id),
        campus_id=str(campus_id),
        course_id=str(lesson_id),
        student_ids=[str(each) for each in students],
        homework="练习三",
        due_time=due,
        lesson_start_time=start,
        revision=revision,
    )


def submission(
    lesson_id: UUID, campus_id: UUID, student_id: UUID, *, state: str, revision: int, submitted: datetime | None = None
) -> pb.HomeworkSubmissionChanged:
    """Return the event of what became of one student's homework."""
    return pb.HomeworkSubmissionChanged(
        homework_submission_id=str(uuid7()),
        lesson_id=str(lesson_id),
        campus_id=str(campus_id),
        course_id=str(lesson_id),
        student_id=str(student_id),
        state=state,
        submit_time=submitted,
        revision=revision,
    )
