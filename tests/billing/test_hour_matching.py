"""Hours match the money that they recognised: the report of a period is the revenue of its journals, to the fen."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date
from openpyxl import load_workbook

from lianxiao.billing.v1 import hour_matching_service_pb2 as pb
from lianxiao.billing.v1 import hour_matching_service_pb2_grpc as pb_grpc
from services.billing.actions import consumptions, hour_matching, restorations
from services.billing.rules import hour_matching as rules
from services.billing.server import SERVICERS
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput
from shared.testing.callers import staff
from shared.testing.wire import refusal, serving
from tests.billing import factories

FIRST, LAST = date(2026, 3, 1), date(2026, 4, 1)
# Half an hour on both sides of midnight in Shanghai.
MARCH = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)
APRIL = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)


def test_the_report_is_the_revenue_of_the_journals_by_the_campus_that_taught(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller, now=MARCH) as tx:
        factories.split_rule(tx)
        bought = factories.paid_order(tx, hours=300, gift=200, gift_policy="zero", unit_price_fen=10001)
        elsewhere = factories.campus(tx)
        taken_back = factories.confirmed(bought, charge=50, start_time=MARCH)
        consumptions.consume(tx, factories.confirmed(bought, charge=100, start_time=MARCH))
        consumptions.consume(tx, taken_back)
        consumptions.consume(tx, factories.confirmed(bought, charge=200, campus_id=elsewhere, start_time=MARCH))
        worthless = factories.confirmed(bought, charge=50, start_time=MARCH)
        consumptions.consume(tx, worthless)
    with database.begin(caller, now=APRIL) as tx:
        restorations.restore(tx, factories.unconfirmed(taken_back))
        restorations.restore(tx, factories.unconfirmed(worthless))
    with database.begin(caller, read_only=True) as tx:
        sums = {each.campus_id: each for each in hour_matching.sums(tx, FIRST, LAST, None)}
        assert sums[bought.campus_id][1:] == (200, 15002, 15002)
        assert sums[elsewhere][1:] == (200, 15001, 15001)
        rows = hour_matching.rows(tx, FIRST, LAST, None)
        assert sum(row.amount_fen for row in rows) == 30003
        assert sum(row.hundredths for row in rows) == 400
        assert [each.difference_fen for each in hour_matching.sums(tx, FIRST, LAST, elsewhere)] == [0]
        assert {row.campus_id for row in hour_matching.rows(tx, FIRST, LAST, elsewhere)} == {elsewhere}
        april = hour_matching.sums(tx, LAST, date(2026, 5, 1), None)
        assert [each[1:] for each in april] == [(-100, -5001, -5001)]
        booked = tx.run("select -sum(amount_fen) from journal_line where code = 'revenue'").scalar()
        assert rules.total([*sums.values(), *april]).amount_fen == booked


def test_revenue_that_no_lesson_explains_is_a_difference(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=300)
    consumptions.consume(tx, factories.confirmed(bought))
    day = tx.run("select post_date from journal where kind = 'consumption'").scalar()
    found = hour_matching.sums(tx, day, date(2100, 1, 1), None)
    short = [each._replace(amount_fen=each.amount_fen - 1) for each in found]
    assert (rules.total(found).difference_fen, rules.total(short).difference_fen) == (0, 1)
    with pytest.raises(InvalidInput):
        hour_matching.sums(tx, day, day, None)


def test_the_file_ends_with_the_sums_and_a_difference_of_nothing(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller, now=MARCH) as tx:
        bought = factories.paid_order(tx, hours=300, unit_price_fen=10001)
        consumptions.consume(tx, factories.confirmed(bought, charge=150, start_time=MARCH))
    span = {"start_date": Date(year=2026, month=3, day=1), "end_date": Date(year=2026, month=4, day=1)}
    with serving("billing", SERVICERS, database) as wire:
        service = pb_grpc.HourMatchingServiceStub(wire.channel)
        who = wire.metadata(staff(institution))
        local = wire.metadata(staff(institution, ["ledger.read"], campuses=[bought.campus_id]))
        with pytest.raises(grpc.RpcError) as error:
            service.GetHourMatching(pb.GetHourMatchingRequest(**span), metadata=local)
        assert refusal(error.value) == ("PERMISSION_DENIED", "CHAIN_SCOPE_NEEDED")
        assert service.GetHourMatching(pb.GetHourMatchingRequest(**span), metadata=who).total.amount_fen == 15002
        plain = service.GetHourMatchingFile(pb.GetHourMatchingFileRequest(**span), metadata=who).file
        asked = pb.GetHourMatchingFileRequest(**span, language="en", file="xlsx")
        book = load_workbook(io.BytesIO(service.GetHourMatchingFile(asked, metadata=who).file.data))
    lines = list(csv.reader(io.StringIO(plain.data.decode("utf-8-sig"))))
    assert lines[1][0] == "2026-03-31"
    assert lines[1][8:] == ["付费", "课消", "1.50", "100.0100", "150.02"]
    assert [[line[0], line[-1]] for line in lines[2:]] == [
        ["合计", "150.02"],
        ["账上收入", "150.02"],
        ["差额", "0.00"],
    ]
    cells = list(book["hours"].iter_rows(values_only=True))
    assert (cells[0][0], cells[-1][0], cells[-1][-1]) == ("Posted on", "Difference", 0)
