"""CareRuleService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import care_rule_pb2, student_pb2
from lianxiao.student.v1 import care_rule_service_pb2 as pb
from lianxiao.student.v1 import care_rule_service_pb2_grpc as pb_grpc
from services.student.actions import care
from services.student.models import CareEvent, CareRule
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, optional_id, stored_word


class CareRuleService(Servicer, pb_grpc.CareRuleServiceServicer):
    """Care that is due by itself."""

    @command
    def CreateCareRule(self, request: pb.CreateCareRuleRequest, tx: Tx) -> pb.CreateCareRuleResponse:
        given = request.care_rule
        rule = CareRule(
            name=given.name,
            occasion=stored_word(care_rule_pb2.CareOccasion, given.occasion, "care_rule.occasion"),
            offset_days=given.offset_days,
            hour=given.hour,
            method=stored_word(care_rule_pb2.CareMethod, given.method, "care_rule.method"),
            states=[stored_word(student_pb2.StudentState, state, "care_rule.states") for state in given.states],
            tag_id=optional_id(given.tag_id),
            subject=given.subject,
            text=given.text,
        )
        return pb.CreateCareRuleResponse(care_rule=to_pb(care.create(tx, rule)))

    @query
    def ListCareRules(self, request: pb.ListCareRulesRequest, tx: Tx) -> pb.ListCareRulesResponse:
        page = care.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListCareRulesResponse(care_rules=rows, next_page_token=page.next_page_token)

    @command
    def StopCareRule(self, request: pb.StopCareRuleRequest, tx: Tx) -> pb.StopCareRuleResponse:
        return pb.StopCareRuleResponse(care_rule=to_pb(care.stop(tx, as_uuid(request.care_rule_id))))

    @query
    def ListCareEvents(self, request: pb.ListCareEventsRequest, tx: Tx) -> pb.ListCareEventsResponse:
        found = care.of_student(tx, as_uuid(request.student_id))
        return pb.ListCareEventsResponse(care_events=[_event_to_pb(event, rule) for event, rule in found])


def to_pb(row: CareRule) -> care_rule_pb2.CareRule:
    """Return a rule of care as callers see it."""
    return care_rule_pb2.CareRule(
        care_rule_id=str(row.id),
        name=row.name,
        occasion=enum_value(care_rule_pb2.CareOccasion, row.occasion),
        offset_days=row.offset_days,
        hour=row.hour,
        method=enum_value(care_rule_pb2.CareMethod, row.method),
        states=[enum_value(student_pb2.StudentState, state) for state in row.states],
        tag_id=id_text(row.tag_id),
        subject=row.subject,
        text=row.text,
        state=enum_value(care_rule_pb2.CareRuleState, row.state),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _event_to_pb(event: CareEvent, rule: CareRule) -> care_rule_pb2.CareEvent:
    return care_rule_pb2.CareEvent(
        care_rule_id=str(rule.id),
        name=rule.name,
        method=enum_value(care_rule_pb2.CareMethod, rule.method),
        occasion_date=date_pb(event.occasion_date),
        call_task_id=id_text(event.call_task_id),
        create_time=event.create_time,
    )
