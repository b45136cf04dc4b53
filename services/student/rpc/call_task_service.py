"""CallTaskService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import call_task_pb2, ticket_pb2
from lianxiao.student.v1 import call_task_service_pb2 as pb
from lianxiao.student.v1 import call_task_service_pb2_grpc as pb_grpc
from services.student.actions import call_tasks
from services.student.actions.call_tasks import Call
from services.student.models import CallAttempt, CallTask
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, instant, optional_id, optional_instant, stored_word


class CallTaskService(Servicer, pb_grpc.CallTaskServiceServicer):
    """Calls to families."""

    @command
    def CreateCallTask(self, request: pb.CreateCallTaskRequest, tx: Tx) -> pb.CreateCallTaskResponse:
        given = request.call_task
        row = call_tasks.create(
            tx,
            as_uuid(given.student_id),
            occasion=given.occasion,
            due_time=instant(given.due_time),
            guardian_id=optional_id(given.guardian_id),
            owner_id=optional_id(given.owner_id),
        )
        return pb.CreateCallTaskResponse(call_task=to_pb(row))

    @query
    def ListCallTasks(self, request: pb.ListCallTasksRequest, tx: Tx) -> pb.ListCallTasksResponse:
        page = call_tasks.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListCallTasksResponse(call_tasks=rows, next_page_token=page.next_page_token)

    @query
    def ListCallAttempts(self, request: pb.ListCallAttemptsRequest, tx: Tx) -> pb.ListCallAttemptsResponse:
        found = call_tasks.attempts(tx, as_uuid(request.call_task_id))
        return pb.ListCallAttemptsResponse(attempts=[_attempt_to_pb(tx, row) for row in found])

    @command
    def AssignCallTask(self, request: pb.AssignCallTaskRequest, tx: Tx) -> pb.AssignCallTaskResponse:
        row = call_tasks.assign(tx, as_uuid(request.call_task_id), owner_id=as_uuid(request.owner_id))
        return pb.AssignCallTaskResponse(call_task=to_pb(row))

    @command
    def RecordCall(self, request: pb.RecordCallRequest, tx: Tx) -> pb.RecordCallResponse:
        kind = stored_word(ticket_pb2.TicketKind, request.ticket_kind, "ticket_kind") if request.ticket_kind else ""
        outcome = stored_word(call_task_pb2.CallOutcome, request.outcome, "outcome")
        call = Call(outcome, request.note, optional_instant(request, "next_time"), kind)
        attempt = call_tasks.record(tx, as_uuid(request.call_task_id), call)
        row = tx.load(CallTask, "call_task", attempt.call_task_id)
        return pb.RecordCallResponse(call_task=to_pb(row), ticket_id=id_text(attempt.ticket_id))

    @command
    def CancelCallTask(self, request: pb.CancelCallTaskRequest, tx: Tx) -> pb.CancelCallTaskResponse:
        return pb.CancelCallTaskResponse(call_task=to_pb(call_tasks.cancel(tx, as_uuid(request.call_task_id))))


def to_pb(row: CallTask) -> call_task_pb2.CallTask:
    """Return a call to make as staff see it."""
    return call_task_pb2.CallTask(
        call_task_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        guardian_id=id_text(row.guardian_id),
        owner_id=id_text(row.owner_id),
        occasion=row.occasion,
        due_time=row.due_time,
        state=enum_value(call_task_pb2.CallTaskState, row.state),
        source=enum_value(call_task_pb2.CallTaskSource, row.source),
        attempt_count=row.attempt_count,
        outcome=enum_value(call_task_pb2.CallOutcome, row.outcome),
        finish_time=row.finish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _attempt_to_pb(tx: Tx, row: CallAttempt) -> call_task_pb2.CallAttempt:
    return call_task_pb2.CallAttempt(
        outcome=enum_value(call_task_pb2.CallOutcome, row.outcome),
        note=CallAttempt.note.reveal(tx, row) or "",
        staff_id=id_text(row.staff_id),
        ticket_id=id_text(row.ticket_id),
        create_time=row.create_time,
    )
