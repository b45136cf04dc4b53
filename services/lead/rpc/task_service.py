"""TaskService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import task_pb2
from lianxiao.lead.v1 import task_service_pb2 as pb
from lianxiao.lead.v1 import task_service_pb2_grpc as pb_grpc
from services.lead.actions import completions, inboxes, tasks
from services.lead.models import Task
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, instant, optional_id, optional_instant


class TaskService(Servicer, pb_grpc.TaskServiceServicer):
    """What staff have to do."""

    @command
    def CreateTask(self, request: pb.CreateTaskRequest, tx: Tx) -> pb.CreateTaskResponse:
        task = tasks.create_by_hand(
            tx,
            kind=request.kind,
            due_time=instant(request.due_time),
            campus_id=optional_id(request.campus_id),
            owner_id=optional_id(request.owner_id),
            lead_id=optional_id(request.lead_id),
            note=request.note,
        )
        return pb.CreateTaskResponse(task=to_pb(tx, task))

    @query
    def ListTasks(self, request: pb.ListTasksRequest, tx: Tx) -> pb.ListTasksResponse:
        own = tx.scope.own
        page = inboxes.page(tx, request)
        rows = [to_pb(tx, row, words=not own or row.owner_id is not None) for row in page.rows]
        return pb.ListTasksResponse(tasks=rows, next_page_token=page.next_page_token)

    @command
    def CompleteTask(self, request: pb.CompleteTaskRequest, tx: Tx) -> pb.CompleteTaskResponse:
        task = completions.complete(
            tx,
            as_uuid(request.task_id),
            result=request.result,
            next_contact_time=optional_instant(request, "next_contact_time"),
        )
        return pb.CompleteTaskResponse(task=to_pb(tx, task))


def to_pb(tx: Tx, row: Task, *, words: bool = True) -> task_pb2.Task:
    """Return the wire form, without `words` not what people wrote."""
    return task_pb2.Task(
        task_id=str(row.id),
        campus_id=str(row.campus_id),
        owner_id=id_text(row.owner_id),
        lead_id=id_text(row.lead_id),
        customer_id=id_text(row.customer_id),
        kind=row.kind,
        facts=row.facts,
        note=(words and Task.note.reveal(tx, row)) or "",
        due_time=row.due_time,
        state=enum_value(task_pb2.TaskState, row.state),
        result=(words and Task.result.reveal(tx, row)) or "",
        complete_time=row.complete_time,
        create_time=row.create_time,
        update_time=row.update_time,
        plan_run_id=id_text(row.plan_run_id),
        overdue_time=row.overdue_time,
        escalated_to_id=id_text(row.escalated_to_id),
        cancel_reason=row.cancel_reason or "",
    )
