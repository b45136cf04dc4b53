"""Statements of payment providers and banks, as they come: read down to what reconciliation compares. Pure.

What a statement tells of the payer is left out here and never stored. Layouts: WeChat Pay's trade bill (every value
behind a backtick, a line of totals at the end), Alipay's file of single trades (comments behind #), and a bank's CSV
whose columns a mapping names. UTF-8 and GB 18030, plain, in gzip or in a ZIP archive.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from services.billing.rules.callbacks import fen
from shared.errors import InvalidInput

MOST_LINES = 100_000
_MOST_BYTES = 64 << 20
SUCCESS = "success"
# What a mapping of a bank's file may name; the amount it must.
BANK_FIELDS = ("amount", "transaction_id", "reference", "fee")
_WECHAT_TIME, _WECHAT_TOTAL = "交易时间", "总交易单数"
_ALIPAY_ID = "支付宝交易号"
_FEN_PER_YUAN = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement; amounts in fen and never negative. `number` counts the lines of the file from 1."""

    number: int
    transaction_id: str
    reference: str
    amount_fen: int
    fee_fen: int | None
    state: str = SUCCESS
    is_refund: bool = False

    def to_json(self) -> list[Any]:
        """Return the values in order."""
        return list(asdict(self).values())


def read(layout: str, content: bytes, mapping: Mapping[str, str], *, outgoing: bool = False) -> list[Line]:
    """Read a statement: `layout` is wechat, alipay or bank; of a bank what went out too where `outgoing`.

    Raises InvalidInput STATEMENT_UNREADABLE with the line, STATEMENT_INCOMPLETE where the totals say more.
    """
    text = _text(content)
    rows = list(enumerate(text.splitlines(), start=1))
    lines = list(
        {"wechat": _wechat, "alipay": _alipay}[layout](rows)
        if layout != "bank"
        else _bank(rows, mapping, outgoing=outgoing)
    )
    if len(lines) > MOST_LINES:
        raise _unreadable(MOST_LINES + 1, "the statement is too long; split it")
    return lines


def _text(content: bytes) -> str:
    try:
        if content.startswith(b"\x1f\x8b"):
            content = zlib.decompressobj(wbits=31).decompress(content, _MOST_BYTES)
        elif content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                # Beside the single trades lies their summary, the smaller file.
                member = max(archive.infolist(), key=lambda each: each.file_size)
                content = archive.open(member).read(_MOST_BYTES)
    except (zlib.error, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        raise _unreadable(0, "the archive is damaged") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable(0, "the text is neither UTF-8 nor GB 18030")


def _wechat(rows: Sequence[tuple[int, str]]) -> Iterator[Line]:
    """Read a trade bill; no value is quoted, so only a comma with a backtick behind it parts two of them."""
    start, header = _header(rows, lambda cells: cells[0] == _WECHAT_TIME)
    count = 0
    for position, (number, text) in enumerate(rows[start:]):
        if text.startswith(_WECHAT_TOTAL):
            totals = rows[start + position + 1 :][:1]
            if not totals or totals[0][1].lstrip("`").split(",`")[0] != str(count):
                break
            return
        if text.strip():
            cells = _named(number, header, text.strip().removeprefix("`").split(",`"))
            count += 1
            yield _wechat_line(number, cells)
    raise InvalidInput(
        "content", "the totals at the end do not count the lines above", reason="STATEMENT_INCOMPLETE", lines=count
    )


def _wechat_line(number: int, cells: Mapping[str, str]) -> Line:
    is_refund = cells["交易状态"] == "REFUND"
    state = cells["退款状态"] if is_refund else cells["交易状态"]
    return Line(
        number,
        cells["微信退款单号"] if is_refund else cells["微信订单号"],
        cells["商户退款单号"] if is_refund else cells["商户订单号"],
        _amount(number, cells.get("申请退款金额") or cells["退款金额"] if is_refund else _order_amount(cells)),
        _fee(number, cells["手续费"]),
        state.lower(),
        is_refund,
    )


def _order_amount(cells: Mapping[str, str]) -> str:
    # Bills of older merchants lack the amount before vouchers.
    return cells.get("订单金额") or cells["应结订单金额"]


def _alipay(rows: Sequence[tuple[int, str]]) -> Iterator[Line]:
    start, header = _header(rows, lambda cells: cells[0] == _ALIPAY_ID)
    for number, text in rows[start:]:
        if not text.strip() or text.startswith("#"):
            continue
        cells = _named(number, header, _cells(text))
        is_refund = cells["业务类型"] == "退款"
        refund_id = cells.get("退款批次号/请求号", "")
        yield Line(
            number,
            f"{cells[_ALIPAY_ID]}/{refund_id}" if is_refund else cells[_ALIPAY_ID],
            refund_id if is_refund else cells["商户订单号"],
            _amount(number, cells["订单金额（元）"]),
            _fee(number, cells.get("服务费（元）", "")),
            is_refund=is_refund,
        )


def _bank(rows: Sequence[tuple[int, str]], mapping: Mapping[str, str], *, outgoing: bool) -> Iterator[Line]:
    """Read what came in; lines without an amount, or (unless wanted) with one that went out, are not compared."""
    wanted = {mapping[name] for name in BANK_FIELDS if mapping.get(name)}
    start, header = _header(rows, lambda cells: wanted <= set(cells))
    for number, text in rows[start:]:
        if not text.strip() or text.startswith("#"):
            continue
        cells = _named(number, header, _cells(text))
        told = {name: cells[mapping[name]] for name in BANK_FIELDS if mapping.get(name)}
        went_out = told["amount"].startswith("-")
        amount = told["amount"].removeprefix("-")
        if not amount or (went_out and not outgoing) or not _amount(number, amount):
            continue
        yield Line(
            number,
            told.get("transaction_id", ""),
            told.get("reference", ""),
            _amount(number, amount),
            _fee(number, told["fee"]) if told.get("fee") else None,
            is_refund=went_out,
        )


def _header(rows: Sequence[tuple[int, str]], is_header: Any) -> tuple[int, list[str]]:
    for position, (_, text) in enumerate(rows):
        cells = _cells(text)
        if cells and is_header(cells):
            return position + 1, cells
    raise _unreadable(0, "no line names the columns of such a statement")


def _cells(text: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([text]), [])]


def _named(number: int, header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) < len(header):
        raise _unreadable(number, "a column is missing")
    return dict(zip(header, (cell.strip() for cell in cells), strict=False))


def _amount(number: int, text: str) -> int:
    try:
        return abs(fen(text.replace(",", "").lstrip("¥￥")))
    except ValueError:
        raise _unreadable(number, "an amount cannot be read") from None


def _fee(number: int, text: str) -> int | None:
    """Return a fee in fen: providers write five places and settle whole fen."""
    if not text:
        return None
    try:
        return int((abs(Decimal(text.replace(",", ""))) * _FEN_PER_YUAN).quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation:
        raise _unreadable(number, "a fee cannot be read") from None


def _unreadable(number: int, message: str) -> InvalidInput:
    return InvalidInput("content", message, reason="STATEMENT_UNREADABLE", line=number)
