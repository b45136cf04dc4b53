"""ChargeRuleService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import charge_rule_pb2
from lianxiao.billing.v1 import charge_rule_service_pb2 as pb
from lianxiao.billing.v1 import charge_rule_service_pb2_grpc as pb_grpc
from services.billing.actions import charge_rules, quotes
from services.billing.actions.charge_rules import RuleSet, Teaching
from services.billing.models import ChargeOverride
from services.billing.rules.charge_rules import ChargeRule, Finding
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, id_text, optional_date


class ChargeRuleService(Servicer, pb_grpc.ChargeRuleServiceServicer):
    """Rules about charges."""

    @query
    def ListChargeRuleSets(self, request: pb.ListChargeRuleSetsRequest, tx: Tx) -> pb.ListChargeRuleSetsResponse:
        active = {row.set_code for row in charge_rules.switches(tx, as_uuid(request.campus_id)) if row.active}
        sets = [_set_to_pb(each, active=each.code in active) for each in charge_rules.sets()]
        return pb.ListChargeRuleSetsResponse(charge_rule_sets=sets, notice=charge_rules.notice())

    @command
    def SwitchChargeRuleSet(self, request: pb.SwitchChargeRuleSetRequest, tx: Tx) -> pb.SwitchChargeRuleSetResponse:
        row = charge_rules.switch(tx, as_uuid(request.campus_id), request.set_code, active=request.active)
        (found,) = (each for each in charge_rules.sets() if each.code == row.set_code)
        return pb.SwitchChargeRuleSetResponse(charge_rule_set=_set_to_pb(found, active=row.active))

    @command
    def SetQuoteTeaching(self, request: pb.SetQuoteTeachingRequest, tx: Tx) -> pb.SetQuoteTeachingResponse:
        lines = [_teaching(line) for line in request.lines]
        if len({line.line_number for line in lines}) < len(lines):
            raise InvalidInput("lines", "a line is named twice")
        quote = charge_rules.describe(tx, as_uuid(request.quote_id), lines)
        return pb.SetQuoteTeachingResponse(findings=[_finding_to_pb(each) for each in charge_rules.findings(tx, quote)])

    @query
    def PreviewCharge(self, request: pb.PreviewChargeRequest, tx: Tx) -> pb.PreviewChargeResponse:
        quote = quotes.get(tx, as_uuid(request.quote_id))
        return pb.PreviewChargeResponse(
            findings=[_finding_to_pb(each) for each in charge_rules.findings(tx, quote)],
            charge_overrides=[_override_to_pb(row) for row in charge_rules.overridden(tx, quote.id)],
        )

    @command
    def OverrideChargeRules(self, request: pb.OverrideChargeRulesRequest, tx: Tx) -> pb.OverrideChargeRulesResponse:
        row = charge_rules.override(tx, as_uuid(request.quote_id), reason=request.reason)
        return pb.OverrideChargeRulesResponse(charge_override=_override_to_pb(row))


def _teaching(line: charge_rule_pb2.LineTeaching) -> Teaching:
    return Teaching(
        line_number=line.line_number,
        start_date=optional_date(line, "start_date"),
        end_date=optional_date(line, "end_date"),
        class_size=line.class_size,
        age_years=line.age_years if line.HasField("age_years") else None,
    )


def _set_to_pb(each: RuleSet, *, active: bool) -> charge_rule_pb2.ChargeRuleSet:
    return charge_rule_pb2.ChargeRuleSet(
        set_code=each.code,
        region=each.region,
        name=each.name,
        rules=[_rule_to_pb(rule) for rule in each.rules],
        active=active,
    )


def _rule_to_pb(rule: ChargeRule) -> charge_rule_pb2.ChargeRule:
    return charge_rule_pb2.ChargeRule(
        kind=rule.kind,
        categories=rule.categories,
        limit=rule.limit,
        source=rule.source,
        effective_date=date_pb(rule.effective_date),
        end_date=date_pb(rule.end_date),
        delivery=rule.delivery,
        class_from=rule.class_from,
        class_to=rule.class_to,
        standard_minutes=rule.standard_minutes,
        tolerance_basis_points=rule.tolerance_basis_points,
    )


def _finding_to_pb(found: Finding) -> charge_rule_pb2.ChargeFinding:
    return charge_rule_pb2.ChargeFinding(
        reason=found.reason,
        kind=found.rule.kind,
        version=found.rule.version,
        source=found.rule.source,
        limit=found.limit,
        value=found.value,
        line_number=found.number,
    )


def _override_to_pb(row: ChargeOverride) -> charge_rule_pb2.ChargeOverride:
    return charge_rule_pb2.ChargeOverride(
        charge_override_id=str(row.id),
        quote_id=str(row.quote_id),
        findings=[
            charge_rule_pb2.ChargeFinding(
                kind=each["kind"],
                version=each["version"],
                limit=each["limit"],
                value=each["value"],
                line_number=each["number"],
            )
            for each in row.findings["findings"]
        ],
        reason=row.reason,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
    )
