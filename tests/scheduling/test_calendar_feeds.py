"""Timetables in the calendars of people."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import grpc
import pytest
from icalendar import Calendar

from lianxiao.scheduling.v1 import calendar_feed_service_pb2 as pb
from lianxiao.scheduling.v1 import lesson_pb2
from lianxiao.scheduling.v1.calendar_feed_service_pb2_grpc import CalendarFeedServiceStub
from services.scheduling.actions import calendar_feeds, timetable
from services.scheduling.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotFound
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.scheduling import factories as make

START = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


@pytest.fixture(scope="module")
def stub(database: Database) -> Iterator[CalendarFeedServiceStub]:
    with serving("scheduling", SERVICERS, database) as wire:
        yield CalendarFeedServiceStub(wire.channel)


def events(data: bytes) -> list[tuple[Any, ...]]:
    """Return what a calendar program reads: title, place, people, start, state."""
    found: list[Any] = Calendar.from_ical(data).walk("VEVENT")
    return [
        (str(e["summary"]), str(e["location"]), str(e["description"]), e["dtstart"].dt, str(e["status"])) for e in found
    ]


def shown(tx: Tx, kind: str, resource_id: UUID) -> list[tuple[Any, ...]]:
    _, token = calendar_feeds.create(tx, kind=kind, resource_id=resource_id)
    return events(calendar_feeds.download(tx, tx.institution_id, token))


def test_every_resource_has_its_lessons_with_their_names_and_what_was_cancelled(tx: Tx) -> None:
    campus, teacher = make.campus(tx), make.teacher(tx)
    student, room = make.student(tx, campus), make.room(tx, campus, name="101，大教室; 二楼")
    group = make.class_group(tx, campus, led_by=teacher, usual_room=room)
    make.member(tx, group, student, join_time=START - timedelta(days=50))
    kept, gone = (make.lesson(tx, campus, groups=[group], start=START + timedelta(days=day)) for day in (0, 1))
    make.lesson(tx, campus, groups=[group], start=START - timedelta(days=40))
    timetable.cancel(tx, gone.id, reason="台风")
    resources = {"teacher": teacher.id, "room": room.id, "class_group": group.id, "student": student}
    for kind, resource_id in resources.items():
        found = shown(tx, kind, resource_id)
        assert [each[3:] for each in found] == [(kept.start_time, "CONFIRMED"), (gone.start_time, "CANCELLED")]
        title, place, people, *_ = found[0]
        assert group.name in title
        assert place.endswith("101，大教室; 二楼")
        assert people == teacher.display_name


def test_an_address_is_good_until_it_is_revoked_and_says_nothing_about_a_student(
    stub: CalendarFeedServiceStub, database: Database, institution: UUID
) -> None:
    signed = Wire.metadata(staff(institution))
    with database.begin(Caller.system(institution)) as tx:
        campus = make.campus(tx)
        student = make.student(tx, campus, display_name="王小明")
        make.lesson(tx, campus, student_ids=[student], start=START)
    asked = pb.CreateCalendarFeedRequest(
        resource_kind=lesson_pb2.RESOURCE_KIND_STUDENT, resource_id=str(student), request_id=str(uuid7())
    )
    made = stub.CreateCalendarFeed(asked, metadata=signed)
    again = stub.CreateCalendarFeed(asked, metadata=signed)
    assert (again.calendar_feed, again.path) == (made.calendar_feed, "")
    *_, institution_id, token = made.path.split("/")
    request = pb.GetCalendarFileRequest(institution_id=institution_id, token=token)
    file = stub.GetCalendarFile(request).calendar
    assert file.content_type.startswith("text/calendar")
    assert len(events(file.data)) == 1
    assert "王小明" not in file.data.decode()
    for wrong in (
        pb.GetCalendarFileRequest(institution_id=str(uuid7()), token=token),
        pb.GetCalendarFileRequest(institution_id=institution_id, token=token + "x"),
    ):
        with pytest.raises(grpc.RpcError) as error:
            stub.GetCalendarFile(wrong)
        assert refusal(error.value) == ("NOT_FOUND", "CALENDAR_FEED_NOT_FOUND")
    (listed,) = stub.ListCalendarFeeds(pb.ListCalendarFeedsRequest(), metadata=signed).calendar_feeds
    revoke = pb.RevokeCalendarFeedRequest(calendar_feed_id=listed.calendar_feed_id)
    assert stub.RevokeCalendarFeed(revoke, metadata=signed).calendar_feed.HasField("revoke_time")
    with pytest.raises(grpc.RpcError) as error:
        stub.GetCalendarFile(request)
    assert refusal(error.value) == ("NOT_FOUND", "CALENDAR_FEED_NOT_FOUND")


def test_a_feed_shows_no_campus_that_its_maker_could_not_see(tx: Tx) -> None:
    here, there = make.campus(tx), make.campus(tx)
    teacher, stranger = make.teacher(tx), make.student(tx, there)
    for number, campus in enumerate((here, there)):
        make.lesson(tx, campus, by=[teacher], start=START + timedelta(days=number))
    scope, tx.scope = tx.scope, Scope(frozenset({here.id}))
    local = calendar_feeds.create(tx, kind="teacher", resource_id=teacher.id)[1]
    with pytest.raises(NotFound):
        calendar_feeds.create(tx, kind="student", resource_id=stranger)
    tx.scope = scope
    assert len(events(calendar_feeds.download(tx, tx.institution_id, local))) == 1
    assert len(shown(tx, "teacher", teacher.id)) == 2


def test_a_teacher_makes_an_address_for_their_own_lessons_only(tx: Tx) -> None:
    campus, me, other = make.campus(tx), make.teacher(tx), make.teacher(tx)
    theirs, _ = calendar_feeds.create(tx, kind="teacher", resource_id=other.id)
    tx.caller, tx.scope = dataclasses.replace(tx.caller, subject_id=me.id), Scope(frozenset({campus.id}), own=True)
    feed, _ = calendar_feeds.create(tx, kind="teacher", resource_id=me.id)
    for kind, resource_id in (("teacher", other.id), ("room", make.room(tx, campus).id)):
        with pytest.raises(NotFound):
            calendar_feeds.create(tx, kind=kind, resource_id=resource_id)
    with pytest.raises(NotFound):
        calendar_feeds.revoke(tx, theirs.id)
    assert calendar_feeds.revoke(tx, feed.id).revoke_time == tx.now
