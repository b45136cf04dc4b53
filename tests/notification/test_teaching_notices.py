"""Teachers hear once of lessons that they may take, families of homework; what does not stand stays at home."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.org.v1.org_events_pb2 import StaffChanged, StaffRole
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    ClassGroupNotReady,
    ClassRecordPublished,
    HomeworkGiven,
    RollCallOverdue,
    SubstituteAccepted,
    SubstituteOffered,
    SubstituteOfferEnded,
)
from services.notification.actions import claims
from services.notification.consumers import CONSUMERS
from services.notification.models import Message
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.notification import factories

LESSON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=3)
CAMPUS = str(uuid7())


def hired(
    role: str = "teacher",
    *,
    name: str = "王老师",
    email: str = "wang@example.com",
    campus: str = CAMPUS,
    active: bool = True,
) -> StaffChanged:
    roles = [StaffRole(role=role, campus_ids=[campus] if campus else [])]
    return StaffChanged(staff_id=str(uuid7()), display_name=name, active=active, email=email, roles=roles)


@pytest.fixture
def awake(database: Database, institution: UUID) -> None:
    """Nobody sleeps in these tests: they are about what is told, not when."""
    deliver(database, CONSUMERS, factories.quiet(institution, 0, 0), institution)


def offered(teacher_id: str, **facts: Any) -> tuple[SubstituteOffered, SubstituteOfferEnded]:
    who: dict[str, Any] = {
        "substitute_offer_id": str(uuid7()),
        "substitute_request_id": str(uuid7()),
        "lesson_id": str(uuid7()),
        "campus_id": CAMPUS,
        "teacher_id": teacher_id,
        "expire_time": LESSON - timedelta(hours=1),
    } | facts
    times: dict[str, Any] = {"lesson_start_time": LESSON, "lesson_end_time": LESSON + timedelta(hours=1)}
    return SubstituteOffered(**who, **times, course_name="数学思维"), SubstituteOfferEnded(**who, state="withdrawn")


def found(database: Database, institution: UUID) -> list[tuple[str, str, str]]:
    with database.begin(Caller.system(institution)) as tx:
        rows = tx.session.scalars(select(Message).order_by(Message.id))
        return [(row.template, row.state, row.reason) for row in rows]


def letters(database: Database, institution: UUID) -> dict[str, list[str]]:
    """Return what was said to whom, in the order of the texts."""
    with database.begin(Caller.system(institution)) as tx:
        said: dict[str, list[str]] = {}
        for letter in claims.claim(tx, 20):
            said.setdefault(letter.address, []).append(letter.body)
        return {address: sorted(bodies) for address, bodies in said.items()}


@pytest.mark.usefixtures("awake")
def test_a_teacher_hears_once_of_an_offer(database: Database, institution: UUID) -> None:
    teacher = hired()
    deliver(database, CONSUMERS, teacher, institution)
    told, _ = offered(teacher.staff_id)
    again, _ = offered(
        teacher.staff_id, substitute_offer_id=told.substitute_offer_id, expire_time=LESSON - timedelta(minutes=30)
    )
    for event in (told, told, again):
        deliver(database, CONSUMERS, event, institution)
    ((address, bodies),) = letters(database, institution).items()
    day = f"{LESSON:%Y-%m-%d}"
    assert address == "wang@example.com"
    assert bodies == [
        f"王老师您好：{day} 12:00 的数学思维课需要代课，请在 {day} 11:00 前确认是否接受。",
        f"王老师您好：{day} 12:00 的数学思维课需要代课，请在 {day} 11:30 前确认是否接受。",
    ]


@pytest.mark.usefixtures("awake")
@pytest.mark.parametrize("ended_first", [False, True])
def test_an_offer_that_ended_is_not_told_whichever_comes_first(
    database: Database, institution: UUID, *, ended_first: bool
) -> None:
    teacher = hired()
    deliver(database, CONSUMERS, teacher, institution)
    told, ended = offered(teacher.staff_id)
    for event in (ended, told) if ended_first else (told, ended):
        deliver(database, CONSUMERS, event, institution)
    assert found(database, institution) == [("substitute_offered", "refused", "WITHDRAWN")]
    assert letters(database, institution) == {}


@pytest.mark.usefixtures("awake")
@pytest.mark.parametrize(
    ("person", "expiry", "reason"),
    [
        (hired(email=""), LESSON, "NO_CONTACT"),
        (hired(email="wang_laoshi"), LESSON, "NO_CONTACT"),
        (hired(active=False), LESSON, "NO_CONTACT"),
        (hired(), datetime(2026, 1, 1, tzinfo=UTC), "TOO_LATE"),
    ],
)
def test_why_a_teacher_hears_nothing_is_on_record(
    database: Database, institution: UUID, person: StaffChanged, expiry: datetime, reason: str
) -> None:
    deliver(database, CONSUMERS, person, institution)
    deliver(database, CONSUMERS, offered(person.staff_id, expire_time=expiry)[0], institution)
    assert found(database, institution) == [("substitute_offered", "refused", reason)]


@pytest.mark.usefixtures("awake")
def test_both_teachers_hear_who_takes_the_lesson(database: Database, institution: UUID) -> None:
    old, new = hired(), hired(name="李老师", email="li@example.com")
    for each in (old, new):
        deliver(database, CONSUMERS, each, institution)
    event = SubstituteAccepted(
        substitute_offer_id=str(uuid7()),
        campus_id=CAMPUS,
        old_teacher_id=old.staff_id,
        teacher_id=new.staff_id,
        lesson_start_time=LESSON,
        course_name="数学思维",
    )
    for _ in range(2):
        deliver(database, CONSUMERS, event, institution)
    said = letters(database, institution)
    assert set(said) == {"wang@example.com", "li@example.com"}
    assert [len(bodies) for bodies in said.values()] == [1, 1]
    assert said["li@example.com"][0].endswith("的数学思维课原由王老师授课，现由李老师代课。")


@pytest.mark.usefixtures("awake")
def test_who_makes_the_timetable_of_the_campus_hears_what_is_left_open(database: Database, institution: UUID) -> None:
    people = (
        hired("academic_admin", email="here@example.com"),
        hired("academic_admin", email="chain@example.com", campus=""),
        hired("academic_admin", email="there@example.com", campus=str(uuid7())),
        hired("teacher", email="teacher@example.com"),
    )
    for each in people:
        deliver(database, CONSUMERS, each, institution)
    overdue = RollCallOverdue(lesson_id=str(uuid7()), campus_id=CAMPUS, end_time=LESSON, threshold_minutes=60)
    group = ClassGroupNotReady(class_group_id=str(uuid7()), campus_id=CAMPUS, class_group_name="周六班")
    group.unmet.extend(["min_members", "teacher"])
    for event in (overdue, overdue, group):
        deliver(database, CONSUMERS, event, institution)
    said = letters(database, institution)
    assert set(said) == {"here@example.com", "chain@example.com"}
    for bodies in said.values():
        assert bodies == [
            f"王老师您好：{LESSON:%Y-%m-%d} 12:00 结束的课次尚未完成点名，请跟进。",
            "王老师您好：周六班临近开班日期，尚缺：最低人数、任课教师。",
        ]


@pytest.mark.usefixtures("awake")
def test_families_hear_of_homework_and_records(database: Database, institution: UUID) -> None:
    student = str(uuid7())
    for event in (
        factories.enrolled(student),
        factories.contact(student),
        factories.contact(student, name="李娜", may_contact=False),
    ):
        deliver(database, CONSUMERS, event, institution)
    facts: dict[str, Any] = {
        "class_record_id": str(uuid7()),
        "campus_id": CAMPUS,
        "student_ids": [student],
        "course_name": "数学思维",
        "lesson_start_time": LESSON,
    }
    homework = HomeworkGiven(**facts, homework="练习册第3页", revision=1)
    changed = HomeworkGiven(**facts, homework="练习册第4页", revision=2, due_time=LESSON + timedelta(days=1))
    published = ClassRecordPublished(**facts, revision=1)
    corrected = ClassRecordPublished(**facts, revision=2, corrected=True)
    for told in (published, homework, homework, corrected, changed):
        deliver(database, CONSUMERS, told, institution)
    ((_, bodies),) = letters(database, institution).items()
    day, due = f"{LESSON:%Y-%m-%d}", f"{LESSON + timedelta(days=1):%Y-%m-%d}"
    assert bodies == [
        f"张伟您好：张小明 于 {day} 12:00 的数学思维课上课记录已发布，欢迎查看。",
        f"张伟您好：张小明 于 {day} 12:00 的数学思维课布置了作业：练习册第3页。提交截止：—。",
        f"张伟您好：张小明 于 {day} 12:00 的数学思维课布置了作业：练习册第4页。提交截止：{due} 12:00。",
    ]
