"""Freezes and policies for hours, as clients send them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import (
    hour_policy_pb2,
    hour_policy_service_pb2,
    hour_policy_service_pb2_grpc,
    lot_service_pb2,
    lot_service_pb2_grpc,
)
from services.billing.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.billing import factories


@pytest.fixture
def wire(database: Database) -> Iterator[Wire]:
    """Return a server."""
    with serving("billing", SERVICERS, database) as served:
        yield served


def test_a_lot_is_frozen_and_goes_on_and_a_retry_changes_nothing(
    wire: Wire, database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=1000)
    who = wire.metadata(staff(institution))
    service = lot_service_pb2_grpc.LotServiceStub(wire.channel)
    lot = service.ListLots(lot_service_pb2.ListLotsRequest(), metadata=who).lots[0]
    asked = lot_service_pb2.FreezeLotRequest(lot_id=lot.lot_id, reason="休学", request_id=str(uuid7()))
    frozen = service.FreezeLot(asked, metadata=who).lot
    assert frozen.HasField("freeze_date")
    assert service.FreezeLot(asked, metadata=who).lot == frozen
    wanted = lot_service_pb2.GetHourAccountRequest(student_id=str(bought.student_id), course_id=str(bought.course_id))
    assert service.GetHourAccount(wanted, metadata=who).hour_account.frozen_hundredths == 1000
    goes_on = lot_service_pb2.UnfreezeLotRequest(lot_id=lot.lot_id, reason="复学")
    assert not service.UnfreezeLot(goes_on, metadata=who).lot.HasField("freeze_date")
    with pytest.raises(grpc.RpcError) as error:
        service.UnfreezeLot(goes_on, metadata=who)
    assert refusal(error.value) == ("FAILED_PRECONDITION", "LOT_NOT_FROZEN")


def test_a_policy_of_the_chain_needs_the_whole_chain(wire: Wire, database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
    service = hour_policy_service_pb2_grpc.HourPolicyServiceStub(wire.channel)
    policy = hour_policy_pb2.HourPolicy(
        start_date=Date(year=2026, month=1, day=1), expiry=hour_policy_pb2.HOUR_EXPIRY_INCOME, notice_days=30
    )
    request = hour_policy_service_pb2.CreateHourPolicyRequest(hour_policy=policy)
    institution = caller.institution_id
    local = wire.metadata(staff(institution, ["hour_policy.*"], campuses=[campus]))
    with pytest.raises(grpc.RpcError) as error:
        service.CreateHourPolicy(request, metadata=local)
    assert refusal(error.value) == ("PERMISSION_DENIED", "CHAIN_SCOPE_NEEDED")
    request.hour_policy.campus_id = str(campus)
    made = service.CreateHourPolicy(request, metadata=local).hour_policy
    assert (made.campus_id, made.expiry, made.notice_days) == (str(campus), policy.expiry, 30)
    listed = service.ListHourPolicies(hour_policy_service_pb2.ListHourPoliciesRequest(), metadata=local)
    assert list(listed.hour_policies) == [made]
