"""Families who bring families: a code each, and a gift once the payment of the new one stands."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.lead.v1.lead_events_pb2 import LeadCaptured
from lianxiao.student.v1.student_events_pb2 import ReferralRewardDue, ReferralUsed
from services.student.actions import guardians, students
from services.student.models import Referral, ReferralCode, ReferralPolicy, Student
from shared import aliases
from shared.crypto import normalise_phone
from shared.db import Tx
from shared.errors import AlreadyExists, DomainError, InvalidInput, LimitReached, NotFound, Refused
from shared.events import publish
from shared.ids import as_uuid
from shared.listing import Field, Listing
from shared.tables import stamped

WAITING, REWARDED, REFUSED = "waiting", "rewarded", "refused"
# Without what is easily taken for something else.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LENGTH = 8
_MONTH = timedelta(days=30)
_LIFE = timedelta(days=365)
_PART = 200
_FIRST_PAYMENT = """
select t.occur_time, t.facts->>'order_id' as order_id from timeline_entry t
where t.institution_id = %(institution)s and t.student_id = any(%(ids)s::uuid[]) and t.kind = 'payment_received'
order by t.occur_time, t.id limit 1"""
_REFUNDED = """
select exists (select from timeline_entry t where t.institution_id = %(institution)s
  and t.student_id = any(%(ids)s::uuid[]) and t.kind = 'refund_paid' and t.facts->>'order_id' = %(order)s)"""
_SHARED_PHONE = """
select exists (select from guardian a join guardian b on b.institution_id = a.institution_id
    and b.phone_index = a.phone_index and b.household_id = %(other)s
  where a.institution_id = %(institution)s and a.household_id = %(household)s)"""
LISTING: Listing[Referral] = Listing(
    Referral,
    fields={
        "state": Field(Referral.state, prefix="REFERRAL_STATE_", sortable=False),
        "student_id": Field(Referral.student_id, sortable=False, aliased=True),
        "customer_id": Field(Referral.customer_id, sortable=False, aliased=True),
        "campus_id": Field(Referral.campus_id, sortable=False),
        "create_time": Field(Referral.create_time),
    },
)


def policy(tx: Tx) -> ReferralPolicy:
    """Return what holds; the usual, not stored, where nothing was set."""
    row = tx.session.scalars(select(ReferralPolicy)).one_or_none()
    return row or ReferralPolicy(gift_hundredths=200, stand_days=14, month_limit=5)


def set_policy(tx: Tx, *, gift_hundredths: int, stand_days: int, month_limit: int) -> ReferralPolicy:
    """Set what a family gets for codes that are used from now on. Raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    row = policy(tx)
    row.gift_hundredths, row.stand_days, row.month_limit = gift_hundredths, stand_days, month_limit
    tx.session.add(row)
    tx.session.flush()
    tx.audit("referral_policy.set", "referral_policy", row.id, gift=gift_hundredths, days=stand_days)
    return row


def issue(tx: Tx, student_id: UUID) -> str:
    """Return the code of a student's family, a new one when it has none; raises NotFound."""
    student = students.get(tx, student_id)
    mine = select(ReferralCode.code).where(ReferralCode.household_id == student.household_id)
    while (code := tx.session.scalars(mine).one_or_none()) is None:
        fresh = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        row = stamped(tx, household_id=student.household_id, student_id=student.id, code=fresh)
        tx.execute(insert(ReferralCode).values(row).on_conflict_do_nothing())
    return code


def use(tx: Tx, code: str, *, customer_id: UUID, phone: str) -> Referral:
    """Note that an enquiry came by the code of a family.

    Raises NotFound REFERRAL_CODE_NOT_FOUND, InvalidInput PHONE_INVALID, Refused REFERRAL_SAME_FAMILY,
    REFERRAL_KNOWN_FAMILY, AlreadyExists REFERRAL_EXISTS, LimitReached REFERRAL_LIMIT.
    """
    # Families use their codes one after another, so that nobody gets past the limit.
    query = select(ReferralCode).where(ReferralCode.code == code.upper()).with_for_update()
    known = tx.session.scalars(query).one_or_none()
    if known is None:
        raise NotFound("referral_code", code)
    _check_phone(tx, known, phone)
    return _keep(tx, known, customer_id)


