"""CouponService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import coupon_pb2
from lianxiao.billing.v1 import coupon_service_pb2 as pb
from lianxiao.billing.v1 import coupon_service_pb2_grpc as pb_grpc
from services.billing.actions import coupons
from services.billing.actions.coupons import Tally
from services.billing.models import Coupon, CouponBatch
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text


class CouponService(Servicer, pb_grpc.CouponServiceServicer):
    """Coupons."""

    @command
    def CreateCouponBatch(self, request: pb.CreateCouponBatchRequest, tx: Tx) -> pb.CreateCouponBatchResponse:
        wanted = request.coupon_batch
        batch = coupons.create_batch(
            tx,
            as_uuid(wanted.promotion_id),
            name=wanted.name,
            quantity=wanted.quantity,
            most_per_customer=wanted.most_per_customer,
            valid_days=wanted.valid_days,
        )
        return pb.CreateCouponBatchResponse(coupon_batch=batch_to_pb(batch, Tally(issued=batch.quantity)))

    @query
    def ListCouponBatches(self, request: pb.ListCouponBatchesRequest, tx: Tx) -> pb.ListCouponBatchesResponse:
        page = coupons.BATCHES.page(tx, request)
        tallies = coupons.tallies(tx, [row.id for row in page.rows])
        rows = [batch_to_pb(row, tallies.get(row.id, Tally())) for row in page.rows]
        return pb.ListCouponBatchesResponse(coupon_batches=rows, next_page_token=page.next_page_token)

    @query
    def ListCoupons(self, request: pb.ListCouponsRequest, tx: Tx) -> pb.ListCouponsResponse:
        page = coupons.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListCouponsResponse(coupons=rows, next_page_token=page.next_page_token)

    @command
    def ClaimCoupon(self, request: pb.ClaimCouponRequest, tx: Tx) -> pb.ClaimCouponResponse:
        return pb.ClaimCouponResponse(coupon=to_pb(coupons.claim(tx, request.code, as_uuid(request.customer_id))))


def to_pb(row: Coupon) -> coupon_pb2.Coupon:
    """Return the wire form."""
    return coupon_pb2.Coupon(
        coupon_id=str(row.id),
        coupon_batch_id=str(row.coupon_batch_id),
        campus_id=id_text(row.campus_id),
        code=row.code,
        state=enum_value(coupon_pb2.CouponState, row.state),
        customer_id=id_text(row.customer_id),
        quote_id=id_text(row.quote_id),
        claim_time=row.claim_time,
        expire_time=row.expire_time,
        redeem_time=row.redeem_time,
        discount_fen=row.discount_fen,
        gift_hundredths=row.gift_hundredths,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def batch_to_pb(row: CouponBatch, tally: Tally) -> coupon_pb2.CouponBatch:
    """Return the wire form."""
    return coupon_pb2.CouponBatch(
        coupon_batch_id=str(row.id),
        promotion_id=str(row.promotion_id),
        name=row.name,
        quantity=row.quantity,
        most_per_customer=row.most_per_customer,
        valid_days=row.valid_days,
        campus_id=id_text(row.campus_id),
        issued_count=tally.issued,
        claimed_count=tally.claimed,
        held_count=tally.held,
        redeemed_count=tally.redeemed,
        redeemed_discount_fen=tally.discount_fen,
        redeemed_gift_hundredths=tally.gift_hundredths,
        create_time=row.create_time,
        update_time=row.update_time,
    )
