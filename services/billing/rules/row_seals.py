"""What is kept of rows that must never change, so that any change shows. Pure functions.

A seal covers the rows of one table that came within a window of time: their ids, each with the first eight bytes of the
SHA-256 of the row as text. Seals of an institution form one chain. Eight bytes name the wrong row; that nobody made a
row with the same eight bytes is held by the hash over all of them, which is signed outside the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

START = bytes(32)
DIGEST_BYTES = 8
_ID_BYTES = 16
_EVERY_ROW = "institution_id, id, create_time, campus_id"
# What is sealed of a table. Columns that come later change nothing of what was sealed before: a seal keeps its list.
SEALED: Mapping[str, tuple[str, ...]] = {
    "journal": ("kind", "source_id", "post_date", "reverses_id"),
    "journal_line": ("journal_id", "code", "party_id", "lot_id", "amount_fen"),
    "lot_entry": ("lot_id", "kind", "hundredths", "amount_fen", "source_id", "reverses_id", "explanation"),
    "consumption": (
        *("attendance_id", "revision", "student_id", "course_id", "lesson_id", "teacher_id", "lesson_start_time"),
        "charge_hundredths",
    ),
    "payment": (
        *("order_id", "customer_id", "amount_fen", "method", "provider_transaction_id", "reference"),
        *("origin_payment_id", "state", "receive_time"),
    ),
    "wallet_entry": ("wallet_part_id", "customer_id", "kind", "amount_fen", "source_id", "payment_id", "reverses_id"),
    "refund_item": ("refund_id", "order_line_id", "hundredths", "closed_fen", "amount_fen", "fee_fen"),
    "split_row": (
        *("source_kind", "source_id", "row_number", "rule_id", "rule_version", "base", "base_fen", "party"),
        *("party_id", "amount_fen", "explanation", "reverses_id", "occur_time"),
    ),
    "settlement_line": ("settlement_id", "kind", "amount_fen", "occur_time", "reason", "staff_id"),
}


class Window(NamedTuple):
    """Rows of a table that came after `start` and not after `end`, and which of their columns count."""

    table: str
    columns: tuple[str, ...]
    start: datetime
    end: datetime


class Differences(NamedTuple):
    """Rows that are not as they were when they were sealed."""

    changed: list[UUID]
    missing: list[UUID]
    added: list[UUID]


def row_sql(columns: Iterable[str]) -> str:
    """Return the SQL of the text of a row, which quotes every part; times in UTC are for the session to set."""
    return f"row({_EVERY_ROW}, {', '.join(columns)})::text"


def packed(digests: Mapping[UUID, bytes]) -> bytes:
    """Return ids with the digests of their rows in one string of bytes, by id."""
    return b"".join(key.bytes + digests[key] for key in sorted(digests))


def unpacked(rows: bytes) -> dict[UUID, bytes]:
    """Return the digests by id."""
    size = _ID_BYTES + DIGEST_BYTES
    parts = (rows[at : at + size] for at in range(0, len(rows), size))
    return {UUID(bytes=part[:_ID_BYTES]): part[_ID_BYTES:] for part in parts}


def chained(previous: bytes, window: Window, rows: bytes) -> bytes:
    """Return the hash of a seal that follows another one."""
    parts = (window.table, ",".join(window.columns), window.start.isoformat(), window.end.isoformat())
    told = b"".join(f"{len(part)}:{part}".encode() for part in parts)
    return hashlib.sha256(previous + told + rows).digest()


def compare(sealed: Mapping[UUID, bytes], found: Mapping[UUID, bytes]) -> Differences:
    """Return how the rows of a window differ from what was sealed of them."""
    both = sealed.keys() & found.keys()
    return Differences(
        sorted(key for key in both if sealed[key] != found[key]),
        sorted(sealed.keys() - found.keys()),
        sorted(found.keys() - sealed.keys()),
    )
