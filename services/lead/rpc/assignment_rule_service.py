"""AssignmentRuleService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import assignment_rule_pb2
from lianxiao.lead.v1 import assignment_rule_service_pb2 as pb
from lianxiao.lead.v1 import assignment_rule_service_pb2_grpc as pb_grpc
from services.lead.actions import assignment_rules
from services.lead.models import AssignmentRule
from services.lead.rules.assignment import Candidate
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, ids, optional_id, stored_word

_STRATEGY = "assignment_rule.strategy"


class AssignmentRuleService(Servicer, pb_grpc.AssignmentRuleServiceServicer):
    """Rules that give new leads to advisors."""

    @command
    def CreateAssignmentRule(self, request: pb.CreateAssignmentRuleRequest, tx: Tx) -> pb.CreateAssignmentRuleResponse:
        row = assignment_rules.create(tx, _details(request.assignment_rule))
        return pb.CreateAssignmentRuleResponse(assignment_rule=to_pb(row))

    @query
    def ListAssignmentRules(self, request: pb.ListAssignmentRulesRequest, tx: Tx) -> pb.ListAssignmentRulesResponse:
        page = assignment_rules.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListAssignmentRulesResponse(assignment_rules=rows, next_page_token=page.next_page_token)

    @command
    def UpdateAssignmentRule(self, request: pb.UpdateAssignmentRuleRequest, tx: Tx) -> pb.UpdateAssignmentRuleResponse:
        wanted = request.assignment_rule
        names = named_fields(request.update_mask.paths, assignment_rules.EDITABLE)
        try:
            row = assignment_rules.update(tx, as_uuid(wanted.assignment_rule_id), _details(wanted), names)
        except ValueError as error:
            raise InvalidInput("assignment_rule", "an id in it is no UUID") from error
        return pb.UpdateAssignmentRuleResponse(assignment_rule=to_pb(row))


def to_pb(row: AssignmentRule) -> assignment_rule_pb2.AssignmentRule:
    """Return the wire form."""
    return assignment_rule_pb2.AssignmentRule(
        assignment_rule_id=str(row.id),
        name=row.name,
        campus_id=id_text(row.campus_id),
        sources=row.sources,
        course_ids=[str(course_id) for course_id in row.course_ids],
        strategy=enum_value(assignment_rule_pb2.AssignmentStrategy, row.strategy),
        candidates=[assignment_rule_pb2.RuleCandidate(**candidate) for candidate in row.candidates],
        priority=row.priority,
        paused=row.paused,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _details(rule: assignment_rule_pb2.AssignmentRule) -> assignment_rules.Details:
    # An update that does not name it may leave the strategy out.
    strategy = stored_word(assignment_rule_pb2.AssignmentStrategy, rule.strategy, _STRATEGY) if rule.strategy else ""
    return assignment_rules.Details(
        name=rule.name,
        strategy=strategy,
        candidates=tuple(Candidate(as_uuid(c.staff_id), c.weight, c.capacity) for c in rule.candidates),
        campus_id=optional_id(rule.campus_id),
        sources=tuple(rule.sources),
        course_ids=tuple(ids(rule.course_ids)),
        priority=rule.priority,
        paused=rule.paused,
    )
