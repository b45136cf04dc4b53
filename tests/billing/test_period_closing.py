"""A month closes once whoever closes it has said why each kind of what is open may stay open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from google.type.date_pb2 import Date

from lianxiao.billing.v1 import ledger_pb2, ledger_service_pb2_grpc
from lianxiao.billing.v1 import ledger_service_pb2 as pb
from services.billing.actions import consumptions, period_closing, refunds
from services.billing.actions.refunds import Wish
from services.billing.models import LedgerPeriod
from services.billing.rules.refund_rules import MUTUAL
from shared.caller import Caller, Scope
from shared.db import Database
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire
from tests.billing import factories

MARCH = date(2026, 3, 10)
IN_MARCH = datetime(2026, 3, 20, 4, tzinfo=UTC)
IN_APRIL = datetime(2026, 4, 5, 4, tzinfo=UTC)


def test_what_is_open_keeps_a_month_open_until_it_is_acknowledged(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=IN_MARCH) as tx:
        bought = factories.paid_order(tx, hours=100)
        for _ in range(2):
            consumptions.consume(tx, factories.confirmed(bought, start_time=IN_MARCH))
        left = factories.paid_order(tx, hours=200)
        refunds.request(tx, left.order.id, Wish(MUTUAL), reason="搬家")
    with database.begin(caller, now=IN_APRIL) as tx:
        # What April leaves open is no matter of March.
        refunds.request(tx, factories.paid_order(tx).order.id, Wish(MUTUAL), reason="搬家")
        found = {item.kind.code: item.found for item in period_closing.open_items(tx, MARCH)}
        assert found == {"lesson_without_cover": 1, "refund_on_its_way": 1}
    known = {"lesson_without_cover": "家长周五补缴", "refund_on_its_way": " "}
    with database.begin(caller, now=IN_APRIL) as tx:
        with pytest.raises(Refused, match="refund_on_its_way 1") as caught:
            period_closing.close(tx, MARCH, known)
        assert caught.value.reason == "PERIOD_ITEMS_OPEN"
        tx.session.rollback()
    with database.begin(caller, now=IN_APRIL) as tx:
        assert tx.session.query(LedgerPeriod).count() == 0, "nothing of a refused close stays"
        period = period_closing.close(tx, MARCH, known | {"refund_on_its_way": "等待审批", "payment_alert": "没有"})
        kept = period_closing.acknowledged(tx, [period.id])[period.id]
        assert [(each.code, each.open_count, each.reason) for each in kept] == [
            ("lesson_without_cover", 1, "家长周五补缴"),
            ("refund_on_its_way", 1, "等待审批"),
        ]
    with database.begin(caller, now=IN_APRIL) as tx, pytest.raises(AlreadyExists, match="closed already"):
        period_closing.close(tx, MARCH, known)


def test_kinds_that_do_not_exist_and_callers_of_a_campus_are_refused(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=IN_APRIL) as tx:
        with pytest.raises(InvalidInput, match="is no kind"):
            period_closing.close(tx, MARCH, {"weather": "rain"})
        with pytest.raises(Refused, match="not over"):
            period_closing.close(tx, MARCH + timedelta(days=31), {})
    scope = Scope(frozenset({uuid7()}))
    with database.begin(staff(caller.institution_id), scope=scope) as tx, pytest.raises(NotAllowed):
        period_closing.open_items(tx, MARCH)


@pytest.mark.parametrize("kind", period_closing.KINDS, ids=lambda kind: kind.code)
def test_every_kind_is_told_in_both_languages_and_finds_nothing_in_new_books(
    database: Database, caller: Caller, kind: period_closing.Kind
) -> None:
    assert kind.name_zh
    assert kind.name_en
    with database.begin(caller) as tx:
        assert tx.run(kind.query, {"end": date(2100, 1, 1), "before": IN_APRIL}).all() == []


def test_months_are_listed_with_what_was_acknowledged(wire: Wire, finance: Caller, database: Database) -> None:
    with database.begin(finance, now=IN_MARCH) as tx:
        bought = factories.paid_order(tx, hours=100)
        for _ in range(2):
            consumptions.consume(tx, factories.confirmed(bought, start_time=IN_MARCH))
    stub, signed = ledger_service_pb2_grpc.LedgerServiceStub(wire.channel), Wire.metadata(finance)
    day = Date(year=2026, month=3, day=1)
    [item] = stub.ListPeriodOpenItems(pb.ListPeriodOpenItemsRequest(date=day), metadata=signed).items
    assert (item.code, item.open_count, len(item.first_ids)) == ("lesson_without_cover", 1, 1)
    given = [ledger_pb2.PeriodAcknowledgement(code=item.code, reason="家长周五补缴")]
    locked = stub.LockPeriod(pb.LockPeriodRequest(date=day, acknowledgements=given), metadata=signed).ledger_period
    [listed] = stub.ListLedgerPeriods(pb.ListLedgerPeriodsRequest(), metadata=signed).ledger_periods
    assert listed == locked
    assert listed.acknowledgements[0].open_count == 1
