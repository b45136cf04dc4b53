"""SalesPolicyService on the wire."""

from __future__ import annotations

from typing import Any

from lianxiao.lead.v1 import sales_policy_pb2
from lianxiao.lead.v1 import sales_policy_service_pb2 as pb
from lianxiao.lead.v1 import sales_policy_service_pb2_grpc as pb_grpc
from services.lead.actions import sales_policies
from services.lead.models import SalesPolicy
from services.lead.rules import scorecard
from shared.db import Tx
from shared.listing import named_fields
from shared.rpc import Servicer, command, query


class SalesPolicyService(Servicer, pb_grpc.SalesPolicyServiceServicer):
    """What a chain has decided about how it sells."""

    @query
    def GetSalesPolicy(self, _request: pb.GetSalesPolicyRequest, tx: Tx) -> pb.GetSalesPolicyResponse:
        return pb.GetSalesPolicyResponse(sales_policy=to_pb(sales_policies.get(tx)))

    @command
    def UpdateSalesPolicy(self, request: pb.UpdateSalesPolicyRequest, tx: Tx) -> pb.UpdateSalesPolicyResponse:
        names = named_fields(request.update_mask.paths, sales_policies.EDITABLE)
        changes: dict[str, Any] = {name: _value(request.sales_policy, name) for name in names}
        return pb.UpdateSalesPolicyResponse(sales_policy=to_pb(sales_policies.update(tx, changes)))


def to_pb(row: SalesPolicy) -> sales_policy_pb2.SalesPolicy:
    """Return the wire form."""
    return sales_policy_pb2.SalesPolicy(
        response_limit_minutes=row.response_limit_minutes,
        reminder_minutes=row.reminder_minutes,
        escalate_minutes=row.escalate_minutes,
        scorecard_weights=sales_policy_pb2.ScorecardWeights(**sales_policies.weights(row)),
        update_time=row.update_time,
    )


def _value(policy: sales_policy_pb2.SalesPolicy, name: str) -> Any:
    if name != "scorecard_weights":
        return getattr(policy, name)
    if not policy.HasField(name):
        return None
    return {measure: getattr(policy.scorecard_weights, measure) for measure in scorecard.MEASURES}
