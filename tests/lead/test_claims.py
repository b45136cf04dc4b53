"""At any instant one claim per customer; the loser is told who owns it and until when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from services.lead.actions import bulk, claims
from services.lead.models import Claim
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import Refused
from tests.lead import factories


def test_the_second_claimant_is_told_the_owner_masked_and_the_end(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus)
    advisor = factories.advisor(tx, campus)
    tx.caller = Caller(tx.institution_id, advisor, "staff")
    claim = claims.claim(tx, lead.id, days=7)
    assert claim.during.upper == tx.now + timedelta(days=7)
    with pytest.raises(Refused) as error:
        claims.claim(tx, lead.id, days=0)
    assert error.value.reason == "CUSTOMER_CLAIMED"
    assert error.value.info == {"owner": "顾**", "end_time": claim.during.upper.isoformat()}


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
    assert claims.ownership(tx, "13900139000") == claims.Ownership()
