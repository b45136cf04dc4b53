"""Two leads become one, and two again.

The merged lead stays as it was with all its rows; it only points to the survivor. The survivor is found under the
keys of both, and the old customer id resolves to the survivor's for ever, or until the merge is undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.lead.v1.lead_events_pb2 import LeadMerged, LeadMergeUndone
from services.lead.actions import (
    arbitrations,
    assignments,
    bulk,
    closings,
    grading,
    keys,
    known,
    leads,
    owners,
    staff,
    tasks,
    timelines,
    trials,
)
from services.lead.models import CustomerAlias, Duplicate, Lead, LeadMerge, Touch
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.wire_values import id_text, optional_id


def merge(tx: Tx, *, survivor: Lead, merged: Lead) -> LeadMerge:
    """Let one locked lead carry on for another; both are unmerged.

    Raises LEADS_ENROLLED when both are students, MERGE_STUDENT when the other one is.
    """
    if survivor.state == merged.state == stages.ENROLLED:
        raise Refused("LEADS_ENROLLED", "both children are students already; merge them as students")
    if merged.state == stages.ENROLLED:
        raise Refused("MERGE_STUDENT", "the student keeps the id: let that lead carry on", lead_id=str(merged.id))
    row = bulk.fresh(
        tx,
        LeadMerge,
        lead_id=merged.id,
        survivor_lead_id=survivor.id,
        previous_state=merged.state,
        staff_id=staff.actor(tx),
        undo_time=None,
    )
    tx.session.add(row)
    tx.session.flush()
    merged.state, merged.merged_into_id = stages.MERGED, survivor.id
    survivor.touch_count += merged.touch_count
    survivor.last_touch_time = max(survivor.last_touch_time, merged.last_touch_time)
    survivor.trial_state = survivor.trial_state or merged.trial_state
    # Whoever asked to be left alone is, whichever lead carries on.
    if survivor.opt_out_time is None and merged.opt_out_time is not None:
        survivor.opt_out_time = merged.opt_out_time
        closings.opt_out(tx, survivor.id)
    if row.previous_state == stages.OPEN:
        row.given = _carry_on(tx, survivor, merged)
    grading.regrade(tx, survivor)
    if survivor.organisation_id is None and merged.organisation_id is not None:
        row.replaced_customer_type = survivor.customer_type or ""
        leads.join(tx, survivor, merged.organisation_id)
    if survivor.customer_id != merged.customer_id:
        tx.session.add(CustomerAlias(id=merged.customer_id, survivor_id=survivor.customer_id, merge_id=row.id))
    keys.replace(tx, survivor.id, before=[], after=_keys(tx, timelines.cluster(tx, [merged.id])))
    arbitrations.on_merge(tx, row, survivor=survivor, merged=merged)
    closings.stop_runs(tx, merged.id, stages.MERGED)
    row.given = (row.given or {}) | {"task_ids": tasks.pass_on(tx, merged, survivor)}
    publish(tx, LeadMerged(**_told(row, survivor, merged)))
    return row


def undo(tx: Tx, merge_id: UUID) -> LeadMerge:
    """Take a merge back. Raises MERGE_NOT_FOUND, MERGE_UNDONE, and MERGE_BURIED when the survivor was merged on."""
    row = tx.load(LeadMerge, "merge", merge_id, for_update=True)
    if row.undo_time is not None:
        raise Refused("MERGE_UNDONE", "this merge was taken back before")
    tx.enter(tx.institution_id)
    survivor, merged = (leads.get_for_update(tx, each) for each in (row.survivor_lead_id, row.lead_id))
    if survivor.state == stages.MERGED:
        raise Refused("MERGE_BURIED", "the survivor was merged into another lead since; undo that merge first")
    gone = _keys(tx, timelines.cluster(tx, [merged.id]))
    row.undo_time = tx.now
    tx.session.flush()
    kept = _keys(tx, timelines.cluster(tx, [survivor.id]))
    keys.replace(tx, survivor.id, before=gone, after=[key for key in gone if key in set(kept)])
    merged.state, merged.merged_into_id = row.previous_state, None
    if merged.state == stages.OPEN:
        owners.keep_or_free(tx, merged)
        closings.resume_runs(tx, merged.id, stages.MERGED)
    _return_organisation(tx, row, survivor, merged)
    tasks.pass_on(tx, survivor, merged, (row.given or {}).get("task_ids", ()))
    _return(tx, row.given or {}, survivor)
    _forget(tx, survivor, merged)
    _count_touches(tx, survivor)
    grading.regrade(tx, survivor)
    alias = tx.session.get(CustomerAlias, (tx.institution_id, merged.customer_id))
    if alias is not None and alias.merge_id == row.id:
        tx.session.delete(alias)
    arbitrations.on_undo(tx, row, survivor=survivor, merged=merged)
    for duplicate in tx.session.scalars(select(Duplicate).where(Duplicate.merge_id == row.id)):
        duplicate.state, duplicate.merge_id = "open", None
        duplicate.resolved_by_id, duplicate.resolve_time = None, None
    publish(tx, LeadMergeUndone(**_told(row, survivor, merged)))
    return row


def _carry_on(tx: Tx, survivor: Lead, merged: Lead) -> dict[str, Any]:
    """Let a survivor take the place of an open lead: nobody who is being worked on is lost, or left to a pool."""
    given: dict[str, Any] = {}
    before = survivor.owner_id
    if survivor.state == stages.LOST:
        given |= {"lost_reason": survivor.lost_reason, "invalid": survivor.invalid}
        leads.reopen(tx, survivor.id, reason=stages.MERGED)
    elif survivor.state != stages.OPEN or before is not None:
        return given
    owner_id = merged.owner_id
    if owner_id is not None and owner_id != survivor.owner_id and staff.works_at(tx, owner_id, survivor.campus_id):
        _hand(tx, survivor, owner_id, stages.MERGED)
        given |= {"owner_id": str(owner_id), "previous_owner_id": id_text(before)}
    return given


def _return(tx: Tx, given: Mapping[str, Any], survivor: Lead) -> None:
    """Take back what a merge gave, unless somebody has decided otherwise since."""
    if survivor.state != stages.OPEN or given.get("owner_id", id_text(survivor.owner_id)) != id_text(survivor.owner_id):
        return
    if "owner_id" in given:
        _hand(tx, survivor, optional_id(given["previous_owner_id"]), "merge_undone")
    if "lost_reason" in given:
        leads.enter(tx, survivor, stages.LOST, reason=given["lost_reason"])
        survivor.invalid = given["invalid"]
    elif "owner_id" in given:
        owners.keep_or_free(tx, survivor)


def _hand(tx: Tx, lead: Lead, owner_id: UUID | None, reason: str) -> None:
    tx.session.add(owners.by_hand(tx, lead, owner_id, reason))
    owners.give(tx, lead, owner_id)
    if owner_id is not None:
        publish(tx, assignments.event(lead, None))


def _forget(tx: Tx, survivor: Lead, merged: Lead) -> None:
    """Let the survivor know no more of trials, and of a wish to be left alone, that were the other family's."""
    left = timelines.cluster(tx, [survivor.id])
    if survivor.opt_out_time is not None and survivor.opt_out_time == merged.opt_out_time:
        others = select(func.min(Lead.opt_out_time)).where(Lead.id.in_(left), Lead.id != survivor.id)
        survivor.opt_out_time = tx.scalar(others)
    if survivor.trial_state == merged.trial_state:
        survivor.trial_state = trials.standing(tx, left)


