"""Targets and score cards follow what is sold, at once and to the fen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1.billing_events_pb2 import HoursBelowThreshold
from lianxiao.lead.v1 import (
    policy_pb2,
    policy_service_pb2,
    sales_report_service_pb2,
    sales_target_pb2,
    sales_target_service_pb2,
)
from services.lead.actions import leads, policies, sales_targets, scorecards
from services.lead.consumers import CONSUMERS
from services.lead.models import Sale, SalesTarget
from services.lead.rules import policy, scorecard
from services.lead.rules.scorecard import Input
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.lead import factories, people
from tests.lead.people import Person
from tests.lead.selling import APRIL, MONTH, World


@pytest.fixture
def world(database: Database, caller: Caller) -> World:
    return World(database, caller)


def test_what_is_attained_follows_orders_and_refunds(world: World) -> None:
    first = world.order(0, 1000_00)
    world.order(0, 300_00)
    world.order(1, 50_00)
    world.refund(first, 0, 400_00)
    world.refund(first, 0, 1_00, APRIL + timedelta(days=40))
    one, two = world.advisors
    with world.database.begin(world.caller) as tx:
        team = sales_targets.create_team(tx, name="一组", campus_id=world.campus, staff_ids=[two, one]).id
    assert world.attained() == 950_00
    assert world.attained(staff_id=one) == 900_00
    assert world.attained(staff_id=two, campus_id=world.campus) == 50_00
    assert world.attained(team_id=team) == 950_00
    assert world.attained(course_id=world.course) == 950_00
    assert world.attained(course_id=uuid7()) == 0
    assert world.attained(customer_type="organisation") == 0
    assert world.attained(measure="orders") == 3
    assert world.attained(measure="enrolments") == 2
    assert world.attained(month_date=date(2026, 5, 1)) == -1_00
    assert world.attained(month_date=date(2026, 3, 1)) == 0


def test_a_refund_is_counted_against_whoever_sold(world: World, database: Database, caller: Caller) -> None:
    order = world.order(0, 100_00)
    with database.begin(caller) as tx:
        factories.leaves(tx, world.advisors[0])
    world.refund(order, 0, 100_00)
    assert world.attained(staff_id=world.advisors[1]) == 0
    with database.begin(caller) as tx:
        rows = tx.session.query(Sale).order_by(Sale.is_refund).all()
        assert [(row.owner_id, row.amount_fen) for row in rows] == [
            (world.advisors[0], 100_00),
            (world.advisors[0], -100_00),
        ]


def test_targets_are_checked(world: World, database: Database, caller: Caller) -> None:
    base = {"month_date": MONTH, "measure": "orders", "value": 3, "customer_type": ""}
    with database.begin(caller) as tx:
        target = sales_targets.create(tx, SalesTarget(**base))
        assert sales_targets.update(tx, target.id, value=9).value == 9
    for what, reason in (
        ({}, "TARGET_TAKEN"),
        ({"month_date": date(2026, 4, 2)}, "MONTH_INVALID"),
        ({"staff_id": uuid7()}, "STAFF_NOT_ASSIGNABLE"),
        ({"team_id": uuid7()}, "SALES_TEAM_NOT_FOUND"),
        ({"campus_id": uuid7()}, "CAMPUS_NOT_FOUND"),
    ):
        with pytest.raises(DomainError) as error, database.begin(caller) as tx:
            sales_targets.create(tx, SalesTarget(**base | what))
        assert error.value.reason == reason
    with pytest.raises(DomainError) as error, database.begin(caller, scope=Scope(frozenset({world.campus}))) as tx:
        sales_targets.create(tx, SalesTarget(**base | {"value": 1}))
    assert error.value.reason == "CHAIN_SCOPE_NEEDED"


@given(
    st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 9)), min_size=4, max_size=4),
    st.lists(st.integers(0, 100), min_size=4, max_size=4),
)
def test_a_score_lies_between_nought_and_a_hundred(counts: list[tuple[int, int]], shares: list[int]) -> None:
    inputs = [Input(measure, *count) for measure, count in zip(scorecard.MEASURES, counts, strict=True)]
    weights = dict(zip(scorecard.MEASURES, shares, strict=True))
    assert 0 <= scorecard.score(inputs, weights) <= 100.0001


def test_what_nobody_counted_leaves_its_weight_to_the_others() -> None:
    inputs = [Input("conversion", 1, 2), Input("renewal", 0, 0), Input("referral", 0, 0), Input("nps", 0, 0)]
    weights = dict(zip(scorecard.MEASURES, (40, 20, 20, 20), strict=True))
    assert scorecard.score(inputs, weights) == 50
    assert scorecard.score(inputs[1:], weights) == 0
    assert scorecard.score([Input("nps", 1, 1), *inputs[:3]], {**dict.fromkeys(scorecard.MEASURES, 0), "nps": 1}) == 100


def test_a_score_card_shows_what_it_was_made_of(world: World, database: Database, caller: Caller) -> None:
    now = datetime.now(UTC)
    world.order(0, 100_00, now)
    low = HoursBelowThreshold(
        student_id=str(world.leads[0].customer_id),
        course_id=str(world.course),
        campus_id=str(world.campus),
        order_id=str(uuid7()),
    )
    deliver(database, CONSUMERS, low, caller.institution_id)
    world.order(0, 70_00, now + timedelta(minutes=5))
    with database.begin(caller) as tx:
        for score in (10, 9, 3):
            scorecards.answer(tx, world.leads[0].customer_id, score=score)
    span = {"start": now - timedelta(days=1), "end": now + timedelta(days=1)}
    with database.begin(caller) as tx:
        best, other = scorecards.cards(tx, **span)
        assert [(each.measure, each.numerator, each.denominator) for each in best.inputs] == [
            ("conversion", 1, 1),
            ("renewal", 1, 1),
            ("referral", 0, 1),
            ("nps", 1, 3),
        ]
        assert (best.owner_id, other.owner_id) == tuple(world.advisors)
        figures = {each.owner_id: each.figures for each in scorecards.advisors(tx, **span)}
        assert figures[world.advisors[0]]["amount_fen"] == 170_00
        assert figures[world.advisors[0]]["orders"] == 2
        assert figures[world.advisors[1]]["open_leads"] == 1


def test_invalid_leads_count_in_a_conversion_only_where_the_chain_says_so(
    world: World, database: Database, caller: Caller
) -> None:
    now = datetime.now(UTC)
    world.order(0, 100_00, now)
    span = {"start": now - timedelta(days=1), "end": now + timedelta(days=1)}
    with database.begin(caller) as tx:
        wrong = factories.lead(tx, world.campus, owner_id=world.advisors[0], **factories.stranger(77))
        leads.invalidate(tx, wrong.id, reason="dead_number")
    for counted, wanted in ((0, (1, 1)), (1, (1, 2))):
        with database.begin(caller) as tx:
            policies.change(tx, None, {policy.COUNT_INVALID: counted}, None)
        with database.begin(caller) as tx:
            card = next(card for card in scorecards.cards(tx, **span) if card.owner_id == world.advisors[0])
            found = next(each for each in card.inputs if each.measure == "conversion")
            assert (found.numerator, found.denominator) == wanted


def test_an_answer_needs_a_customer(tx: Tx) -> None:
    with pytest.raises(DomainError) as error:
        scorecards.answer(tx, uuid7(), score=1)
    assert error.value.reason == "CUSTOMER_NOT_FOUND"
    with pytest.raises(DomainError) as wrong:
        policies.change(tx, None, {policy.CONVERSION_WEIGHT: 99}, None)
    assert wrong.value.reason == "WEIGHTS_INVALID"


def test_targets_teams_and_cards_on_the_wire(chief: Person, campus: UUID) -> None:
    team = sales_target_pb2.SalesTeam(name="一组", campus_id=str(campus))
    made = chief.targets.CreateSalesTeam(sales_target_service_pb2.CreateSalesTeamRequest(sales_team=team)).sales_team
    made.name = "二组"
    renamed = chief.targets.UpdateSalesTeam(sales_target_service_pb2.UpdateSalesTeamRequest(sales_team=made))
    assert renamed.sales_team.name == "二组"
    assert len(chief.targets.ListSalesTeams(sales_target_service_pb2.ListSalesTeamsRequest()).sales_teams) == 1
    wanted = sales_target_pb2.SalesTarget(
        month_date=Date(year=2026, month=4, day=1),
        measure=sales_target_pb2.SALES_MEASURE_AMOUNT_FEN,
        value=100_00,
        sales_team_id=made.sales_team_id,
    )
    create = sales_target_service_pb2.CreateSalesTargetRequest(sales_target=wanted)
    target = chief.targets.CreateSalesTarget(create).sales_target
    assert (target.campus_id, target.attained) == (str(campus), 0)
    assert people.refused(lambda: chief.targets.CreateSalesTarget(create))[1] == "TARGET_TAKEN"
    target.value = 200_00
    change = sales_target_service_pb2.UpdateSalesTargetRequest(sales_target=target)
    assert chief.targets.UpdateSalesTarget(change).sales_target.value == 200_00
    listed = chief.targets.ListSalesTargets(sales_target_service_pb2.ListSalesTargetsRequest()).sales_targets
    assert [each.value for each in listed] == [200_00]
    part = sales_target_pb2.TargetPart(course_id=str(uuid7()), value=150_00)
    split = sales_target_service_pb2.SplitSalesTargetRequest(sales_target_id=target.sales_target_id, parts=[part])
    assert people.refused(lambda: chief.targets.SplitSalesTarget(split))[1] == "TARGET_DIFFERENCE"
    split.accept_difference = True
    told = chief.targets.SplitSalesTarget(split)
    assert (told.sales_target.split.difference, told.children[0].sales_team_id) == (-50_00, made.sales_team_id)
    assert told.children[0].parent_sales_target_id == target.sales_target_id
    assert not chief.targets.ListSales(sales_target_service_pb2.ListSalesRequest()).sales


def test_answers_and_cards_on_the_wire(chief: Person, campus: UUID) -> None:
    customer = chief.capture(campus).lead.customer_id
    said = sales_report_service_pb2.RecordNpsAnswerRequest(customer_id=customer, score=9)
    assert chief.reports.RecordNpsAnswer(said).nps_answer.score == 9
    assert len(chief.reports.ListNpsAnswers(sales_report_service_pb2.ListNpsAnswersRequest()).nps_answers) == 1
    now = datetime.now(UTC).replace(tzinfo=None)
    cards, figures = (
        sales_report_service_pb2.GetScorecardsRequest(),
        sales_report_service_pb2.GetAdvisorReportRequest(),
    )
    for request in (cards, figures):
        request.start_time.FromDatetime(now - timedelta(days=1))
        request.end_time.FromDatetime(now + timedelta(days=1))
    assert not chief.reports.GetScorecards(cards).scorecards
    assert [row.new_leads for row in chief.reports.GetAdvisorReport(figures).rows] == [1]
    weights = {"CONVERSION": 10, "RENEWAL": 20, "REFERRAL": 30, "NPS": 40}
    values = [
        policy_pb2.LeadPolicyValue(setting=f"LEAD_SETTING_{measure}_WEIGHT", value=percent)
        for measure, percent in weights.items()
    ]
    change = policy_service_pb2.ChangeLeadPolicyRequest(values=values)
    told = {each.setting: each.value for each in chief.policies.ChangeLeadPolicy(change).values}
    assert [told[each.setting] for each in values] == list(weights.values())
