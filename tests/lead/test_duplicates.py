"""Pairs are decided, merged and parted again; no touch is lost and old ids resolve."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.lead.actions import (
    assignments,
    captures,
    contacts,
    customers,
    duplicates,
    follow_up_plans,
    follow_ups,
    leads,
    merges,
    plan_runs,
    searches,
    tasks,
    teaching,
    timelines,
)
from services.lead.actions.follow_ups import Contact
from services.lead.models import CustomerAlias, Duplicate, Lead, Task, Touch, Trial
from services.lead.rules.matching import Verdict
from shared.db import Tx
from shared.errors import DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.lead import factories

OTHER = "+8613900139000"


def _pair(tx: Tx) -> tuple[UUID, UUID, Duplicate]:
    """Return a lead, the one that may be the same child, and the entry about them."""
    campus = factories.campus(tx)
    first = factories.lead(tx, campus, birth_date="2016-03-08", guardian_name="王建国")
    second = factories.lead(tx, campus, birth_date="2016-03-08", guardian_phone=OTHER, guardian_name="李芳")
    return first.id, second.id, tx.session.scalars(select(Duplicate)).one()


def _reason(call: object) -> str:
    with pytest.raises(DomainError) as error:
        call()  # type: ignore[operator]
    return error.value.reason


def test_a_merge_keeps_every_touch_and_resolves_the_old_id(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    old, new = leads.get(tx, second).customer_id, leads.get(tx, first).customer_id
    resolved = duplicates.resolve(tx, entry.id, merge=True)
    assert (resolved.state, resolved.merge_id is not None) == ("merged", True)
    tx.session.flush()
    survivor, merged = leads.get(tx, first), leads.get(tx, second)
    assert (survivor.state, survivor.touch_count) == ("open", 2)
    assert (merged.state, merged.merged_into_id) == ("merged", first)
    assert customers.resolve(tx, old) == new
    touches = [row for row in timelines.page(tx, first, size=50).rows if isinstance(row, Touch)]
    assert {touch.lead_id for touch in touches} == {first, second}


def test_the_survivor_is_found_under_both_phones(tx: Tx) -> None:
    first, _, entry = _pair(tx)
    duplicates.resolve(tx, entry.id, merge=True)
    campus = leads.get(tx, first).campus_id
    for phone in (factories.PHONE, OTHER):
        verdict, lead, _ = captures.capture(tx, factories.arrival(campus, guardian_phone=phone))
        assert (verdict, lead.id) == (Verdict.ATTACH, first)


def test_an_undone_merge_leaves_both_as_they_were(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    before = {lead_id: leads.get(tx, lead_id) for lead_id in (first, second)}
    keys = _keys(tx)
    duplicates.resolve(tx, entry.id, merge=True)
    assert entry.merge_id is not None
    merges.undo(tx, entry.merge_id)
    tx.session.flush()
    for lead_id, old in before.items():
        new = leads.get(tx, lead_id)
        assert (new.state, new.stage, new.touch_count, new.merged_into_id) == (old.state, old.stage, 1, None)
    assert _keys(tx) == keys
    assert tx.session.scalars(select(CustomerAlias)).all() == []
    assert entry.state == "open"
    assert customers.resolve(tx, before[second].customer_id) == before[second].customer_id


@pytest.mark.parametrize(("state", "undone"), [("lost", True), ("open", True), ("open", False)])
def test_who_is_being_worked_on_is_worked_on_after_a_merge(tx: Tx, state: str, *, undone: bool) -> None:
    """The survivor may have been lost, or lie in the pool; undoing leaves both as they were, unless someone decided."""
    first, second, entry = _pair(tx)
    campus = leads.get(tx, first).campus_id
    former, advisor = factories.advisor(tx, campus), factories.advisor(tx, campus)
    assignments.assign(tx, second, owner_id=advisor)
    if state == "lost":
        assignments.assign(tx, first, owner_id=former)
        leads.invalidate(tx, first, reason="dead_number")
    before = leads.get(tx, first)
    duplicates.resolve(tx, entry.id, merge=True)
    tx.session.flush()
    merged = leads.get(tx, first)
    assert (merged.state, merged.owner_id, merged.lost_reason, merged.invalid) == ("open", advisor, "", False)
    if not undone:
        assignments.assign(tx, first, owner_id=former)
    merges.undo(tx, entry.merge_id or first)
    tx.session.flush()
    after = leads.get(tx, first)
    if undone:
        assert (after.state, after.owner_id, after.stage) == (before.state, before.owner_id, before.stage)
        assert (after.lost_reason, after.invalid) == (before.lost_reason, before.invalid)
    else:
        assert (after.state, after.owner_id) == ("open", former)
    assert (leads.get(tx, second).state, leads.get(tx, second).owner_id) == ("open", advisor)


def test_what_is_to_be_done_goes_with_the_survivor_and_comes_back(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    campus = leads.get(tx, first).campus_id
    one, two, principal = (factories.advisor(tx, campus) for _ in range(3))
    for lead_id, owner in ((first, one), (second, two)):
        assignments.assign(tx, lead_id, owner_id=owner)
        follow_ups.add(tx, lead_id, Contact("phone", "?"), next_contact_time=factories.later(tx, 1))
    lead = leads.get_for_update(tx, second)
    tasks.create(tx, tasks.Work("escalation", factories.later(tx, 1), campus, lead=lead), owner_id=principal)

    def found() -> set[tuple[UUID | None, UUID | None, str, str]]:
        tx.session.flush()
        rows = tx.session.scalars(select(Task).execution_options(populate_existing=True))
        return {(row.lead_id, row.owner_id, row.kind, row.state) for row in rows}

    before = found()
    duplicates.resolve(tx, entry.id, merge=True)
    escalated = (first, principal, "escalation", "open")
    assert found() == {(first, one, "follow_up", "open"), escalated}
    follow_ups.add(tx, first, Contact("phone", "聊过"))
    assert found() == {(first, one, "follow_up", "done"), escalated}
    merges.undo(tx, entry.merge_id or first)
    after = {(lead_id, kind) for lead_id, _, kind, _ in found()}
    assert after == {(lead_id, kind) for lead_id, _, kind, _ in before}
    assert (second, principal, "escalation", "open") in found()


def test_the_family_has_its_say_about_a_trial_of_the_lead_that_was_merged(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    trial = Trial(id=uuid7(), lead_id=second, state="attended", result="suitable", start_time=tx.now)
    tx.session.add(trial)
    duplicates.resolve(tx, entry.id, merge=True)
    assert teaching.opine(tx, first, trial.id, rating=5, feedback="很好").rating == 5
    merges.undo(tx, entry.merge_id or first)
    tx.session.flush()
    with pytest.raises(NotFound):
        teaching.opine(tx, first, trial.id, rating=5, feedback="很好")


def test_a_merge_that_was_a_mistake_leaves_no_wish_and_no_trial_of_the_other_family(tx: Tx) -> None:
    campus = factories.campus(tx)
    first, second, third = (factories.lead(tx, campus, **factories.stranger(number)).id for number in (1, 2, 3))
    plan = follow_up_plans.create(tx, name="七天", steps=[{"title": "问候", "offset_minutes": 5, "channel": ""}])
    run = plan_runs.start(tx, first, plan.id)
    for lead_id in (second, third):
        contacts.set_opt_out(tx, lead_id, opted_out=True)
        tx.session.add(Trial(id=uuid7(), lead_id=lead_id, state="attended", result="suitable", start_time=tx.now))
        leads.get_for_update(tx, lead_id).trial_state = "attended"
    made = [
        merges.merge(tx, survivor=leads.get_for_update(tx, first), merged=leads.get_for_update(tx, each)).id
        for each in (second, third)
    ]
    tx.session.refresh(run)
    assert (run.state, run.stop_reason) == ("stopped", "opt_out")
    for merge_id, left in ((made[0], "attended"), (made[1], None)):
        merges.undo(tx, merge_id)
        tx.session.flush()
        survivor = leads.get(tx, first)
        assert (survivor.trial_state, survivor.opt_out_time is None) == (left, left is None)


def _keys(tx: Tx) -> set[tuple[bytes, str]]:
    rows = tx.run("select key, lead_id::text from lead_key").all()
    return {(bytes(key), lead_id) for key, lead_id in rows}


def test_chains_of_merges_resolve_to_the_last_and_are_undone_from_the_top(tx: Tx) -> None:
    campus = factories.campus(tx)
    made = [
        factories.lead(tx, campus, child_name=name, guardian_phone=f"+86139001390{index:02}").id
        for index, name in enumerate(("甲一", "乙二", "丙三"))
    ]
    rows = [leads.get_for_update(tx, lead_id) for lead_id in made]
    below = merges.merge(tx, survivor=rows[1], merged=rows[0])
    above = merges.merge(tx, survivor=rows[2], merged=rows[1])
    assert customers.resolve(tx, rows[0].customer_id) == rows[2].customer_id
    assert timelines.cluster(tx, [made[2]]) == set(made)
    assert _reason(lambda: merges.undo(tx, below.id)) == "MERGE_BURIED"
    merges.undo(tx, above.id)
    merges.undo(tx, below.id)
    assert _reason(lambda: merges.undo(tx, below.id)) == "MERGE_UNDONE"
    assert tx.scalar(select(func.count()).select_from(Lead).where(Lead.state == "merged")) == 0


def test_a_pair_that_is_kept_stays_two(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    duplicates.resolve(tx, entry.id, merge=False)
    assert entry.state == "kept"
    assert {leads.get(tx, each).state for each in (first, second)} == {"open"}
    assert _reason(lambda: duplicates.resolve(tx, entry.id, merge=True)) == "DUPLICATE_RESOLVED"


def test_the_survivor_can_be_chosen_among_the_two(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    with pytest.raises(InvalidInput):
        duplicates.resolve(tx, entry.id, merge=True, survivor_lead_id=uuid7())
    duplicates.resolve(tx, entry.id, merge=True, survivor_lead_id=second)
    assert leads.get_for_update(tx, first).merged_into_id == second


def test_a_merged_lead_takes_no_change_and_two_students_are_not_merged(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    for lead_id in (first, second):
        leads.enter(tx, leads.get_for_update(tx, lead_id), "enrolled")
    assert _reason(lambda: duplicates.resolve(tx, entry.id, merge=True)) == "LEADS_ENROLLED"
    survivor, merged = leads.get_for_update(tx, first), leads.get_for_update(tx, second)
    leads.enter(tx, merged, "quoted")
    merges.merge(tx, survivor=survivor, merged=merged)
    with pytest.raises(Refused) as error:
        leads.update(tx, second, {"school": "光明小学"})
    assert error.value.reason == "LEAD_MERGED"


def test_what_is_not_there_is_not_found(tx: Tx) -> None:
    for call in (
        lambda: duplicates.resolve(tx, uuid7(), merge=True),
        lambda: merges.undo(tx, uuid7()),
        lambda: customers.get_lead(tx, uuid7()),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_student_is_never_merged_into_another_lead(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    leads.enter(tx, leads.get_for_update(tx, second), "enrolled")
    assert _reason(lambda: duplicates.resolve(tx, entry.id, merge=True, survivor_lead_id=first)) == "MERGE_STUDENT"
    duplicates.resolve(tx, entry.id, merge=True)
    assert leads.get_for_update(tx, first).merged_into_id == second


def test_what_came_since_the_merge_stays_with_the_survivor(tx: Tx) -> None:
    first, second, entry = _pair(tx)
    campus = leads.get(tx, first).campus_id
    duplicates.resolve(tx, entry.id, merge=True)
    for phone in (factories.PHONE, OTHER, OTHER):
        _, lead, _ = captures.capture(tx, factories.arrival(campus, guardian_phone=phone))
        assert lead.id == first
    tx.session.expire_all()
    assert leads.get(tx, first).touch_count == 5
    assert entry.merge_id is not None
    merges.undo(tx, entry.merge_id)
    tx.session.flush()
    touches = {each: len(timelines.page(tx, each, size=50).rows) for each in (first, second)}
    assert [leads.get(tx, each).touch_count for each in (first, second)] == [4, 1]
    assert tx.scalar(select(func.count()).select_from(Touch)) == 5
    assert touches[second] >= 2
    verdict, lead, _ = captures.capture(tx, factories.arrival(campus, guardian_phone=OTHER))
    assert (verdict, lead.id) == (Verdict.ATTACH, second)


def test_one_union_id_is_one_family(tx: Tx) -> None:
    campus = factories.campus(tx)
    first = factories.lead(tx, campus, wechat_union_id="o6_bmjrPTlm6")
    again = factories.arrival(campus, guardian_phone=OTHER, wechat_union_id="o6_bmjrPTlm6")
    verdict, lead, _ = captures.capture(tx, again)
    assert (verdict, lead.id) == (Verdict.ATTACH, first.id)
    sister = factories.arrival(campus, child_name="王小红", guardian_phone=OTHER, wechat_union_id="o6_bmjrPTlm6")
    assert captures.capture(tx, sister)[0] != Verdict.ATTACH


@pytest.mark.parametrize("chain", [True, False])
def test_a_lead_that_stands_for_many_is_found_by_each_of_them(tx: Tx, *, chain: bool) -> None:
    """Six records under six names and phones, one child as people have said: each way in leads to the one."""
    campus = factories.campus(tx)
    known = [(f"{name}{name}", f"+8613900139{index:03}") for index, name in enumerate("甲乙丙丁戊己")]
    made = [factories.lead(tx, campus, child_name=name, guardian_phone=phone).id for name, phone in known]
    rows = [leads.get_for_update(tx, lead_id) for lead_id in made]
    last = rows[-1]
    for place, row in enumerate(rows[:-1]):
        merges.merge(tx, survivor=rows[place + 1] if chain else last, merged=row)
    tx.session.flush()
    for name, phone in known:
        verdict, found, _ = captures.capture(tx, factories.arrival(campus, child_name=name, guardian_phone=phone))
        assert (verdict, found.id) == (Verdict.ATTACH, last.id)
    # The phone of one and the name of none of them: a brother or sister, as ever.
    other = factories.arrival(campus, child_name="庚庚", guardian_phone=known[0][1])
    assert captures.capture(tx, other)[0] != Verdict.ATTACH
    asked = searches.Asked(10, "", "", "", known[0][1])
    assert last.id in {row.id for row in searches.page(tx, asked).rows}
    assert all(customers.resolve(tx, row.customer_id) == last.customer_id for row in rows)
    touches = [row for row in timelines.page(tx, last.id, size=200).rows if isinstance(row, Touch)]
    assert len(touches) == 2 * len(known) == leads.get(tx, last.id).touch_count
