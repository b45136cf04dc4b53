"""The boundary before every RPC, on the small service of the chassis' own tests: real gRPC, real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from lianxiao.marketing.v1 import campaign_service_pb2 as pb
from lianxiao.marketing.v1 import campaign_service_pb2_grpc as grpc_pb
from shared.caller import CHAIN, Caller
from shared.db import Database, Tx
from shared.endpoints import endpoints
from shared.errors import Conflict, InvalidInput, LimitReached, Refused, Unavailable
from shared.ids import uuid7
from shared.rpc import Servicer, command, query
from shared.server import Registration
from shared.status import to_message
from shared.testing.callers import staff
from shared.testing.waiting import until
from shared.testing.wire import Wire, refusal, serving

FAILURES = {
    "refused": Refused("TEST_REFUSED", "no", figure=7),
    "conflict": Conflict("TEST_CONFLICT", "later"),
    "limit": LimitReached("TEST_LIMIT", "too many", retry_after_seconds=9),
    "away": Unavailable("TEST_AWAY", "gone"),
    "bug": ZeroDivisionError("13812345678 is in this text"),
}


class Campaigns(Servicer, grpc_pb.CampaignServiceServicer):
    """Stands in for a service: writes things, and fails as it is told."""

    @command
    def CreateCampaign(  # noqa: N802 - gRPC's name
        self, request: pb.CreateCampaignRequest, tx: Tx
    ) -> pb.CreateCampaignResponse:
        tx.run(
            "insert into thing (institution_id, id, name) values (%s, %s, %s)",
            (str(tx.institution_id), str(uuid7()), request.name),
        )
        if request.name in FAILURES:
            raise FAILURES[request.name]
        return pb.CreateCampaignResponse(campaign={"name": request.name})

    @query
    def GetCampaign(  # noqa: N802 - gRPC's name
        self, _request: pb.GetCampaignRequest, tx: Tx
    ) -> pb.GetCampaignResponse:
        tx.run("insert into thing (institution_id, id, name) values (%s, gen_random_uuid(), 'x')", (str(uuid7()),))
        return pb.GetCampaignResponse()

    @query
    def ListCampaigns(  # noqa: N802 - gRPC's name
        self, _request: pb.ListCampaignsRequest, tx: Tx
    ) -> pb.ListCampaignsResponse:
        tx.run("select pg_sleep(20)")
        return pb.ListCampaignsResponse()


SERVICERS: list[Registration] = [(grpc_pb.add_CampaignServiceServicer_to_server, Campaigns)]
DAY = {"year": 2026, "month": 3, "day": 1}


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve for this module."""
    with serving("marketing", SERVICERS, database) as running:
        yield running


@pytest.fixture
def stub(wire: Wire) -> grpc_pb.CampaignServiceStub:
    """Return a client."""
    return grpc_pb.CampaignServiceStub(wire.channel)


def create(name: str, request_id: str = "") -> pb.CreateCampaignRequest:
    """Return a valid request."""
    return pb.CreateCampaignRequest(name=name, channel="field", start_date=DAY, request_id=request_id)


def count(database: Database, institution: UUID, table: str = "thing") -> int:
    """Return how many rows an institution has."""
    with database.begin(Caller.system(institution)) as tx:
        return int(tx.run(f"select count(*) from {table}").scalar_one())  # noqa: S608 - our own table names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("refused", ("FAILED_PRECONDITION", "TEST_REFUSED")),
        ("conflict", ("ABORTED", "TEST_CONFLICT")),
        ("limit", ("RESOURCE_EXHAUSTED", "TEST_LIMIT")),
        ("away", ("UNAVAILABLE", "TEST_AWAY")),
        ("bug", ("INTERNAL", "INTERNAL")),
    ],
)
def test_each_refusal_has_its_status_and_changes_nothing(
    stub: grpc_pb.CampaignServiceStub, database: Database, institution: UUID, name: str, expected: tuple[str, str]
) -> None:
    with pytest.raises(grpc.RpcError) as error:
        stub.CreateCampaign(create(name), metadata=Wire.metadata(staff(institution)))
    assert refusal(error.value) == expected
    assert "13812345678" not in str(error.value)
    assert count(database, institution) == 0
    assert count(database, institution, "audit_entry") == 0


