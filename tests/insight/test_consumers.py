"""Read models: the same in every order, under repeats, and within borders."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from uuid import UUID

import pytest

from lianxiao.marketing.v1.marketing_events_pb2 import CampaignCostRecorded, CampaignCreated
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.insight.actions import reports
from services.insight.actions.reports import Cohort
from services.insight.consumers import CONSUMERS
from shared.caller import Caller, Scope
from shared.db import Database
from shared.errors import NotFound
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from tests.insight import factories

MARCH = Cohort(date(2026, 3, 1), date(2026, 3, 31))


def test_a_child_is_counted_in_each_stage_whatever_the_order_of_events(database: Database, institution: UUID) -> None:
    campus = uuid7()
    orders = list(permutations(range(5)))[::13]
    for order in orders:
        events = factories.way(campus)
        for position in order:
            deliver(database, CONSUMERS, events[position], institution, times=2)
    with database.begin(Caller.system(institution)) as tx:
        assert reports.funnel(tx, MARCH) == [len(orders)] * 5
        journeys = tx.run("select count(distinct campus_id) from journey").scalar()
    assert journeys == 1, "the campus of the enquiry decides, also when the lesson was elsewhere"


def test_the_cohort_is_that_of_the_campus_day(database: Database, institution: UUID) -> None:
    campus = uuid7()
    zone = CampusChanged(campus_id=str(campus), name="乌鲁木齐", time_zone="Asia/Urumqi", active=True)
    deliver(database, CONSUMERS, zone, institution)
    for event in factories.way(campus, captured="2026-03-31T17:30:00Z"):
        deliver(database, CONSUMERS, event, institution)
    there = Cohort(date(2026, 3, 31), date(2026, 3, 31), campus_id=campus)
    with database.begin(Caller.system(institution)) as tx:
        assert reports.funnel(tx, there)[0] == 1, "23:30 in Urumqi"
        assert reports.funnel(tx, MARCH)[0] == 0, "01:30 on the first of April in Shanghai"


def test_a_caller_sees_figures_of_the_own_campuses_only(database: Database, institution: UUID) -> None:
    mine, other = uuid7(), uuid7()
    for campus in (mine, mine, other):
        for event in factories.way(campus):
            deliver(database, CONSUMERS, event, institution)
    with database.begin(staff(institution), scope=Scope(frozenset({mine}))) as tx:
        assert reports.funnel(tx, MARCH)[0] == 2
        with pytest.raises(NotFound):
            reports.funnel(tx, Cohort(date(2026, 3, 1), date(2026, 3, 2), campus_id=other))
    with database.begin(Caller.system(uuid7())) as tx:
        assert reports.funnel(tx, MARCH) == [0] * 5


def test_a_campaigns_cost_per_enrolment_is_right(database: Database, institution: UUID) -> None:
    campaign = uuid7()
    costs = [
        CampaignCostRecorded(campaign_id=str(campaign), cost_id=str(uuid7()), amount_fen=amount)
        for amount in (1000, 501, -500)
    ]
    made = CampaignCreated(campaign_id=str(campaign), name="开学季", channel="open_day", budget_fen=1)
    for event in [*costs[:1], made, *costs[1:]]:
        deliver(database, CONSUMERS, event, institution, times=2)
    for number in range(2):
        for event in factories.way(uuid7(), campaign=campaign)[: 5 if number else 1]:
            deliver(database, CONSUMERS, event, institution)
    with database.begin(Caller.system(institution)) as tx:
        (result,) = reports.campaigns(tx)
    assert (result.name, result.enquiries, result.enrolments, result.cost_fen) == ("开学季", 2, 1, 1001)
