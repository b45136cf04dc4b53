"""Quotes carry the plan that their order takes: on the link, on paper and in the order the same to the fen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1 import (
    instalment_pb2,
    order_service_pb2,
    order_service_pb2_grpc,
    quote_pb2,
    quote_service_pb2,
    quote_service_pb2_grpc,
)
from services.billing.actions import contracts, instalments, payments, prints, quote_links, quotes
from services.billing.actions.payments import Received
from services.billing.actions.pricing import Item
from services.billing.models import Contract, Quote
from services.billing.rules.instalments import Part, Template, check, from_day
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.testing.wire import Wire
from shared.wire_values import date_pb
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.test_printing_rules import text_of

pytestmark = pytest.mark.usefixtures("postgres")
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
THREE = Template(3, date(2026, 3, 31), 1)
PARTS = [Part(date(2026, 3, 31), 3334), Part(date(2026, 4, 30), 3333), Part(date(2026, 5, 31), 3333)]


def offer(tx: Tx, plan: Template | None = THREE, *, fen: int = 10000) -> Quote:
    item = Item(uuid7(), 100, fen, title="数学一对一")
    return quotes.create(tx, customer_id=uuid7(), campus_id=factories.campus(tx), items=[item], plan=plan)


def signed(tx: Tx, quote: Quote) -> Contract:
    quotes.confirm(tx, quote.id)
    contract = contracts.create(tx, quote.id, gift_policy="diluted")
    return contracts.sign(tx, contract.id)


def test_the_order_takes_the_plan_that_the_family_read(tx: Tx) -> None:
    tx.now = NOON
    quote = offer(tx)
    assert quotes.plan_of(quote) == PARTS
    order = instalments.make_order(tx, signed(tx, quote).id)
    assert [(row.due_date, row.amount_fen) for row in instalments.of_order(tx, order.id)] == PARTS
    payments.record(tx, order.id, Received(3334, "cash", tx.now))
    assert [row.state for row in instalments.of_order(tx, order.id)] == ["paid", "due", "due"]
    assert broken(tx) == []


def test_without_a_plan_all_is_due_at_once(tx: Tx) -> None:
    quote = offer(tx, None)
    assert quotes.plan_of(quote) == []
    assert instalments.of_order(tx, instalments.make_order(tx, signed(tx, quote).id).id) == []


def test_an_order_that_is_made_late_owes_what_was_due_by_then_on_its_day(tx: Tx) -> None:
    tx.now = NOON
    contract = signed(tx, offer(tx))
    # The first of May in Shanghai, the last of April in UTC.
    tx.now = datetime(2026, 4, 30, 17, tzinfo=UTC)
    order = instalments.make_order(tx, contract.id)
    assert [(row.due_date, row.amount_fen) for row in instalments.of_order(tx, order.id)] == [
        (date(2026, 5, 1), 6667),
        (date(2026, 5, 31), 3333),
    ]


def test_a_plan_that_divides_too_little_is_refused_before_the_family_sees_it(tx: Tx) -> None:
    with pytest.raises(Refused) as refused:
        offer(tx, Template(3, date(2026, 3, 31), 1), fen=2)
    assert refused.value.reason == "INSTALMENT_TOO_SMALL"


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "第 2 期：2026-04-30 应付 33.33 元"), ("en", "33.33 yuan due on 2026-04-30")]
)
def test_the_plan_stands_on_paper(tx: Tx, language: str, words: str) -> None:
    quote = offer(tx)
    printed = prints.quote(tx, quote.id, language)
    assert words in text_of(printed)
    assert printed == prints.quote(tx, quote.id, language)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=12),
    st.integers(-40, 400),
)
def test_a_plan_of_any_day_is_a_plan_of_the_same_sum(amounts: list[int], late: int) -> None:
    first = date(2026, 1, 1)
    parts = [Part(first + timedelta(days=30 * number), amount) for number, amount in enumerate(amounts)]
    day = first + timedelta(days=late)
    moved = from_day(parts, day)
    assert check(sum(amounts), moved, today=min(day, first)) == moved
    assert all(before.due_date < after.due_date for before, after in pairwise(moved))
    assert moved[0].due_date >= day


def test_the_link_and_the_order_show_the_plan_over_the_wire(
    wire: Wire, database: Database, caller: Caller, finance: Caller, campus: str
) -> None:
    who, stub = wire.metadata(finance), quote_service_pb2_grpc.QuoteServiceStub(wire.channel)
    with database.begin(caller, read_only=True) as tx:
        first = tx.now.date() + timedelta(days=7)
    wanted = quote_pb2.Quote(
        customer_id=str(uuid7()),
        campus_id=campus,
        lines=[quote_pb2.QuoteLine(course_id=str(uuid7()), lesson_hours_hundredths=100, unit_price_fen=10000)],
        plan=instalment_pb2.InstalmentTemplate(count=2, first_date=date_pb(first), months_between=1),
    )
    shown = stub.PreviewQuote(quote_service_pb2.PreviewQuoteRequest(quote=wanted), metadata=who).quote
    made = stub.CreateQuote(quote_service_pb2.CreateQuoteRequest(quote=wanted), metadata=who).quote
    assert list(made.instalments) == list(shown.instalments)
    assert (made.plan.count, [part.amount_fen for part in made.instalments]) == (2, [5000, 5000])
    path = stub.SendQuote(quote_service_pb2.SendQuoteRequest(quote_id=made.quote_id), metadata=who).path
    institution, token = path.rsplit("/", 2)[1:]
    public = quote_service_pb2.GetPublicQuoteRequest(institution_id=institution, token=token)
    assert list(stub.GetPublicQuote(public).page.instalments) == list(made.instalments)
    with database.begin(caller) as tx:
        contract = signed(tx, quotes.get(tx, quote_links.opened(tx, finance.institution_id, token)))
    orders = order_service_pb2_grpc.OrderServiceStub(wire.channel)
    order = orders.CreateOrder(order_service_pb2.CreateOrderRequest(contract_id=str(contract.id)), metadata=who).order
    with database.begin(caller, read_only=True) as tx:
        rows = instalments.of_order(tx, UUID(order.order_id))
        assert (rows[0].due_date, rows[0].amount_fen) == (first, 5000)
