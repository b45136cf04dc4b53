"""Waiting lists, openings, transfers and pauses: a place is never given twice, and nothing of the past is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    ClassGroupJoined,
    ClassGroupLeft,
    ClassGroupNotReady,
    PlaceOffered,
    StudentResumed,
    StudentSuspended,
    StudentTransferred,
)
from services.scheduling.actions import (
    campuses,
    class_groups,
    memberships,
    openings,
    prorations,
    roll_calls,
    suspensions,
    timetable,
    transfers,
    waiting_lists,
)
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import Attendance, Campus, ClassGroup, Membership, Suspension, WaitingEntry
from services.scheduling.rules.opening import Conditions, Opening, is_to_warn, unmet
from services.scheduling.rules.prorations import Proration
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published

DAY = date(2030, 3, 4)


def test_conditions_that_do_not_hold_are_named_and_warned_of() -> None:
    poor = Conditions(5, 4, needs_teacher=True, has_teacher=False, open_by_date=DAY)
    assert unmet(poor, DAY) == ["min_members", "teacher"]
    assert unmet(poor, DAY + timedelta(days=1)) == ["min_members", "teacher", "open_by_date"]
    rich = Conditions(5, 5, needs_teacher=True, has_teacher=True, open_by_date=DAY)
    assert unmet(rich, DAY) == []
    assert is_to_warn(poor, DAY - timedelta(days=7))
    assert not is_to_warn(poor, DAY - timedelta(days=8))
    assert not is_to_warn(rich, DAY)
    assert not is_to_warn(poor._replace(open_by_date=None), DAY)


def full(tx: Tx, *, capacity: int = 1) -> tuple[Campus, ClassGroup, list[UUID]]:
    campus = make.campus(tx)
    group = make.class_group(tx, campus, led_by=make.teacher(tx), capacity=capacity)
    children = [make.student(tx, campus) for _ in range(capacity)]
    for child in children:
        make.member(tx, group, child)
    return campus, class_groups.get(tx, group.id), children


def states(tx: Tx) -> list[str]:
    tx.session.flush()
    return list(tx.session.scalars(select(WaitingEntry.state).order_by(WaitingEntry.id)))


def test_a_free_place_is_offered_to_who_waits_longest_and_held(tx: Tx) -> None:
    campus, group, (child,) = full(tx)
    first, second, third = (make.student(tx, campus) for _ in range(3))
    entries = [waiting_lists.wait(tx, group.id, student_id=each) for each in (first, second)]
    memberships.leave(tx, group.id, student_id=child, reason="搬家")
    assert states(tx) == ["offered", "waiting"]
    assert entries[0].offer_expire_time == tx.now + hours(48)
    assert [each.student_id for each in published(tx, PlaceOffered)] == [str(first)]
    with pytest.raises(Refused) as held:
        memberships.join(tx, group.id, student_id=third)
    assert held.value.reason == "CLASS_GROUP_FULL"
    with pytest.raises(Refused) as waits:
        waiting_lists.check_offered(tx, entries[1].id)
    assert waits.value.reason == "WAITING_NOT_OFFERED"
    waiting_lists.decline(tx, entries[0].id)
    assert states(tx) == ["declined", "offered"]
    memberships.join(tx, group.id, student_id=second)
    assert states(tx) == ["declined", "accepted"]
    group = class_groups.get(tx, group.id, for_update=True)
    assert (group.member_count, group.held_count) == (1, 0)
    with pytest.raises(Refused) as ended:
        waiting_lists.decline(tx, entries[0].id)
    assert ended.value.reason == "WAITING_ENDED"


def test_offers_expire_and_more_places_make_more_offers(tx: Tx) -> None:
    campus, group, _ = full(tx)
    entries = [waiting_lists.wait(tx, group.id, student_id=make.student(tx, campus)) for _ in range(3)]
    class_groups.update(tx, group.id, {"capacity": 2, "offer_hours": 1})
    assert states(tx) == ["offered", "waiting", "waiting"]
    entries[0].offer_expire_time = tx.now
    tx.session.flush()
    with pytest.raises(Refused) as late:
        waiting_lists.check_offered(tx, entries[0].id)
    assert late.value.reason == "OFFER_EXPIRED"
    assert not waiting_lists.expire(tx)
    assert states(tx) == ["expired", "offered", "waiting"]
    with pytest.raises(Refused) as held:
        class_groups.update(tx, group.id, {"capacity": 1})
    assert held.value.reason == "CLASS_GROUP_CAPACITY_TOO_SMALL"
    class_groups.update(tx, group.id, {"state": "closed", "capacity": 3})
    assert states(tx) == ["expired", "offered", "waiting"]


def test_odd_waits_are_refused(tx: Tx) -> None:
    campus, group, (child,) = full(tx)
    roomy = make.class_group(tx, campus)
    with pytest.raises(Refused) as place:
        waiting_lists.wait(tx, roomy.id, student_id=child)
    with pytest.raises(AlreadyExists) as member:
        waiting_lists.wait(tx, group.id, student_id=child)
    with pytest.raises(NotFound):
        waiting_lists.wait(tx, group.id, student_id=uuid7())
    other = make.student(tx, campus)
    waiting_lists.wait(tx, group.id, student_id=other)
    with pytest.raises(AlreadyExists) as twice:
        waiting_lists.wait(tx, group.id, student_id=other)
    reasons = [each.value.reason for each in (place, member, twice)]
    assert reasons == ["CLASS_GROUP_NOT_FULL", "MEMBERSHIP_EXISTS", "WAITING_EXISTS"]


def test_a_place_is_never_given_twice(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus, group, (child,) = full(tx)
        group_id = group.id
        waiting = [make.student(tx, campus) for _ in range(3)]
        strangers = [make.student(tx, campus) for _ in range(3)]
        for each in waiting:
            waiting_lists.wait(tx, group_id, student_id=each)

    def rush(student_id: UUID) -> str:
        try:
            with database.begin(Caller.system(institution)) as tx:
                if student_id == child:
                    memberships.leave(tx, group_id, student_id=child, reason="搬家")
                else:
                    memberships.join(tx, group_id, student_id=student_id)
        except Refused as error:
            return error.reason
        return "done"

    with ThreadPoolExecutor(4) as pool:
        outcomes = dict(zip([child, *strangers], pool.map(rush, [child, *strangers]), strict=True))
    assert outcomes == {child: "done"} | dict.fromkeys(strangers, "CLASS_GROUP_FULL")
    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(rush, waiting)) == ["CLASS_GROUP_FULL", "CLASS_GROUP_FULL", "done"]
    with database.begin(Caller.system(institution)) as tx:
        group = class_groups.get(tx, group_id)
        assert (group.member_count, group.held_count) == (1, 0)


def forming(tx: Tx, opening: Opening) -> ClassGroup:
    campus = make.campus(tx)
    return class_groups.create(
        tx, campus_id=campus.id, course_id=make.course(tx).id, name="春季班", capacity=5, opening=opening
    )


def test_a_class_group_opens_when_its_conditions_hold_or_somebody_overrides(tx: Tx) -> None:
    group = forming(tx, Opening(min_members=1, needs_teacher=True))
    with pytest.raises(Refused) as blocked:
        openings.start(tx, group.id, override_reason="")
    assert (blocked.value.reason, blocked.value.info["unmet"]) == ("CLASS_GROUP_NOT_READY", "min_members, teacher")
    tx.caller = staff(tx.institution_id, ["class_group.start"])
    with pytest.raises(NotAllowed):
        openings.start(tx, group.id, override_reason="校长同意")
    make.member(tx, group, make.student(tx, make.campus(tx)))
    class_groups.update(tx, group.id, {"teacher_id": make.teacher(tx).id})
    assert openings.start(tx, group.id, override_reason="").stage == "running"
    with pytest.raises(Refused) as again:
        openings.start(tx, group.id, override_reason="")
    assert again.value.reason == "CLASS_GROUP_STAGE_WRONG"


def test_a_class_group_that_ends_keeps_who_was_in_it(tx: Tx) -> None:
    campus, group, (child,) = full(tx)
    ahead = make.lesson(tx, campus, groups=[group])
    with pytest.raises(Refused) as busy:
        openings.finish(tx, group.id)
    assert busy.value.reason == "CLASS_GROUP_HAS_LESSONS"
    timetable.cancel(tx, ahead.id, reason="停课")
    assert openings.finish(tx, group.id).stage == "finished"
    (kept,) = tx.session.scalars(select(Membership)).all()
    assert (kept.student_id, kept.leave_reason) == (child, "finished")
    with pytest.raises(Refused) as closed:
        memberships.join(tx, group.id, student_id=child)
    assert closed.value.reason == "CLASS_GROUP_CLOSED"


def test_an_opening_that_is_not_ready_is_told_once(tx: Tx) -> None:
    near = forming(tx, Opening(min_members=3, open_by_date=tx.now.date() + timedelta(days=2)))
    forming(tx, Opening(min_members=3, open_by_date=tx.now.date() + timedelta(days=60)))
    for _ in range(2):
        openings.warn(tx)
        tx.session.flush()
        (told,) = published(tx, ClassGroupNotReady)
        assert (told.class_group_id, list(told.unmet)) == (str(near.id), ["min_members"])
    with pytest.raises(InvalidInput):
        class_groups.update(tx, near.id, {"min_members": -1})


def test_a_late_join_says_what_is_left_and_how_to_catch_up(tx: Tx) -> None:
    campus = make.campus(tx)
    course = make.course(tx)
    group, other = (make.class_group(tx, campus, taught=course, led_by=make.teacher(tx)) for _ in range(2))
    for day in (-14, -7, 7, 14):
        make.lesson(tx, campus, groups=[group], start=tx.now + timedelta(days=day))
    spare = make.lesson(tx, campus, groups=[other], start=tx.now + timedelta(days=3))
    child = make.student(tx, campus)
    joined = memberships.join(tx, group.id, student_id=child)
    assert joined.proration == Proration(4, 2, 600, 300)
    (event,) = published(tx, ClassGroupJoined)
    assert (event.remaining_lesson_count, event.total_hundredths) == (2, 600)
    offered = prorations.catch_up(tx, student_id=child, class_group_id=group.id, course_id=course.id)
    assert [each.id for each in offered] == [spare.id]


def test_a_transfer_is_one_step_and_keeps_the_past(tx: Tx) -> None:
    campus, group, _ = full(tx, capacity=2)
    child = make.student(tx, campus)
    class_groups.update(tx, group.id, {"capacity": 3})
    make.member(tx, group, child, join_time=tx.now - hours(9))
    past = make.lesson(tx, campus, groups=[group], start=tx.now - hours(2))
    roll_calls.confirm(tx, past.id, {child: Mark("present")})
    coming = make.lesson(tx, campus, groups=[group], start=START)
    _, target, _ = full(tx)
    with pytest.raises(InvalidInput):
        transfers.transfer(tx, group.id, student_id=child, target_class_group_id=group.id, reason="")
    class_groups.update(tx, target.id, {"capacity": 2})
    lesson = make.lesson(tx, campuses.get(tx, target.campus_id), groups=[target], start=START)
    joined = transfers.transfer(tx, group.id, student_id=child, target_class_group_id=target.id, reason="时间")
    for row in (coming, lesson):
        tx.session.refresh(row)
    assert (coming.seats_taken, lesson.seats_taken) == (2, 2)
    assert joined.proration == Proration(1, 1, 150, 150)
    (told,) = published(tx, StudentTransferred)
    assert (told.source_remaining_lesson_count, told.target_remaining_hundredths) == (1, 150)
    assert (told.source_total_lesson_count, told.source_class_group_id) == (2, str(group.id))
    assert published(tx, ClassGroupLeft)[-1].transfer_id == told.transfer_id
    assert tx.session.scalars(select(Attendance.state)).all() == ["confirmed"]
    rows = tx.session.scalars(select(Membership).where(Membership.student_id == child)).all()
    assert sorted((row.class_group_id == target.id, row.leave_reason) for row in rows) == [(False, "时间"), (True, "")]


def test_a_transfer_into_a_full_group_leaves_everything_as_it_was(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        (_, group, (child,)), (_, target, _) = full(tx), full(tx)
        group_id, target_id = group.id, target.id
    with pytest.raises(Refused) as error, database.begin(Caller.system(institution)) as tx:
        transfers.transfer(tx, group_id, student_id=child, target_class_group_id=target_id, reason="时间")
    assert error.value.reason == "CLASS_GROUP_FULL"
    with database.begin(Caller.system(institution)) as tx:
        present = select(Membership.class_group_id).where(Membership.leave_time.is_(None))
        assert set(tx.session.scalars(present)) == {group_id, target_id}


def pause(tx: Tx, campus: Campus, child: UUID) -> Suspension:
    return suspensions.suspend(
        tx, student_id=child, campus_id=campus.id, return_time=tx.now + timedelta(days=30), reason="出国"
    )


def test_who_pauses_gives_the_seats_back_and_comes_back(tx: Tx) -> None:
    campus, group, (child,) = full(tx)
    coming = make.lesson(tx, campus, groups=[group])
    row = pause(tx, campus, child)
    tx.session.refresh(coming)
    assert (coming.seats_taken, class_groups.get(tx, group.id).member_count) == (0, 0)
    assert [list(each.class_group_ids) for each in published(tx, StudentSuspended)] == [[str(group.id)]]
    with pytest.raises(NotFound):
        pause(tx, campus, child)
    suspensions.resume(tx, row.id)
    tx.session.refresh(coming)
    assert (row.state, row.end_time, coming.seats_taken) == ("returned", tx.now, 1)
    assert len(published(tx, StudentResumed)) == 1
    with pytest.raises(Refused) as over:
        suspensions.resume(tx, row.id)
    assert over.value.reason == "SUSPENSION_OVER"
    assert len(tx.session.scalars(select(Membership)).all()) == 2


def planned(tx: Tx) -> dict[str, Any]:
    """Return what is asked for a pause of three weeks that begins in one."""
    return {"return_time": tx.now + timedelta(days=28), "reason": "出国", "start_time": tx.now + timedelta(days=7)}


def test_a_suspension_of_a_later_day_begins_on_it_once_and_can_be_taken_back(
    database: Database, institution: UUID
) -> None:
    """Groups that were left and joined meanwhile count; a dead worker's second try changes nothing."""
    with database.begin(Caller.system(institution)) as tx:
        (campus, group, (child,)), (there, _, (other,)) = full(tx), full(tx)
        coming = make.lesson(tx, campus, groups=[group])
        campus_id, coming_id = campus.id, coming.id
        told: dict[str, Any] = {
            "return_time": tx.now + timedelta(days=30),
            "reason": "出国",
            "start_time": tx.now + timedelta(days=7),
        }
        row = suspensions.suspend(tx, student_id=child, campus_id=campus_id, **told)
        taken_back = suspensions.suspend(tx, student_id=other, campus_id=there.id, **told)
        assert (row.state, row.class_group_ids, coming.seats_taken) == ("planned", [], 1)
        assert published(tx, StudentSuspended) == []
        with pytest.raises(Refused) as early:
            suspensions.resume(tx, row.id)
        assert early.value.reason == "SUSPENSION_NOT_BEGUN"
        assert suspensions.give_up(tx, taken_back.id).state == "withdrawn"
        second = make.class_group(tx, campus)
        memberships.join(tx, second.id, student_id=child)
        memberships.leave(tx, group.id, student_id=child, reason="时间")
        second_id = second.id
    assert not suspensions.begin_due(database, institution), "its day has not come"
    with database.begin(Caller.system(institution)) as tx:
        assert tx.load(Suspension, "suspension", row.id).state == "planned"
        tx.run("update suspension set start_time = now() - interval '1 minute' where state = 'planned'")
    for _ in range(2):
        suspensions.begin_due(database, institution)
    with database.begin(Caller.system(institution)) as tx:
        begun = tx.load(Suspension, "suspension", row.id)
        assert (begun.state, begun.class_group_ids) == ("suspended", [second_id])
        assert class_groups.get(tx, second_id).member_count == 0
        assert tx.run("select seats_taken from lesson where id = %s", (str(coming_id),)).scalar() == 0
        events = tx.run("select count(*) from outbox where type = 'scheduling.student_suspended.v1'").scalar()
        assert events == 1


