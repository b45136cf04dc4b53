"""SplitRuleService on the wire."""

from __future__ import annotations

from uuid import UUID

from lianxiao.billing.v1 import split_pb2
from lianxiao.billing.v1 import split_rule_service_pb2 as pb
from lianxiao.billing.v1 import split_rule_service_pb2_grpc as pb_grpc
from services.billing.actions import rulebooks, split_previews, splits
from services.billing.models import SplitRule, SplitRuleVersion
from services.billing.rules import splits as rules
from services.billing.rules.split_previews import Comparison, Total
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_date, optional_id, stored_word


class SplitRuleService(Servicer, pb_grpc.SplitRuleServiceServicer):
    """Rules that divide money."""

    @command
    def CreateSplitRule(self, request: pb.CreateSplitRuleRequest, tx: Tx) -> pb.CreateSplitRuleResponse:
        row = splits.create_rule(tx, _rule(request.split_rule), draft=request.draft)
        overlaps = [_name_to_pb(rule) for rule in splits.overlaps(tx, rulebooks.to_rule(row))]
        return pb.CreateSplitRuleResponse(split_rule=to_pb(row), overlaps=overlaps)

    @command
    def ActivateSplitRule(self, request: pb.ActivateSplitRuleRequest, tx: Tx) -> pb.ActivateSplitRuleResponse:
        row = splits.activate_rule(tx, UUID(request.split_rule_id))
        overlaps = [_name_to_pb(rule) for rule in splits.overlaps(tx, rulebooks.to_rule(row))]
        return pb.ActivateSplitRuleResponse(split_rule=to_pb(row), overlaps=overlaps)

    @command
    def EndSplitRule(self, request: pb.EndSplitRuleRequest, tx: Tx) -> pb.EndSplitRuleResponse:
        end_date = local_date(request.end_date, "end_date")
        return pb.EndSplitRuleResponse(split_rule=to_pb(splits.end_rule(tx, UUID(request.split_rule_id), end_date)))

    @command
    def ReviseSplitRule(self, request: pb.ReviseSplitRuleRequest, tx: Tx) -> pb.ReviseSplitRuleResponse:
        shares, day = [_share(share) for share in request.shares], local_date(request.start_date, "start_date")
        return pb.ReviseSplitRuleResponse(
            split_rule=to_pb(splits.revise_rule(tx, UUID(request.split_rule_id), shares, day))
        )

    @query
    def ListSplitRules(self, request: pb.ListSplitRulesRequest, tx: Tx) -> pb.ListSplitRulesResponse:
        page = splits.RULES.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListSplitRulesResponse(split_rules=rows, next_page_token=page.next_page_token)

    @query
    def ListSplitRuleVersions(
        self, request: pb.ListSplitRuleVersionsRequest, tx: Tx
    ) -> pb.ListSplitRuleVersionsResponse:
        found = splits.versions(tx, UUID(request.split_rule_id))
        return pb.ListSplitRuleVersionsResponse(versions=[_version_to_pb(row) for row in found])

    @query
    def PreviewSplit(self, request: pb.PreviewSplitRequest, _tx: Tx) -> pb.PreviewSplitResponse:
        rule = _rule(request.split_rule)
        rules.check(rule)
        # Different stand-ins for every party: a preview names parts, not people.
        selling, teaching, advisor, teacher, course, partner = (UUID(int=number) for number in range(1, 7))
        facts = rules.Facts(rule.base, rule.start_date, course, selling, teaching, advisor, teacher, partner_id=partner)
        parts = rules.divide(rule, facts, request.base_fen)
        return pb.PreviewSplitResponse(split_rows=[_part_to_pb(part, rule, request.base_fen) for part in parts])

    @query
    def PreviewSplitPeriod(self, request: pb.PreviewSplitPeriodRequest, tx: Tx) -> pb.PreviewSplitPeriodResponse:
        rule = _rule(request.split_rule)
        start, end = local_date(request.start_date, "start_date"), local_date(request.end_date, "end_date")
        found = split_previews.preview(tx, rule, start, end)
        return pb.PreviewSplitPeriodResponse(
            totals=[_total_to_pb(total) for total in found.totals],
            matched_count=found.matched_count,
            decided_count=found.decided_count,
            comparisons=[_comparison_to_pb(comparison) for comparison in found.comparisons],
            overlaps=[_name_to_pb(other) for other in splits.overlaps(tx, rule)],
        )


