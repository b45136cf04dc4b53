"""SignInService on the wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from lianxiao.scheduling.v1 import attendance_pb2, sign_in_pb2
from lianxiao.scheduling.v1 import sign_in_service_pb2 as pb
from lianxiao.scheduling.v1 import sign_in_service_pb2_grpc as pb_grpc
from services.scheduling.actions import roll_call_policies, sign_ins, teacher_attendances
from services.scheduling.models import RollCallPolicy, SignIn, TeacherAttendance, TeacherAttendanceChange
from services.scheduling.rules.sign_ins import Policy
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id, stored_word


class SignInService(Servicer, pb_grpc.SignInServiceServicer):
    """Who says to be there."""

    @query
    def GetSignInToken(self, request: pb.GetSignInTokenRequest, tx: Tx) -> pb.GetSignInTokenResponse:
        token, expiry = sign_ins.token(tx, as_uuid(request.lesson_id))
        return pb.GetSignInTokenResponse(token=token, expire_time=expiry)

    @command
    def SignIn(self, request: pb.SignInRequest, tx: Tx) -> pb.SignInResponse:
        row = sign_ins.by_token(
            tx, as_uuid(request.lesson_id), student_id=as_uuid(request.student_id), token=request.token
        )
        return pb.SignInResponse(sign_in=to_pb(row))

    @command
    def ClockIn(self, request: pb.ClockInRequest, tx: Tx) -> pb.ClockInResponse:
        row = teacher_attendances.clock_in(tx, as_uuid(request.lesson_id))
        return pb.ClockInResponse(teacher_attendance=_teacher_to_pb(row))

    @query
    def ListTeacherAttendances(
        self, request: pb.ListTeacherAttendancesRequest, tx: Tx
    ) -> pb.ListTeacherAttendancesResponse:
        page = teacher_attendances.LISTING.page(tx, request)
        rows = [_teacher_to_pb(row) for row in page.rows]
        return pb.ListTeacherAttendancesResponse(teacher_attendances=rows, next_page_token=page.next_page_token)

    @command
    def CorrectTeacherAttendance(
        self, request: pb.CorrectTeacherAttendanceRequest, tx: Tx
    ) -> pb.CorrectTeacherAttendanceResponse:
        row = teacher_attendances.correct(
            tx,
            as_uuid(request.teacher_attendance_id),
            state=stored_word(sign_in_pb2.TeacherAttendanceState, request.state, "state"),
            late_minutes=request.late_minutes,
            reason=request.reason,
        )
        return pb.CorrectTeacherAttendanceResponse(teacher_attendance=_teacher_to_pb(row))

    @query
    def ListTeacherAttendanceChanges(
        self, request: pb.ListTeacherAttendanceChangesRequest, tx: Tx
    ) -> pb.ListTeacherAttendanceChangesResponse:
        found = teacher_attendances.changes(tx, as_uuid(request.teacher_attendance_id))
        return pb.ListTeacherAttendanceChangesResponse(teacher_attendance_changes=[_change_to_pb(row) for row in found])

    @command
    def SetRollCallPolicy(self, request: pb.SetRollCallPolicyRequest, tx: Tx) -> pb.SetRollCallPolicyResponse:
        policy = Policy(
            request.sign_in_confirms,
            request.late_after_minutes,
            request.teachers_clock_in,
            tuple(request.chase_after_minutes),
            request.makeup_valid_days,
        )
        if request.HasField("lesson_reminder_hours"):
            policy = replace(policy, lesson_reminder_hours=request.lesson_reminder_hours)
        row = roll_call_policies.put(tx, optional_id(request.campus_id), policy)
        return pb.SetRollCallPolicyResponse(roll_call_policy=_policy_to_pb(row))

    @query
    def ListRollCallPolicies(self, request: pb.ListRollCallPoliciesRequest, tx: Tx) -> pb.ListRollCallPoliciesResponse:
        page = roll_call_policies.LISTING.page(tx, request)
        rows = [_policy_to_pb(row) for row in page.rows]
        return pb.ListRollCallPoliciesResponse(roll_call_policies=rows, next_page_token=page.next_page_token)


def to_pb(row: SignIn) -> attendance_pb2.SignIn:
    """Return the wire form of a sign-in."""
    return attendance_pb2.SignIn(
        student_id=str(row.student_id),
        method=enum_value(attendance_pb2.AttendanceMethod, row.method),
        sign_time=row.sign_time,
        late_minutes=row.late_minutes,
        attendance_device_id=id_text(row.attendance_device_id),
    )


def _teacher_to_pb(row: TeacherAttendance) -> sign_in_pb2.TeacherAttendance:
    return sign_in_pb2.TeacherAttendance(
        teacher_attendance_id=str(row.id),
        lesson_id=str(row.lesson_id),
        teacher_id=str(row.teacher_id),
        campus_id=str(row.campus_id),
        state=enum_value(sign_in_pb2.TeacherAttendanceState, row.state),
        clock_in_time=row.clock_in_time,
        late_minutes=row.late_minutes,
        lesson_start_time=row.lesson_start_time,
    )


def _change_to_pb(row: TeacherAttendanceChange) -> sign_in_pb2.TeacherAttendanceChange:
    return sign_in_pb2.TeacherAttendanceChange(
        teacher_attendance_change_id=str(row.id),
        before=_facts_to_pb(row.before),
        after=_facts_to_pb(row.after),
        reason=row.reason,
        actor_id=str(row.actor_id),
        create_time=row.create_time,
    )


def _facts_to_pb(told: dict[str, Any]) -> sign_in_pb2.TeacherAttendanceFacts:
    clocked = told["clock_in_time"]
    return sign_in_pb2.TeacherAttendanceFacts(
        state=enum_value(sign_in_pb2.TeacherAttendanceState, told["state"]),
        clock_in_time=datetime.fromisoformat(clocked) if clocked else None,
        late_minutes=told["late_minutes"],
    )


def _policy_to_pb(row: RollCallPolicy) -> sign_in_pb2.RollCallPolicy:
    return sign_in_pb2.RollCallPolicy(
        roll_call_policy_id=str(row.id),
        campus_id=id_text(row.campus_id),
        sign_in_confirms=row.sign_in_confirms,
        late_after_minutes=row.late_after_minutes,
        teachers_clock_in=row.teachers_clock_in,
        chase_after_minutes=row.chase_after_minutes,
        makeup_valid_days=row.makeup_valid_days,
        lesson_reminder_hours=row.lesson_reminder_hours,
        end_time=row.end_time,
        create_time=row.create_time,
    )
