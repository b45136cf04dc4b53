"""WorkbenchService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import workbench_pb2
from lianxiao.lead.v1 import workbench_service_pb2 as pb
from lianxiao.lead.v1 import workbench_service_pb2_grpc as pb_grpc
from services.lead.actions import known, workbenches
from services.lead.actions.workbenches import Alarm, Student, Workbench
from services.lead.rpc import task_service
from shared.db import Tx
from shared.rpc import Servicer, query
from shared.wire_values import date_pb, enum_value, optional_id


class WorkbenchService(Servicer, pb_grpc.WorkbenchServiceServicer):
    """An advisor's home."""

    @query
    def GetWorkbench(self, request: pb.GetWorkbenchRequest, tx: Tx) -> pb.GetWorkbenchResponse:
        found = workbenches.get(tx, optional_id(request.staff_id) or tx.caller.subject_id)
        return pb.GetWorkbenchResponse(workbench=to_pb(tx, found))


def to_pb(tx: Tx, found: Workbench) -> workbench_pb2.Workbench:
    """Return the wire form."""
    return workbench_pb2.Workbench(
        date=date_pb(found.day),
        tasks=[task_service.to_pb(tx, each) for each in found.tasks],
        task_count=found.task_count,
        overdue_count=found.overdue_count,
        students=[_student(tx, each) for each in found.students],
        student_count=found.student_count,
        warnings=[_warning(tx, each) for each in found.warnings],
    )


def _student(tx: Tx, each: Student) -> workbench_pb2.WorkbenchStudent:
    return workbench_pb2.WorkbenchStudent(
        lead_id=str(each.lead.id),
        customer_id=str(each.lead.customer_id),
        child_name=known.profile_of(tx, each.lead).child_name,
        hours=[
            workbench_pb2.StudyHours(
                course_id=str(one.course_id),
                consumed_hundredths=one.consumed_hundredths,
                remaining_hundredths=one.remaining_hundredths,
                lesson_time=one.lesson_time,
            )
            for one in each.hours
        ],
        renewal_task_id=str(each.renewal.id) if each.renewal is not None else "",
        renewal_due_time=each.renewal.due_time if each.renewal is not None else None,
    )


def _warning(tx: Tx, each: Alarm) -> workbench_pb2.WorkbenchWarning:
    return workbench_pb2.WorkbenchWarning(
        kind=enum_value(workbench_pb2.WorkbenchWarningKind, each.kind),
        lead_id=str(each.lead.id),
        child_name=known.profile_of(tx, each.lead).child_name,
        time=each.time,
    )
