"""How voucher files are laid out: shipped as data, with columns of the institution's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from services.billing.models import VoucherLayout
from services.billing.rules.vouchers import FIELDS, Column, Layout
from shared.db import Tx
from shared.errors import InvalidInput, NotFound

_SHIPPED = Path(__file__).resolve().parents[1] / "data" / "voucher_layouts.json"
# Without these a voucher cannot be read back.
_NEEDED = ("voucher_date", "account_number", "debit", "credit")
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(institution)s::text || 'voucher_layout', 0))"


@cache
def shipped() -> dict[str, Layout]:
    """Return the shipped layouts by code."""
    return {each["code"]: _layout(each) for each in json.loads(_SHIPPED.read_text("utf-8"))["layouts"]}


def every(tx: Tx) -> list[Layout]:
    """Return all layouts as the institution has them."""
    own = {row.code: row for row in tx.session.scalars(select(VoucherLayout))}
    return [_with_own(layout, own.get(layout.code)) for layout in shipped().values()]


def get(tx: Tx, code: str) -> Layout:
    """Return one layout; raises VOUCHER_LAYOUT_NOT_FOUND."""
    found = next((layout for layout in every(tx) if layout.code == code), None)
    if found is None:
        raise NotFound("voucher_layout", code)
    return found


def set_own(tx: Tx, code: str, *, voucher_word: str, columns: Sequence[Column]) -> Layout:
    """Give a layout columns and a voucher word of the institution's own.

    Raises CHAIN_SCOPE_NEEDED, VOUCHER_LAYOUT_NOT_FOUND, and InvalidInput for columns that lack date, account, debit
    or credit, or show what there is not.
    """
    tx.check_chain()
    layout = get(tx, code)
    fields = {column.field for column in columns}
    if not fields <= set(FIELDS):
        raise InvalidInput("columns", f"{min(fields - set(FIELDS))} is none of {', '.join(FIELDS)}")
    if not fields >= set(_NEEDED):
        raise InvalidInput("columns", f"there must be columns of {', '.join(_NEEDED)}")
    tx.run(_LOCK, {"institution": tx.institution_id})
    row = tx.session.scalars(select(VoucherLayout).where(VoucherLayout.code == code)).one_or_none()
    if row is None:
        row = VoucherLayout(code=code)
        tx.session.add(row)
    row.voucher_word, row.columns = voucher_word, [list(column) for column in columns]
    row.staff_id = tx.caller.subject_id
    tx.session.flush()
    return layout._replace(voucher_word=voucher_word, columns=tuple(columns))


def _with_own(layout: Layout, row: VoucherLayout | None) -> Layout:
    if row is None:
        return layout
    return layout._replace(voucher_word=row.voucher_word, columns=tuple(Column(*each) for each in row.columns))


def _layout(each: Any) -> Layout:
    given = {name: each[name] for name in ("code", "name", "file", "encoding", "dotted", "heading")}
    return Layout(**given, columns=tuple(Column(*column) for column in each["columns"]))
