"""SplitRuleService on the wire."""

from __future__ import annotations

from uuid import UUID

from lianxiao.billing.v1 import split_pb2, split_rule_service_pb2_grpc
from lianxiao.billing.v1 import split_rule_service_pb2 as pb
from services.billing.actions import rulebooks, splits
from services.billing.models import SplitRule
from services.billing.rpc.values import date_pb, enum_name, enum_value, find_date, find_uuid, text, to_date
from services.billing.rules import splits as rules
from shared.db import Tx
from shared.listing import Field, Listing
from shared.rpc import Servicer, command, query

_BASE = "SPLIT_BASE_"
_PARTY = "SPLIT_PARTY_"
LISTING: Listing[SplitRule] = Listing(
    SplitRule,
    fields={
        "base": Field(SplitRule.base, prefix=_BASE),
        "course_id": Field(SplitRule.course_id, sortable=False),
        "selling_campus_id": Field(SplitRule.selling_campus_id, sortable=False),
        "teaching_campus_id": Field(SplitRule.teaching_campus_id, sortable=False),
        "start_date": Field(SplitRule.start_date),
        "priority": Field(SplitRule.priority),
        "create_time": Field(SplitRule.create_time),
    },
    default_order="priority desc,start_date desc",
)


class SplitRuleService(Servicer, split_rule_service_pb2_grpc.SplitRuleServiceServicer):
    """Rules that divide money."""

    @command
    def CreateSplitRule(self, request: pb.CreateSplitRuleRequest, tx: Tx) -> pb.CreateSplitRuleResponse:
        return pb.CreateSplitRuleResponse(split_rule=to_pb(splits.create_rule(tx, _rule(request.split_rule))))

    @query
    def ListSplitRules(self, request: pb.ListSplitRulesRequest, tx: Tx) -> pb.ListSplitRulesResponse:
        page = LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListSplitRulesResponse(split_rules=rows, next_page_token=page.next_page_token)

    @query
    def PreviewSplit(self, request: pb.PreviewSplitRequest, _tx: Tx) -> pb.PreviewSplitResponse:
        rule = _rule(request.split_rule)
        rules.check(rule)
        # Different stand-ins for every party: a preview names parts, not people.
        selling, teaching, advisor, teacher, course = (UUID(int=number) for number in range(1, 6))
        facts = rules.Facts(rule.base, rule.start_date, course, selling, teaching, advisor, teacher)
        parts = rules.divide(rule, facts, request.base_fen)
        return pb.PreviewSplitResponse(split_rows=[_part_pb(part, rule, request.base_fen) for part in parts])


def to_pb(row: SplitRule) -> split_pb2.SplitRule:
    """Return the wire form."""
    rule = rulebooks.to_rule(row)
    return split_pb2.SplitRule(
        split_rule_id=str(row.id),
        name=rule.name,
        base=enum_value(split_pb2.SplitBase, rule.base, _BASE),
        priority=rule.priority,
        course_id=text(rule.course_id),
        selling_campus_id=text(rule.selling_campus_id),
        teaching_campus_id=text(rule.teaching_campus_id),
        channel=rule.channel,
        shares=[_share_pb(share) for share in rule.shares],
        start_date=date_pb(rule.start_date),
        end_date=date_pb(rule.end_date),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _rule(wanted: split_pb2.SplitRule) -> rules.SplitRule:
    return rules.SplitRule(
        id=None,
        name=wanted.name,
        base=enum_name(split_pb2.SplitBase, wanted.base, _BASE),
        priority=wanted.priority,
        shares=tuple(_share(share) for share in wanted.shares),
        start_date=to_date(wanted.start_date, "split_rule.start_date"),
        end_date=find_date(wanted, "end_date", "split_rule"),
        course_id=find_uuid(wanted.course_id),
        selling_campus_id=find_uuid(wanted.selling_campus_id),
        teaching_campus_id=find_uuid(wanted.teaching_campus_id),
        channel=wanted.channel,
    )


def _share(wanted: split_pb2.SplitShare) -> rules.Share:
    party = enum_name(split_pb2.SplitParty, wanted.party, _PARTY)
    return rules.Share(party, wanted.basis_points, wanted.fixed_fen, wanted.remainder)


def _share_pb(share: rules.Share) -> split_pb2.SplitShare:
    party = enum_value(split_pb2.SplitParty, share.party, _PARTY)
    if share.is_remainder:
        return split_pb2.SplitShare(party=party, remainder=True)
    if share.fixed_fen:
        return split_pb2.SplitShare(party=party, fixed_fen=share.fixed_fen)
    return split_pb2.SplitShare(party=party, basis_points=share.basis_points)


def _part_pb(part: rules.Part, rule: rules.SplitRule, base_fen: int) -> split_pb2.SplitRow:
    return split_pb2.SplitRow(
        base=enum_value(split_pb2.SplitBase, rule.base, _BASE),
        base_fen=base_fen,
        party=enum_value(split_pb2.SplitParty, part.party, _PARTY),
        amount_fen=part.amount_fen,
        explanation=part.explanation,
    )