def test_who_has_left_before_the_day_has_nothing_to_pause(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        campus, group, (child,) = full(tx)
        told: dict[str, Any] = {
            "return_time": tx.now + timedelta(days=30),
            "reason": "出国",
            "start_time": tx.now + timedelta(days=7),
        }
        row = suspensions.suspend(tx, student_id=child, campus_id=campus.id, **told)
        for wrong in ({"start_time": tx.now - timedelta(seconds=1)}, {"return_time": told["start_time"]}):
            with pytest.raises(InvalidInput):
                suspensions.suspend(tx, student_id=child, campus_id=campus.id, **told | wrong)
        memberships.leave(tx, group.id, student_id=child, reason="退学")
        tx.run("update suspension set start_time = now() - interval '1 minute'")
    suspensions.begin_due(database, institution)
    with database.begin(Caller.system(institution)) as tx:
        assert tx.load(Suspension, "suspension", row.id).state == "withdrawn"
        assert published(tx, StudentSuspended) == []


def test_on_the_day_of_return_students_are_back_or_somebody_is_told_why_not(
    database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        (there, group, (child,)), (here, other, (lucky,)) = full(tx), full(tx)
        group_id, other_id = group.id, other.id
        pause(tx, there, child)
        pause(tx, here, lucky)
        memberships.join(tx, group_id, student_id=make.student(tx, there))
        tx.run("update suspension set start_time = now() - interval '9 days', return_time = now() - interval '1 day'")
    assert not suspensions.bring_back(database, institution)
    with database.begin(Caller.system(institution)) as tx:
        rows = {row.student_id: row for row in tx.session.scalars(select(Suspension))}
        assert (rows[child].state, rows[child].return_problem) == ("stuck", "CLASS_GROUP_FULL")
        assert rows[lucky].state == "returned"
        counts = [class_groups.get(tx, each).member_count for each in (group_id, other_id)]
        assert counts == [1, 1]
        suspensions.give_up(tx, rows[child].id)
        assert rows[child].state == "returned"