def to_pb(row: SplitRule) -> split_pb2.SplitRule:
    """Return the wire form."""
    rule = rulebooks.to_rule(row)
    return split_pb2.SplitRule(
        split_rule_id=str(row.id),
        name=rule.name,
        base=enum_value(split_pb2.SplitBase, rule.base),
        priority=rule.priority,
        course_id=id_text(rule.course_id),
        selling_campus_id=id_text(rule.selling_campus_id),
        teaching_campus_id=id_text(rule.teaching_campus_id),
        channel=rule.channel,
        partner_id=id_text(rule.partner_id),
        sales_form=rule.sales_form,
        region_id=id_text(rule.region_id),
        version=rule.version,
        replaces_split_rule_id=id_text(row.replaces_id),
        shares=[_share_to_pb(share) for share in rule.shares],
        start_date=date_pb(rule.start_date),
        end_date=date_pb(rule.end_date),
        state=enum_value(split_pb2.SplitRuleState, row.state),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _version_to_pb(row: SplitRuleVersion) -> split_pb2.SplitRuleVersion:
    return split_pb2.SplitRuleVersion(
        version=row.version,
        change=enum_value(split_pb2.SplitRuleChange, row.change),
        state=enum_value(split_pb2.SplitRuleState, row.state),
        end_date=date_pb(row.end_date),
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
    )


def _rule(wanted: split_pb2.SplitRule) -> rules.SplitRule:
    return rules.SplitRule(
        id=None,
        name=wanted.name,
        base=stored_word(split_pb2.SplitBase, wanted.base, "base"),
        priority=wanted.priority,
        shares=tuple(_share(share) for share in wanted.shares),
        start_date=local_date(wanted.start_date, "split_rule.start_date"),
        end_date=optional_date(wanted, "end_date", "split_rule."),
        course_id=optional_id(wanted.course_id),
        selling_campus_id=optional_id(wanted.selling_campus_id),
        teaching_campus_id=optional_id(wanted.teaching_campus_id),
        channel=wanted.channel,
        partner_id=optional_id(wanted.partner_id),
        sales_form=wanted.sales_form,
        region_id=optional_id(wanted.region_id),
    )


def _share(wanted: split_pb2.SplitShare) -> rules.Share:
    party = stored_word(split_pb2.SplitParty, wanted.party, "party")
    tiers = tuple(rules.Tier(tier.from_fen, tier.basis_points) for tier in wanted.tiers.tiers)
    return rules.Share(party, wanted.basis_points, wanted.fixed_fen, wanted.remainder, tiers)


def _share_to_pb(share: rules.Share) -> split_pb2.SplitShare:
    party = enum_value(split_pb2.SplitParty, share.party)
    if share.is_remainder:
        return split_pb2.SplitShare(party=party, remainder=True)
    if share.fixed_fen:
        return split_pb2.SplitShare(party=party, fixed_fen=share.fixed_fen)
    if share.tiers:
        tiers = [split_pb2.SplitTier(from_fen=tier.from_fen, basis_points=tier.basis_points) for tier in share.tiers]
        return split_pb2.SplitShare(party=party, tiers=split_pb2.SplitTiers(tiers=tiers))
    return split_pb2.SplitShare(party=party, basis_points=share.basis_points)


def _part_to_pb(part: rules.Part, rule: rules.SplitRule, base_fen: int) -> split_pb2.SplitRow:
    return split_pb2.SplitRow(
        base=enum_value(split_pb2.SplitBase, rule.base),
        base_fen=base_fen,
        party=enum_value(split_pb2.SplitParty, part.party),
        amount_fen=part.amount_fen,
        explanation=part.explanation,
    )


def _name_to_pb(rule: rules.SplitRule) -> split_pb2.SplitRuleName:
    return split_pb2.SplitRuleName(split_rule_id=id_text(rule.id), name=rule.name)


def _total_to_pb(total: Total) -> split_pb2.SplitTotal:
    return split_pb2.SplitTotal(
        party=enum_value(split_pb2.SplitParty, total.party),
        party_id=id_text(total.party_id),
        actual_fen=total.actual_fen,
        preview_fen=total.preview_fen,
        difference_fen=total.preview_fen - total.actual_fen,
    )


def _comparison_to_pb(comparison: Comparison) -> split_pb2.SplitComparison:
    source, decision = comparison.source, comparison.decision
    return split_pb2.SplitComparison(
        source_kind=source.kind,
        source_id=str(source.source_id),
        occur_time=source.occur_time,
        base_fen=sum(base.amount_fen for base in source.bases),
        chosen=_name_to_pb(decision.rule) if decision.rule else None,
        decision=enum_value(split_pb2.SplitDecision, decision.reason),
        others=[_name_to_pb(rule) for rule in decision.others],
        totals=[_total_to_pb(total) for total in comparison.totals],
    )
