"""What students did of their homework."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow


class HomeworkSubmission(CampusRow, Base):
    """One student's work on the homework of one class record; `homework_submission_change` has how it came about."""

    __tablename__ = "homework_submission"

    class_record_id: Mapped[UUID]
    lesson_id: Mapped[UUID]
    course_id: Mapped[UUID]
    class_group_id: Mapped[UUID | None]
    # The main teacher of the lesson.
    teacher_id: Mapped[UUID | None]
    student_id: Mapped[UUID]
    # "open", "submitted", "returned" or "marked".
    state: Mapped[str]
    submit_time: Mapped[datetime | None]
    first_submit_time: Mapped[datetime | None]
    attempt_count: Mapped[int]
    # As the class record says; follows its corrections.
    due_time: Mapped[datetime | None]
    score: Mapped[int | None]
    score_highest: Mapped[int]
    remark_sealed: Mapped[bytes | None]
    remark = Sealed("remark_sealed", of=("student_id",))
    revision: Mapped[int]
    staff_id: Mapped[UUID]


class HomeworkSubmissionChange(CampusRow, Base):
    """What a submission became; append-only."""

    __tablename__ = "homework_submission_change"

    homework_submission_id: Mapped[UUID]
    revision: Mapped[int]
    state: Mapped[str]
    submit_time: Mapped[datetime | None]
    score: Mapped[int | None]
    score_highest: Mapped[int]
    remark_sealed: Mapped[bytes | None]
    remark = Sealed("remark_sealed")
    staff_id: Mapped[UUID]
