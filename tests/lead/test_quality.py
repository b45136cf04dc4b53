"""The nightly look at leads: what it finds, what people can do about it, and what is put away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.lead.v1 import lead_service_pb2, pool_pb2, pool_service_pb2
from services.lead.actions import follow_ups, leads, policies, quality
from services.lead.actions.follow_ups import Contact
from services.lead.models import Lead, LeadIssue
from services.lead.rules import policy
from services.lead.rules import quality as rules
from shared.caller import Caller
from shared.db import Database, Tx
from tests.lead import factories, people
from tests.lead.people import Person

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("phone", ["+8613800000000", "+8613912345678", "+8613987654321", "13888888888"])
def test_phones_that_were_made_up(phone: str) -> None:
    assert rules.is_placeholder(phone)


@pytest.mark.parametrize("phone", ["+8613800138000", "+8613912123434", "+8618616001234", "+85291234876"])
def test_phones_that_were_not(phone: str) -> None:
    assert not rules.is_placeholder(phone)


def test_a_lead_may_have_several_flaws() -> None:
    old = NOW - timedelta(days=61)
    found = rules.flaws(phone_is_valid=False, phone="12", last_seen=old, now=NOW, silent_days=60)
    assert found == ["phone_invalid", "silent"]
    assert rules.flaws(phone_is_valid=True, phone="+8613800138000", last_seen=NOW, now=NOW, silent_days=60) == []
    assert (rules.score(0, 0), rules.score(3, 1)) == (10_000, 6_666)


def _states(database: Database, caller: Caller, at: datetime) -> dict[str, str]:
    with database.begin(caller, now=at) as tx:
        while quality.step(tx):
            pass
        return {row.kind: row.state for row in tx.session.scalars(select(LeadIssue))}


def test_flaws_are_found_fixed_found_again_and_dismissed(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        lead = factories.lead(tx, campus, guardian_phone="+8613800000000")
        good = factories.lead(tx, campus, **factories.stranger(1) | {"guardian_phone": "+8618616021357"})
        start = tx.now
    assert _states(database, caller, start) == {"phone_placeholder": "open"}
    assert _states(database, caller, start) == {"phone_placeholder": "open"}  # once a night
    with database.begin(caller) as tx:
        leads.update(tx, lead.id, {"guardian_phone": "+8613800138000"})
    assert _states(database, caller, start + timedelta(days=1)) == {"phone_placeholder": "fixed"}
    assert _states(database, caller, start + timedelta(days=70))["silent"] == "open"
    with database.begin(caller) as tx:
        run = quality.last_run(tx)
        assert run is not None
        assert (run.checked, run.flawed) == (2, 2)
        mine = select(LeadIssue.id).where(LeadIssue.lead_id == good.id)
        assert quality.dismiss(tx, tx.session.scalars(mine).one()).state == "dismissed"
    _states(database, caller, start + timedelta(days=71))
    with database.begin(caller) as tx:
        assert quality.counts(tx) == {"silent": 1}


@pytest.mark.parametrize(
    ("results", "wrong"),
    [
        ([], False),
        (["no_answer", "power_off"], False),
        (["no_answer", "power_off", "unreachable"], True),
        (["no_answer", "reached", "no_answer", "no_answer"], False),
        (["reached", "wrong_number"], True),
        (["wrong_number", "reached"], False),
    ],
)
def test_a_phone_at_which_nobody_is_reached_is_to_be_put_right(tx: Tx, results: list[str], *, wrong: bool) -> None:
    lead = factories.lead(tx, factories.campus(tx), guardian_phone="+8618616021357")
    other = factories.lead(tx, lead.campus_id, **factories.stranger(5) | {"guardian_phone": "+8618616021358"})
    for number, result in enumerate(results):
        at = tx.now - timedelta(hours=len(results) - number)
        follow_ups.add(tx, lead.id, Contact("phone", "拨打", result=result, contact_time=at))
        follow_ups.add(tx, other.id, Contact("phone", "拨打", result=result, contact_time=at, direction="inbound"))
        follow_ups.add(tx, other.id, Contact("wechat", "留言", result=result, contact_time=at))
    quality.step(tx)
    found = {(row.lead_id, row.kind, row.state) for row in tx.session.scalars(select(LeadIssue))}
    assert found == ({(lead.id, "phone_unreachable", "open")} if wrong else set())


def test_another_number_or_a_call_that_reaches_the_family_puts_a_phone_right(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        policies.change(tx, campus, {policy.UNREACHED_CALLS: 1}, None)
        lead = factories.lead(tx, campus, guardian_phone="+8618616021357")
        follow_ups.add(tx, lead.id, Contact("phone", "拨打", result="no_answer"))
        start = tx.now
    assert _states(database, caller, start + timedelta(days=1)) == {"phone_unreachable": "open"}
    with database.begin(caller, now=start + timedelta(days=1, hours=1)) as tx:
        leads.update(tx, lead.id, {"guardian_phone": "+8618616021359"})
    assert _states(database, caller, start + timedelta(days=2)) == {"phone_unreachable": "fixed"}
    for day, result, state in ((3, "power_off", "open"), (4, "reached", "fixed")):
        with database.begin(caller, now=start + timedelta(days=day)) as tx:
            follow_ups.add(tx, lead.id, Contact("phone", "拨打", result=result))
        assert _states(database, caller, start + timedelta(days=day, hours=20)) == {"phone_unreachable": state}


def test_invalid_leads_are_archived_and_listed_only_on_request(
    database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    lead = chief.capture(campus).lead
    with database.begin(caller) as tx:
        leads.invalidate(tx, UUID(lead.lead_id), reason="test_data")
        policies.change(tx, campus, {policy.ARCHIVE_DAYS: 100}, None)
        late = factories.later(tx, 101)
    _states(database, caller, late - timedelta(days=10))
    assert chief.leads.ListLeads(lead_service_pb2.ListLeadsRequest()).leads
    _states(database, caller, late)
    assert not chief.leads.ListLeads(lead_service_pb2.ListLeadsRequest()).leads
    put_away = lead_service_pb2.ListLeadsRequest(filter="archive_time != null")
    assert [each.lead_id for each in chief.leads.ListLeads(put_away).leads] == [lead.lead_id]
    with database.begin(caller) as tx:
        assert tx.session.scalars(select(Lead.archive_time)).one() == late


def test_quality_on_the_wire(database: Database, caller: Caller, campus: UUID, chief: Person) -> None:
    chief.capture(campus, guardian_phone="13800000000")
    with database.begin(caller) as tx:
        quality.step(tx)
    (issue,) = chief.pool.ListLeadIssues(pool_service_pb2.ListLeadIssuesRequest(filter='state = "open"')).lead_issues
    assert issue.kind == pool_pb2.LEAD_ISSUE_KIND_PHONE_PLACEHOLDER
    told = chief.pool.GetDataQuality(pool_service_pb2.GetDataQualityRequest())
    assert (told.score_basis_points, told.checked, told.flawed, told.open[0].count) == (0, 1, 1, 1)
    dismiss = pool_service_pb2.DismissLeadIssueRequest(lead_issue_id=issue.lead_issue_id)
    assert chief.pool.DismissLeadIssue(dismiss).lead_issue.state == pool_pb2.LEAD_ISSUE_STATE_DISMISSED
    assert people.refused(lambda: chief.pool.DismissLeadIssue(dismiss))[1] == "LEAD_ISSUE_CLOSED"