def _return_organisation(tx: Tx, row: LeadMerge, survivor: Lead, merged: Lead) -> None:
    """Take from the survivor the organisation that this merge gave it, unless another lead in it is of the same."""
    if row.replaced_customer_type is None or survivor.organisation_id != merged.organisation_id:
        return
    others = select(LeadMerge).join(
        Lead, (Lead.institution_id == LeadMerge.institution_id) & (Lead.id == LeadMerge.lead_id)
    )
    living = (LeadMerge.survivor_lead_id == survivor.id, LeadMerge.undo_time.is_(None))
    same = others.where(*living, Lead.organisation_id == merged.organisation_id).limit(1)
    other = tx.session.scalars(same).one_or_none()
    if other is not None:
        other.replaced_customer_type = row.replaced_customer_type
        return
    survivor.organisation_id, survivor.customer_type = None, row.replaced_customer_type or None


def _count_touches(tx: Tx, survivor: Lead) -> None:
    """Count what the survivor and those that still live on in it were touched by, also since the merge."""
    tx.session.flush()
    mine = Touch.lead_id.in_(timelines.cluster(tx, [survivor.id]))
    touches, last = tx.execute(select(func.count(), func.max(Touch.create_time)).where(mine)).one()
    survivor.touch_count, survivor.last_touch_time = max(1, touches), last or survivor.last_touch_time


def _keys(tx: Tx, lead_ids: Iterable[UUID]) -> list[bytes]:
    rows = tx.session.scalars(select(Lead).where(Lead.id.in_(set(lead_ids))))
    return sorted({key for row in rows for key in keys.all_of(tx, known.profile_of(tx, row), known.person_of(tx, row))})


def _told(row: LeadMerge, survivor: Lead, merged: Lead) -> dict[str, str]:
    return {
        "merge_id": str(row.id),
        "lead_id": str(merged.id),
        "customer_id": str(merged.customer_id),
        "survivor_lead_id": str(survivor.id),
        "survivor_customer_id": str(survivor.customer_id),
        "campus_id": str(survivor.campus_id),
    }
