"""Values cross between the wire and Python unharmed, or are refused under the name of their field."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from google.type.date_pb2 import Date
from google.type.timeofday_pb2 import TimeOfDay

from lianxiao.billing.v1 import contract_service_pb2, lot_pb2, payment_service_pb2
from shared.caller import NOBODY
from shared.errors import InvalidInput
from shared.ids import uuid7
from shared.wire_values import (
    date_pb,
    enum_value,
    id_text,
    ids,
    local_date,
    local_time,
    optional_date,
    optional_id,
    optional_instant,
    stored_word,
)


def test_an_id_that_is_not_there_is_an_empty_text() -> None:
    key = uuid7()
    assert (id_text(key), optional_id(str(key)), ids([str(key)])) == (str(key), key, [key])
    assert (id_text(None), id_text(NOBODY), optional_id("")) == ("", "", None)


def test_dates_come_back_as_they_went() -> None:
    request = contract_service_pb2.CreateContractRequest(expire_date=date_pb(date(2028, 2, 29)))
    assert optional_date(request, "expire_date") == date(2028, 2, 29)
    assert optional_date(contract_service_pb2.CreateContractRequest(), "expire_date") is None
    assert date_pb(None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        Date(),
        Date(year=2026),
        Date(year=2026, month=2, day=30),
        Date(year=1899, month=12, day=31),
        Date(year=3000, month=1, day=1),
    ],
)
def test_a_date_that_no_calendar_has_is_refused_by_field(wrong: Date) -> None:
    with pytest.raises(InvalidInput) as caught:
        local_date(wrong, "start_date")
    assert (caught.value.reason, caught.value.violations[0][0]) == ("DATE_INVALID", "start_date")


def test_a_date_inside_a_message_is_refused_with_its_place() -> None:
    request = contract_service_pb2.CreateContractRequest(expire_date=Date(year=2026, month=2, day=30))
    with pytest.raises(InvalidInput) as caught:
        optional_date(request, "expire_date", "contract.")
    assert caught.value.violations[0][0] == "contract.expire_date"


@pytest.mark.parametrize("wrong", [TimeOfDay(hours=24), TimeOfDay(hours=8, seconds=1), TimeOfDay(hours=8, minutes=60)])
def test_a_time_of_day_is_a_whole_minute_of_a_day(wrong: TimeOfDay) -> None:
    assert local_time(TimeOfDay(hours=18, minutes=30), "start") == time(18, 30)
    with pytest.raises(InvalidInput) as caught:
        local_time(wrong, "start")
    assert caught.value.reason == "TIME_INVALID"


def test_an_instant_keeps_its_microseconds_and_says_utc() -> None:
    moment = datetime(2026, 3, 1, 8, 0, 0, 123456, UTC)
    request = payment_service_pb2.RecordPaymentRequest(receive_time=moment)
    assert optional_instant(request, "receive_time") == moment
    assert optional_instant(payment_service_pb2.RecordPaymentRequest(), "receive_time") is None


def test_enum_values_are_stored_as_words() -> None:
    assert enum_value(lot_pb2.LotKind, "paid") == lot_pb2.LOT_KIND_PAID
    assert enum_value(lot_pb2.LotKind, "") == lot_pb2.LOT_KIND_UNSPECIFIED
    assert stored_word(lot_pb2.LotKind, lot_pb2.LOT_KIND_PAID, "kind") == "paid"


@pytest.mark.parametrize("value", [0, 99])
def test_an_enum_value_that_says_nothing_is_refused(value: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        stored_word(lot_pb2.LotKind, value, "kind")
    assert caught.value.violations[0][0] == "kind"
