"""Split rules are revised: other shares from a day on, as the next version; what was divided stays explained."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import grpc
import pytest
from sqlalchemy import select

from lianxiao.billing.v1 import split_pb2, split_rule_service_pb2_grpc
from lianxiao.billing.v1 import split_rule_service_pb2 as pb
from services.billing.actions import consumptions, rulebooks, splits
from services.billing.models import SplitRow
from services.billing.rules import splits as rules
from services.billing.rules.splits import Share
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from shared.wire_values import date_pb
from tests.billing import factories
from tests.billing.books import broken

pytestmark = pytest.mark.usefixtures("postgres")
APRIL = date(2026, 4, 1)
HALVES = (Share(rules.TEACHING, basis_points=5000), Share(rules.HEADQUARTERS, is_remainder=True))


def taught(tx: Tx, bought: factories.Purchase, day: datetime) -> dict[str, int]:
    """Return what each party got out of a lesson of a day."""
    event = factories.confirmed(bought, start_time=day)
    consumptions.consume(tx, event)
    key = tx.run("select id from consumption where attendance_id = %s", (event.attendance_id,)).scalar()
    rows = tx.session.scalars(select(SplitRow).where(SplitRow.source_id == key)).all()
    return {row.party: row.amount_fen for row in rows}


def test_other_shares_hold_from_their_day_and_everything_before_stays(tx: Tx) -> None:
    stored = factories.split_rule(tx)
    bought = factories.paid_order(tx, unit_price_fen=10000)
    before = taught(tx, bought, datetime(2026, 3, 20, tzinfo=UTC))
    fresh = splits.revise_rule(tx, stored.id, HALVES, APRIL)
    assert (fresh.replaces_id, fresh.start_date, stored.end_date) == (stored.id, APRIL, APRIL)
    # The last evening of March in UTC is April in Shanghai.
    assert taught(tx, bought, datetime(2026, 3, 31, 10, tzinfo=UTC)) == before
    assert taught(tx, bought, datetime(2026, 3, 31, 20, tzinfo=UTC)) == {"teaching_campus": 5000, "headquarters": 5000}
    history = splits.versions(tx, fresh.id)
    assert [(row.version, row.change) for row in history] == [(1, "created"), (2, "ended"), (3, "revised")]
    assert [row.version for row in splits.versions(tx, stored.id)] == [1, 2]
    assert broken(tx) == []


def test_what_cannot_be_revised_says_why(tx: Tx) -> None:
    stored = factories.split_rule(tx)
    draft = splits.create_rule(tx, rulebooks.to_rule(stored), draft=True)
    for rule, shares, reason in (
        (draft, HALVES, "SPLIT_RULE_NOT_ACTIVE"),
        (stored, tuple(reversed(factories.SEVENTY_TWENTY)), "SPLIT_SHARES_UNCHANGED"),
    ):
        with pytest.raises(Refused) as refused:
            splits.revise_rule(tx, rule.id, shares, APRIL)
        assert refused.value.reason == reason
    with pytest.raises(InvalidInput):
        splits.revise_rule(tx, stored.id, HALVES, stored.start_date)
    splits.revise_rule(tx, stored.id, HALVES, APRIL)
    # An earlier day too: the end of a rule may be brought forward, but it has one successor.
    for day in (APRIL, APRIL - timedelta(days=1)):
        with pytest.raises(Refused) as refused:
            splits.revise_rule(tx, stored.id, HALVES, day)
        assert refused.value.reason == "SPLIT_RULE_REVISED"


def test_a_revision_crosses_the_wire_for_the_chain_alone(
    wire: Wire, database: Database, caller: Caller, finance: Caller
) -> None:
    with database.begin(caller) as tx:
        stored = factories.split_rule(tx)
    stub = split_rule_service_pb2_grpc.SplitRuleServiceStub(wire.channel)
    shares = [
        split_pb2.SplitShare(party=split_pb2.SPLIT_PARTY_TEACHING_CAMPUS, basis_points=6000),
        split_pb2.SplitShare(party=split_pb2.SPLIT_PARTY_HEADQUARTERS, remainder=True),
    ]
    wanted = pb.ReviseSplitRuleRequest(split_rule_id=str(stored.id), shares=shares, start_date=date_pb(APRIL))
    narrow = staff(finance.institution_id, campuses=(uuid7(),))
    with pytest.raises(grpc.RpcError) as refused:
        stub.ReviseSplitRule(wanted, metadata=wire.metadata(narrow))
    assert refusal(refused.value)[1] == "CHAIN_SCOPE_NEEDED"
    fresh = stub.ReviseSplitRule(wanted, metadata=wire.metadata(finance)).split_rule
    assert (fresh.replaces_split_rule_id, fresh.version) == (str(stored.id), 3)
    assert list(fresh.shares) == shares
