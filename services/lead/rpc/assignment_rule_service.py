"""AssignmentRuleService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import assignment_rule_pb2
from lianxiao.lead.v1 import assignment_rule_service_pb2 as pb
from lianxiao.lead.v1 import assignment_rule_service_pb2_grpc as pb_grpc
from services.lead.actions import assignment_rules, assignments, rule_previews
from services.lead.models import AssignmentRule
from services.lead.rules.assignment import Candidate
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, ids, optional_id, stored_word

_STRATEGY = "assignment_rule.strategy"
_PREVIEWED = 100


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

    @query
    def PreviewAssignmentRule(
        self, request: pb.PreviewAssignmentRuleRequest, tx: Tx
    ) -> pb.PreviewAssignmentRuleResponse:
        rule = request.assignment_rule
        found = rule_previews.preview(
            tx, _details(rule), optional_id(rule.assignment_rule_id), request.lead_count or _PREVIEWED
        )
        return pb.PreviewAssignmentRuleResponse(previews=[preview_to_pb(one) for one in found])

    @command
    def AssignLeads(self, request: pb.AssignLeadsRequest, tx: Tx) -> pb.AssignLeadsResponse:
        owner_id = None if request.by_rule else optional_id(request.owner_id)
        answers = assignments.assign_many(tx, ids(request.lead_ids), owner_id=owner_id, choose=request.by_rule)
        outcomes = [pb.AssignOutcome(lead_id=str(lead_id), outcome=word) for lead_id, word in answers.items()]
        return pb.AssignLeadsResponse(outcomes=outcomes)

    @command
    def SetSchoolDistrict(self, request: pb.SetSchoolDistrictRequest, tx: Tx) -> pb.SetSchoolDistrictResponse:
        wanted = request.school_district
        row = rule_previews.set_district(tx, wanted.name, wanted.schools)
        return pb.SetSchoolDistrictResponse(
            school_district=assignment_rule_pb2.SchoolDistrict(name=row.name, schools=row.schools)
        )

    @query
    def ListSchoolDistricts(self, request: pb.ListSchoolDistrictsRequest, tx: Tx) -> pb.ListSchoolDistrictsResponse:
        page = rule_previews.DISTRICTS.page(tx, request)
        rows = [assignment_rule_pb2.SchoolDistrict(name=row.name, schools=row.schools) for row in page.rows]
        return pb.ListSchoolDistrictsResponse(school_districts=rows, next_page_token=page.next_page_token)


def preview_to_pb(one: rule_previews.Would) -> assignment_rule_pb2.AssignmentPreview:
    """Return the wire form."""
    return assignment_rule_pb2.AssignmentPreview(
        lead_id=str(one.lead_id),
        owner_id=id_text(one.owner_id),
        would_be_owner_id=id_text(one.would_be),
        assignment_rule_id=id_text(one.rule_id),
        scores=[assignment_rule_pb2.AssignmentScore(staff_id=str(who), score=score) for who, score in one.scores],
    )


def to_pb(row: AssignmentRule) -> assignment_rule_pb2.AssignmentRule:
    """Return the wire form."""
    return assignment_rule_pb2.AssignmentRule(
        assignment_rule_id=str(row.id),
        name=row.name,
        campus_id=id_text(row.campus_id),
        sources=row.sources,
        course_ids=[str(course_id) for course_id in row.course_ids],
        region_ids=[str(region_id) for region_id in row.region_ids],
        campaign_ids=[str(campaign_id) for campaign_id in row.campaign_ids],
        school_districts=row.school_districts,
        school_grades=row.school_grades,
        subjects=row.subjects,
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
        region_ids=tuple(ids(rule.region_ids)),
        campaign_ids=tuple(ids(rule.campaign_ids)),
        school_districts=tuple(rule.school_districts),
        school_grades=tuple(rule.school_grades),
        subjects=tuple(rule.subjects),
    )
