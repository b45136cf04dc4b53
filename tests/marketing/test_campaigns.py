"""Campaigns: states, costs, borders."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from services.marketing.actions import campaigns
from services.marketing.rules.campaigns import CLOSED, NEXT, PLANNED, RUNNING, check_move
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import published
from shared.testing.callers import staff
from tests.marketing import factories

DAY = date(2026, 3, 5)


@pytest.mark.parametrize("from_state", sorted(NEXT))
@pytest.mark.parametrize("to_state", sorted(NEXT))
def test_a_campaign_moves_along_the_table(from_state: str, to_state: str) -> None:
    if to_state in NEXT[from_state]:
        check_move(from_state, to_state)
    else:
        with pytest.raises(Refused, match="may become"):
            check_move(from_state, to_state)


def test_a_campaign_runs_and_closes_and_stays_closed(tx: Tx) -> None:
    row = factories.campaign(tx)
    assert row.state == PLANNED
    campaigns.change_state(tx, row.id, RUNNING)
    campaigns.change_state(tx, row.id, CLOSED)
    with pytest.raises(Refused):
        campaigns.change_state(tx, row.id, RUNNING)


def test_a_name_is_taken_once_per_institution(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        factories.campaign(tx, name="开学季")
    with pytest.raises(AlreadyExists), database.begin(caller) as tx:
        factories.campaign(tx, name="开学季")
    with database.begin(Caller.system(uuid7()), keep=False) as tx:
        assert factories.campaign(tx, name="开学季").name == "开学季"


def test_days_the_wrong_way_round_are_refused(tx: Tx) -> None:
    with pytest.raises(InvalidInput, match="before"):
        campaigns.create(tx, campaigns.Plan("a", "field", DAY, date(2026, 3, 4)))


def test_costs_add_up_under_concurrency_and_never_fall_below_zero(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        row = factories.campaign(tx)

    def spend(number: int) -> bool:
        try:
            with database.begin(caller) as tx:
                campaigns.record_cost(tx, row.id, amount_fen=100 if number % 2 else -100, spend_date=DAY)
        except Refused as refusal:
            return refusal.reason != "CAMPAIGN_COST_NEGATIVE"
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(spend, range(40)))
    booked = sum((100 if n % 2 else -100) for n, ok in enumerate(done) if ok)
    with database.begin(caller) as tx:
        assert campaigns.get(tx, row.id).cost_fen == booked
    events = published(database, caller.institution_id, "cost_recorded")
    assert sum(int(event["amount_fen"]) for event in events) == booked


def test_a_campaign_of_another_campus_is_not_there_but_the_chains_is(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        own, chain = factories.campaign(tx, campus_id=campus), factories.campaign(tx)
    elsewhere = Scope(frozenset({uuid7()}))
    with database.begin(staff(caller.institution_id), scope=elsewhere) as tx:
        assert campaigns.get(tx, chain.id).id == chain.id
        with pytest.raises(NotFound):
            campaigns.get(tx, own.id)
        with pytest.raises(NotFound):
            factories.campaign(tx, campus_id=campus)


def test_a_campaign_is_for_a_campus_that_is_known_and_open(tx: Tx) -> None:
    known, closed = factories.campus(tx), factories.campus(tx, active=False)
    assert factories.campaign(tx, campus_id=known).campus_id == known
    with pytest.raises(Refused) as inactive:
        factories.campaign(tx, campus_id=closed)
    with pytest.raises(NotFound) as unknown:
        factories.campaign(tx, campus_id=uuid7())
    assert (inactive.value.reason, unknown.value.reason) == ("CAMPUS_INACTIVE", "CAMPUS_NOT_FOUND")
