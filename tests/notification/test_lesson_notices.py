"""What becomes of a lesson reaches every guardian once, in the time of the campus; old reminders stay at home."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import LeaveDecided, LessonNoticeDue, PlaceOffered
from services.notification.actions import claims, lesson_notices
from services.notification.consumers import CONSUMERS
from services.notification.models import Message
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.notification import factories

NOON = datetime(2030, 3, 4, 4, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=10)
LESSON = NOON + timedelta(hours=22)


@pytest.fixture
def pupils(database: Database, institution: UUID) -> list[str]:
    """Two students: one with two guardians, of whom one wants no messages; one with nobody."""
    first, second = str(uuid7()), str(uuid7())
    deliver(database, CONSUMERS, factories.enrolled(first), institution)
    deliver(database, CONSUMERS, factories.contact(first), institution)
    deliver(database, CONSUMERS, factories.contact(first, name="李娜", may_contact=False), institution)
    return [first, second]


def notice(pupils: list[str], kind: str, **facts: Any) -> LessonNoticeDue:
    known: dict[str, Any] = {
        "lesson_id": str(uuid7()),
        "campus_id": str(uuid7()),
        "notice_id": str(uuid7()),
        "lesson_count": 1,
        "course_name": "数学思维",
        "teacher_name": "王老师",
        "old_start_time": LESSON,
        "start_time": LESSON,
        "student_ids": pupils,
    }
    return LessonNoticeDue(**known | facts, kind=kind)


def tell(database: Database, institution: UUID, event: LessonNoticeDue, now: datetime = NOON) -> None:
    with database.begin(Caller.system(institution), now=now) as tx:
        lesson_notices.tell(tx, event)


def found(database: Database, institution: UUID) -> list[tuple[str, str, str]]:
    """Return (template, state, reason) of all messages."""
    with database.begin(Caller.system(institution)) as tx:
        rows = tx.session.scalars(select(Message).order_by(Message.id))
        return [(row.template, row.state, row.reason) for row in rows]


def letters(database: Database, institution: UUID, now: datetime = NOON) -> list[str]:
    with database.begin(Caller.system(institution), now=now) as tx:
        return [letter.body for letter in claims.claim(tx, 10)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("moved", "原定 2030-03-05 10:00 的数学思维课调整到 2030-03-05 12:00，教室：—，任课老师：王老师。本次共调整 3"),
        ("changed", "于 2030-03-05 12:00 的数学思维课安排有调整，教室：—，任课老师：王老师。本次共调整 3 节课"),
        ("cancelled", "原定 2030-03-05 10:00 的数学思维课取消。本次共取消 3 节课，不消耗课时。"),
        ("near", "的数学思维课将于 2030-03-05 12:00 开始，教室：—，任课老师：王老师。"),
    ],
)
def test_who_wants_to_hear_hears_once(
    database: Database, institution: UUID, pupils: list[str], kind: str, text: str
) -> None:
    event = notice(pupils, kind, lesson_count=3, start_time=LESSON + timedelta(hours=2))
    for _ in range(2):
        tell(database, institution, event)
    assert [(state, reason) for _, state, reason in found(database, institution)] == [
        ("queued", ""),
        ("refused", "NO_CONTACT"),
    ]
    (body,) = letters(database, institution)
    assert body.startswith("张伟您好：张小明 ")
    assert text in body


@pytest.mark.parametrize("withdrawn_first", [False, True])
def test_a_reminder_of_an_old_time_is_not_sent_whichever_comes_first(
    database: Database, institution: UUID, pupils: list[str], *, withdrawn_first: bool
) -> None:
    reminder = notice(pupils, "near")
    moved = notice(pupils, "moved", withdrawn_notice_ids=[reminder.notice_id], start_time=LESSON + timedelta(hours=3))
    for event in (moved, reminder) if withdrawn_first else (reminder, moved):
        tell(database, institution, event, NIGHT)
    near = [state for template, state, _ in found(database, institution) if template == "lesson_near"]
    assert set(near) == {"refused"}
    (body,) = letters(database, institution, NIGHT + timedelta(hours=11))
    assert "调整到 2030-03-05 13:00" in body


def test_a_reminder_that_the_night_would_hold_back_too_long_is_refused(
    database: Database, institution: UUID, pupils: list[str]
) -> None:
    early = NIGHT + timedelta(hours=9)
    tell(database, institution, notice(pupils[:1], "near", start_time=early), NIGHT)
    tell(database, institution, notice(pupils[:1], "near", start_time=early), early)
    assert [reason for _, _, reason in found(database, institution)] == ["QUIET_HOURS", "TOO_LATE"]


def test_leave_and_held_places_are_told(database: Database, institution: UUID, pupils: list[str]) -> None:
    campus = str(uuid7())
    leave: dict[str, Any] = {"campus_id": campus, "lesson_start_time": LESSON, "course_name": "数学思维"}
    with database.begin(Caller.system(institution), now=NOON) as tx:
        for state in ("approved", "declined", "withdrawn"):
            asked = LeaveDecided(**leave, leave_request_id=str(uuid7()), student_id=pupils[0], state=state)
            lesson_notices.tell_leave(tx, asked)
        lesson_notices.tell_leave(tx, LeaveDecided(**leave, leave_request_id=str(uuid7()), teacher_id=str(uuid7())))
        offer = PlaceOffered(waiting_entry_id=str(uuid7()), student_id=pupils[0], campus_id=campus)
        offer.class_group_name = "周六数学班"
        offer.expire_time.FromDatetime(LESSON)
        lesson_notices.offer_place(tx, offer)
    assert sorted(letters(database, institution)) == sorted(
        (
            "张伟您好：张小明 于 2030-03-05 10:00 的数学思维课请假已批准。",
            "张伟您好：张小明 于 2030-03-05 10:00 的数学思维课请假未获批准，请联系课程顾问。",
            "张伟您好：周六数学班有名额空出，为 张小明 保留到 2030-03-05 10:00，请及时联系课程顾问确认。",
        )
    )
