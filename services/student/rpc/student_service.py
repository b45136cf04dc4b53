"""StudentService on the wire."""

from __future__ import annotations

from typing import Any

from google.type import date_pb2

from lianxiao.student.v1 import student_pb2
from lianxiao.student.v1 import student_service_pb2 as pb
from lianxiao.student.v1 import student_service_pb2_grpc as pb_grpc
from services.student.actions import students, tags
from services.student.models import StateEntry, Student
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, stored_word

_EDITABLE = ("name", "birth_date", "gender", "school", "school_grade")


class StudentService(Servicer, pb_grpc.StudentServiceServicer):
    """Student files."""

    @query
    def GetStudent(self, request: pb.GetStudentRequest, tx: Tx) -> pb.GetStudentResponse:
        return pb.GetStudentResponse(student=to_pb(tx, students.get(tx, as_uuid(request.student_id))))

    @query
    def ListStudents(self, request: pb.ListStudentsRequest, tx: Tx) -> pb.ListStudentsResponse:
        where = students.name_filter(tx, request.search)
        if request.tag_id:
            where.append(tags.borne_filter(tx, as_uuid(request.tag_id)))
        page = students.LISTING.page(tx, request, where=where)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListStudentsResponse(students=rows, next_page_token=page.next_page_token)

    @command
    def UpdateStudent(self, request: pb.UpdateStudentRequest, tx: Tx) -> pb.UpdateStudentResponse:
        changes = _changes(request)
        return pb.UpdateStudentResponse(
            student=to_pb(tx, students.update(tx, as_uuid(request.student.student_id), changes))
        )

    @command
    def ChangeStudentState(self, request: pb.ChangeStudentStateRequest, tx: Tx) -> pb.ChangeStudentStateResponse:
        state = stored_word(student_pb2.StudentState, request.state, "state")
        student = students.change_state(tx, as_uuid(request.student_id), to_state=state, reason=request.reason)
        return pb.ChangeStudentStateResponse(student=to_pb(tx, student))

    @query
    def ListStudentStates(self, request: pb.ListStudentStatesRequest, tx: Tx) -> pb.ListStudentStatesResponse:
        entries = students.states(tx, as_uuid(request.student_id))
        return pb.ListStudentStatesResponse(states=[_entry_to_pb(entry) for entry in entries])


def to_pb(tx: Tx, student: Student) -> student_pb2.Student:
    """Return a student as callers see it; the boundary masks the name for those without `pii.read`."""
    return student_pb2.Student(
        student_id=str(student.id),
        household_id=str(student.household_id),
        campus_id=str(student.campus_id),
        owner_id=id_text(student.owner_id),
        name=Student.name.reveal(tx, student) or "",
        birth_date=_birth_date(student),
        gender=student.gender,
        school=student.school,
        school_grade=student.school_grade,
        state=_state(student.state),
        lead_id=id_text(student.lead_id),
        enrol_time=student.enrol_time,
        create_time=student.create_time,
        update_time=student.update_time,
    )


def _birth_date(student: Student) -> date_pb2.Date | None:
    """Return what is known of a birth date, which may be the year alone."""
    if not student.birth_year:
        return None
    return date_pb2.Date(year=student.birth_year, month=student.birth_month, day=student.birth_day)


def _state(name: str) -> Any:
    return enum_value(student_pb2.StudentState, name)


def _entry_to_pb(entry: StateEntry) -> student_pb2.StudentStateEntry:
    return student_pb2.StudentStateEntry(
        from_state=_state(entry.from_state),
        to_state=_state(entry.to_state),
        reason=entry.reason,
        actor_id=id_text(entry.actor_id),
        change_time=entry.create_time,
    )


def _changes(request: pb.UpdateStudentRequest) -> dict[str, object]:
    """Return the columns to change; without a mask, every editable field that the student message sets."""
    student = request.student
    changes: dict[str, object] = {}
    for path in named_fields(request.update_mask.paths, _EDITABLE):
        if path == "birth_date":
            date = student.birth_date
            changes |= {"birth_year": date.year, "birth_month": date.month, "birth_day": date.day}
        else:
            changes[path] = getattr(student, path)
    return changes
