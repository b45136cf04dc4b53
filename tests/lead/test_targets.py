"""Targets that are split, and what partners' customers pay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.dialects.postgresql import Range

from services.lead.actions import partners, sales_targets, target_splits
from services.lead.actions.target_splits import Split
from services.lead.models import Claim, CustomerAlias, LeadMerge, Partner, Registration, SalesTarget
from shared.caller import Caller, Scope
from shared.db import Database
from shared.errors import DomainError
from shared.ids import uuid7
from tests.lead import factories
from tests.lead.selling import APRIL, MONTH, World


@pytest.fixture
def world(database: Database, caller: Caller) -> World:
    return World(database, caller)


def _part(value: int, **what: Any) -> SalesTarget:
    return SalesTarget(**({"value": value, "customer_type": ""} | what))


def _difference(call: Any) -> dict[str, str]:
    with pytest.raises(DomainError) as error:
        call()
    assert error.value.reason == "TARGET_DIFFERENCE"
    return {name: error.value.info[name] for name in ("difference", "parts", "whole")}


def test_a_split_target_never_hides_what_is_missing_or_too_much(
    world: World, database: Database, caller: Caller
) -> None:
    one, two = world.advisors
    base = {"month_date": MONTH, "measure": "amount_fen", "customer_type": ""}
    with database.begin(caller) as tx:
        other = factories.campus(tx)
    with database.begin(caller, keep=False) as tx:
        whole = sales_targets.create(tx, SalesTarget(value=100, **base))
        parts = [_part(60, campus_id=world.campus), _part(30, campus_id=other)]
        assert _difference(lambda: target_splits.split(tx, whole.id, parts, accept_difference=False)) == {
            "difference": "-10", "parts": "90", "whole": "100",
        }  # fmt: skip
    with database.begin(caller) as tx:
        whole = sales_targets.create(tx, SalesTarget(value=100, **base))
        here, _there = target_splits.split(
            tx, whole.id, [_part(60, campus_id=world.campus), _part(40, campus_id=other)], accept_difference=False
        )
        team = sales_targets.create_team(tx, name="一组", campus_id=world.campus, staff_ids=[one, two])
        (teamed,) = target_splits.split(tx, here.id, [_part(60, team_id=team.id)], accept_difference=False)
        people = [_part(45, staff_id=one), _part(20, staff_id=two)]
        mine, _yours = target_splits.split(tx, teamed.id, people, accept_difference=True)
        assert target_splits.splits(tx, [whole, here, teamed, mine]) == {
            whole.id: Split(2, 100, 0), here.id: Split(1, 60, 0), teamed.id: Split(2, 65, 5),
        }  # fmt: skip
        assert (mine.campus_id, mine.team_id, mine.measure, mine.parent_id) == (
            world.campus, team.id, "amount_fen", teamed.id,
        )  # fmt: skip
        wanted = (here.id, mine.id, teamed.id, whole.id)
    # Whoever sees one campus only hears of a difference that other campuses make, and of no more.
    with database.begin(caller, scope=Scope(frozenset({world.campus}))) as tx:
        assert _difference(lambda: target_splits.update(tx, wanted[0], value=61, accept_difference=False)) == {
            "difference": "-1", "parts": "60", "whole": "61",
        }  # fmt: skip
    with database.begin(caller) as tx:
        assert target_splits.update(tx, wanted[1], value=40, accept_difference=False).value == 40
        assert (
            target_splits.splits(tx, [tx.session.get_one(SalesTarget, (tx.institution_id, wanted[2]))])[
                wanted[2]
            ].difference
            == 0
        )
    with database.begin(caller, keep=False) as tx:
        _difference(lambda: target_splits.update(tx, wanted[3], value=99, accept_difference=False))
    world.order(0, 50_00)
    with database.begin(caller) as tx:
        rows = [tx.session.get_one(SalesTarget, (tx.institution_id, key)) for key in wanted]
        assert set(sales_targets.attained(tx, rows).values()) == {50_00}


def test_parts_lie_within_their_whole_and_are_of_one_kind(world: World, database: Database, caller: Caller) -> None:
    one, two = world.advisors
    with database.begin(caller) as tx:
        elsewhere = factories.campus(tx)
        stranger = factories.advisor(tx, world.campus)
        team = sales_targets.create_team(tx, name="一组", campus_id=world.campus, staff_ids=[one, two])
        base = {"month_date": MONTH, "measure": "orders", "customer_type": "", "campus_id": world.campus}
        whole = sales_targets.create(tx, SalesTarget(value=9, **base))
        (teamed,) = target_splits.split(tx, whole.id, [_part(9, team_id=team.id)], accept_difference=False)
        whole_id, teamed_id = whole.id, teamed.id
    for target_id, part, reason in (
        (whole_id, {"campus_id": elsewhere}, "TARGET_NOT_NARROWER"),
        (whole_id, {"campus_id": world.campus}, "TARGET_NOT_NARROWER"),
        (whole_id, {"course_id": world.course}, "TARGET_PARTS_MIXED"),
        (teamed_id, {"staff_id": stranger}, "TARGET_NOT_NARROWER"),
        (uuid7(), {"staff_id": one}, "SALES_TARGET_NOT_FOUND"),
    ):
        with pytest.raises(DomainError) as error, database.begin(caller) as tx:
            target_splits.split(tx, target_id, [_part(0, **part)], accept_difference=True)
        assert error.value.reason == reason


def _partner(world: World, name: str) -> UUID:
    with world.database.begin(world.caller) as tx:
        row = Partner(name=name, kind="school", stage="signed", contract_number="")
        tx.session.add(row)
        tx.session.flush()
        return row.id


def _register(world: World, partner: UUID, number: int, days: int) -> None:
    """Grant a partner one of the leads of the world, so many days after the first of April."""
    lead = world.leads[number]
    with world.database.begin(world.caller, now=APRIL + timedelta(days=days)) as tx:
        until = tx.now + timedelta(days=1)
        family = {"lead_id": lead.id, "customer_id": lead.customer_id}
        claim = Claim(claimant_id=partner, during=Range(tx.now, until), **family)
        tx.session.add(claim)
        tx.session.flush()
        told = {
            "account_id": uuid7(),
            "campus_id": world.campus,
            "rule": "FREE",
            "outcome": "granted",
            "owner_name": "",
        }
        tx.session.add(Registration(partner_id=partner, claim_id=claim.id, end_time=until, **family, **told))


def test_a_partner_is_judged_by_what_its_customers_paid_and_got_back(world: World) -> None:
    """Only orders after the registration count, until another partner has one; ids that were merged are followed."""
    mine, other = _partner(world, "甲"), _partner(world, "乙")
    before = world.order(0, 10_00, APRIL)
    _register(world, mine, 0, 1)
    _register(world, mine, 1, 1)
    world.refund(before, 0, 5_00, APRIL + timedelta(days=2))
    paid = world.order(0, 300_00, APRIL + timedelta(days=3))
    world.refund(paid, 0, 100_00, APRIL + timedelta(days=4))
    world.order(1, 100_00, APRIL + timedelta(days=5))
    _register(world, other, 1, 6)
    world.order(1, 700_00, APRIL + timedelta(days=7))
    known, follower = world.leads
    with world.database.begin(world.caller) as tx:
        told = ("orders", "revenue_fen", "refunded_fen", "refund_basis_points")
        assert [partners.figures(tx, mine)[name] for name in told] == [2, 400_00, 100_00, 2500]
        assert [partners.figures(tx, other)[name] for name in told] == [1, 700_00, 0, 0]
        merge = LeadMerge(lead_id=known.id, survivor_lead_id=follower.id, previous_state="open")
        tx.session.add(merge)
        tx.session.flush()
        tx.session.add(CustomerAlias(id=known.customer_id, survivor_id=uuid7(), merge_id=merge.id))
        tx.session.flush()
        assert partners.figures(tx, mine)["revenue_fen"] == 400_00