@pytest.mark.parametrize("length", [5_000, 10_000, 11_500])
def test_whoever_may_do_much_is_let_in_however_long_the_token(
    stub: grpc_pb.CampaignServiceStub, institution: UUID, length: int
) -> None:
    permissions = [*(f"thing{number:05}.read" for number in range(length // 20)), "campaign.create"]
    metadata = Wire.metadata(staff(institution, permissions))
    for name in (f"roles {number}" for number in range(20)):
        assert stub.CreateCampaign(create(name), metadata=metadata).campaign.name == name


def test_a_command_is_audited_once(stub: grpc_pb.CampaignServiceStub, database: Database, institution: UUID) -> None:
    caller = staff(institution)
    stub.CreateCampaign(create("a"), metadata=Wire.metadata(caller))
    with database.begin(Caller.system(institution)) as tx:
        rows = tx.run("select action, actor_id, trace_id from audit_entry").all()
    assert [(row.action, row.actor_id) for row in rows] == [("marketing.CreateCampaign", caller.subject_id)]
    assert len(rows[0].trace_id) == 32


def test_one_request_id_has_one_effect_however_many_send_it_at_once(
    stub: grpc_pb.CampaignServiceStub, database: Database, institution: UUID
) -> None:
    signed = Wire.metadata(staff(institution))
    request = create("同一个请求", str(uuid7()))
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: stub.CreateCampaign(request, metadata=signed), range(16)))
    assert {reply.campaign.name for reply in replies} == {"同一个请求"}
    assert count(database, institution) == 1
    with database.begin(Caller.system(institution)) as tx:
        (stored,) = tx.run("select reply from stored_reply").scalars()
    assert "同一个请求".encode() not in bytes(stored), "replies lie sealed"


def test_a_request_id_of_somebody_else_is_not_answered(stub: grpc_pb.CampaignServiceStub, institution: UUID) -> None:
    request = create("mine", str(uuid7()))
    stub.CreateCampaign(request, metadata=Wire.metadata(staff(institution)))
    with pytest.raises(grpc.RpcError) as error:
        stub.CreateCampaign(request, metadata=Wire.metadata(staff(institution)))
    assert refusal(error.value) == ("ABORTED", "REQUEST_ID_REUSED")


def test_a_query_cannot_write(stub: grpc_pb.CampaignServiceStub, institution: UUID) -> None:
    with pytest.raises(grpc.RpcError) as error:
        stub.GetCampaign(pb.GetCampaignRequest(campaign_id=str(uuid7())), metadata=Wire.metadata(staff(institution)))
    assert refusal(error.value)[0] == "INTERNAL"


def test_work_ends_with_the_callers_deadline(
    stub: grpc_pb.CampaignServiceStub, database: Database, institution: UUID
) -> None:
    with pytest.raises(grpc.RpcError):
        stub.ListCampaigns(pb.ListCampaignsRequest(), timeout=0.5, metadata=Wire.metadata(staff(institution)))

    def sleepers() -> int:
        with database.begin(Caller.system(institution), scope=CHAIN) as tx:
            query = "select count(*) from pg_stat_activity where strpos(query, 'pg_sleep(20)') > 0 and state = 'active'"
            return int(tx.run(query + " and pid <> pg_backend_pid()").scalar_one())

    assert until(lambda: sleepers() == 0, seconds=5, what="the statement ends with the deadline")


def test_every_wrong_field_is_named(stub: grpc_pb.CampaignServiceStub, institution: UUID) -> None:
    request = pb.CreateCampaignRequest(name="", channel="Nö!", budget_fen=-1)
    with pytest.raises(grpc.RpcError) as error:
        stub.CreateCampaign(request, metadata=Wire.metadata(staff(institution)))
    assert refusal(error.value) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    status = rpc_status.from_call(error.value)  # type: ignore[arg-type]
    assert status is not None
    wrong = error_details_pb2.BadRequest()
    assert any(detail.Unpack(wrong) for detail in status.details)
    assert {violation.field for violation in wrong.field_violations} == {"name", "channel", "start_date", "budget_fen"}


def test_a_thousand_wrong_fields_fit_into_what_grpc_carries() -> None:
    wrong = [(f"columns[{number}].field", "不是允许的值 " * 20) for number in range(1000)]

    [_, packed] = to_message(InvalidInput.of(wrong), trace_id="0" * 32).details
    [_, single] = to_message(InvalidInput("text", "长" * 3000), trace_id="").details

    told = error_details_pb2.BadRequest.FromString(packed.value).field_violations
    assert len(packed.value) < 4096
    assert [each.field for each in told] == [field for field, _ in wrong[: len(told)]]
    assert len(error_details_pb2.BadRequest.FromString(single.value).field_violations) == 1


def test_a_server_refuses_an_rpc_without_a_permission() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="open.proto", package="lianxiao.open.v1", syntax="proto3")
    file.message_type.add(name="Empty")
    method = file.service.add(name="OpenService").method.add(name="Do")
    method.input_type = method.output_type = ".lianxiao.open.v1.Empty"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    with pytest.raises(SystemExit, match="OpenService/Do has no"):
        endpoints(pool.FindServiceByName("lianxiao.open.v1.OpenService"))
