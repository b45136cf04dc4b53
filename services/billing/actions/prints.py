"""Quotes and receipts on paper. They name nobody: billing knows families by ids."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.billing.actions import campuses, contract_documents, orders, payments, quotes
from services.billing.models import Campus
from services.billing.rules.figures import amount_in_words, fen_text
from services.billing.rules.print_texts import TEXTS, line_head, word
from shared.db import Tx
from shared.printing import Block, Paragraph, Table, Title, pdf


def quote(tx: Tx, quote_id: UUID, language: str) -> bytes:
    """Return a quote as PDF; amounts in yuan, times of the campus. Raises InvalidInput PRINT_CHARACTER_UNKNOWN."""
    row = quotes.get(tx, quote_id)
    campus = campuses.check(tx, row.campus_id)
    lines = quotes.lines_of(tx, [row.id])[row.id]
    rows = [line_head(language), *(contract_documents.row(language, line) for line in lines)]
    blocks: list[Block] = [
        *_head(tx, "quote", row.id, campus, language),
        Paragraph(_text(language, "valid_until", time=_local(row.expire_time, campus))),
        Paragraph(_text(language, "state", state=word(language, row.state))),
        Table(tuple(tuple(each) for each in rows)),
        Paragraph(_text(language, "gross", amount=fen_text(row.gross_fen))),
        Paragraph(_text(language, "discount", amount=fen_text(row.discount_fen))),
        Paragraph(_amount(language, "total", row.total_fen)),
        *(
            Paragraph(_text(language, "instalment", number=str(number), day=f"{day:%Y-%m-%d}", amount=fen_text(amount)))
            for number, (day, amount) in enumerate(quotes.plan_of(row), start=1)
        ),
    ]
    return pdf(word(language, "quote"), blocks, foot=campus.name)


def receipt(tx: Tx, payment_id: UUID, language: str) -> bytes:
    """Return the receipt of a payment as PDF. Raises InvalidInput PRINT_CHARACTER_UNKNOWN."""
    row = payments.get(tx, payment_id)
    campus = campuses.check(tx, row.campus_id)
    order = orders.get(tx, row.order_id)
    total, paid = fen_text(order.total_fen), fen_text(order.paid_fen)
    blocks: list[Block] = [
        *_head(tx, "receipt", row.id, campus, language),
        Paragraph(_text(language, "order", number=_number(order.id))),
        Paragraph(_text(language, "received_at", time=_local(row.receive_time, campus))),
        Paragraph(_text(language, "method", method=word(language, row.method))),
        Paragraph(_amount(language, "received", row.amount_fen)),
        Paragraph(_text(language, "order_paid", total=total, paid=paid)),
        Paragraph(word(language, "no_invoice")),
    ]
    if row.state == "unapplied":
        blocks.append(Paragraph(word(language, "unapplied")))
    return pdf(word(language, "receipt"), blocks, foot=campus.name)


def _head(tx: Tx, kind: str, key: UUID, campus: Campus, language: str) -> list[Block]:
    return [
        Title(word(language, kind)),
        Paragraph(_text(language, "number", number=_number(key))),
        Paragraph(_text(language, "institution", institution=contract_documents.institution_name(tx))),
        Paragraph(_text(language, "campus", campus=campus.name)),
    ]


def _amount(language: str, key: str, fen: int) -> str:
    return _text(language, key, amount=fen_text(fen), words=amount_in_words(fen))


def _text(language: str, key: str, **values: str) -> str:
    return TEXTS[language][key].format_map(values)


def _local(moment: datetime, campus: Campus) -> str:
    return f"{moment.astimezone(ZoneInfo(campus.time_zone)):%Y-%m-%d %H:%M}"


def _number(key: UUID) -> str:
    return key.hex[-12:].upper()
