"""Who is in a class group, and since when. A membership is a dated range; it is never deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from lianxiao.scheduling.v1.scheduling_events_pb2 import ClassGroupJoined, ClassGroupLeft
from services.scheduling.actions import (
    class_groups,
    prerequisites,
    prorations,
    resources,
    seats,
    students,
    waiting_lists,
)
from services.scheduling.actions.resources import STUDENT, Claim, Want
from services.scheduling.models import ClassGroup, Lesson, LessonResource, Membership
from services.scheduling.rules.prorations import Proration
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import AlreadyExists, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing, ListRequest, Page
from shared.wire_values import id_text

LISTING: Listing[Membership] = Listing(
    Membership,
    fields={"student_id": Field(Membership.student_id), "join_time": Field(Membership.join_time)},
    default_order="join_time",
)


@dataclass(frozen=True, slots=True)
class Joined:
    """A new membership, and what is left of the group's lessons for it."""

    membership: Membership
    proration: Proration


def join(
    tx: Tx,
    class_group_id: UUID,
    *,
    student_id: UUID,
    join_time: datetime | None = None,
    transfer_id: UUID | None = None,
    override_reason: str = "",
) -> Joined:
    """Give a student a place, and a seat in every lesson of the group from join_time on whose roll call is open.

    A place that was offered to the student is taken. Refusals: CLASS_GROUP_FULL, CLASS_GROUP_CLOSED,
    MEMBERSHIP_EXISTS, LESSON_FULL, LESSON_CONFLICT; PREREQUISITE_MISSING unless it is overridden.
    """
    resources.lock(tx, [class_group_id])
    waited = waiting_lists.leave_list(tx, class_groups.get(tx, class_group_id, for_update=True), student_id)
    group = _take_place(tx, class_group_id)
    students.check_known(tx, [student_id])
    membership = Membership(
        id=uuid7(),
        campus_id=group.campus_id,
        class_group_id=class_group_id,
        student_id=student_id,
        join_time=join_time or tx.now,
        leave_time=None,
        leave_reason="",
    )
    prerequisites.check(tx, group, membership, override_reason, waited=waited)
    with tx.translating(
        {"ex_membership_once": lambda: AlreadyExists("MEMBERSHIP_EXISTS", "the student is in the class group already")}
    ):
        tx.session.add(membership)
    _take_seats(tx, membership)
    proration = prorations.of(tx, class_group_id, membership.join_time)
    publish(
        tx,
        ClassGroupJoined(
            membership_id=str(membership.id),
            transfer_id=id_text(transfer_id),
            **proration._asdict(),
            class_group_id=str(class_group_id),
            student_id=str(student_id),
            campus_id=str(group.campus_id),
            course_id=str(group.course_id),
            join_time=membership.join_time,
        ),
    )
    return Joined(membership, proration)


def leave(
    tx: Tx, class_group_id: UUID, *, student_id: UUID, reason: str, transfer_id: UUID | None = None
) -> Membership:
    """End a membership now and give back the seats of the lessons to come; past lessons stay as they are.

    The place is offered to whoever waits longest. MEMBERSHIP_NOT_FOUND.
    """
    resources.lock(tx, [class_group_id])
    group = class_groups.get(tx, class_group_id, for_update=True)
    row = Membership
    wanted = select(row).where(
        row.class_group_id == class_group_id, row.student_id == student_id, row.leave_time.is_(None)
    )
    membership = tx.session.scalars(wanted).one_or_none()
    if membership is None:
        raise NotFound("membership", student_id)
    membership.leave_time = max(tx.now, membership.join_time)
    membership.leave_reason = reason
    group.member_count -= 1
    coming = _open_lessons(tx, class_group_id, membership.leave_time)
    through = select(LessonResource.lesson_id).where(
        LessonResource.lesson_id.in_([lesson.id for lesson in coming]),
        LessonResource.resource_id == student_id,
        LessonResource.class_group_id == class_group_id,
    )
    left = resources.release(tx, tx.execute(through).scalars().all(), resource_ids=[student_id], origin="membership")
    seats.give_back(tx, left)
    tx.session.flush()
    waiting_lists.promote(tx, group)
    publish(
        tx,
        ClassGroupLeft(
            membership_id=str(membership.id),
            transfer_id=id_text(transfer_id),
            **prorations.of(tx, class_group_id, membership.leave_time)._asdict(),
            class_group_id=str(class_group_id),
            student_id=str(student_id),
            campus_id=str(group.campus_id),
            reason=reason,
            leave_time=membership.leave_time,
        ),
    )
    return membership


