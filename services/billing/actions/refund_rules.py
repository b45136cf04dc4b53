"""What refunds are computed by: rules and rates as dated data, the policy of campuses, the terms of contracts."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from services.billing.actions import campuses, contracts
from services.billing.models import InterestRate, RefundPolicy, RefundRule, RefundTerm
from services.billing.rules import refund_rules as rules
from services.billing.rules.refund_rules import AgreedTerms, CauseTerms
from shared.db import Tx

# Examples with their sources; a lawyer must check them, and the file says so.
_SHIPPED = Path(__file__).resolve().parents[1] / "data" / "refund_rules.json"
_COLUMNS = ("version", "province", "source", "effective_date", "end_date")
# Rules and rates are few and change rarely; writers of one institution wait for each other here.
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(institution)s::text, 20250501))"


@cache
def notice() -> str:
    """Return what the shipped examples say of themselves: a lawyer must check them."""
    return str(_shipped()["notice"])


@cache
def examples() -> tuple[rules.RefundRule, ...]:
    """Return the shipped sets of rules."""
    return tuple(_of_json(each) for each in _shipped()["rules"])


@cache
def example_rates() -> tuple[rules.InterestRate, ...]:
    """Return the shipped rates."""
    return tuple(
        rules.InterestRate(**each | {"effective_date": date.fromisoformat(each["effective_date"])})
        for each in _shipped()["rates"]
    )


def every(tx: Tx) -> list[tuple[UUID | None, rules.RefundRule]]:
    """Return the rules that stand with their ids; the shipped examples, without ids, before there are own ones."""
    query = select(RefundRule).where(RefundRule.replace_time.is_(None))
    own = tx.session.scalars(query.order_by(RefundRule.province, RefundRule.effective_date)).all()
    return [(row.id, _rule(row)) for row in own] or [(None, rule) for rule in examples()]


def put(tx: Tx, rule: rules.RefundRule) -> RefundRule:
    """Put a set in force; one of the same province and first day is replaced and stays as history.

    The first own one brings the shipped examples along. Raises CHAIN_SCOPE_NEEDED, InvalidInput.
    """
    tx.check_chain()
    rules.check(rule)
    tx.run(_LOCK, {"institution": tx.institution_id})
    query = select(RefundRule).where(RefundRule.replace_time.is_(None))
    own = list(tx.session.scalars(query)) or _store(tx, examples())
    for row in own:
        if rules.place(_rule(row)) == rules.place(rule):
            row.replace_time = tx.now
    tx.session.flush()
    (fresh,) = _store(tx, [rule])
    tx.audit("refund_rule.update", "refund_rule", fresh.id, version=rule.version, province=rule.province)
    return fresh


def rates(tx: Tx) -> list[tuple[UUID | None, rules.InterestRate]]:
    """Return the shipped rates and those of the institution, which stand in for shipped ones of the same day."""
    query = select(InterestRate).where(InterestRate.replace_time.is_(None))
    own: dict[tuple[str, date], tuple[UUID | None, rules.InterestRate]] = {
        (rate.kind, rate.effective_date): (None, rate) for rate in example_rates()
    }
    for row in tx.session.scalars(query):
        rate = rules.InterestRate(row.kind, row.basis_points, row.effective_date, row.source)
        own[row.kind, row.effective_date] = (row.id, rate)
    return [own[key] for key in sorted(own)]


def put_rate(tx: Tx, rate: rules.InterestRate) -> InterestRate:
    """Put a rate in force from its day on; one of the same kind and day is replaced. Raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    tx.run(_LOCK, {"institution": tx.institution_id})
    same = (InterestRate.kind == rate.kind, InterestRate.effective_date == rate.effective_date)
    for row in tx.session.scalars(select(InterestRate).where(*same, InterestRate.replace_time.is_(None))):
        row.replace_time = tx.now
    tx.session.flush()
    fresh = InterestRate(**asdict(rate), replace_time=None)
    tx.session.add(fresh)
    tx.session.flush()
    tx.audit("refund_rule.update", "interest_rate", fresh.id, rate=rate.kind, basis_points=rate.basis_points)
    return fresh