def from_lead(tx: Tx, event: LeadCaptured) -> None:
    """Note that an enquiry came by the code that its link or form named; one that does not count is on record only.

    Phones are compared when the gift would be due, by then both families are known.
    """
    if not event.referral_code:
        return
    customer_id = as_uuid(event.customer_id)
    if tx.scalar(select(Referral.id).where(Referral.customer_id == customer_id)) is not None:
        return
    query = select(ReferralCode).where(ReferralCode.code == event.referral_code).with_for_update()
    known = tx.session.scalars(query).one_or_none()
    if known is None:
        tx.audit("referral.refused", "customer", customer_id, reason="REFERRAL_CODE_NOT_FOUND")
        return
    try:
        _keep(tx, known, customer_id)
    except DomainError as refusal:
        tx.audit("referral.refused", "customer", customer_id, reason=refusal.reason)


def _keep(tx: Tx, known: ReferralCode, customer_id: UUID) -> Referral:
    _check_stranger(tx, customer_id)
    holds = policy(tx)
    lately = (Referral.code_id == known.id, Referral.create_time > tx.now - _MONTH)
    if int(tx.scalar(select(func.count()).where(*lately))) >= holds.month_limit:
        raise LimitReached("REFERRAL_LIMIT", "this family has brought as many as counts in a month", 86_400)
    student = tx.session.get_one(Student, (tx.institution_id, known.student_id))
    row = Referral(
        campus_id=student.campus_id,
        code_id=known.id,
        household_id=known.household_id,
        student_id=student.id,
        customer_id=customer_id,
        state=WAITING,
        refusal="",
        gift_hundredths=holds.gift_hundredths,
        stand_days=holds.stand_days,
    )
    taken = AlreadyExists("REFERRAL_EXISTS", "this customer was brought by a family already")
    with tx.translating({"uq_referral_customer": lambda: taken}):
        tx.session.add(row)
    publish(tx, ReferralUsed(**_told(row)))
    return row


def step(tx: Tx) -> None:
    """Reward families whose referral has paid and was not refunded for so many days; refuse what came to nothing."""
    waiting = (Referral.institution_id == tx.institution_id, Referral.state == WAITING)
    query = select(Referral).where(*waiting).order_by(Referral.update_time, Referral.id).limit(_PART)
    for row in tx.session.scalars(query.with_for_update(skip_locked=True)).all():
        # Whoever was looked at comes last the next time.
        row.update_time = tx.now
        _settle(tx, row)
    tx.session.flush()


def _settle(tx: Tx, row: Referral) -> None:
    values: dict[str, Any] = {"institution": str(tx.institution_id)}
    values["ids"] = [str(key) for key in aliases.family(tx, row.customer_id)]
    paid = tx.run(_FIRST_PAYMENT, values).one_or_none()
    if paid is None:
        if tx.now - row.create_time > _LIFE:
            row.state, row.refusal = REFUSED, "expired"
        return
    if tx.run(_REFUNDED, values | {"order": paid.order_id}).scalar_one():
        row.state, row.refusal = REFUSED, "refunded"
    elif _stands(tx, paid.occur_time, row):
        child = tx.session.get(Student, (tx.institution_id, aliases.resolve(tx, row.customer_id)))
        if child is None:
            return
        if _one_family(tx, row.household_id, child.household_id):
            row.state, row.refusal = REFUSED, "same_family"
            return
        row.state, row.reward_time = REWARDED, tx.now
        publish(tx, ReferralRewardDue(**_told(row), gift_hundredths=row.gift_hundredths))


def _stands(tx: Tx, paid: datetime, row: Referral) -> bool:
    return tx.now >= paid + timedelta(days=row.stand_days)


def _check_phone(tx: Tx, known: ReferralCode, phone: str) -> None:
    if normalise_phone(phone) is None:
        raise InvalidInput("phone", "this is not a phone number", "PHONE_INVALID")
    with tx.across_campuses():
        if guardians.with_phone(tx, known.household_id, phone) is not None:
            raise Refused("REFERRAL_SAME_FAMILY", "nobody brings their own family")
        if guardians.household_of(tx, phone) is not None:
            raise Refused("REFERRAL_KNOWN_FAMILY", "this family is with us already")


def _check_stranger(tx: Tx, customer_id: UUID) -> None:
    with tx.across_campuses():
        ids = aliases.family(tx, customer_id)
        if tx.scalar(select(Student.id).where(Student.id.in_(ids)).limit(1)) is not None:
            raise Refused("REFERRAL_KNOWN_FAMILY", "this family is with us already")


def _one_family(tx: Tx, household_id: UUID, other_id: UUID) -> bool:
    if household_id == other_id:
        return True
    values = {"institution": str(tx.institution_id), "household": str(household_id), "other": str(other_id)}
    return bool(tx.run(_SHARED_PHONE, values).scalar_one())


def _told(row: Referral) -> dict[str, str]:
    return {
        "referral_id": str(row.id),
        "student_id": str(row.student_id),
        "campus_id": str(row.campus_id),
        "referred_customer_id": str(row.customer_id),
    }
