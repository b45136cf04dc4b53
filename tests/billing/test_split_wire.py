"""Split rules over real gRPC: previewed, stored, ended."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import split_pb2, split_rule_service_pb2, split_rule_service_pb2_grpc
from services.billing.actions import consumptions
from shared.caller import Caller
from shared.db import Database
from shared.testing.wire import Wire, refusal
from tests.billing import factories


def test_split_rules_are_previewed_stored_and_listed(wire: Wire, finance: Caller) -> None:
    who = wire.metadata(finance)
    service = split_rule_service_pb2_grpc.SplitRuleServiceStub(wire.channel)
    shares = [
        split_pb2.SplitShare(party=split_pb2.SPLIT_PARTY_TEACHING_CAMPUS, basis_points=7000),
        split_pb2.SplitShare(party=split_pb2.SPLIT_PARTY_ADVISOR, fixed_fen=5),
        split_pb2.SplitShare(party=split_pb2.SPLIT_PARTY_HEADQUARTERS, remainder=True),
    ]
    rule = split_pb2.SplitRule(
        name="standard",
        base=split_pb2.SPLIT_BASE_CONSUMPTION_RECOGNISED,
        shares=shares,
        start_date=Date(year=2026, month=1, day=1),
    )
    preview = service.PreviewSplit(
        split_rule_service_pb2.PreviewSplitRequest(split_rule=rule, base_fen=101), metadata=who
    )
    assert [row.amount_fen for row in preview.split_rows] == [71, 5, 25]
    request = split_rule_service_pb2.CreateSplitRuleRequest(split_rule=rule)
    stored = service.CreateSplitRule(request, metadata=who).split_rule
    assert list(stored.shares) == shares
    listed = service.ListSplitRules(split_rule_service_pb2.ListSplitRulesRequest(), metadata=who).split_rules
    assert list(listed) == [stored]
    again = service.CreateSplitRule(request, metadata=who)
    assert [other.split_rule_id for other in again.overlaps] == [stored.split_rule_id]
    ending = split_rule_service_pb2.EndSplitRuleRequest(
        split_rule_id=stored.split_rule_id, end_date=Date(year=2026, month=2, day=1)
    )
    assert service.EndSplitRule(ending, metadata=who).split_rule.end_date == ending.end_date
    with pytest.raises(grpc.RpcError) as error:
        service.EndSplitRule(ending, metadata=who)
    assert refusal(error.value)[1] == "SPLIT_RULE_ENDED"
    request.draft = True
    draft = service.CreateSplitRule(request, metadata=who).split_rule
    assert draft.state == split_pb2.SPLIT_RULE_STATE_DRAFT
    activating = split_rule_service_pb2.ActivateSplitRuleRequest(split_rule_id=draft.split_rule_id)
    activated = service.ActivateSplitRule(activating, metadata=who)
    assert activated.split_rule.state == split_pb2.SPLIT_RULE_STATE_ACTIVE
    assert len(activated.overlaps) == 2
    request.split_rule.start_date.month = 13
    with pytest.raises(grpc.RpcError) as error:
        service.CreateSplitRule(request, metadata=who)
    assert refusal(error.value)[0] == "INVALID_ARGUMENT"


def test_a_period_of_the_past_is_previewed(wire: Wire, finance: Caller, campus: str, database: Database) -> None:
    who = wire.metadata(finance)
    with database.begin(finance) as tx:
        bought = factories.paid_order(tx, campus_id=UUID(campus), unit_price_fen=10000)
        consumptions.consume(tx, factories.confirmed(bought, start_time=datetime(2026, 3, 9, tzinfo=UTC)))
    rule = split_pb2.SplitRule(
        name="brand fee",
        base=split_pb2.SPLIT_BASE_CONSUMPTION_RECOGNISED,
        shares=[
            split_pb2.SplitShare(party=split_pb2.SPLIT_PARTY_HEADQUARTERS, basis_points=1000),
            split_pb2.SplitShare(party=split_pb2.SPLIT_PARTY_TEACHING_CAMPUS, remainder=True),
        ],
        start_date=Date(year=2030, month=1, day=1),
    )
    request = split_rule_service_pb2.PreviewSplitPeriodRequest(
        split_rule=rule,
        start_date=Date(year=2026, month=3, day=1),
        end_date=Date(year=2026, month=4, day=1),
    )
    service = split_rule_service_pb2_grpc.SplitRuleServiceStub(wire.channel)
    preview = service.PreviewSplitPeriod(request, metadata=who)
    found = [(total.party_id, total.actual_fen, total.preview_fen, total.difference_fen) for total in preview.totals]
    assert found == [("", 0, 1000, 1000), (campus, 10000, 9000, -1000)]
    comparison = preview.comparisons[0]
    assert (preview.matched_count, preview.decided_count, len(preview.comparisons)) == (1, 1, 1)
    assert (comparison.chosen.name, comparison.base_fen, len(comparison.totals)) == ("brand fee", 10000, 2)
    assert comparison.decision == split_pb2.SPLIT_DECISION_ONLY_RULE
    assert list(preview.overlaps) == []
