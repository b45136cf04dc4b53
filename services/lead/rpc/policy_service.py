"""PolicyService on the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from lianxiao.lead.v1 import policy_pb2
from lianxiao.lead.v1 import policy_service_pb2 as pb
from lianxiao.lead.v1 import policy_service_pb2_grpc as pb_grpc
from services.lead.actions import policies
from services.lead.rules.policy import SETTINGS
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, optional_id, optional_instant, stored_word


class PolicyService(Servicer, pb_grpc.PolicyServiceServicer):
    """Limits and periods."""

    @query
    def GetLeadPolicy(self, request: pb.GetLeadPolicyRequest, tx: Tx) -> pb.GetLeadPolicyResponse:
        campus_id = optional_id(request.campus_id)
        if campus_id is not None:
            tx.check_campus(campus_id)
        at = optional_instant(request, "at_time") or tx.now
        return pb.GetLeadPolicyResponse(values=values_to_pb(tx, campus_id, at))

    @command
    def ChangeLeadPolicy(self, request: pb.ChangeLeadPolicyRequest, tx: Tx) -> pb.ChangeLeadPolicyResponse:
        wanted = {stored_word(policy_pb2.LeadSetting, one.setting, "values"): one.value for one in request.values}
        campus_id = optional_id(request.campus_id)
        start = policies.change(tx, campus_id, wanted, optional_instant(request, "start_time"))
        return pb.ChangeLeadPolicyResponse(values=values_to_pb(tx, campus_id, start))


def values_to_pb(tx: Tx, campus_id: UUID | None, at: datetime) -> list[policy_pb2.LeadPolicyValue]:
    """Return every setting as it holds at an instant."""
    stated = policies.in_force(tx, campus_id, at)
    found = []
    for name, setting in SETTINGS.items():
        one = stated.get(name)
        found.append(
            policy_pb2.LeadPolicyValue(
                setting=enum_value(policy_pb2.LeadSetting, name),
                value=one.value if one else setting.default,
                of_campus=one is not None and one.campus_id is not None,
                start_time=one.start_time if one else None,
            )
        )
    return found
