"""What consumption reads beside lots - split rules, lot policies, thresholds, time zones - kept in memory by version.

The version is a column that is read together with the lots, so a change holds from the next attendance on, in every
process, without a query of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.billing.models import Campus, LotPolicy, PayPlan, Rulebook, SplitRule
from services.billing.rules import lot_policies, pay_plans, splits
from shared.db import Tx

TIME_ZONE = "Asia/Shanghai"
LOW_HOURS_HUNDREDTHS = 300
_KEPT = 1000

_TOUCH = (
    "insert into rulebook (institution_id, id, create_time, update_time, version, thresholds_hundredths)"
    " values (%(institution)s, %(institution)s, %(now)s, %(now)s, 1, %(thresholds)s::bigint[])"
    " on conflict (institution_id, id) do update set version = rulebook.version + 1, update_time = excluded.update_time"
)
_VERSION = "select version from rulebook where institution_id = %(institution)s and id = %(institution)s"
_cache: dict[UUID, Rules] = {}


@dataclass(frozen=True, slots=True)
class Rules:
    """A rulebook in memory; thresholds are hundredths of an hour."""

    version: int
    thresholds: tuple[int, ...]
    split_rules: tuple[splits.SplitRule, ...]
    time_zones: dict[UUID, str]
    regions: dict[UUID, UUID | None]
    pay_plans: tuple[pay_plans.PayPlan, ...]
    policies: tuple[lot_policies.LotPolicy, ...]

    def day(self, campus_id: UUID, instant: datetime) -> date:
        """Return the local date at a campus."""
        return instant.astimezone(_zone(self.time_zones.get(campus_id, TIME_ZONE))).date()

    def lot_policy(self, campus_id: UUID, course_id: UUID, instant: datetime) -> lot_policies.LotPolicy:
        """Return what decides which lots pay for a lesson that begins at an instant."""
        if not self.policies:
            return lot_policies.DEFAULT
        return lot_policies.choose(self.policies, campus_id, course_id, self.day(campus_id, instant))


def known(tx: Tx) -> Rules:
    """Return the rules of this process, which may have changed since: `at` with the version read then says."""
    return _cache.get(tx.institution_id) or load(tx)


def load(tx: Tx) -> Rules:
    """Return the rules that hold now."""
    version = tx.run(_VERSION, {"institution": tx.institution_id}, prepared=True).scalar()
    return at(tx, version or 0)


def at(tx: Tx, version: int) -> Rules:
    """Return the rules of a version that was read in this transaction; 0 where there is no rulebook yet."""
    known = _cache.get(tx.institution_id)
    if known is not None and known.version == version:
        return known
    rules = _read(tx, version)
    if len(_cache) >= _KEPT:
        _cache.clear()
    _cache[tx.institution_id] = rules
    return rules


def touch(tx: Tx) -> None:
    """Make every process read the rules again, once this transaction is committed."""
    thresholds = [LOW_HOURS_HUNDREDTHS]
    tx.run(_TOUCH, {"institution": tx.institution_id, "now": tx.now, "thresholds": thresholds})


def to_rule(row: SplitRule) -> splits.SplitRule:
    """Return a stored rule as the pure rules take it."""
    return splits.SplitRule(
        id=row.id,
        name=row.name,
        base=row.base,
        priority=row.priority,
        shares=tuple(_share(share) for share in row.shares["shares"]),
        start_date=row.start_date,
        end_date=row.end_date,
        course_id=row.course_id,
        selling_campus_id=row.selling_campus_id,
        teaching_campus_id=row.teaching_campus_id,
        channel=row.channel,
        partner_id=row.partner_id,
        sales_form=row.sales_form,
        region_id=row.region_id,
        version=row.version,
    )


def to_lot_policy(row: LotPolicy) -> lot_policies.LotPolicy:
    """Return a stored policy as the pure rules take it."""
    factors = {UUID(course_id): factor for course_id, factor in row.factors.items()}
    return lot_policies.LotPolicy(row.start_date, tuple(row.criteria), row.campus_id, row.course_id, factors)


def to_plan(row: PayPlan) -> pay_plans.PayPlan:
    """Return a stored plan as the pure rules take it."""
    return pay_plans.PayPlan(
        id=row.id,
        name=row.name,
        basis=row.basis,
        tiers=tuple(pay_plans.PayTier(**tier) for tier in row.tiers),
        start_date=row.start_date,
        end_date=row.end_date,
        priority=row.priority,
        measure=row.measure,
        role=row.role,
        assistant_basis_points=row.assistant_basis_points,
        teacher_id=row.teacher_id,
        campus_id=row.campus_id,
        course_id=row.course_id,
        version=row.version,
    )


def to_allocation(stored: Mapping[str, int] | None) -> tuple[tuple[UUID, int], ...]:
    """Return a stored allocation of an order as the pure rules take it, by campus."""
    return tuple((UUID(campus_id), points) for campus_id, points in sorted(stored.items())) if stored else ()


def _share(stored: dict[str, Any]) -> splits.Share:
    tiers = tuple(splits.Tier(**tier) for tier in stored.get("tiers", ()))
    return splits.Share(**stored | {"tiers": tiers})


def _read(tx: Tx, version: int) -> Rules:
    thresholds = tx.scalar(select(Rulebook.thresholds_hundredths).where(Rulebook.id == tx.institution_id))
    rules = tuple(to_rule(row) for row in tx.session.scalars(select(SplitRule).where(SplitRule.state == "active")))
    found = tx.execute(select(Campus.id, Campus.time_zone, Campus.region_id)).all()
    zones, regions = {row.id: row.time_zone for row in found}, {row.id: row.region_id for row in found}
    plans = tuple(to_plan(row) for row in tx.session.scalars(select(PayPlan).where(PayPlan.state == "active")))
    orders = tuple(to_lot_policy(row) for row in tx.session.scalars(select(LotPolicy)))
    return Rules(version, tuple(thresholds or (LOW_HOURS_HUNDREDTHS,)), rules, zones, regions, plans, orders)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
