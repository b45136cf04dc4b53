"""Calls and care: each given once, on the right day by the clock of the campus, by whoever cares for the child."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from lianxiao.student.v1.student_events_pb2 import CareGiven, FamilyNoticeDue, StaffNoticeDue
from services.student.actions import call_tasks, campuses, care, guardians, students, tags, tickets
from services.student.actions.call_tasks import Call
from services.student.actions.students import Profile
from services.student.models import CareRule, Student
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from tests.student import factories

# 10:00 in Shanghai.
MORNING = datetime(2026, 6, 15, 2, tzinfo=UTC)
YEARS_BEFORE = MORNING - timedelta(days=3000)


def rule(tx: Tx, occasion: str = "birthday", method: str = "message", **more: object) -> CareRule:
    """Add a rule."""
    usual: dict[str, object] = {
        "offset_days": 0,
        "hour": 9,
        "states": [],
        "subject": "生日快乐",
        "text": "祝{student}生日快乐",
    }
    return care.create(tx, CareRule(name="关怀", occasion=occasion, method=method, **(usual | more)))


def born(tx: Tx, month: int, day: int, campus_id: UUID | None = None) -> Student:
    """Open the file of a child with a birthday."""
    profile = Profile("张小明", 2016, month, day)
    return students.enrol(tx, uuid7(), campus_id=campus_id or uuid7(), profile=profile)


def given(database: Database, caller: Caller, now: datetime) -> list[str]:
    """Run the job and return whom it cared for."""
    with database.begin(caller, now=now) as tx:
        while care.step(tx):
            pass
        return [event.student_id for event in factories.told(tx, CareGiven)]


def test_a_birthday_is_kept_once_a_year_from_the_hour_on(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=YEARS_BEFORE) as tx:
        rule(tx)
        today, _tomorrow, _unknown = born(tx, 6, 15), born(tx, 6, 16), born(tx, 6, 0)
    assert given(database, caller, MORNING - timedelta(hours=2)) == []
    assert given(database, caller, MORNING) == [str(today.id)]
    assert given(database, caller, MORNING + timedelta(hours=1)) == []
    assert given(database, caller, MORNING + timedelta(days=365)) == [str(today.id)]


def test_what_was_missed_is_made_good_for_three_days_only(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=YEARS_BEFORE) as tx:
        rule(tx)
        late, _too_late = born(tx, 6, 13), born(tx, 6, 12)
    assert given(database, caller, MORNING) == [str(late.id)]


def test_the_leap_day_is_kept_on_the_28th(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=YEARS_BEFORE) as tx:
        rule(tx)
        child = born(tx, 2, 29)
    assert given(database, caller, datetime(2026, 2, 28, 2, tzinfo=UTC)) == [str(child.id)]
    assert given(database, caller, datetime(2028, 2, 28, 2, tzinfo=UTC)) == []
    assert given(database, caller, datetime(2028, 2, 29, 2, tzinfo=UTC)) == [str(child.id)]


def test_a_day_begins_by_the_clock_of_the_campus(database: Database, caller: Caller) -> None:
    """17:00 UTC on 14 June is 1 o'clock of the 15th in Shanghai and the evening of the 14th in Berlin."""
    with database.begin(caller, now=YEARS_BEFORE) as tx:
        rule(tx, hour=0)
        children = []
        for zone in ("Asia/Shanghai", "Europe/Berlin"):
            campus_id = uuid7()
            campuses.project(tx, CampusChanged(campus_id=str(campus_id), name=zone, time_zone=zone, active=True))
            children.append(born(tx, 6, 15, campus_id))
    assert given(database, caller, datetime(2026, 6, 14, 17, tzinfo=UTC)) == [str(children[0].id)]
    assert given(database, caller, datetime(2026, 6, 14, 22, 30, tzinfo=UTC)) == [str(children[1].id)]


