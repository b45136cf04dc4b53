"""Promotions, bundles and quotes priced by them, over real gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import (
    coupon_pb2,
    coupon_service_pb2,
    coupon_service_pb2_grpc,
    price_pb2,
    price_service_pb2,
    price_service_pb2_grpc,
    promotion_pb2,
    promotion_service_pb2,
    promotion_service_pb2_grpc,
    quote_pb2,
    quote_service_pb2,
    quote_service_pb2_grpc,
)
from services.billing.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.billing import factories

LONG_AGO = Date(year=2020, month=1, day=1)


@pytest.fixture
def wire(database: Database) -> Iterator[Wire]:
    with serving("billing", SERVICERS, database) as served:
        yield served


@pytest.fixture
def head(institution: UUID) -> Caller:
    """Return somebody who may do everything in the whole chain."""
    return staff(institution)


@pytest.fixture
def campus(database: Database, caller: Caller) -> str:
    """Return a campus that billing knows."""
    with database.begin(caller) as tx:
        return str(factories.campus(tx))


def listed_course(wire: Wire, head: Caller, campus: str) -> str:
    """Return a course that costs 200 yuan an hour."""
    course = str(uuid7())
    prices = price_service_pb2_grpc.PriceServiceStub(wire.channel)
    listed = price_pb2.Price(course_id=course, campus_id=campus, unit_price_fen=20000, start_date=LONG_AGO)
    prices.CreatePrice(price_service_pb2.CreatePriceRequest(price=listed), metadata=wire.metadata(head))
    return course


def promotion(wire: Wire, head: Caller, campus: str, course: str) -> promotion_pb2.Promotion:
    """Return a stored price step that needs an approval from 500 yuan on."""
    wanted = promotion_pb2.Promotion(
        code=uuid7().hex,
        name="春季阶梯价",
        effect=promotion_pb2.PROMOTION_EFFECT_PRICE_STEP,
        price_steps=[promotion_pb2.PriceStep(from_hundredths=1000, unit_price_fen=15000)],
        audience=promotion_pb2.PROMOTION_AUDIENCE_EVERYONE,
        campus_id=campus,
        course_ids=[course],
        approval_from_fen=50000,
        perk="一个月答疑",
        start_date=LONG_AGO,
    )
    offers = promotion_service_pb2_grpc.PromotionServiceStub(wire.channel)
    request = promotion_service_pb2.CreatePromotionRequest(promotion=wanted)
    made = offers.CreatePromotion(request, metadata=wire.metadata(head)).promotion
    assert (made.price_steps, made.perk, made.course_ids) == (wanted.price_steps, wanted.perk, wanted.course_ids)
    return made


def bundle(wire: Wire, head: Caller, campus: str, course: str) -> promotion_pb2.Bundle:
    """Return a stored bundle of an hour and half a gift hour for 100 yuan."""
    wanted = promotion_pb2.Bundle(
        code=uuid7().hex,
        name="入门组合",
        price_fen=10000,
        items=[promotion_pb2.BundleItem(course_id=course, lesson_hours_hundredths=100, gift_hundredths=50)],
        campus_id=campus,
        start_date=LONG_AGO,
    )
    offers = promotion_service_pb2_grpc.PromotionServiceStub(wire.channel)
    request = promotion_service_pb2.CreateBundleRequest(bundle=wanted)
    made = offers.CreateBundle(request, metadata=wire.metadata(head)).bundle
    assert made.items == wanted.items
    return made


def test_an_offer_is_previewed_made_and_approved(wire: Wire, head: Caller, campus: str, institution: UUID) -> None:
    who, course = wire.metadata(head), listed_course(wire, head, campus)
    promotion(wire, head, campus, course)
    asked = quote_pb2.Quote(
        customer_id=str(uuid7()),
        campus_id=campus,
        lines=[quote_pb2.QuoteLine(course_id=course, lesson_hours_hundredths=1000)],
        bundle_ids=[bundle(wire, head, campus, course).bundle_id],
    )
    quotes = quote_service_pb2_grpc.QuoteServiceStub(wire.channel)
    seen = quotes.PreviewQuote(quote_service_pb2.PreviewQuoteRequest(quote=asked), metadata=who).quote
    assert [(line.net_fen, line.gift_hundredths) for line in seen.lines] == [(150000, 0), (10000, 50)]
    assert [(step.name, step.discount_fen) for step in seen.steps] == [("入门组合", 10000), ("春季阶梯价", 50000)]
    assert not quotes.ListQuotes(quote_service_pb2.ListQuotesRequest(), metadata=who).quotes
    quote = quotes.CreateQuote(quote_service_pb2.CreateQuoteRequest(quote=asked), metadata=who).quote
    assert (quote.lines, quote.steps, quote.needs_approval) == (seen.lines, seen.steps, True)
    approval = quote_service_pb2.ApproveQuoteRequest(quote_id=quote.quote_id)
    with pytest.raises(grpc.RpcError) as error:
        quotes.ApproveQuote(approval, metadata=who)
    assert refusal(error.value) == ("FAILED_PRECONDITION", "QUOTE_APPROVAL_OWN")
    other = staff(institution)
    approved = quotes.ApproveQuote(approval, metadata=wire.metadata(other)).quote
    assert approved.approve_staff_id == str(other.subject_id)


def test_what_is_stopped_is_offered_no_more(wire: Wire, head: Caller, campus: str) -> None:
    who, course = wire.metadata(head), listed_course(wire, head, campus)
    stops = promotion_service_pb2.StopPromotionRequest(promotion_id=promotion(wire, head, campus, course).promotion_id)
    ends = promotion_service_pb2.StopBundleRequest(bundle_id=bundle(wire, head, campus, course).bundle_id)
    offers = promotion_service_pb2_grpc.PromotionServiceStub(wire.channel)
    stopped = [offers.StopPromotion(stops, metadata=who).promotion for _ in range(2)]
    ended = [offers.StopBundle(ends, metadata=who).bundle for _ in range(2)]
    assert stopped[0].stop_time == stopped[1].stop_time
    assert ended[0].stop_time == ended[1].stop_time
    found = offers.GetPromotion(
        promotion_service_pb2.GetPromotionRequest(promotion_id=stopped[0].promotion_id), metadata=who
    )
    assert found.promotion == stopped[1]
    filtered = promotion_service_pb2.ListPromotionsRequest(filter="effect = PROMOTION_EFFECT_PRICE_STEP")
    assert list(offers.ListPromotions(filtered, metadata=who).promotions) == [stopped[1]]
    assert list(offers.ListBundles(promotion_service_pb2.ListBundlesRequest(), metadata=who).bundles) == [ended[1]]
    line = quote_pb2.QuoteLine(course_id=course, lesson_hours_hundredths=1000)
    asked = quote_pb2.Quote(customer_id=str(uuid7()), campus_id=campus, lines=[line])
    quotes = quote_service_pb2_grpc.QuoteServiceStub(wire.channel)
    full = quotes.PreviewQuote(quote_service_pb2.PreviewQuoteRequest(quote=asked), metadata=who).quote
    assert (full.total_fen, list(full.steps)) == (200000, [])


def test_a_family_reads_and_confirms_behind_its_link(wire: Wire, head: Caller, campus: str) -> None:
    who, course = wire.metadata(head), listed_course(wire, head, campus)
    line = quote_pb2.QuoteLine(course_id=course, lesson_hours_hundredths=150, discount_fen=1, title="数学一对一")
    asked = quote_pb2.Quote(customer_id=str(uuid7()), campus_id=campus, lines=[line])
    quotes = quote_service_pb2_grpc.QuoteServiceStub(wire.channel)
    quote = quotes.CreateQuote(quote_service_pb2.CreateQuoteRequest(quote=asked), metadata=who).quote
    sent = quotes.SendQuote(quote_service_pb2.SendQuoteRequest(quote_id=quote.quote_id), metadata=who)
    assert sent.quote.state == quote_pb2.QUOTE_STATE_SENT
    *_, institution_id, token = sent.path.split("/")
    link = {"institution_id": institution_id, "token": token}
    page = quotes.GetPublicQuote(quote_service_pb2.GetPublicQuoteRequest(**link)).page
    assert [(each.title, each.net_fen) for each in page.lines] == [("数学一对一", 29999)]
    assert (page.total_fen, page.campus_name, page.time_zone) == (29999, "Pudong", "Asia/Shanghai")
    printed = quotes.GetQuotePage(quote_service_pb2.GetQuotePageRequest(quote_id=quote.quote_id), metadata=who).page
    assert printed == page
    assert asked.customer_id not in str(page)
    for _ in range(2):
        seen = quotes.ConfirmPublicQuote(quote_service_pb2.ConfirmPublicQuoteRequest(**link)).page
        assert seen.state == quote_pb2.QUOTE_STATE_CONFIRMED
    got = quotes.GetQuote(quote_service_pb2.GetQuoteRequest(quote_id=quote.quote_id), metadata=who).quote
    assert got.confirmed_by_family
    request = quote_service_pb2.VoidQuoteRequest(quote_id=quote.quote_id, reason="对方改变主意")
    assert quotes.VoidQuote(request, metadata=who).quote.void_reason == "对方改变主意"
    assert quotes.GetPublicQuote(quote_service_pb2.GetPublicQuoteRequest(**link)).page.state == (
        quote_pb2.QUOTE_STATE_VOID
    )
    with pytest.raises(grpc.RpcError) as error:
        quotes.ConfirmPublicQuote(quote_service_pb2.ConfirmPublicQuoteRequest(**link))
    assert refusal(error.value) == ("FAILED_PRECONDITION", "QUOTE_NOT_OPEN")


def test_a_coupon_goes_from_its_batch_to_the_cost_report(wire: Wire, head: Caller, campus: str) -> None:
    who, course = wire.metadata(head), listed_course(wire, head, campus)
    wanted = promotion_pb2.Promotion(
        code=uuid7().hex,
        name="立减券",
        effect=promotion_pb2.PROMOTION_EFFECT_AMOUNT_OFF,
        amount_off_fen=500,
        audience=promotion_pb2.PROMOTION_AUDIENCE_EVERYONE,
        campus_id=campus,
        by_coupon=True,
        start_date=LONG_AGO,
    )
    offers = promotion_service_pb2_grpc.PromotionServiceStub(wire.channel)
    made = offers.CreatePromotion(
        promotion_service_pb2.CreatePromotionRequest(promotion=wanted), metadata=who
    ).promotion
    stub = coupon_service_pb2_grpc.CouponServiceStub(wire.channel)
    batch = coupon_pb2.CouponBatch(promotion_id=made.promotion_id, name="开学季", quantity=2)
    batch = stub.CreateCouponBatch(
        coupon_service_pb2.CreateCouponBatchRequest(coupon_batch=batch), metadata=who
    ).coupon_batch
    assert (batch.issued_count, batch.campus_id) == (2, campus)
    mine = f"coupon_batch_id = {batch.coupon_batch_id}"
    listed = coupon_service_pb2.ListCouponsRequest(filter=f"{mine} AND state = COUPON_STATE_ISSUED")
    first, _second = stub.ListCoupons(listed, metadata=who).coupons
    customer = str(uuid7())
    claim = coupon_service_pb2.ClaimCouponRequest(code=first.code, customer_id=customer)
    assert stub.ClaimCoupon(claim, metadata=who).coupon.customer_id == customer
    line = quote_pb2.QuoteLine(course_id=course, lesson_hours_hundredths=100)
    asked = quote_pb2.Quote(customer_id=customer, campus_id=campus, lines=[line], coupon_codes=[first.code])
    quotes = quote_service_pb2_grpc.QuoteServiceStub(wire.channel)
    quote = quotes.CreateQuote(quote_service_pb2.CreateQuoteRequest(quote=asked), metadata=who).quote
    assert quote.total_fen == 19500
    quotes.ConfirmQuote(quote_service_pb2.ConfirmQuoteRequest(quote_id=quote.quote_id), metadata=who)
    (report,) = stub.ListCouponBatches(
        coupon_service_pb2.ListCouponBatchesRequest(filter=f"promotion_id = {made.promotion_id}"), metadata=who
    ).coupon_batches
    assert (report.issued_count, report.redeemed_count, report.redeemed_discount_fen) == (1, 1, 500)
    listed.filter = f"quote_id = {quote.quote_id}"
    assert [each.state for each in stub.ListCoupons(listed, metadata=who).coupons] == [coupon_pb2.COUPON_STATE_REDEEMED]
    with pytest.raises(grpc.RpcError) as error:
        quotes.CreateQuote(quote_service_pb2.CreateQuoteRequest(quote=asked), metadata=who)
    assert refusal(error.value) == ("FAILED_PRECONDITION", "COUPON_USED")
