"""Families hear what becomes of their lessons: moved, changed, cancelled or near; of leave, and of a place held."""

from __future__ import annotations

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    ClassRecordPublished,
    HomeworkGiven,
    LeaveDecided,
    LessonNoticeDue,
    PlaceOffered,
)
from services.notification.actions import campuses, messages
from services.notification.rules import templates
from shared.db import Tx
from shared.wire_values import instant, optional_instant

_TEMPLATES = {
    "moved": templates.LESSON_MOVED,
    "changed": templates.LESSON_CHANGED,
    "cancelled": templates.LESSON_CANCELLED,
    "near": templates.LESSON_NEAR,
}
_LEAVE = {"approved": templates.LEAVE_APPROVED, "declined": templates.LEAVE_DECLINED}
_NONE = "—"


def tell(tx: Tx, event: LessonNoticeDue) -> None:
    """Tell the guardians of each student once for each notice; reminders that do not hold any more are not sent."""
    start = instant(event.start_time)
    values = {
        "course": event.course_name,
        "room": event.room_name or _NONE,
        "teacher": event.teacher_name or _NONE,
        "lesson_time": campuses.local(tx, event.campus_id, start),
        "old_time": campuses.local(tx, event.campus_id, instant(event.old_start_time)),
        "count": str(event.lesson_count),
    }
    before = start if event.kind == "near" else None
    for student_id in event.student_ids:
        messages.withdraw(tx, templates.LESSON_NEAR, student_id, event.campus_id, event.withdrawn_notice_ids)
        template = _TEMPLATES[event.kind]
        messages.tell_guardians(tx, template, student_id, event.campus_id, event.notice_id, values, before=before)


def tell_leave(tx: Tx, event: LeaveDecided) -> None:
    """Tell the guardians of a student what became of the leave that they asked for."""
    if event.student_id and event.state in _LEAVE:
        start = instant(event.lesson_start_time)
        values = {"course": event.course_name, "lesson_time": campuses.local(tx, event.campus_id, start)}
        cause = event.leave_request_id
        messages.tell_guardians(tx, _LEAVE[event.state], event.student_id, event.campus_id, cause, values)


def offer_place(tx: Tx, event: PlaceOffered) -> None:
    """Tell the guardians of a student that a place is held, when that can still reach them in time."""
    end = instant(event.expire_time)
    values = {"class_group": event.class_group_name, "expire_time": campuses.local(tx, event.campus_id, end)}
    cause, template = f"{event.waiting_entry_id}:{end.isoformat()}", templates.PLACE_OFFERED
    messages.tell_guardians(tx, template, event.student_id, event.campus_id, cause, values, before=end)


def give_homework(tx: Tx, event: HomeworkGiven) -> None:
    """Tell the guardians of each student what a lesson gave to do, once, and once more when that changed."""
    due = optional_instant(event, "due_time")
    values = {
        "course": event.course_name,
        "lesson_time": campuses.local(tx, event.campus_id, instant(event.lesson_start_time)),
        "homework": event.homework,
        "due_time": campuses.local(tx, event.campus_id, due) if due else _NONE,
    }
    cause = f"{event.class_record_id}:{event.revision}"
    for student_id in event.student_ids:
        messages.tell_guardians(tx, templates.HOMEWORK_GIVEN, student_id, event.campus_id, cause, values)


def publish_record(tx: Tx, event: ClassRecordPublished) -> None:
    """Tell the guardians of each student once that there is a class record; what is corrected later shows there."""
    if event.corrected:
        return
    start = instant(event.lesson_start_time)
    values = {"course": event.course_name, "lesson_time": campuses.local(tx, event.campus_id, start)}
    template, cause = templates.CLASS_RECORD_PUBLISHED, event.class_record_id
    for student_id in event.student_ids:
        messages.tell_guardians(tx, template, student_id, event.campus_id, cause, values)
