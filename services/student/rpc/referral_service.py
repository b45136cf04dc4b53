"""ReferralService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import referral_pb2
from lianxiao.student.v1 import referral_service_pb2 as pb
from lianxiao.student.v1 import referral_service_pb2_grpc as pb_grpc
from services.student.actions import referrals
from services.student.models import Referral, ReferralPolicy
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value


class ReferralService(Servicer, pb_grpc.ReferralServiceServicer):
    """Families who bring families."""

    @command
    def IssueReferralCode(self, request: pb.IssueReferralCodeRequest, tx: Tx) -> pb.IssueReferralCodeResponse:
        return pb.IssueReferralCodeResponse(code=referrals.issue(tx, as_uuid(request.student_id)))

    @command
    def UseReferralCode(self, request: pb.UseReferralCodeRequest, tx: Tx) -> pb.UseReferralCodeResponse:
        row = referrals.use(tx, request.code, customer_id=as_uuid(request.customer_id), phone=request.phone)
        return pb.UseReferralCodeResponse(referral=to_pb(row))

    @query
    def ListReferrals(self, request: pb.ListReferralsRequest, tx: Tx) -> pb.ListReferralsResponse:
        page = referrals.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListReferralsResponse(referrals=rows, next_page_token=page.next_page_token)

    @query
    def GetReferralPolicy(self, request: pb.GetReferralPolicyRequest, tx: Tx) -> pb.GetReferralPolicyResponse:
        del request
        return pb.GetReferralPolicyResponse(policy=_policy_to_pb(referrals.policy(tx)))

    @command
    def SetReferralPolicy(self, request: pb.SetReferralPolicyRequest, tx: Tx) -> pb.SetReferralPolicyResponse:
        given = request.policy
        row = referrals.set_policy(
            tx, gift_hundredths=given.gift_hundredths, stand_days=given.stand_days, month_limit=given.month_limit
        )
        return pb.SetReferralPolicyResponse(policy=_policy_to_pb(row))


def to_pb(row: Referral) -> referral_pb2.Referral:
    """Return a referral as staff see it."""
    return referral_pb2.Referral(
        referral_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        customer_id=str(row.customer_id),
        state=enum_value(referral_pb2.ReferralState, row.state),
        refusal=enum_value(referral_pb2.ReferralRefusal, row.refusal),
        gift_hundredths=row.gift_hundredths,
        reward_time=row.reward_time,
        create_time=row.create_time,
    )


def _policy_to_pb(row: ReferralPolicy) -> referral_pb2.ReferralPolicy:
    return referral_pb2.ReferralPolicy(
        gift_hundredths=row.gift_hundredths, stand_days=row.stand_days, month_limit=row.month_limit
    )
