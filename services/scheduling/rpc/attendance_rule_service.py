"""AttendanceRuleService on the wire."""

from __future__ import annotations

from typing import Any

from lianxiao.scheduling.v1 import attendance_pb2, attendance_rule_pb2
from lianxiao.scheduling.v1 import attendance_rule_service_pb2 as pb
from lianxiao.scheduling.v1 import attendance_rule_service_pb2_grpc as pb_grpc
from services.scheduling.actions import absence_rules, attendance_codes
from services.scheduling.models import AbsenceRule, AttendanceCodeChange
from services.scheduling.rules.attendance import Code, Rule
from shared.db import Tx
from shared.ids import as_uuid, uuid7
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, optional_id


class AttendanceRuleService(Servicer, pb_grpc.AttendanceRuleServiceServicer):
    """What an absence charges."""

    @command
    def CreateAttendanceCode(self, request: pb.CreateAttendanceCodeRequest, tx: Tx) -> pb.CreateAttendanceCodeResponse:
        code = Code(
            request.code,
            request.name,
            request.charge_factor_hundredths,
            makeup_entitled=request.makeup_entitled,
            counts_as_present=request.counts_as_present,
        )
        row = attendance_codes.create(tx, code)
        return pb.CreateAttendanceCodeResponse(attendance_code=code_to_pb(attendance_codes.of(row)))

    @command
    def UpdateAttendanceCode(self, request: pb.UpdateAttendanceCodeRequest, tx: Tx) -> pb.UpdateAttendanceCodeResponse:
        changes = _changes(request.attendance_code, request.update_mask.paths)
        row = attendance_codes.update(tx, as_uuid(request.attendance_code.attendance_code_id), changes)
        return pb.UpdateAttendanceCodeResponse(attendance_code=code_to_pb(attendance_codes.of(row)))

    @query
    def ListAttendanceCodeChanges(
        self, request: pb.ListAttendanceCodeChangesRequest, tx: Tx
    ) -> pb.ListAttendanceCodeChangesResponse:
        page = attendance_codes.changes_of(tx, request, as_uuid(request.attendance_code_id))
        rows = [_change_to_pb(row) for row in page.rows]
        return pb.ListAttendanceCodeChangesResponse(changes=rows, next_page_token=page.next_page_token)

    @command
    def CreateAbsenceRule(self, request: pb.CreateAbsenceRuleRequest, tx: Tx) -> pb.CreateAbsenceRuleResponse:
        rule = Rule(
            uuid7(),
            request.code,
            optional_id(request.course_id),
            request.least_notice_minutes,
            request.charge_factor_hundredths,
            request.makeup_entitled,
        )
        return pb.CreateAbsenceRuleResponse(absence_rule=_rule_to_pb(absence_rules.create(tx, rule)))

    @command
    def EndAbsenceRule(self, request: pb.EndAbsenceRuleRequest, tx: Tx) -> pb.EndAbsenceRuleResponse:
        row = absence_rules.end(tx, as_uuid(request.absence_rule_id))
        return pb.EndAbsenceRuleResponse(absence_rule=_rule_to_pb(row))

    @query
    def ListAbsenceRules(self, request: pb.ListAbsenceRulesRequest, tx: Tx) -> pb.ListAbsenceRulesResponse:
        page = absence_rules.LISTING.page(tx, request)
        rows = [_rule_to_pb(row) for row in page.rows]
        return pb.ListAbsenceRulesResponse(absence_rules=rows, next_page_token=page.next_page_token)


def code_to_pb(code: Code) -> attendance_pb2.AttendanceCode:
    """Return the wire form of a code."""
    return attendance_pb2.AttendanceCode(
        code=code.code,
        name=code.name,
        charge_factor_hundredths=code.charge_factor_hundredths,
        makeup_entitled=code.makeup_entitled,
        counts_as_present=code.counts_as_present,
        attendance_code_id=id_text(code.id),
        active=code.active,
    )


def _changes(wanted: attendance_pb2.AttendanceCode, paths: Any) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in named_fields(paths, attendance_codes.EDITABLE)}


def _change_to_pb(row: AttendanceCodeChange) -> attendance_rule_pb2.AttendanceCodeChange:
    return attendance_rule_pb2.AttendanceCodeChange(
        name=row.name,
        charge_factor_hundredths=row.charge_factor_hundredths,
        makeup_entitled=row.makeup_entitled,
        counts_as_present=row.counts_as_present,
        active=row.active,
        staff_id=id_text(row.actor_id),
        create_time=row.create_time,
    )


def _rule_to_pb(row: AbsenceRule) -> attendance_rule_pb2.AbsenceRule:
    return attendance_rule_pb2.AbsenceRule(
        absence_rule_id=str(row.id),
        code=row.code,
        course_id=id_text(row.course_id),
        least_notice_minutes=row.least_notice_minutes,
        charge_factor_hundredths=row.charge_factor_hundredths,
        makeup_entitled=row.makeup_entitled,
        end_time=row.end_time,
        create_time=row.create_time,
    )