def page(tx: Tx, request: ListRequest, class_group_id: UUID, *, include_past: bool) -> Page[Membership]:
    """Return one page of memberships of a class group that the caller may see, present ones or all."""
    class_groups.get(tx, class_group_id)
    where = [Membership.class_group_id == class_group_id]
    if not include_past:
        where.append(Membership.leave_time.is_(None))
    return LISTING.page(tx, request, where)


def _take_place(tx: Tx, class_group_id: UUID) -> ClassGroup:
    """Count one member more where there is a place; the condition and the count are one statement."""
    row = ClassGroup
    taken = tx.scalar(
        update(row)
        .where(row.id == class_group_id, row.state == "open", row.member_count + row.held_count < row.capacity)
        .values(member_count=row.member_count + 1, update_time=tx.now)
        .returning(row.id)
    )
    group = class_groups.get(tx, class_group_id, for_update=True)
    if taken is None:
        if group.state != "open":
            raise Refused("CLASS_GROUP_CLOSED", "the class group takes no more students")
        raise Refused("CLASS_GROUP_FULL", "every place in the class group is taken", capacity=group.capacity)
    return group


def _take_seats(tx: Tx, membership: Membership) -> None:
    lessons = _open_lessons(tx, membership.class_group_id, membership.join_time)
    resources.lock(tx, [membership.student_id])
    present = _origins(tx, [lesson.id for lesson in lessons], membership.student_id)
    coming = [lesson for lesson in lessons if lesson.id not in present]
    seats.take(tx, coming)
    wants = [Want(membership.student_id, Span(lesson.start_time, lesson.end_time)) for lesson in coming]
    resources.check_free(tx, wants)
    # Who had a trial seat keeps that seat, now as a member.
    kept = [lesson for lesson in lessons if present.get(lesson.id) == "trial"]
    resources.claim(tx, [_claim(lesson, membership) for lesson in [*coming, *kept]])


def _claim(lesson: Lesson, membership: Membership) -> Claim:
    span = Span(lesson.start_time, lesson.end_time)
    return Claim(lesson.id, STUDENT, membership.student_id, span, "membership", membership.class_group_id)


def _open_lessons(tx: Tx, class_group_id: UUID, since: datetime) -> list[Lesson]:
    """Return, locked, the lessons of a group from then on that stand and whose roll call is open."""
    group = LessonResource
    of_group = select(group.lesson_id).where(
        group.resource_id == class_group_id, group.state == "live", group.start_time >= since
    )
    wanted = select(Lesson).where(Lesson.id.in_(of_group), Lesson.roll_call_state == "open").order_by(Lesson.id)
    locked = wanted.with_for_update(key_share=True).execution_options(populate_existing=True)
    return list(tx.session.scalars(locked))


def _origins(tx: Tx, lesson_ids: Collection[UUID], student_id: UUID) -> dict[UUID, str]:
    """Return how the student is in those of the lessons where they are in already."""
    row = LessonResource
    wanted = select(row.lesson_id, row.origin).where(
        row.lesson_id.in_(list(lesson_ids)), row.resource_id == student_id, row.state == "live"
    )
    return {each[0]: each[1] for each in tx.session.execute(wanted)}
