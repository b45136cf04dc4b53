"""Enquiries come in: known, alike or new."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import select

from services.lead.actions import captures, follow_ups, known, leads
from services.lead.actions.follow_ups import Contact
from services.lead.models import Assignment, Duplicate, Lead, LeadKey, StageChange, Task, Touch
from services.lead.rules import matching
from services.lead.rules.children import Person
from services.lead.rules.matching import Verdict
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotFound, Refused
from shared.ids import uuid7
from shared.testing import callers
from tests.lead import factories


def test_a_first_enquiry_makes_a_lead_with_touch_stage_and_keys(tx: Tx) -> None:
    campus = factories.campus(tx)
    verdict, lead, visible = captures.capture(tx, factories.arrival(campus, school="实验小学", birth_date="2016-03-08"))
    assert (verdict, visible) == (Verdict.NEW, True)
    stored = leads.get(tx, lead.id)
    assert (stored.stage, stored.state, stored.touch_count, stored.owner_id) == ("enquiry", "open", 1, None)
    profile = known.profile_of(tx, stored)
    assert (profile.child_name, profile.guardian_phone) == ("王小明", factories.PHONE)
    assert tx.session.scalars(select(Touch.source).where(Touch.lead_id == lead.id)).all() == ["walk_in"]
    assert tx.session.scalars(select(StageChange.stage).where(StageChange.lead_id == lead.id)).all() == ["enquiry"]
    assert len(tx.session.scalars(select(LeadKey.key).where(LeadKey.lead_id == lead.id)).all()) > 10


def test_no_name_and_no_phone_stands_in_clear_in_the_database(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    row = tx.run("select l::text || t::text from lead l join touch t on t.lead_id = l.id").scalar_one()
    assert str(lead.id) in row
    assert "小明" not in row
    assert "13800138000" not in row


@pytest.mark.parametrize("name", ["王小明", "王晓明", "小明", "王小明妈妈"])
def test_the_same_phone_and_a_name_that_fits_adds_a_touch(tx: Tx, name: str) -> None:
    campus = factories.campus(tx)
    first = factories.lead(tx, campus)
    verdict, lead, _ = captures.capture(tx, factories.arrival(campus, child_name=name, source="web_form"))
    assert verdict == Verdict.ATTACH
    assert (lead.id, lead.touch_count, lead.source) == (first.id, 2, "walk_in")


@pytest.mark.parametrize("name", ["", "王同学"])
def test_a_family_that_does_not_name_the_child_is_shown_to_a_person(tx: Tx, name: str) -> None:
    campus = factories.campus(tx)
    factories.lead(tx, campus)
    verdict, nameless, _ = captures.capture(tx, factories.arrival(campus, child_name=name))
    assert verdict == Verdict.REVIEW
    again, lead, _ = captures.capture(tx, factories.arrival(campus, child_name=name))
    assert (again, lead.id) == ((Verdict.ATTACH, nameless.id) if not name else (again, lead.id))


def test_brothers_and_sisters_with_one_phone_stay_apart(tx: Tx) -> None:
    campus = factories.campus(tx)
    factories.lead(tx, campus, child_name="王子涵", birth_date="2014-05-01")
    verdict, _, _ = captures.capture(tx, factories.arrival(campus, child_name="王子轩", birth_date="2017-02-03"))
    assert verdict == Verdict.NEW


def test_the_same_child_with_the_other_parents_phone_goes_to_review(tx: Tx) -> None:
    campus = factories.campus(tx)
    first = factories.lead(tx, campus, birth_date="2016-03-08", guardian_name="王建国")
    again = factories.arrival(campus, birth_date="2016-03-08", guardian_name="李芳", guardian_phone="+8613900139000")
    verdict, lead, _ = captures.capture(tx, again)
    assert verdict == Verdict.REVIEW
    entry = tx.session.scalars(select(Duplicate).where(Duplicate.lead_id == lead.id)).one()
    assert (entry.other_lead_id, entry.state) == (first.id, "open")
    assert matching.SCHEMES[Person].review_at <= entry.score < matching.SCHEMES[Person].attach_at
    assert "NAME_EQUAL" in dict(entry.reasons)


def test_a_lead_of_another_campus_is_touched_but_not_shown(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx, name="浦东校区")
    first = factories.lead(tx, there)
    tx.scope = Scope(frozenset({here}))
    verdict, lead, visible = captures.capture(tx, factories.arrival(here))
    assert (verdict, lead.id, visible) == (Verdict.ATTACH, first.id, False)


@pytest.mark.parametrize("together", [False, True])
def test_whoever_cares_for_a_family_hears_that_it_came_to_another_desk(
    database: Database, caller: Caller, *, together: bool
) -> None:
    with database.begin(caller) as tx:
        here, there = factories.campus(tx), factories.campus(tx, name="浦东校区")
        advisor = factories.advisor(tx, there)
        lead = factories.lead(tx, there, owner_id=advisor)
        follow_ups.add(tx, lead.id, Contact("phone", "聊过"))
    for desk in (advisor, uuid7(), uuid7()):
        clerk = callers.staff(caller.institution_id, ["lead.*"], [there if desk == advisor else here])
        with database.begin(dataclasses.replace(clerk, subject_id=desk)) as tx:
            arrival = factories.arrival(there if desk == advisor else here)
            if together:
                captures.capture_all(tx, [arrival, arrival])
            else:
                captures.capture_at_desk(tx, arrival)
        with database.begin(caller) as tx:
            found = tx.session.execute(select(Task.kind, Task.owner_id, Task.campus_id)).all()
            assert [tuple(each) for each in found] == ([] if desk == advisor else [("reply", advisor, there)])


def test_a_lost_lead_that_comes_back_is_open_again(tx: Tx) -> None:
    campus = factories.campus(tx)
    first = factories.lead(tx, campus)
    leads.lose(tx, first.id, reason="price")
    _, lead, _ = captures.capture(tx, factories.arrival(campus))
    assert (lead.state, lead.stage, lead.lost_reason, lead.touch_count) == ("open", "enquiry", "", 2)


def test_a_campus_out_of_scope_or_unknown_or_closed_takes_nothing(tx: Tx) -> None:
    closed, foreign = factories.campus(tx, active=False), factories.campus(tx)
    with pytest.raises(Refused, match="takes no new leads"):
        captures.capture(tx, factories.arrival(closed))
    with pytest.raises(NotFound):
        captures.capture(tx, factories.arrival(uuid7()))
    tx.scope = Scope(frozenset({closed}))
    with pytest.raises(NotFound):
        captures.capture(tx, factories.arrival(foreign))
    assert tx.session.scalars(select(Lead.id)).all() == []


def test_an_owner_named_at_the_desk_gets_the_lead(tx: Tx) -> None:
    campus = factories.campus(tx)
    advisor, stranger = factories.advisor(tx, campus), factories.advisor(tx, uuid7())
    lead = factories.lead(tx, campus, owner_id=advisor)
    assert lead.owner_id == advisor
    assert tx.session.scalars(select(Assignment.rule_id).where(Assignment.lead_id == lead.id)).all() == [None]
    with pytest.raises(Refused, match="not an active staff member"):
        factories.lead(tx, campus, owner_id=stranger, guardian_phone="+8613900139000")


def test_two_institutions_never_meet(database: Database, tx: Tx) -> None:
    factories.lead(tx, factories.campus(tx))
    with database.begin(Caller.system(uuid7()), keep=False) as other:
        verdict, _, _ = captures.capture(other, factories.arrival(factories.campus(other)))
    assert verdict == Verdict.NEW


def test_an_advisor_who_sees_only_their_own_may_capture(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
    me = callers.staff(caller.institution_id, ["lead.*"], [campus], own=True)
    with database.begin(me, scope=Scope(frozenset({campus}), own=True)) as tx:
        verdict, lead, visible = captures.capture(tx, factories.arrival(campus))
    assert (verdict, visible, lead.owner_id) == (Verdict.NEW, True, None)
