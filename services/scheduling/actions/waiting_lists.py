"""Who waits for a place in a class group: first come, first offered; an offer holds its place until it expires.

Every change of places holds the group's lock, so a place that is free goes to one person only.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import PlaceOffered, WaitingEntryEnded
from services.scheduling.actions import prerequisites, resources, students
from services.scheduling.models import ClassGroup, Membership, WaitingEntry
from shared.db import Tx
from shared.errors import AlreadyExists, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing, ListRequest, Page

LISTING: Listing[WaitingEntry] = Listing(
    WaitingEntry,
    fields={
        "student_id": Field(WaitingEntry.student_id, sortable=False, aliased=True),
        "state": Field(WaitingEntry.state, prefix="WAITING_STATE_", sortable=False),
        "create_time": Field(WaitingEntry.create_time),
    },
    default_order="create_time",
)
LIVE = ("waiting", "offered")
_AT_ONCE = 100


def wait(tx: Tx, class_group_id: UUID, *, student_id: UUID, override_reason: str = "") -> WaitingEntry:
    """Put a student at the end of the list of a full class group.

    Refusals: CLASS_GROUP_CLOSED, CLASS_GROUP_NOT_FULL, MEMBERSHIP_EXISTS, WAITING_EXISTS; PREREQUISITE_MISSING unless
    it is overridden, which then holds for the place that is offered too.
    """
    group = _locked(tx, class_group_id)
    students.check_known(tx, [student_id])
    if group.state != "open":
        raise Refused("CLASS_GROUP_CLOSED", "the class group takes no more students")
    if group.member_count + group.held_count < group.capacity:
        raise Refused("CLASS_GROUP_NOT_FULL", "there is a place; let the student join")
    if _is_member(tx, class_group_id, student_id):
        raise AlreadyExists("MEMBERSHIP_EXISTS", "the student is in the class group already")
    row = WaitingEntry(
        id=uuid7(), campus_id=group.campus_id, class_group_id=group.id, student_id=student_id, state="waiting"
    )
    prerequisites.check(tx, group, row, override_reason)
    exists = AlreadyExists("WAITING_EXISTS", "the student is on the waiting list already")
    with tx.translating({"uq_waiting_entry_live": lambda: exists}):
        tx.session.add(row)
    return row


def decline(tx: Tx, entry_id: UUID) -> WaitingEntry:
    """Take a student off the list; a place that was offered goes to the next. WAITING_ENDED."""
    group = _locked(tx, tx.load(WaitingEntry, "waiting_entry", entry_id).class_group_id)
    row = tx.load(WaitingEntry, "waiting_entry", entry_id, for_update=True)
    if row.state not in LIVE:
        raise Refused("WAITING_ENDED", "the student does not wait any more", state=row.state)
    _end(tx, group, row, "declined")
    promote(tx, group)
    return row


def check_offered(tx: Tx, entry_id: UUID) -> WaitingEntry:
    """Return an entry with an offer that still holds; its group is locked. WAITING_NOT_OFFERED, OFFER_EXPIRED."""
    _locked(tx, tx.load(WaitingEntry, "waiting_entry", entry_id).class_group_id)
    row = tx.load(WaitingEntry, "waiting_entry", entry_id, for_update=True)
    if row.state != "offered" or row.offer_expire_time is None:
        raise Refused("WAITING_NOT_OFFERED", "no place is offered", state=row.state)
    if row.offer_expire_time <= tx.now:
        raise Refused("OFFER_EXPIRED", "the offer has expired")
    return row


def leave_list(tx: Tx, group: ClassGroup, student_id: UUID) -> WaitingEntry | None:
    """End the entry of a student who takes a place in a locked group; a place held for them is free for it.

    Returns the entry of who waited.
    """
    row = WaitingEntry
    live = select(row).where(row.class_group_id == group.id, row.student_id == student_id, row.state.in_(LIVE))
    entry = tx.session.scalars(live.with_for_update()).one_or_none()
    if entry is not None:
        _end(tx, group, entry, "accepted")
    return entry


def promote(tx: Tx, group: ClassGroup) -> None:
    """Offer the free places of a locked class group to those who wait longest."""
    free = group.capacity - group.member_count - group.held_count
    if free <= 0 or group.state != "open":
        return
    row = WaitingEntry
    first = select(row).where(row.class_group_id == group.id, row.state == "waiting").order_by(row.id).limit(free)
    for entry in tx.session.scalars(first.with_for_update()).all():
        entry.state = "offered"
        entry.offer_expire_time = tx.now + timedelta(hours=group.offer_hours)
        group.held_count += 1
        publish(tx, PlaceOffered(**_who(entry), expire_time=entry.offer_expire_time, class_group_name=group.name))
    tx.session.flush()


def expire(tx: Tx) -> bool:
    """End offers that nobody answered in time, and make the next ones; say whether more may wait."""
    row = WaitingEntry
    late = select(row.id, row.class_group_id).where(row.state == "offered", row.offer_expire_time <= tx.now)
    found = tx.session.execute(late.order_by(row.class_group_id, row.id).limit(_AT_ONCE)).all()
    resources.lock(tx, {class_group_id for _, class_group_id in found})
    for entry_id, class_group_id in found:
        group = _locked(tx, class_group_id)
        entry = tx.load(WaitingEntry, "waiting_entry", entry_id, for_update=True)
        if entry.state == "offered" and entry.offer_expire_time is not None and entry.offer_expire_time <= tx.now:
            _end(tx, group, entry, "expired")
            promote(tx, group)
    return len(found) == _AT_ONCE


def page(tx: Tx, request: ListRequest, class_group_id: UUID, *, include_past: bool) -> Page[WaitingEntry]:
    """Return one page of the list of a class group, those who wait or all."""
    tx.load(ClassGroup, "class_group", class_group_id)
    where = [WaitingEntry.class_group_id == class_group_id]
    if not include_past:
        where.append(WaitingEntry.state.in_(LIVE))
    return LISTING.page(tx, request, where)


def _locked(tx: Tx, class_group_id: UUID) -> ClassGroup:
    resources.lock(tx, [class_group_id])
    return tx.load(ClassGroup, "class_group", class_group_id, for_update=True, share_key=True)


def _is_member(tx: Tx, class_group_id: UUID, student_id: UUID) -> bool:
    row = Membership
    held = select(row.id).where(
        row.class_group_id == class_group_id, row.student_id == student_id, row.leave_time.is_(None)
    )
    return tx.scalar(held) is not None


def _end(tx: Tx, group: ClassGroup, entry: WaitingEntry, state: str) -> None:
    if entry.state == "offered":
        group.held_count -= 1
    entry.state = state
    tx.session.flush()
    publish(tx, WaitingEntryEnded(**_who(entry), state=state))


def _who(entry: WaitingEntry) -> dict[str, str]:
    return {
        "waiting_entry_id": str(entry.id),
        "class_group_id": str(entry.class_group_id),
        "student_id": str(entry.student_id),
        "campus_id": str(entry.campus_id),
    }
