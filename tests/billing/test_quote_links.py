"""A quote on its way to the family: sent, opened by its link, confirmed there, taken back, over."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from services.billing.actions import contracts, quote_links, quotes
from services.billing.actions.pricing import Item
from services.billing.models import Quote
from shared.caller import Caller
from shared.crypto import seal_for_bus
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.outgoing import published

pytestmark = pytest.mark.usefixtures("postgres")


def offer(tx: Tx, **more: object) -> Quote:
    item = Item(uuid7(), 100, 10000, title="数学一对一")
    return quotes.create(tx, customer_id=uuid7(), campus_id=factories.campus(tx), items=[item], **more)  # type: ignore[arg-type]


def token_of(quote: Quote) -> str:
    return quote_links.path(quote).rsplit("/", 1)[1]


def test_a_sent_quote_tells_the_family_where_its_page_is(tx: Tx) -> None:
    quote = offer(tx)
    first = quotes.send(tx, quote.id).send_time
    tx.now += timedelta(hours=1)
    again = quotes.send(tx, quote.id)
    assert (again.state, again.send_time, again.send_count) == ("sent", first, 2)
    events = published(tx, "quote_sent")
    assert [event["send_count"] for event in events] == ["1", "2"]
    # The link is a key: it travels sealed.
    assert quote_links.path(quote) not in str(events)
    assert quote_links.opened(tx, tx.institution_id, token_of(quote)) == quote.id


def test_a_family_confirms_once_whoever_else_does(tx: Tx) -> None:
    quote = offer(tx)
    quotes.send(tx, quote.id)
    for _ in range(2):
        confirmed = quotes.confirm_by_family(tx, quote.id)
    assert (confirmed.state, confirmed.confirmed_by_family, confirmed.confirm_time) == ("confirmed", True, tx.now)
    with pytest.raises(Refused) as refusal:
        quotes.confirm(tx, quote.id)
    assert refusal.value.reason == "QUOTE_NOT_OPEN"
    assert [event["confirmed_by_family"] for event in published(tx, "quote_confirmed")] == [True]


def test_a_link_of_nothing_opens_nothing(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        unsent, sent = offer(tx), offer(tx)
        quotes.send(tx, sent.id)
        wrong = [
            token_of(unsent),
            "nonsense",
            token_of(sent)[:-4],
            seal_for_bus(tx.institution_id, f"assessment|{sent.id}"),
            seal_for_bus(tx.institution_id, "quote|nonsense"),
            seal_for_bus(tx.institution_id, f"quote|{uuid7()}"),
        ]
    public = Caller.system(UUID(int=0))
    for token in wrong:
        with database.begin(public) as tx, pytest.raises(InvalidInput) as refusal:
            quote_links.opened(tx, caller.institution_id, token)
        assert refusal.value.reason == "QUOTE_LINK_INVALID"
    with database.begin(public) as tx, pytest.raises(InvalidInput):
        quote_links.opened(tx, uuid7(), token_of(sent))
    with database.begin(public) as tx:
        key = quote_links.opened(tx, caller.institution_id, token_of(sent))
        assert quotes.get(tx, key).total_fen == 10000


def test_a_void_quote_stays_void(tx: Tx) -> None:
    quote = offer(tx)
    quotes.send(tx, quote.id)
    for reason in ("the price was wrong", "again"):
        quotes.void(tx, quote.id, reason=reason)
    assert (quote.state, quote.void_reason, quote.void_time) == ("void", "the price was wrong", tx.now)
    for step in (quotes.confirm, quotes.send, quotes.confirm_by_family):
        with pytest.raises(Refused) as refusal:
            step(tx, quote.id)
        assert refusal.value.reason == "QUOTE_NOT_OPEN"
    signed = factories.order(tx).order
    with pytest.raises(AlreadyExists):
        quotes.void(tx, contracts.quote_of(tx, contracts.get(tx, signed.contract_id)).id, reason="too late")
    confirmed = offer(tx)
    quotes.confirm(tx, confirmed.id)
    assert quotes.void(tx, confirmed.id, reason="the family thought again").state == "void"


def test_a_quote_that_is_over_is_neither_sent_nor_confirmed(tx: Tx) -> None:
    drafted, sent = (offer(tx, expire_time=tx.now + timedelta(days=1)) for _ in range(2))
    quotes.send(tx, sent.id)
    tx.now += timedelta(days=1)
    for step in (quotes.confirm, quotes.send, quotes.confirm_by_family):
        with pytest.raises(Refused) as refusal:
            step(tx, sent.id)
        assert refusal.value.reason == "QUOTE_EXPIRED"
    quotes.expire(tx)
    for quote in (drafted, sent):
        tx.session.refresh(quote)
        assert quote.state == "expired"
        with pytest.raises(Refused):
            quotes.void(tx, quote.id, reason="over")


def test_a_quote_leaves_only_when_its_promotions_are_approved(tx: Tx) -> None:
    quote = offer(tx)
    quote.needs_approval = True
    with pytest.raises(Refused) as refusal:
        quotes.send(tx, quote.id)
    assert refusal.value.reason == "QUOTE_NOT_APPROVED"
    quotes.approve(tx, quote.id)
    assert quotes.send(tx, quote.id).state == "sent"
