"""Teachers hear of lessons that they may take or that are taken, academic staff of what is left open."""

from __future__ import annotations

from datetime import datetime

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    ClassGroupNotReady,
    RollCallOverdue,
    SubstituteAccepted,
    SubstituteOffered,
    SubstituteOfferEnded,
)
from services.notification.actions import campuses, staff
from services.notification.rules import templates
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant


def offer(tx: Tx, event: SubstituteOffered) -> None:
    """Tell a teacher of a lesson that they may take, when that can still reach them in time."""
    end = instant(event.expire_time)
    values = {
        "course": event.course_name,
        "lesson_time": campuses.local(tx, event.campus_id, instant(event.lesson_start_time)),
        "expire_time": campuses.local(tx, event.campus_id, end),
    }
    teacher, cause = as_uuid(event.teacher_id), _cause(event.substitute_offer_id, end)
    staff.tell(tx, templates.SUBSTITUTE_OFFERED, teacher, event.campus_id, cause, values, before=end)


def end_offer(tx: Tx, event: SubstituteOfferEnded) -> None:
    """Do not tell a teacher of an offer that does not stand any more, in whichever order the two come."""
    teacher, cause = as_uuid(event.teacher_id), _cause(event.substitute_offer_id, instant(event.expire_time))
    staff.withdraw(tx, templates.SUBSTITUTE_OFFERED, teacher, event.campus_id, [cause])


def tell_substitute(tx: Tx, event: SubstituteAccepted) -> None:
    """Tell both teachers who takes the lesson."""
    old, new = as_uuid(event.old_teacher_id), as_uuid(event.teacher_id)
    values = {
        "course": event.course_name,
        "lesson_time": campuses.local(tx, event.campus_id, instant(event.lesson_start_time)),
        "old_teacher": staff.name_of(tx, old),
        "teacher": staff.name_of(tx, new),
    }
    for person in (old, new):
        staff.tell(tx, templates.SUBSTITUTE_FOUND, person, event.campus_id, event.substitute_offer_id, values)


def chase(tx: Tx, event: RollCallOverdue) -> None:
    """Tell who makes the timetable of a campus that a roll call is still open."""
    values = {"lesson_end_time": campuses.local(tx, event.campus_id, instant(event.end_time))}
    cause = f"{event.lesson_id}:{event.threshold_minutes}"
    for person in staff.academics(tx, as_uuid(event.campus_id)):
        staff.tell(tx, templates.ROLL_CALL_OVERDUE, person, event.campus_id, cause, values)


def warn(tx: Tx, event: ClassGroupNotReady) -> None:
    """Tell them that the day of a class group is near and it is not ready."""
    values = {"class_group": event.class_group_name, "unmet": templates.unmet_text(event.unmet)}
    for person in staff.academics(tx, as_uuid(event.campus_id)):
        staff.tell(tx, templates.CLASS_GROUP_NOT_READY, person, event.campus_id, event.class_group_id, values)


def _cause(offer_id: str, expiry: datetime) -> str:
    """Return what makes a message the only one: an offer that is made again expires at another time."""
    return f"{offer_id}:{expiry.isoformat()}"
