"""A nightly look at all open leads: what is wrong, on a list that people can work off, and a score."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.lead.actions import bulk, grading, known, policies
from services.lead.models import Lead, LeadIssue, QualityRun
from services.lead.rules import policy, stages
from services.lead.rules import quality as rules
from shared.crypto import normalise_phone
from shared.db import Tx
from shared.errors import Refused
from shared.listing import Field, Listing

OPEN, FIXED, DISMISSED = "open", "fixed", "dismissed"
_AT_ONCE = 500
# The night begins at two in the morning in Beijing.
_NIGHT = timedelta(hours=18)
# Whoever calls us is reached.
_CALLS = """select l.id as lead_id, c.results from unnest(%(ids)s::uuid[]) as l (id)
  cross join lateral (select array_agg(f.result order by f.time desc, f.id desc) as results from (
    select id, coalesce(contact_time, create_time) as time,
        case direction when 'inbound' then 'reached' else result end as result
      from follow_up where institution_id = %(institution)s and lead_id = l.id and channel = 'phone'
        and coalesce(contact_time, create_time) > coalesce((select i.update_time from lead_issue i
          where i.institution_id = %(institution)s and i.lead_id = l.id and i.kind = %(kind)s and i.state = 'fixed'),
          '-infinity')
      order by time desc, id desc limit %(most)s) f) c
  where c.results is not null"""
LISTING: Listing[LeadIssue] = Listing(
    LeadIssue,
    fields={
        "find_time": Field(LeadIssue.find_time),
        "create_time": Field(LeadIssue.create_time),
        "kind": Field(LeadIssue.kind, prefix="LEAD_ISSUE_KIND_", sortable=False),
        "state": Field(LeadIssue.state, prefix="LEAD_ISSUE_STATE_", sortable=False),
        "campus_id": Field(LeadIssue.campus_id, sortable=False),
        "lead_id": Field(LeadIssue.lead_id, sortable=False),
    },
    default_order="create_time desc",
)


def step(tx: Tx) -> bool:
    """Look at the next leads of tonight's run; True while there are more."""
    _archive(tx)
    run = _run(tx, (tx.now - _NIGHT).date())
    if run.finish_time is not None:
        return False
    after = [] if run.position is None else [Lead.id > run.position]
    query = select(Lead).where(Lead.institution_id == tx.institution_id, Lead.state == stages.OPEN, *after)
    found = tx.session.scalars(query.order_by(Lead.id).limit(_AT_ONCE)).all()
    settings: dict[UUID, dict[str, int]] = {}
    calls = _calls(tx, found)
    flawed = {lead.id: _flaws(tx, lead, settings, calls.get(lead.id, [])) for lead in found}
    _note(tx, found, flawed)
    run.checked += len(found)
    run.flawed += sum(bool(flaws) for flaws in flawed.values())
    if found:
        run.position = found[-1].id
    if len(found) < _AT_ONCE:
        run.finish_time = tx.now
    return run.finish_time is None


def dismiss(tx: Tx, issue_id: UUID) -> LeadIssue:
    """Say that nothing is wrong. Raises LEAD_ISSUE_NOT_FOUND, LEAD_ISSUE_CLOSED."""
    row = tx.load(LeadIssue, "lead_issue", issue_id, for_update=True)
    if row.state != OPEN:
        raise Refused("LEAD_ISSUE_CLOSED", "this flaw is settled already", state=row.state)
    row.state = DISMISSED
    return row


def last_run(tx: Tx) -> QualityRun | None:
    """Return the newest run that came to its end."""
    query = select(QualityRun).where(QualityRun.finish_time.is_not(None)).order_by(QualityRun.day.desc()).limit(1)
    return tx.session.scalars(query).one_or_none()


def counts(tx: Tx) -> dict[str, int]:
    """Return the open flaws by kind that the caller may see."""
    query = select(LeadIssue.kind, func.count()).where(LeadIssue.state == OPEN).group_by(LeadIssue.kind)
    return {kind: int(number) for kind, number in tx.execute(query)}


def _run(tx: Tx, day: date) -> QualityRun:
    row = bulk.fresh(tx, QualityRun, day=day, position=None, checked=0, flawed=0, finish_time=None)
    values = {column.name: getattr(row, column.name) for column in QualityRun.__table__.columns}
    tx.execute(insert(QualityRun).values(values).on_conflict_do_nothing(constraint="uq_quality_run_day"))
    return tx.session.scalars(select(QualityRun).where(QualityRun.day == day).with_for_update()).one()


def _calls(tx: Tx, found: Sequence[Lead]) -> dict[UUID, list[str]]:
    """Return how the last calls to each family ended, the newest first, since its phone was last put right."""
    values = {
        "institution": str(tx.institution_id),
        "ids": [str(lead.id) for lead in found],
        "kind": rules.PHONE_UNREACHABLE,
        "most": policy.SETTINGS[policy.UNREACHED_CALLS].most,
    }
    return {row.lead_id: row.results for row in tx.run(_CALLS, values)} if found else {}


def _flaws(tx: Tx, lead: Lead, settings: dict[UUID, dict[str, int]], calls: Sequence[str]) -> list[str]:
    if lead.campus_id not in settings:
        settings[lead.campus_id] = policies.values(tx, lead.campus_id)
    own = settings[lead.campus_id]
    phone = known.profile_of(tx, lead).guardian_phone
    return rules.flaws(
        phone_is_valid=normalise_phone(phone) is not None,
        phone=phone,
        last_seen=grading.last_seen(lead),
        now=tx.now,
        silent_days=own[policy.SILENT_DAYS],
        unreachable=rules.is_unreachable(calls, own[policy.UNREACHED_CALLS]),
    )


def _note(tx: Tx, found: Sequence[Lead], flawed: dict[UUID, list[str]]) -> None:
    """Write what is wrong now, and close what no longer is; what somebody dismissed stays dismissed."""
    for lead in found:
        gone = update(LeadIssue).where(
            LeadIssue.institution_id == tx.institution_id, LeadIssue.lead_id == lead.id, LeadIssue.state == OPEN
        )
        tx.execute(gone.where(LeadIssue.kind.not_in(flawed[lead.id])).values(state=FIXED, update_time=tx.now))
        for kind in flawed[lead.id]:
            row = bulk.fresh(
                tx, LeadIssue, campus_id=lead.campus_id, lead_id=lead.id, kind=kind, state=OPEN, find_time=tx.now
            )
            values = {column.name: getattr(row, column.name) for column in LeadIssue.__table__.columns}
            again = {"state": OPEN, "find_time": tx.now, "campus_id": lead.campus_id, "update_time": tx.now}
            statement = insert(LeadIssue).values(values)
            tx.execute(
                statement.on_conflict_do_update(
                    constraint="uq_lead_issue_kind", set_=again, where=LeadIssue.state == FIXED
                )
            )


def _archive(tx: Tx) -> None:
    """Put invalid leads away that have been invalid for as long as their campus says."""
    old = (Lead.institution_id == tx.institution_id, Lead.invalid, Lead.archive_time.is_(None))
    for campus_id in tx.session.scalars(select(Lead.campus_id).where(*old).distinct()).all():
        aged = Lead.stage_time <= tx.now - timedelta(days=policies.value(tx, policy.ARCHIVE_DAYS, campus_id))
        here = update(Lead).where(*old, aged, Lead.campus_id == campus_id)
        tx.execute(here.values(archive_time=tx.now, update_time=tx.now))