def policy(tx: Tx, campus_id: UUID | None) -> RefundPolicy:
    """Return the policy of a campus, else that of the chain, else one without a province and without a threshold."""
    query = select(RefundPolicy).where(or_(RefundPolicy.campus_id == campus_id, RefundPolicy.campus_id.is_(None)))
    row = tx.session.scalars(query.order_by(RefundPolicy.campus_id.is_(None))).first()
    return row or RefundPolicy(campus_id=None, province="", chain_approval_from_fen=None)


def set_policy(tx: Tx, *, campus_id: UUID | None, province: str, chain_approval_from_fen: int | None) -> RefundPolicy:
    """Say which province's rules hold at a campus (None: the chain) and from which amount the chain approves."""
    tx.check_chain()
    if campus_id is not None:
        campuses.check(tx, campus_id)
    tx.run(_LOCK, {"institution": tx.institution_id})
    row = tx.session.scalars(
        select(RefundPolicy).where(RefundPolicy.campus_id.is_not_distinct_from(campus_id))
    ).one_or_none()
    if row is None:
        row = RefundPolicy(campus_id=campus_id)
        tx.session.add(row)
    row.province, row.chain_approval_from_fen = province, chain_approval_from_fen
    tx.session.flush()
    tx.audit("refund_policy.update", "refund_policy", row.id, from_fen=chain_approval_from_fen)
    return row


def agreed(tx: Tx, contract_id: UUID) -> RefundTerm | None:
    """Return what a contract says about refunds; None where it leaves them to the law."""
    return tx.session.scalars(select(RefundTerm).where(RefundTerm.contract_id == contract_id)).one_or_none()


def agree(tx: Tx, contract_id: UUID, terms: AgreedTerms) -> RefundTerm:
    """Write what a contract says about refunds, before it is signed; refuses CONTRACT_NOT_DRAFT."""
    contract = contracts.get_draft(tx, contract_id)
    row = agreed(tx, contract_id)
    if row is None:
        row = RefundTerm(contract_id=contract_id, campus_id=contract.campus_id)
        tx.session.add(row)
    row.bases, row.fee_fen = dict(terms.bases), terms.fee_fen
    row.fee_basis_points, row.cooling_off_days = terms.fee_basis_points, terms.cooling_off_days
    tx.session.flush()
    return row


def to_terms(row: RefundTerm | None) -> AgreedTerms | None:
    """Return stored terms as the rules take them."""
    return AgreedTerms(row.bases, row.fee_fen, row.fee_basis_points, row.cooling_off_days) if row else None


@cache
def _shipped() -> Any:
    return json.loads(_SHIPPED.read_text("utf-8"))


def _of_json(each: dict[str, Any]) -> rules.RefundRule:
    causes = tuple(CauseTerms(**terms) for terms in each["causes"])
    days: dict[str, Any] = {
        name: date.fromisoformat(each[name]) for name in ("effective_date", "end_date") if name in each
    }
    return rules.RefundRule(**each | {"causes": causes} | days)


def _rule(row: RefundRule) -> rules.RefundRule:
    columns = {name: getattr(row, name) for name in _COLUMNS}
    causes = tuple(CauseTerms(**terms) for terms in row.terms["causes"])
    return rules.RefundRule(**columns | row.terms | {"causes": causes})


def _store(tx: Tx, given: tuple[rules.RefundRule, ...] | list[rules.RefundRule]) -> list[RefundRule]:
    rows = []
    for rule in given:
        values = asdict(rule)
        columns = {name: values.pop(name) for name in _COLUMNS}
        rows.append(RefundRule(**columns, terms=values, replace_time=None))
    tx.session.add_all(rows)
    tx.session.flush()
    return rows
