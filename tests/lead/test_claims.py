"""At any instant one claim per customer; the loser is told who owns it and until when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Uuid, literal, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from services.lead.actions import arbitrations, bulk, claims, customers, leads, merges, policies
from services.lead.actions.claims import Claimant
from services.lead.models import Arbitration, Claim
from services.lead.rules import policy
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed, Refused
from shared.ids import uuid7
from tests.lead import factories


def test_the_second_claimant_is_told_the_owner_masked_and_the_end(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus)
    advisor = factories.advisor(tx, campus)
    tx.caller = Caller(tx.institution_id, advisor, "staff")
    claim = claims.claim(tx, lead.id, days=7)
    assert claim.during.upper == tx.now + timedelta(days=7)
    again = claims.claim(tx, lead.id, days=90)
    assert (again.id, again.during) == (claim.id, claim.during)
    tx.caller = Caller(tx.institution_id, factories.advisor(tx, campus), "staff")
    with pytest.raises(Refused) as error:
        claims.claim(tx, lead.id, days=0)
    assert error.value.reason == "CUSTOMER_CLAIMED"
    until = claim.during.upper
    day = until.astimezone(ZoneInfo("Asia/Shanghai")).date()
    assert error.value.info == {"owner": "顾**", "end_time": until.isoformat(), "end_date": day.isoformat()}


def test_the_constraint_holds_whatever_the_way(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    claims.claim(tx, lead.id, days=7)
    overlapping = Range(tx.now + timedelta(days=6), tx.now + timedelta(days=8), bounds="[)")
    tx.session.add(
        bulk.fresh(tx, Claim, customer_id=lead.customer_id, lead_id=lead.id, claimant_id=lead.id, during=overlapping)
    )
    with pytest.raises(IntegrityError, match="ex_claim_customer"):
        tx.session.flush()


def test_an_expired_claim_makes_room(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        lead = factories.lead(tx, factories.campus(tx))
        claims.claim(tx, lead.id, days=7)
        after = factories.later(tx, 7)
    with database.begin(caller, now=after) as tx:
        assert claims.claim(tx, lead.id, days=7).during.lower == after


def test_whose_is_this_phone(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    advisor = factories.advisor(tx, there)
    factories.lead(tx, there, owner_id=advisor)
    tx.scope = Scope(frozenset({here}))
    found = claims.ownership(tx, "138 0013 8000")
    assert (found.owner_name, found.campus_id, found.end_time) == ("顾问", there, None)
    assert found.customer_name == "王**"
    assert claims.ownership(tx, "13900139000") == claims.Ownership()


def _claim(tx: Tx, lead: Any, who: UUID) -> Claim:
    return claims.register(tx, lead, Claimant(who))


def _live(tx: Tx, lead: Any) -> UUID | None:
    found = claims.live_of(tx, customers.resolve(tx, lead.customer_id))
    return found.claimant_id if found is not None else None


def test_whoever_gives_a_claim_up_makes_room(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        lead, mine, other = factories.lead(tx, campus), factories.advisor(tx, campus), factories.advisor(tx, campus)
        claim = _claim(tx, lead, mine)
        after = tx.now + timedelta(minutes=1)
    with database.begin(Caller(caller.institution_id, other, "staff"), now=after) as tx, pytest.raises(NotAllowed):
        claims.release(tx, claim.id)
    with database.begin(Caller(caller.institution_id, mine, "staff"), now=after) as tx:
        assert claims.state_of(claims.release(tx, claim.id), tx.now) == "released"
        with pytest.raises(Refused, match="over already"):
            claims.release(tx, claim.id)
        assert _claim(tx, leads.get_for_update(tx, lead.id), other).claimant_id == other


def test_a_claim_lasts_as_long_as_the_policy_of_the_campus_says_and_no_longer(tx: Tx) -> None:
    campus = factories.campus(tx)
    policies.change(tx, campus, {policy.PROTECTION_DAYS: 3}, None)
    lead = factories.lead(tx, campus)
    assert claims.claim(tx, lead.id, days=90).during.upper == factories.later(tx, 3)


def test_an_arbitration_ends_one_claim_begins_another_and_both_sides_see_it(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus)
    first, second = factories.advisor(tx, campus), factories.advisor(tx, campus)
    _claim(tx, lead, first)
    with pytest.raises(InvalidInput):
        arbitrations.decide(tx, lead.id, winner_id=second, reason=" ", days=0)
    row = arbitrations.decide(tx, lead.id, winner_id=second, reason="家长指定", days=10)
    assert (row.loser_id, row.winner_id, row.reason) == (first, second, "家长指定")
    rows = tx.session.scalars(select(Claim).order_by(Claim.id)).all()
    assert {(each.claimant_id, each.end_reason) for each in rows} == {(first, "arbitrated"), (second, "")}
    with pytest.raises(Refused, match="has this claim"):
        arbitrations.decide(tx, lead.id, winner_id=second, reason="又一次", days=0)
    for side, seen in ((first, 1), (second, 1), (factories.advisor(tx, campus), 0)):
        tx.caller, tx.scope = Caller(tx.institution_id, side, "staff"), Scope(frozenset({uuid7()}), own=True)
        where = claims.concerning(tx, literal(None, Uuid()), Arbitration.winner_id, Arbitration.loser_id)
        assert len(tx.session.scalars(select(Arbitration).where(*where)).all()) == seen


@pytest.mark.parametrize("older_moves", [True, False])
def test_a_merge_keeps_the_older_claim_and_undoing_it_brings_both_back(
    database: Database, caller: Caller, *, older_moves: bool
) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        survivor, merged = (factories.lead(tx, campus, **factories.stranger(n)) for n in range(2))
        one, two = factories.advisor(tx, campus), factories.advisor(tx, campus)
        _claim(tx, merged if older_moves else survivor, one)
        after = tx.now + timedelta(minutes=1)
    with database.begin(caller, now=after) as tx:
        _claim(tx, survivor if older_moves else merged, two)
    with database.begin(caller, now=after + timedelta(minutes=1)) as tx:
        locked = [leads.get_for_update(tx, each.id) for each in (survivor, merged)]
        merge = merges.merge(tx, survivor=locked[0], merged=locked[1])
        assert _live(tx, survivor) == _live(tx, merged) == one
    with database.begin(caller, now=after + timedelta(minutes=2)) as tx:
        merges.undo(tx, merge.id)
        assert _live(tx, merged) == (one if older_moves else two)
        assert _live(tx, survivor) == (two if older_moves else one)


def test_a_claim_that_was_given_up_after_a_merge_does_not_come_back(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        survivor, merged = (factories.lead(tx, campus, **factories.stranger(n)) for n in range(2))
        _claim(tx, merged, factories.advisor(tx, campus))
        after = tx.now + timedelta(minutes=1)
    with database.begin(caller, now=after) as tx:
        locked = [leads.get_for_update(tx, each.id) for each in (survivor, merged)]
        merge = merges.merge(tx, survivor=locked[0], merged=locked[1])
        carried = claims.live_of(tx, survivor.customer_id)
        assert carried is not None
        claims.end(tx, carried, claims.RELEASED)
    with database.begin(caller, now=after + timedelta(minutes=1)) as tx:
        merges.undo(tx, merge.id)
        assert _live(tx, merged) is None
        assert _live(tx, survivor) is None
