"""HourPolicyService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import hour_policy_pb2
from lianxiao.billing.v1 import hour_policy_service_pb2 as pb
from lianxiao.billing.v1 import hour_policy_service_pb2_grpc as pb_grpc
from services.billing.actions import hour_policies
from services.billing.models import HourPolicy
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_id, stored_word


class HourPolicyService(Servicer, pb_grpc.HourPolicyServiceServicer):
    """What becomes of expired hours."""

    @command
    def CreateHourPolicy(self, request: pb.CreateHourPolicyRequest, tx: Tx) -> pb.CreateHourPolicyResponse:
        wanted = request.hour_policy
        policy = hour_policies.create(
            tx,
            campus_id=optional_id(wanted.campus_id),
            start_date=local_date(wanted.start_date, "hour_policy.start_date"),
            expiry=stored_word(hour_policy_pb2.HourExpiry, wanted.expiry, "hour_policy.expiry"),
            notice_days=wanted.notice_days,
        )
        return pb.CreateHourPolicyResponse(hour_policy=to_pb(policy))

    @query
    def ListHourPolicies(self, request: pb.ListHourPoliciesRequest, tx: Tx) -> pb.ListHourPoliciesResponse:
        page = hour_policies.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListHourPoliciesResponse(hour_policies=rows, next_page_token=page.next_page_token)


def to_pb(row: HourPolicy) -> hour_policy_pb2.HourPolicy:
    """Return the wire form."""
    return hour_policy_pb2.HourPolicy(
        hour_policy_id=str(row.id),
        campus_id=id_text(row.campus_id),
        start_date=date_pb(row.start_date),
        expiry=enum_value(hour_policy_pb2.HourExpiry, row.expiry),
        notice_days=row.notice_days,
        staff_id=str(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )
