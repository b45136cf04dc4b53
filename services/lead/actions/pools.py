"""The pool 公海: who may take what from it, how much, and what comes back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from prometheus_client import Gauge
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.lead.actions import assignments, bulk, owners, policies, staff
from services.lead.models import Campus, Claim, Lead, PoolQuota, Staff
from services.lead.rules import policy, stages
from shared.db import Tx
from shared.errors import InvalidInput, LimitReached, Refused
from shared.events import publish
from shared.listing import Field, Listing, Page

UNASSIGNED = Gauge("lianxiao_leads_unassigned", "Open leads without an owner", ["institution"])
TAKEN, GONE = "taken", "gone"
_UNTIL_MIDNIGHT = 3600
LISTING: Listing[Lead] = Listing(
    Lead,
    fields={
        "create_time": Field(Lead.create_time),
        "campus_id": Field(Lead.campus_id, sortable=False),
        "grade": Field(Lead.grade, prefix="LEAD_GRADE_", sortable=False),
        "source": Field(Lead.source, sortable=False),
        "pool": Field(Lead.pool, prefix="LEAD_POOL_", sortable=False),
    },
    default_order="create_time",
)


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes, where they work (None: anywhere), and the campus whose policy and day hold for them."""

    person: Staff
    campuses: frozenset[UUID] | None
    home: UUID | None


def page(tx: Tx, request: Any) -> Page[Lead]:
    """Return a page of the pool as far as the caller may take from it; oldest first."""
    campuses = tx.scope.campuses
    tx.enter(tx.institution_id)
    return LISTING.page(tx, request, where=[*_waiting(), *_reach(campuses)])


def summary(tx: Tx) -> list[Any]:
    """Return per campus of the caller how many leads wait, how many of them for every campus, and since when."""
    campuses = tx.scope.campuses
    tx.enter(tx.institution_id)
    mine = [] if campuses is None else [Lead.campus_id.in_(campuses)]
    counts = (func.count(), func.count().filter(Lead.pool == owners.HQ), func.min(Lead.create_time))
    query = select(Lead.campus_id, *counts).where(Lead.institution_id == tx.institution_id, *_waiting(), *mine)
    return list(tx.execute(query.group_by(Lead.campus_id).order_by(Lead.campus_id)).all())


def take(tx: Tx, lead_ids: Collection[UUID], campus_id: UUID | None = None) -> dict[UUID, str]:
    """Take leads that the caller has picked; those that somebody else was faster with are `gone`.

    Raises POOL_LIMIT_REACHED when the rest is more than today allows; then nothing is taken.
    """
    taker = _taker(tx, campus_id)
    quota = _quota(tx, taker)
    free = [*_waiting(), *_reach(taker.campuses), _unclaimed(tx, taker)]
    query = select(Lead).where(Lead.id.in_(set(lead_ids)), *free).order_by(Lead.id).with_for_update()
    found = tx.session.scalars(query).all()
    if len(found) > _room(tx, taker, quota):
        raise _limit(tx, taker, quota)
    _hand_out(tx, taker, quota, found)
    taken = {lead.id for lead in found}
    return {lead_id: TAKEN if lead_id in taken else GONE for lead_id in lead_ids}


def grab(tx: Tx, count: int, campus_id: UUID | None = None) -> list[Lead]:
    """Take the oldest leads that are free, as many as today still allows; none when the pool is empty.

    Raises POOL_LIMIT_REACHED when today allows no more.
    """
    taker = _taker(tx, campus_id)
    quota = _quota(tx, taker)
    room = min(count, _room(tx, taker, quota))
    if room < 1:
        raise _limit(tx, taker, quota)
    free = [*_waiting(), *_reach(taker.campuses), _unclaimed(tx, taker)]
    query = select(Lead).where(*free).order_by(Lead.id).limit(room).with_for_update(skip_locked=True)
    found = list(tx.session.scalars(query).all())
    _hand_out(tx, taker, quota, found)
    return found


def count(tx: Tx) -> int:
    """Set the metric of unassigned leads, and return it."""
    query = select(func.count()).select_from(Lead).where(Lead.institution_id == tx.institution_id, *_waiting())
    number = int(tx.scalar(query))
    UNASSIGNED.labels(str(tx.institution_id)).set(number)
    return number


