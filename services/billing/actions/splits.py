"""Split rules and the rows that they made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import campuses, pay, rulebooks
from services.billing.models import SplitRow, SplitRule, SplitRuleVersion
from services.billing.rules import split_previews, splits
from services.billing.rules.splits import Part
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing, ListRequest, Page

ROWS_SQL = (
    "insert into split_row (institution_id, id, create_time, update_time, campus_id, source_kind, source_id,"
    " row_number, rule_id, rule_version, base, base_fen, party, party_id, amount_fen, explanation, reverses_id,"
    " occur_time)"
    " select %(institution)s, r.id, %(now)s, %(now)s, r.campus_id, %(source_kind)s, %(source)s, r.row_number,"
    " r.rule_id, r.rule_version, r.base, r.base_fen, r.party, r.party_id, r.amount_fen, r.explanation, r.reverses_id,"
    " %(occur)s"
    " from jsonb_to_recordset(%(rows)s::jsonb) as r (id uuid, campus_id uuid, row_number int, rule_id uuid,"
    " rule_version bigint, base text, base_fen bigint, party text, party_id uuid,"
    " amount_fen bigint, explanation text, reverses_id uuid)"
)
RULES: Listing[SplitRule] = Listing(
    SplitRule,
    fields={
        "base": Field(SplitRule.base, prefix="SPLIT_BASE_"),
        "state": Field(SplitRule.state, prefix="SPLIT_RULE_STATE_"),
        "course_id": Field(SplitRule.course_id, sortable=False),
        "selling_campus_id": Field(SplitRule.selling_campus_id, sortable=False),
        "teaching_campus_id": Field(SplitRule.teaching_campus_id, sortable=False),
        "start_date": Field(SplitRule.start_date),
        "priority": Field(SplitRule.priority),
        "create_time": Field(SplitRule.create_time),
    },
    default_order="priority desc,start_date desc",
)
LISTING: Listing[SplitRow] = Listing(
    SplitRow,
    fields={
        "source_id": Field(SplitRow.source_id),
        "party": Field(SplitRow.party, prefix="SPLIT_PARTY_"),
        "party_id": Field(SplitRow.party_id),
        "campus_id": Field(SplitRow.campus_id),
        "rule_id": Field(SplitRow.rule_id, sortable=False),
        "occur_time": Field(SplitRow.occur_time),
        "create_time": Field(SplitRow.create_time),
    },
    default_order="occur_time desc",
)


class Entry(NamedTuple):
    """A part together with what it is a part of."""

    part: Part
    rule_id: UUID | None
    base: str
    base_fen: int
    reverses_id: UUID | None = None
    rule_version: int | None = None


def entry(part: Part, rule: splits.SplitRule | None, base: str, base_fen: int) -> Entry:
    """Return a part together with the rule that made it; None where the default held."""
    return Entry(part, rule.id if rule else None, base, base_fen, rule_version=rule.version if rule else None)


def create_rule(tx: Tx, rule: splits.SplitRule, *, draft: bool = False) -> SplitRule:
    """Add a rule; it holds for what happens after it, rows that exist never change. A draft divides nothing yet.

    A rule moves money between campuses, so the caller's permission must hold for the whole chain.
    Raises CHAIN_SCOPE_NEEDED, CAMPUS_NOT_FOUND, and what the shares get wrong.
    """
    tx.check_chain()
    splits.check(rule)
    for campus_id in (rule.selling_campus_id, rule.teaching_campus_id):
        if campus_id is not None:
            campuses.check(tx, campus_id)
    row = _row(rule, state="draft" if draft else "active")
    tx.session.add(row)
    _keep_version(tx, row, "created")
    return row


def _row(rule: splits.SplitRule, *, state: str, version: int = 1) -> SplitRule:
    return SplitRule(
        name=rule.name,
        base=rule.base,
        priority=rule.priority,
        course_id=rule.course_id,
        selling_campus_id=rule.selling_campus_id,
        teaching_campus_id=rule.teaching_campus_id,
        channel=rule.channel,
        partner_id=rule.partner_id,
        sales_form=rule.sales_form,
        region_id=rule.region_id,
        shares={"shares": [asdict(share) for share in rule.shares]},
        start_date=rule.start_date,
        end_date=rule.end_date,
        state=state,
        version=version,
    )


def activate_rule(tx: Tx, rule_id: UUID) -> SplitRule:
    """Let a draft hold for what happens from now on.

    Raises CHAIN_SCOPE_NEEDED, and SPLIT_RULE_ACTIVE when it is no draft any more.
    """
    tx.check_chain()
    row = tx.load(SplitRule, "split_rule", rule_id, for_update=True)
    if row.state != "draft":
        raise Refused("SPLIT_RULE_ACTIVE", "the rule is active already")
    row.state = "active"
    row.version += 1
    _keep_version(tx, row, "activated")
    return row


def end_rule(tx: Tx, rule_id: UUID, end_date: date) -> SplitRule:
    """Let a rule hold no longer from a day on; what it made before stays, also of lessons on later days.

    Raises CHAIN_SCOPE_NEEDED, SPLIT_RULE_EMPTY, SPLIT_RULE_ENDED when it ends on or before that day already.
    """
    tx.check_chain()
    row = tx.load(SplitRule, "split_rule", rule_id, for_update=True)
    if end_date <= row.start_date:
        raise InvalidInput("end_date", "the rule ends before it starts", reason="SPLIT_RULE_EMPTY")
    if row.end_date is not None and row.end_date <= end_date:
        text = "the rule has an end already; it can only become earlier"
        raise Refused("SPLIT_RULE_ENDED", text, end_date=row.end_date.isoformat())
    row.end_date = end_date
    row.version += 1
    _keep_version(tx, row, "ended")
    return row


def revise_rule(tx: Tx, rule_id: UUID, shares: Sequence[splits.Share], start_date: date) -> SplitRule:
    """Give a rule other shares from a day on: it ends there, and the next version of it holds.

    A rule of its own makes the next version, so that what the one before divided and goes on dividing, such as the
    cash of its orders, is explained by the shares that made it. Raises what `end_rule` and the shares get wrong,
    Refused SPLIT_RULE_NOT_ACTIVE for a draft, SPLIT_RULE_REVISED, SPLIT_SHARES_UNCHANGED.
    """
    tx.check_chain()
    row = tx.load(SplitRule, "split_rule", rule_id, for_update=True)
    if row.state != "active":
        raise Refused("SPLIT_RULE_NOT_ACTIVE", f"the rule is {row.state}", state=row.state)
    _check_newest(tx, row)
    before = rulebooks.to_rule(row)
    revised = replace(before, id=None, shares=tuple(shares), start_date=start_date)
    if set(revised.shares) == set(before.shares):
        raise Refused("SPLIT_SHARES_UNCHANGED", "the shares are what they were")
    ended = end_rule(tx, row.id, start_date)
    splits.check(revised)
    fresh = _row(revised, state="active", version=ended.version + 1)
    fresh.replaces_id = row.id
    tx.session.add(fresh)
    _keep_version(tx, fresh, "revised")
    return fresh


def _check_newest(tx: Tx, row: SplitRule) -> None:
    newer = tx.scalar(select(SplitRule.id).where(SplitRule.replaces_id == row.id))
    if newer is not None:
        raise Refused("SPLIT_RULE_REVISED", "a newer version has taken its place", split_rule_id=str(newer))


def versions(tx: Tx, rule_id: UUID) -> Sequence[SplitRuleVersion]:
    """Return what became of a rule and of those that it replaces, the first version first.

    Raises SPLIT_RULE_NOT_FOUND.
    """
    tx.load(SplitRule, "split_rule", rule_id)
    chain = select(SplitRule.id, SplitRule.replaces_id).where(SplitRule.id == rule_id).cte(recursive=True)
    older = select(SplitRule.id, SplitRule.replaces_id).where(SplitRule.id == chain.c.replaces_id)
    chain = chain.union_all(older)
    query = select(SplitRuleVersion).where(SplitRuleVersion.split_rule_id.in_(select(chain.c.id)))
    return tx.session.scalars(query.order_by(SplitRuleVersion.version)).all()


def overlaps(tx: Tx, rule: splits.SplitRule) -> list[splits.SplitRule]:
    """Return the stored rules beside which only the start date says that this one decides, or does not."""
    return split_previews.overlaps(rule, rulebooks.load(tx).split_rules)


def page(tx: Tx, request: ListRequest) -> Page[SplitRow]:
    """Return a page of rows; those of persons only where the caller may see their pay."""
    return LISTING.page(tx, request, where=pay.in_reach(tx, SplitRow.party, SplitRow.party_id, SplitRow.campus_id))


def values(
    tx: Tx,
    entries: Iterable[Entry],
    *,
    source_kind: str,
    source_id: UUID,
    occur_time: datetime,
    first_number: int = 1,
) -> dict[str, object]:
    """Return the parameters of ROWS_SQL, for callers that send it with other statements."""
    rows = [
        {
            "id": str(uuid7()),
            "campus_id": str(entry.part.home_campus_id),
            "row_number": number,
            "rule_id": str(entry.rule_id) if entry.rule_id else None,
            "rule_version": entry.rule_version,
            "base": entry.base,
            "base_fen": entry.base_fen,
            "party": entry.part.party,
            "party_id": str(entry.part.party_id),
            "amount_fen": entry.part.amount_fen,
            "explanation": entry.part.explanation,
            "reverses_id": str(entry.reverses_id) if entry.reverses_id else None,
        }
        for number, entry in enumerate(entries, start=first_number)
    ]
    return {
        "institution": tx.institution_id,
        "now": tx.now,
        "source_kind": source_kind,
        "source": source_id,
        "occur": occur_time,
        "rows": json.dumps(rows),
    }


def record(tx: Tx, entries: Sequence[Entry], *, source_kind: str, source_id: UUID) -> None:
    """Store rows of a document that happens now; a second time for the same document is refused by its key."""
    if entries:
        rows = values(tx, entries, source_kind=source_kind, source_id=source_id, occur_time=tx.now)
        tx.run(ROWS_SQL, rows, prepared=True)


def reversal_of(tx: Tx, source_id: UUID, source_kind: str) -> list[Entry]:
    """Return the exact negative of a document's rows; no rule is asked again."""
    query = select(SplitRow).where(SplitRow.source_id == source_id, SplitRow.source_kind == source_kind)
    rows = tx.session.scalars(query.order_by(SplitRow.row_number))
    return [_taken_back(row, row.amount_fen, row.base_fen) for row in rows]


def _keep_version(tx: Tx, row: SplitRule, change: str) -> None:
    tx.session.flush()
    kept = SplitRuleVersion(
        split_rule_id=row.id,
        version=row.version,
        change=change,
        state=row.state,
        end_date=row.end_date,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(kept)
    tx.session.flush()
    rulebooks.touch(tx)


def _taken_back(row: SplitRow, amount_fen: int, base_fen: int) -> Entry:
    part = Part(row.party, row.party_id, row.campus_id, -amount_fen, f"takes back: {row.explanation}")
    return Entry(part, row.rule_id, row.base, -base_fen, row.id, row.rule_version)
