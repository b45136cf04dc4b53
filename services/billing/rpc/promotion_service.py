"""PromotionService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import promotion_pb2
from lianxiao.billing.v1 import promotion_service_pb2 as pb
from lianxiao.billing.v1 import promotion_service_pb2_grpc as pb_grpc
from services.billing.actions import bundles, promotions
from services.billing.models import Bundle, Promotion
from services.billing.rules import promotions as rules
from shared.db import Tx
from shared.ids import as_uuid, uuid7
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, ids, local_date, optional_date, optional_id, stored_word


class PromotionService(Servicer, pb_grpc.PromotionServiceServicer):
    """Promotions and bundles."""

    @command
    def CreatePromotion(self, request: pb.CreatePromotionRequest, tx: Tx) -> pb.CreatePromotionResponse:
        wanted = request.promotion
        row = promotions.create(tx, _rule(wanted), campus_id=optional_id(wanted.campus_id), by_coupon=wanted.by_coupon)
        return pb.CreatePromotionResponse(promotion=to_pb(row))

    @query
    def GetPromotion(self, request: pb.GetPromotionRequest, tx: Tx) -> pb.GetPromotionResponse:
        return pb.GetPromotionResponse(promotion=to_pb(promotions.get(tx, as_uuid(request.promotion_id))))

    @query
    def ListPromotions(self, request: pb.ListPromotionsRequest, tx: Tx) -> pb.ListPromotionsResponse:
        page = promotions.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListPromotionsResponse(promotions=rows, next_page_token=page.next_page_token)

    @command
    def StopPromotion(self, request: pb.StopPromotionRequest, tx: Tx) -> pb.StopPromotionResponse:
        return pb.StopPromotionResponse(promotion=to_pb(promotions.stop(tx, as_uuid(request.promotion_id))))

    @command
    def CreateBundle(self, request: pb.CreateBundleRequest, tx: Tx) -> pb.CreateBundleResponse:
        wanted = request.bundle
        row = bundles.create(
            tx,
            code=wanted.code,
            name=wanted.name,
            price_fen=wanted.price_fen,
            items=[_item(item) for item in wanted.items],
            campus_id=optional_id(wanted.campus_id),
            start_date=local_date(wanted.start_date, "bundle.start_date"),
            end_date=optional_date(wanted, "end_date", "bundle."),
        )
        return pb.CreateBundleResponse(bundle=bundle_to_pb(row))

    @query
    def ListBundles(self, request: pb.ListBundlesRequest, tx: Tx) -> pb.ListBundlesResponse:
        page = bundles.LISTING.page(tx, request)
        rows = [bundle_to_pb(row) for row in page.rows]
        return pb.ListBundlesResponse(bundles=rows, next_page_token=page.next_page_token)

    @command
    def StopBundle(self, request: pb.StopBundleRequest, tx: Tx) -> pb.StopBundleResponse:
        return pb.StopBundleResponse(bundle=bundle_to_pb(bundles.stop(tx, as_uuid(request.bundle_id))))


def to_pb(row: Promotion) -> promotion_pb2.Promotion:
    """Return the wire form."""
    return promotion_pb2.Promotion(
        promotion_id=str(row.id),
        code=row.code,
        name=row.name,
        effect=enum_value(promotion_pb2.PromotionEffect, row.effect),
        off_basis_points=row.off_basis_points,
        amount_off_fen=row.amount_off_fen,
        price_steps=[promotion_pb2.PriceStep(**step) for step in row.price_steps["steps"]],
        gift_hundredths=row.gift_hundredths,
        most_off_fen=row.most_off_fen,
        audience=enum_value(promotion_pb2.PromotionAudience, row.audience),
        early_days=row.early_days,
        min_total_fen=row.min_total_fen,
        min_hundredths=row.min_hundredths,
        course_ids=[str(course_id) for course_id in row.course_ids],
        campus_id=id_text(row.campus_id),
        stackable=row.stackable,
        rank=row.rank,
        approval_from_fen=row.approval_from_fen,
        perk=row.perk,
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        stop_time=row.stop_time,
        by_coupon=row.by_coupon,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def bundle_to_pb(row: Bundle) -> promotion_pb2.Bundle:
    """Return the wire form."""
    return promotion_pb2.Bundle(
        bundle_id=str(row.id),
        code=row.code,
        name=row.name,
        price_fen=row.price_fen,
        items=[promotion_pb2.BundleItem(**item) for item in row.items["items"]],
        campus_id=id_text(row.campus_id),
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        stop_time=row.stop_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _rule(wanted: promotion_pb2.Promotion) -> rules.Promotion:
    return rules.Promotion(
        id=uuid7(),
        code=wanted.code,
        name=wanted.name,
        effect=stored_word(promotion_pb2.PromotionEffect, wanted.effect, "promotion.effect"),
        start_date=local_date(wanted.start_date, "promotion.start_date"),
        end_date=optional_date(wanted, "end_date", "promotion."),
        off_basis_points=wanted.off_basis_points,
        amount_off_fen=wanted.amount_off_fen,
        price_steps=tuple(rules.PriceStep(step.from_hundredths, step.unit_price_fen) for step in wanted.price_steps),
        gift_hundredths=wanted.gift_hundredths,
        most_off_fen=wanted.most_off_fen,
        audience=stored_word(promotion_pb2.PromotionAudience, wanted.audience, "promotion.audience"),
        early_days=wanted.early_days,
        min_total_fen=wanted.min_total_fen,
        min_hundredths=wanted.min_hundredths,
        course_ids=tuple(ids(wanted.course_ids)),
        stackable=wanted.stackable,
        rank=wanted.rank,
        approval_from_fen=wanted.approval_from_fen,
        perk=wanted.perk,
    )


def _item(wanted: promotion_pb2.BundleItem) -> dict[str, object]:
    return {
        "course_id": wanted.course_id,
        "lesson_hours_hundredths": wanted.lesson_hours_hundredths,
        "gift_hundredths": wanted.gift_hundredths,
    }
