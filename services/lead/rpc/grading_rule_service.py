"""GradingRuleService on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lianxiao.lead.v1 import grading_rule_pb2, lead_pb2
from lianxiao.lead.v1 import grading_rule_service_pb2 as pb
from lianxiao.lead.v1 import grading_rule_service_pb2_grpc as pb_grpc
from services.lead.actions import grading, grading_rules
from services.lead.models import GradingRule
from services.lead.rules.grading import Condition, Line, Rule
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, stored_word


class GradingRuleService(Servicer, pb_grpc.GradingRuleServiceServicer):
    """By what leads are graded."""

    @query
    def GetGradingRule(self, _request: pb.GetGradingRuleRequest, tx: Tx) -> pb.GetGradingRuleResponse:
        row = grading.newest(tx)
        shown = rule_to_pb(grading.current(tx)) if row is None else to_pb(row)
        return pb.GetGradingRuleResponse(grading_rule=shown)

    @query
    def ListGradingRules(self, request: pb.ListGradingRulesRequest, tx: Tx) -> pb.ListGradingRulesResponse:
        page = grading_rules.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListGradingRulesResponse(grading_rules=rows, next_page_token=page.next_page_token)

    @query
    def PreviewGradingRule(self, request: pb.PreviewGradingRuleRequest, tx: Tx) -> pb.PreviewGradingRuleResponse:
        return preview_to_pb(grading_rules.preview(tx, _rule(request.lines, request.otherwise)))

    @command
    def SetGradingRule(self, request: pb.SetGradingRuleRequest, tx: Tx) -> pb.SetGradingRuleResponse:
        row = grading_rules.replace(tx, _rule(request.lines, request.otherwise))
        tx.audit("lead.SetGradingRule", "grading_rule", row.id)
        return pb.SetGradingRuleResponse(grading_rule=to_pb(row))


def to_pb(row: GradingRule) -> grading_rule_pb2.GradingRule:
    """Return the wire form."""
    shown = rule_to_pb(Rule.of(row.rule))
    shown.grading_rule_id, shown.staff_id = str(row.id), id_text(row.staff_id)
    shown.create_time.FromDatetime(row.create_time)
    return shown


def rule_to_pb(rule: Rule) -> grading_rule_pb2.GradingRule:
    """Return the wire form of a rule that is not saved."""
    return grading_rule_pb2.GradingRule(
        lines=[
            grading_rule_pb2.GradingLine(
                name=line.name, grade=_grade(line.grade), conditions=[_condition_pb(each) for each in line.conditions]
            )
            for line in rule.lines
        ],
        otherwise=_grade(rule.otherwise),
    )


def preview_to_pb(found: grading_rules.Preview) -> pb.PreviewGradingRuleResponse:
    """Return the wire form."""
    return pb.PreviewGradingRuleResponse(
        checked_count=found.checked,
        whole=found.whole,
        by_hand_count=found.by_hand,
        changed_count=found.moves.total(),
        moves=[
            grading_rule_pb2.GradeMove(grade=_grade(one), would_be_grade=_grade(other), lead_count=count)
            for (one, other), count in sorted(found.moves.items())
        ],
        line_counts=[
            grading_rule_pb2.GradingLineCount(name=name, lead_count=count) for name, count in found.lines.most_common()
        ],
        examples=[
            grading_rule_pb2.GradePreview(
                lead_id=str(each.lead_id),
                grade=_grade(each.grade),
                would_be_grade=_grade(each.would_be),
                line_name=each.line,
            )
            for each in found.examples
        ],
    )


def _grade(letter: str) -> Any:
    return enum_value(lead_pb2.LeadGrade, letter)


def _condition_pb(one: Condition) -> grading_rule_pb2.GradingCondition:
    return grading_rule_pb2.GradingCondition(
        fact=enum_value(grading_rule_pb2.GradingFact, one.fact),
        words=one.words,
        least=one.least,
        most=one.most,
        negated=one.negated,
    )


def _rule(lines: Iterable[grading_rule_pb2.GradingLine], otherwise: lead_pb2.LeadGrade) -> Rule:
    return Rule(
        tuple(
            Line(
                line.name,
                stored_word(lead_pb2.LeadGrade, line.grade, "lines.grade"),
                tuple(_condition(each) for each in line.conditions),
            )
            for line in lines
        ),
        stored_word(lead_pb2.LeadGrade, otherwise, "otherwise"),
    )


def _condition(one: grading_rule_pb2.GradingCondition) -> Condition:
    return Condition(
        stored_word(grading_rule_pb2.GradingFact, one.fact, "lines.conditions.fact"),
        tuple(one.words),
        one.least if one.HasField("least") else None,
        one.most if one.HasField("most") else None,
        negated=one.negated,
    )
