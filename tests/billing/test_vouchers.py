"""Vouchers: each balances, each journal is exported once, numbers have no gaps, and files are what programs import."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import grpc
import pytest
from openpyxl import load_workbook

from lianxiao.billing.v1 import voucher_pb2 as pb
from lianxiao.billing.v1 import voucher_service_pb2 as service_pb
from lianxiao.billing.v1 import voucher_service_pb2_grpc as service_grpc
from services.billing.actions import account_titles, consumptions, ledger, restorations, voucher_layouts, vouchers
from services.billing.models import VoucherBatch
from services.billing.rules import postings
from services.billing.rules import vouchers as rules
from services.billing.rules.chart import Own
from services.billing.rules.vouchers import Column, Layout, Line
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from tests.billing import factories
from tests.billing.factories import Purchase

LINE = Line(date(2026, 3, 1), 7, 1, "payment", "浦东", "6601.02", "销售费用-提成", "", 123456789, 0)
GAPS = """select campus_id from voucher group by campus_id, period_start_date
  having max(number) <> count(*) or min(number) <> 1"""
FIRST, LAST = date(2020, 1, 1), date(2020, 12, 31)


def made(tx: Tx, start: date, end: date, grouping: str = rules.DAY) -> VoucherBatch:
    batch = vouchers.create(tx, start_date=start, end_date=end, grouping=grouping)
    assert vouchers.step(tx)
    return batch


def today(tx: Tx) -> date:
    day: date = tx.run("select max(post_date) from journal").scalar()
    return day


def rows(tx: Tx, batch: VoucherBatch, part: int = 1) -> list[dict[str, str]]:
    content = vouchers.file(tx, batch.id, part, voucher_layouts.get(tx, "csv"), language="en")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def by_voucher(found: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    grouped: list[list[dict[str, str]]] = []
    for row in found:
        if row["Line"] == "1":
            grouped.append([])
        grouped[-1].append(row)
    return grouped


def taught(tx: Tx) -> Purchase:
    factories.split_rule(tx)
    bought = factories.paid_order(tx, unit_price_fen=10000)
    first = factories.confirmed(bought, campus_id=factories.campus(tx))
    consumptions.consume(tx, first)
    restorations.restore(tx, factories.unconfirmed(first))
    consumptions.consume(tx, factories.confirmed(bought))
    return bought


@pytest.mark.parametrize("grouping", [rules.DAY, rules.JOURNAL])
def test_each_voucher_balances_and_numbers_have_no_gaps(tx: Tx, grouping: str) -> None:
    taught(tx)
    day = today(tx)
    batch = made(tx, day, day, grouping)
    grouped = by_voucher(rows(tx, batch))
    assert (batch.state, batch.voucher_count, batch.part_count) == (vouchers.DONE, len(grouped), 1)
    debit = 0
    for lines in grouped:
        debits, others = (sum(Decimal(line[side]) for line in lines) for side in ("Debit", "Credit"))
        assert debits == others > 0
        assert [int(line["Line"]) for line in lines] == list(range(1, len(lines) + 1))
        assert all((Decimal(line["Debit"]) == 0) != (Decimal(line["Credit"]) == 0) for line in lines)
        debit += int(debits * 100)
    assert batch.debit_fen == debit
    assert tx.run(GAPS).all() == []


def test_a_journal_is_exported_once_and_numbers_go_on(tx: Tx) -> None:
    bought = taught(tx)
    day = today(tx)
    first = made(tx, day, day)
    before = rows(tx, first)
    assert vouchers.unexported(tx, day, day) == 0
    assert made(tx, day, day).voucher_count == 0
    consumptions.consume(tx, factories.confirmed(bought))
    account_titles.set_own(tx, "cash", Own("1001", "库存现金", "Cash on hand"))
    assert vouchers.unexported(tx, day, day) == 1
    second = made(tx, day, day)
    assert second.journal_count == 1
    assert tx.run(GAPS).all() == []
    assert rows(tx, first) == before
    twice = "select 1 from voucher_journal group by journal_id, campus_id having count(*) > 1"
    assert tx.run(twice).all() == []


def test_what_moves_nothing_needs_no_voucher_and_other_days_are_left_alone(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    day = today(tx)
    batch = made(tx, day, day, rules.JOURNAL)
    # The payment; opening the lots moves the liability within its account.
    assert (batch.voucher_count, batch.journal_count, batch.debit_fen) == (1, 1, bought.order.total_fen)
    lines = [postings.Line("cash", bought.campus_id, 5), postings.Line("revenue", bought.campus_id, -5)]
    for when in (FIRST, LAST, date(2019, 12, 31), date(2021, 1, 1)):
        ledger.post(tx, kind="payment", source_id=uuid7(), campus_id=bought.campus_id, lines=lines, post_date=when)
    year = made(tx, FIRST, LAST)
    # Each month counts anew.
    assert [(row["Date"], row["Voucher number"]) for row in rows(tx, year)[::2]] == [
        ("2020-01-01", "1"),
        ("2020-12-31", "1"),
    ]


def test_a_long_batch_is_fetched_in_parts(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vouchers, "PART", 2)
    taught(tx)
    batch = made(tx, today(tx), today(tx), rules.JOURNAL)
    assert batch.part_count == -(-batch.voucher_count // 2) > 1
    parts = [len(by_voucher(rows(tx, batch, number))) for number in range(1, batch.part_count + 1)]
    assert parts[:-1] == [2] * (batch.part_count - 1)
    assert sum(parts) <= batch.voucher_count
    with pytest.raises(NotFound):
        rows(tx, batch, batch.part_count + 1)


def test_files_wait_for_the_worker_and_days_must_make_sense(tx: Tx) -> None:
    batch = vouchers.create(tx, start_date=FIRST, end_date=LAST, grouping=rules.DAY)
    with pytest.raises(Refused):
        rows(tx, batch)
    assert vouchers.step(tx)
    assert not vouchers.step(tx)
    assert rows(tx, batch) == []
    for start, end in ((FIRST, date(2019, 12, 31)), (FIRST, date(2021, 1, 2)), (date.max, date.min)):
        with pytest.raises(InvalidInput):
            vouchers.create(tx, start_date=start, end_date=end, grouping=rules.DAY)
    assert vouchers.create(tx, start_date=date.max, end_date=date.max, grouping=rules.DAY).end_date == date.max


def test_yonyou_takes_a_line_of_text_as_published() -> None:
    layout = voucher_layouts.shipped()["yonyou_u8"]
    credit = LINE._replace(line_number=2, account_number="1002", debit_fen=0, credit_fen=123456789)
    text = rules.write(layout, [LINE, credit], language="zh").decode("gb18030")
    assert text.split("\r\n") == [
        "2026-03-01,记,7,0,收款 浦东,660102,1234567.89,0.00",
        "2026-03-01,记,7,0,收款 浦东,1002,0.00,1234567.89",
        "",
    ]


def test_kingdee_takes_a_sheet_as_published() -> None:
    book = load_workbook(io.BytesIO(rules.write(voucher_layouts.shipped()["kingdee_kis"], [LINE], language="zh")))
    heading, line = book.worksheets[0].iter_rows(values_only=True)
    assert heading[:9] == (
        "日期",
        "凭证字",
        "凭证号",
        "附单据数",
        "摘要",
        "科目代码",
        "科目名称",
        "借方金额",
        "贷方金额",
    )
    assert line[:9] == ("2026-03-01", "记", 7, 0, "收款 浦东", "6601.02", "销售费用-提成", 1234567.89, 0)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(name: str) -> None:
    layout = voucher_layouts.shipped()["xlsx"]._replace(voucher_word=name, columns=(Column("party", name), *_SHOWN))
    line = LINE._replace(campus=name, party=name, account_name=name, kind=name)
    sheet = load_workbook(io.BytesIO(rules.write(layout, [line], language="zh"))).worksheets[0]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.data_type != "n"]
    assert texts
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    plain = rules.write(layout._replace(file="csv", encoding="utf-8"), [line], language="zh").decode()
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        for row in csv.reader(io.StringIO(plain, newline=""))
        for cell in row
    )


_SHOWN = (Column("campus", ""), Column("account_name", ""), Column("summary", ""), Column("voucher_word", ""))


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (1, "0.01"), (-5, "-0.05"), (9007199254740993, "90071992547409.93")]
)
def test_amounts_keep_every_fen(fen: int, text: str) -> None:
    assert str(rules.yuan(fen)) == text


def test_shipped_layouts_can_be_read_back() -> None:
    for layout in voucher_layouts.shipped().values():
        fields = [column.field for column in layout.columns]
        assert {"voucher_date", "account_number", "debit", "credit"} <= set(fields) <= set(rules.FIELDS)
        assert layout.content_type


def test_a_layout_of_ones_own_is_used_and_checked(tx: Tx) -> None:
    columns = [Column(field, "") for field in ("voucher_date", "account_number", "debit", "credit")]
    own = voucher_layouts.set_own(tx, "csv", voucher_word="转", columns=[*columns, Column("voucher_word", "字")])
    assert voucher_layouts.get(tx, "csv") == own
    again = voucher_layouts.set_own(tx, "csv", voucher_word="收", columns=columns)
    assert isinstance(again, Layout)
    assert voucher_layouts.get(tx, "csv").voucher_word == "收"
    for wrong in ([*columns[:3]], [*columns, Column("password", "")]):
        with pytest.raises(InvalidInput):
            voucher_layouts.set_own(tx, "csv", voucher_word="记", columns=wrong)
    with pytest.raises(NotFound):
        voucher_layouts.set_own(tx, "sap", voucher_word="记", columns=columns)


def test_a_batch_over_the_wire(wire: Wire, database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = taught(tx)
        day = today(tx)
    service = service_grpc.VoucherServiceStub(wire.channel)
    who = wire.metadata(staff(caller.institution_id))
    request = service_pb.CreateVoucherBatchRequest(grouping=pb.VOUCHER_GROUPING_DAY)
    for place in (request.start_date, request.end_date):
        place.year, place.month, place.day = day.year, day.month, day.day
    batch = service.CreateVoucherBatch(request, metadata=who).voucher_batch
    assert batch.state == pb.VOUCHER_BATCH_STATE_WAITING
    with database.begin(Caller.system(caller.institution_id)) as tx:
        assert vouchers.step(tx)
    wanted = service_pb.GetVoucherBatchRequest(voucher_batch_id=batch.voucher_batch_id)
    batch = service.GetVoucherBatch(wanted, metadata=who).voucher_batch
    assert (batch.state, batch.part_count) == (pb.VOUCHER_BATCH_STATE_DONE, 1)
    listed = service.ListVoucherBatches(service_pb.ListVoucherBatchesRequest(), metadata=who).voucher_batches
    assert list(listed) == [batch]
    layouts = service.ListVoucherLayouts(service_pb.ListVoucherLayoutsRequest(), metadata=who).voucher_layouts
    for layout in layouts:
        asked = service_pb.GetVoucherFileRequest(voucher_batch_id=batch.voucher_batch_id, layout=layout.code)
        assert service.GetVoucherFile(asked, metadata=who).file.data
    changed = service_pb.SetVoucherLayoutRequest(voucher_layout=layouts[0])
    changed.voucher_layout.voucher_word = "转"
    assert service.SetVoucherLayout(changed, metadata=who).voucher_layout.voucher_word == "转"
    local = wire.metadata(staff(caller.institution_id, ["voucher.*"], campuses=[bought.campus_id]))
    refused: list[tuple[Any, Any]] = [
        (service.CreateVoucherBatch, request),
        (service.GetVoucherBatch, wanted),
        (service.GetVoucherFile, asked),
    ]
    for call, message in refused:
        with pytest.raises(grpc.RpcError) as error:
            call(message, metadata=local)
        assert refusal(error.value) == ("PERMISSION_DENIED", "CHAIN_SCOPE_NEEDED")