def test_graduates_get_a_call_and_those_who_came_back_do_not(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=MORNING) as tx:
        advisor = factories.staff_member(tx)
        rule(tx, "alumnus", "call", offset_days=30, text="", subject="毕业回访")
        graduate, back = factories.student(tx, owner_id=advisor), factories.student(tx)
        for child in (graduate, back):
            for state in ("finished", "alumnus"):
                students.change_state(tx, child.id, to_state=state, reason="课程结束")
        students.change_state(tx, back.id, to_state="enrolled", reason="回来")
    assert given(database, caller, MORNING + timedelta(days=29)) == []
    assert given(database, caller, MORNING + timedelta(days=30)) == [str(graduate.id)]
    with database.begin(caller) as tx:
        [(event, _)] = care.of_student(tx, graduate.id)
        assert event.call_task_id is not None
        assert call_tasks.attempts(tx, event.call_task_id) == []


def test_only_students_of_the_type_are_cared_for_and_nothing_before_the_rule(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller, now=MORNING - timedelta(days=7)) as tx:
        old = factories.student(tx)
        tag = tags.create(tx, name="新生关怀", facet="student")
        rule(tx, "enrolled", offset_days=7, tag_id=tag.id, text="一周了")
        tagged, _other = factories.student(tx), factories.student(tx)
        for child in (old, tagged):
            tags.add(tx, child.id, tag.id)
        old.enrol_time -= timedelta(days=8)
    with database.begin(caller, now=MORNING) as tx:
        care.step(tx)
        assert [event.student_id for event in factories.told(tx, CareGiven)] == [str(tagged.id)]
        [notice] = factories.told(tx, FamilyNoticeDue)
        assert (notice.notice, notice.subject, notice.text) == ("care", "生日快乐", "一周了")


@pytest.mark.parametrize(
    "more",
    [
        {"occasion": "enrolled", "offset_days": -1},
        {"occasion": "lapsed", "states": ["enrolled"]},
        {"text": ""},
        {"text": "{guardian}"},
    ],
)
def test_care_that_could_never_be_given_is_refused(database: Database, caller: Caller, more: dict[str, object]) -> None:
    with database.begin(caller) as tx, pytest.raises(InvalidInput):
        rule(tx, **more)  # type: ignore[arg-type]


def test_who_is_not_reached_is_called_again_and_what_is_said_becomes_a_ticket(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller, now=MORNING) as tx:
        owner = factories.staff_member(tx)
        child = factories.student(tx, owner_id=owner)
        row = call_tasks.create(tx, child.id, occasion="开课回访", due_time=MORNING + timedelta(hours=1))
        assert [event.staff_id for event in factories.told(tx, StaffNoticeDue)] == [str(owner)]
        call_tasks.record(tx, row.id, Call("not_reached"))
        assert (row.state, row.due_time) == ("open", MORNING + timedelta(days=1))
        done = call_tasks.record(tx, row.id, Call("reached", "嫌教室吵", ticket_kind="suggestion"))
        assert done.ticket_id is not None
        assert tickets.get(tx, done.ticket_id).kind == "suggestion"
        assert "教室".encode() not in (done.note_sealed or b"")
        assert [each.outcome for each in call_tasks.attempts(tx, row.id)] == ["not_reached", "reached"]
        for change in (lambda: call_tasks.cancel(tx, row.id), lambda: call_tasks.record(tx, row.id, Call("reached"))):
            with pytest.raises(Refused, match="over"):
                change()


def test_a_guardian_who_wants_no_contact_is_not_called(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        child = factories.student(tx)
        guardian = factories.guardian(tx, child)
        guardians.set_rights(tx, child.id, guardian.id, may_see=True, may_contact=False)
        with pytest.raises(Refused, match="contacted"):
            call_tasks.create(tx, child.id, occasion="回访", due_time=MORNING, guardian_id=guardian.id)


def test_calls_of_others_are_out_of_sight(database: Database, caller: Caller, institution: UUID) -> None:
    me = uuid7()
    with database.begin(caller) as tx:
        row = call_tasks.create(tx, factories.student(tx).id, occasion="回访", due_time=MORNING)
    with database.begin(staff(institution, subject=me), scope=Scope(None, own=True)) as tx, pytest.raises(NotFound):
        call_tasks.cancel(tx, row.id)
