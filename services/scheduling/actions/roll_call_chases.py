"""Roll calls that nobody confirmed: chased once per lesson and threshold."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import RollCallOverdue
from services.scheduling.actions import roll_call_policies
from services.scheduling.models import Lesson, RollCallChase
from services.scheduling.rules.sign_ins import due
from shared.db import Tx
from shared.events import publish
from shared.tables import stamped
from shared.wire_values import id_text

# Beyond the longest threshold nothing is due; and the backlog of a chain that begins today stays quiet.
_LOOK_BACK = timedelta(minutes=roll_call_policies.MOST_MINUTES, days=1)


def step(tx: Tx) -> None:
    """Tell of open roll calls of lessons that ended so long ago; of several thresholds at once only the last."""
    policies = roll_call_policies.by_campus(tx)
    row = Lesson
    chased = select(func.max(RollCallChase.threshold_minutes)).where(RollCallChase.lesson_id == row.id)
    wanted = select(row, chased.scalar_subquery()).where(
        row.state == "scheduled",
        row.roll_call_state == "open",
        row.seats_taken > 0,
        row.start_time > tx.now - _LOOK_BACK,
        row.start_time <= tx.now,
    )
    passed: dict[tuple[object, int], Lesson] = {}
    for lesson, last in tx.session.execute(wanted):
        policy = policies.get(lesson.campus_id, policies[None])
        for minutes in due(policy.chase_after_minutes, lesson.end_time, tx.now)[-1:]:
            if minutes > (last or 0):
                passed[lesson.id, minutes] = lesson
    if not passed:
        return
    rows = [
        stamped(tx, campus_id=lesson.campus_id, lesson_id=lesson.id, threshold_minutes=minutes)
        for (_, minutes), lesson in passed.items()
    ]
    told = insert(RollCallChase).values(rows).on_conflict_do_nothing()
    for lesson_id, minutes in tx.execute(told.returning(RollCallChase.lesson_id, RollCallChase.threshold_minutes)):
        publish(tx, _overdue(passed[lesson_id, minutes], minutes))


def _overdue(lesson: Lesson, minutes: int) -> RollCallOverdue:
    return RollCallOverdue(
        lesson_id=str(lesson.id),
        campus_id=str(lesson.campus_id),
        course_id=str(lesson.course_id),
        teacher_id=id_text(lesson.teacher_id),
        end_time=lesson.end_time,
        threshold_minutes=minutes,
    )