def _hand_out(tx: Tx, taker: Taker, quota: PoolQuota, found: Collection[Lead]) -> None:
    """Give locked leads of the pool to their taker; the person's lock keeps the quota exact."""
    quota.taken += len(found)
    for lead in found:
        row = owners.by_hand(tx, lead, taker.person.id, "taken_from_pool")
        if taker.campuses is not None and lead.campus_id not in taker.campuses:
            lead.campus_id = _destination(taker)
        owners.give(tx, lead, taker.person.id)
        tx.session.add(row)
        publish(tx, assignments.event(lead, None))
    tx.session.flush()


def _destination(taker: Taker) -> UUID:
    if taker.home is None:
        raise InvalidInput("campus_id", "say for which of your campuses you take leads of headquarters")
    return taker.home


def _taker(tx: Tx, campus_id: UUID | None) -> Taker:
    """Return who takes; they must be active staff, and stay so until the commit. Raises STAFF_NOT_ASSIGNABLE."""
    if campus_id is not None:
        tx.check_campus(campus_id)
    me = staff.actor(tx)
    person = staff.find(tx, me, lock=True) if me is not None else None
    if person is None or not person.active:
        raise Refused("STAFF_NOT_ASSIGNABLE", "only active staff take leads", staff_id=str(me))
    tx.enter(tx.institution_id)
    places = None if person.campus_ids is None else frozenset(person.campus_ids)
    if campus_id is not None and places is not None and campus_id not in places:
        raise Refused("STAFF_NOT_ASSIGNABLE", "you do not work there", staff_id=str(me), campus_id=str(campus_id))
    home = campus_id or (next(iter(places)) if places is not None and len(places) == 1 else None)
    return Taker(person, places, home)


def _quota(tx: Tx, taker: Taker) -> PoolQuota:
    """Return today's row of a person with its lock."""
    day = _today(tx, taker)
    row = bulk.fresh(tx, PoolQuota, staff_id=taker.person.id, day=day, taken=0)
    values = {column.name: getattr(row, column.name) for column in PoolQuota.__table__.columns}
    tx.execute(insert(PoolQuota).values(values).on_conflict_do_nothing(constraint="uq_pool_quota_day"))
    query = select(PoolQuota).where(PoolQuota.staff_id == taker.person.id, PoolQuota.day == day)
    return tx.session.scalars(query.with_for_update().execution_options(populate_existing=True)).one()


def _today(tx: Tx, taker: Taker) -> date:
    campus = tx.session.get(Campus, (tx.institution_id, taker.home)) if taker.home is not None else None
    return tx.now.astimezone(ZoneInfo(campus.time_zone if campus is not None else "Asia/Shanghai")).date()


def _room(tx: Tx, taker: Taker, quota: PoolQuota) -> int:
    return max(0, policies.value(tx, policy.DAILY_POOL_LIMIT, taker.home) - quota.taken)


def _limit(tx: Tx, taker: Taker, quota: PoolQuota) -> LimitReached:
    room = _room(tx, taker, quota)
    text = "this is more than one person may take from the pool on one day"
    return LimitReached("POOL_LIMIT_REACHED", text, _UNTIL_MIDNIGHT, remaining=room, taken=quota.taken)


def _waiting() -> list[ColumnElement[bool]]:
    return [Lead.state == stages.OPEN, Lead.owner_id.is_(None)]


def _reach(campuses: frozenset[UUID] | None) -> list[ColumnElement[bool]]:
    return [] if campuses is None else [or_(Lead.campus_id.in_(campuses), Lead.pool == owners.HQ)]


def _unclaimed(tx: Tx, taker: Taker) -> ColumnElement[bool]:
    """Return the condition that nobody else has a live claim on the customer."""
    claimed = select(Claim.id).where(
        Claim.institution_id == Lead.institution_id,
        Claim.customer_id == Lead.customer_id,
        Claim.claimant_kind == "staff",
        Claim.claimant_id != taker.person.id,
        Claim.end_reason == "",
        func.upper(Claim.during) > tx.now,
    )
    return ~claimed.exists()


def open_to_all(tx: Tx, campus_id: UUID, hours: int) -> None:
    """Let every campus take what has waited so many hours in the pool of one."""
    waited = func.coalesce(Lead.pool_time, Lead.create_time) <= tx.now - timedelta(hours=hours)
    mine = (Lead.institution_id == tx.institution_id, Lead.campus_id == campus_id, Lead.pool == owners.CAMPUS)
    tx.execute(update(Lead).where(*mine, *_waiting(), waited).values(pool=owners.HQ, update_time=tx.now))
