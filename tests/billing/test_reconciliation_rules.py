"""Statements are read whatever they come in, and every planted difference is found, and no other."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest

from services.billing.rules import reconciliations, statements
from services.billing.rules.reconciliations import Entry, compare, expected_fee
from services.billing.rules.statements import Line, read
from shared.errors import InvalidInput
from tests.billing import local_providers as local

WECHAT = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,"
    "订单金额,申请退款金额,费率备注\r\n"
)
ALIPAY = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


def wechat_bill(*rows: tuple[str, ...], count: int | None = None) -> bytes:
    """Return a trade bill of (transaction, reference, yuan, fee, state, refund id, refund reference)."""
    text = WECHAT
    for transaction, reference, yuan, fee, state, refund, refund_reference in rows:
        paid, back = ("0.00", yuan) if state == "REFUND" else (yuan, "0.00")
        cells = ["2026-03-01 10:00:00", "wx1", "19", "0", "", transaction, reference, "openid", "NATIVE", state]
        cells += ["OTHERS", "CNY", paid, "0.00", refund or "0", refund_reference or "0", back, "0.00", "", ""]
        cells[19] = "SUCCESS" if state == "REFUND" else ""
        cells += ["课时费, 春季", "", fee, "0.60%", paid, back, ""]
        text += ",".join(f"`{cell}" for cell in cells) + "\r\n"
    totals = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n"
    return f"{text}{totals}`{len(rows) if count is None else count},`0,`0,`0,`0,`0,`0\r\n".encode()


PAID = ("4200", "R1", "88.80", "0.53280", "SUCCESS", "", "")
BACK = ("4200", "R1", "8.80", "-0.05", "REFUND", "5000", "B1")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda text: b"\xef\xbb\xbf" + text])
def test_a_trade_bill_of_wechat_pay_is_read(pack: object) -> None:
    content = pack(wechat_bill(PAID, BACK))  # type: ignore[operator]
    assert read("wechat", content, {}) == [
        Line(2, "4200", "R1", 8880, 53, "success"),
        Line(3, "5000", "B1", 880, 5, "success", is_refund=True),
    ]


def test_a_statement_of_alipay_is_read_out_of_its_archive() -> None:
    trade = '2026T1\t,R1\t,交易\t,"课时费, 春季"\t,,,,,,,张*,12.34,12.34,0,0,0,0,0,,0,0,,-0.07,0,'
    back = "2026T1\t,R1\t,退款\t,课时费\t,,,,,,,张*,-2.34,-2.34,0,0,0,0,0,,0,0,B1,0.00,0,"
    text = f"#支付宝业务明细查询\n#-----\n{ALIPAY}\n{trade}\n{back}\n#-----业务明细列表结束-----\n#合计\n"
    expected = [Line(4, "2026T1", "R1", 1234, 7), Line(5, "2026T1/B1", "B1", 234, 0, is_refund=True)]
    for encoding in ("gb18030", "utf-8"):
        assert read("alipay", local.archive(text.encode(encoding)), {}) == expected


def test_a_bank_file_is_read_by_its_mapping() -> None:
    text = "招商银行交易流水\n账号,6225\n交易日,流水号,收入金额,支出金额,附言\n"
    text += '20260301,B1,"1,234.00",,order 7\n20260301,B2,,50.00,rent\n20260302,B3,0.01,,\n'
    mapping = {"amount": "收入金额", "transaction_id": "流水号", "reference": "附言"}
    assert read("bank", text.encode("gbk"), mapping) == [
        Line(4, "B1", "order 7", 123400, None),
        Line(6, "B3", "", 1, None),
    ]


@pytest.mark.parametrize(
    ("layout", "content", "reason"),
    [
        ("wechat", wechat_bill(PAID, count=2), "STATEMENT_INCOMPLETE"),
        ("wechat", wechat_bill(PAID).split("总".encode())[0], "STATEMENT_INCOMPLETE"),
        ("wechat", wechat_bill(PAID).replace(b"88.80", b"88.805"), "STATEMENT_UNREADABLE"),
        ("wechat", wechat_bill(PAID).replace(b"`wx1,", b""), "STATEMENT_UNREADABLE"),
        ("wechat", b"", "STATEMENT_UNREADABLE"),
        ("wechat", b"\x1f\x8bbroken", "STATEMENT_UNREADABLE"),
        ("alipay", b"PK\x03\x04broken", "STATEMENT_UNREADABLE"),
        ("alipay", b"\xff\xff\xff", "STATEMENT_UNREADABLE"),
        ("alipay", wechat_bill(PAID), "STATEMENT_UNREADABLE"),
    ],
)
def test_what_is_no_whole_statement_is_refused(layout: str, content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(layout, content, {})
    assert refusal.value.reason == reason


def entry(number: int, **how: object) -> Entry:
    plain = Entry(UUID(int=number), UUID(int=1), f"T{number}", (f"R{number}",), 10_000 + number)
    return replace(plain, **how)  # type: ignore[arg-type]


def line(number: int, **how: object) -> Line:
    amount = 10_000 + number
    return replace(Line(number, f"T{number}", f"R{number}", amount, expected_fee(amount, 60)), **how)  # type: ignore[arg-type]


def test_every_planted_difference_of_ten_thousand_lines_is_found_and_no_other() -> None:
    chance = random.Random(10)
    lines, entries = [], []
    planted: Counter[tuple[str, int]] = Counter()
    kinds = [reconciliations.MISSING_HERE, reconciliations.MISSING_THERE, "amount", "duplicate", "state", "fee"]
    marked = set(chance.sample(range(1, 10_001), 100))
    for number in range(1, 10_001):
        kind = chance.choice(kinds) if number in marked else ""
        planted[kind, number] += bool(kind)
        if kind != "missing_there":
            how: dict[str, dict[str, object]] = {
                "amount": {"amount_fen": number, "fee_fen": expected_fee(number, 60)},
                "state": {"state": "revoked"},
            }
            # Some are told of without the transaction and must be found by reference and amount.
            found = {"transaction_id": ""} if not kind and number % 7 == 0 else {}
            lines.append(line(number, **how.get(kind, {}), **({"fee_fen": 1} if kind == "fee" else {}), **found))
        if kind == "duplicate":
            lines.append(replace(lines[-1], number=20_000 + number))
        if kind != "missing_here":
            entries.append(entry(number))
    # Payments of the day before, which this statement need not know.
    entries += [entry(number, is_within=False) for number in range(30_000, 30_100)]
    chance.shuffle(lines)
    chance.shuffle(entries)
    matches, differences = compare(lines, entries, fee_basis_points=60)
    found_here = Counter(
        (each.kind, (each.entry.source_id.int if each.entry else each.line.number % 20_000))  # type: ignore[union-attr]
        for each in differences
    )
    assert sum(planted.values()) == 100
    assert found_here == +planted
    assert all(one.reference == other.references[0] for one, other in matches)


@pytest.mark.parametrize(
    ("wanted", "lines", "entries"),
    [
        # What names another transaction is another payment, however alike.
        (["missing_here", "missing_there"], [line(1, transaction_id="T9")], [entry(1)]),
        # Banks change case, hyphens and blanks.
        ([], [line(1, transaction_id="", reference="r-1 ")], [entry(1)]),
        # Two alike find one payment each, and the third none.
        (["missing_here"], [line(n, transaction_id="", reference="R1", amount_fen=5) for n in (1, 2, 3)],
         [entry(n, references=("R1",), amount_fen=5, transaction_id="") for n in (1, 2)]),
        # Money given back is no payment of the same transaction.
        (["missing_here"], [line(1), line(2, transaction_id="T1", is_refund=True)], [entry(1)]),
        ([], [line(1, is_refund=True, transaction_id="5", state="processing")],
         [entry(1, is_refund=True, transaction_id="")]),
        (["missing_there"], [], [entry(1)]),
    ],
)  # fmt: skip
def test_what_belongs_together(wanted: list[str], lines: list[Line], entries: list[Entry]) -> None:
    assert sorted(each.kind for each in compare(lines, entries)[1]) == wanted


def test_lines_survive_their_storage() -> None:
    assert statements.Line(*line(1).to_json()) == line(1)
