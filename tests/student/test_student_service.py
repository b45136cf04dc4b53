"""StudentService and GuardianService over real gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import grpc
import pytest

from lianxiao.student.v1 import guardian_service_pb2 as guardian_pb
from lianxiao.student.v1 import student_pb2
from lianxiao.student.v1 import student_service_pb2 as pb
from lianxiao.student.v1.guardian_service_pb2_grpc import GuardianServiceStub
from lianxiao.student.v1.student_service_pb2_grpc import StudentServiceStub
from services.student.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def test_a_student_is_read_listed_searched_and_changed(wire: Wire, database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        row = factories.student(tx, name="张小明")
        factories.student(tx, name="李雷")
    stub = StudentServiceStub(wire.channel)
    signed = Wire.metadata(staff(institution))
    got = stub.GetStudent(pb.GetStudentRequest(student_id=str(row.id)), metadata=signed).student
    assert (got.name, got.state) == ("张小明", student_pb2.STUDENT_STATE_ENROLLED)
    assert len(stub.ListStudents(pb.ListStudentsRequest(), metadata=signed).students) == 2
    found = stub.ListStudents(pb.ListStudentsRequest(search="xiaoming"), metadata=signed).students
    assert [student.student_id for student in found] == [str(row.id)]
    wanted = pb.ListStudentsRequest(filter=f'student_id in ["{row.id}", "{uuid7()}"]')
    assert [student.name for student in stub.ListStudents(wanted, metadata=signed).students] == ["张小明"]
    got.school = "附中"
    changed = stub.UpdateStudent(
        pb.UpdateStudentRequest(student=got, update_mask={"paths": ["school"]}), metadata=signed
    )
    assert changed.student.school == "附中"
    moved = stub.ChangeStudentState(
        pb.ChangeStudentStateRequest(student_id=got.student_id, state="STUDENT_STATE_PAUSED", reason="travel"),
        metadata=signed,
    )
    assert moved.student.state == student_pb2.STUDENT_STATE_PAUSED
    states = stub.ListStudentStates(pb.ListStudentStatesRequest(student_id=got.student_id), metadata=signed).states
    assert [entry.reason for entry in states] == ["travel", ""]


def test_names_are_masked_without_the_right_to_see_them(wire: Wire, database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        row = factories.student(tx, name="张小明")
    signed = Wire.metadata(staff(institution, ["student.read"]))
    got = StudentServiceStub(wire.channel).GetStudent(pb.GetStudentRequest(student_id=str(row.id)), metadata=signed)
    assert got.student.name == "张**"


def test_a_repeated_request_is_answered_from_its_stored_reply(
    wire: Wire, database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        row = factories.student(tx)
    stub = GuardianServiceStub(wire.channel)
    signed = Wire.metadata(staff(institution))
    request = guardian_pb.AddGuardianRequest(
        student_id=str(row.id), guardian={"name": "张伟", "phone": "13812345678"}, request_id=str(uuid7())
    )
    first = stub.AddGuardian(request, metadata=signed)
    assert stub.AddGuardian(request, metadata=signed) == first
    listed = stub.ListGuardians(guardian_pb.ListGuardiansRequest(student_id=str(row.id)), metadata=signed)
    assert [guardian.phone for guardian in listed.guardians] == ["138****5678"]
    request.guardian.name = "李四"
    with pytest.raises(grpc.RpcError) as error:
        stub.AddGuardian(request, metadata=signed)
    assert refusal(error.value)[1] == "REQUEST_ID_REUSED"
    right = guardian_pb.SetGuardianRightsRequest(student_id=str(row.id), guardian_id=first.guardian.guardian_id)
    assert stub.SetGuardianRights(right, metadata=signed).guardian.may_contact is False


@pytest.mark.parametrize(
    ("request_fields", "expected"),
    [
        ({"student_id": "no-uuid"}, ("INVALID_ARGUMENT", "INVALID_FIELD")),
        ({"student_id": str(uuid7())}, ("NOT_FOUND", "STUDENT_NOT_FOUND")),
    ],
)
def test_wrong_ids_are_refused(
    wire: Wire, institution: UUID, request_fields: dict[str, str], expected: tuple[str, str]
) -> None:
    with pytest.raises(grpc.RpcError) as error:
        StudentServiceStub(wire.channel).GetStudent(
            pb.GetStudentRequest(**request_fields), metadata=Wire.metadata(staff(institution))
        )
    assert refusal(error.value) == expected


def test_without_a_token_or_the_permission_nothing_is_said(wire: Wire, institution: UUID) -> None:
    stub = StudentServiceStub(wire.channel)
    request = pb.GetStudentRequest(student_id=str(uuid7()))
    with pytest.raises(grpc.RpcError) as error:
        stub.GetStudent(request)
    assert refusal(error.value) == ("UNAUTHENTICATED", "TOKEN_MISSING")
    with pytest.raises(grpc.RpcError) as error:
        stub.GetStudent(request, metadata=Wire.metadata(staff(institution, ["lead.read"])))
    assert refusal(error.value) == ("PERMISSION_DENIED", "PERMISSION_MISSING")
