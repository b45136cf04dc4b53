"""How much of the table a page of leads reads: a page's worth, however many leads meet its filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import Any
from uuid import UUID

import pytest

from lianxiao.lead.v1.lead_service_pb2 import ListLeadsRequest
from services.lead.actions import searches
from services.lead.models import Lead
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from tests.lead import factories

_ROWS = 6000
_FEW = 100
_ORDERS = ("create_time", "last_touch_time", "next_contact_time", "stage_time", "grade", "child_name")
_BROAD = ('stage = "enquiry"', 'grade = "b"', 'source = "douyin"', 'owner_id = ""', 'state = "open"')
# What is counted and a page's way, also along an index that knows only half of a filter. Two may have 1,600 and more.
_MOST = 7 * _FEW
# Each condition is spread by a number of its own, so that any two meet by chance.
_SPREAD = {
    "id": "gen_random_uuid()",
    "customer_id": "gen_random_uuid()",
    "owner_id": "case when n % 5 >= 2 then %(owner)s::uuid end",
    "stage": "case when n % 7 < 4 then 'enquiry' else 'contacted' end",
    "grade": "(array['a','b','b','c'])[1 + n % 4]",
    "source": "case when n % 3 < 2 then 'douyin' else 'walk_in' end",
    "last_touch_time": "now() - n * 7 % 5987 * interval '1 minute'",
    "next_contact_time": "case when n % 2 = 0 then now() + n * 11 % 4999 * interval '1 minute' end",
    "stage_time": "now() - n * 13 % 3001 * interval '1 minute'",
    "name_key": "left(md5(n::text), 4)",
}
_READ = "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'lead'"


def _fill(tx: Tx) -> UUID:
    """Make one lead many; return who owns three of five."""
    campus = factories.campus(tx)
    owner, first = factories.advisor(tx, campus), factories.lead(tx, campus)
    columns = [column.name for column in Lead.__table__.columns]
    values = ", ".join(_SPREAD.get(name, f"l.{name}").replace("% ", "%% ") for name in columns)
    tx.run(
        f"insert into lead ({', '.join(columns)}) select {values} from lead l, generate_series(1, %(rows)s) as n"  # noqa: S608 - names of our own columns
        " where l.institution_id = %(institution)s and l.id = %(first)s",
        {"rows": _ROWS, "institution": str(tx.institution_id), "first": str(first.id), "owner": str(owner)},
    )
    return owner


def _rows_read(tx: Tx, request: ListLeadsRequest) -> tuple[int, Any]:
    before = int(tx.run(_READ).scalar_one())
    page = searches.page(tx, request)
    return int(tx.run(_READ).scalar_one()) - before, page


def _too_much(tx: Tx, filters: Sequence[str]) -> list[tuple[str, str, int]]:
    """Return what reads too many leads, on the first page or on the second."""
    found = []
    for text, order in product(filters, [f"{name}{way}" for name in _ORDERS for way in ("", " desc")]):
        token = ""
        for _ in range(2):
            asked = ListLeadsRequest(filter=text, order_by=order, page_token=token, page_size=20)
            read, page = _rows_read(tx, asked)
            token = page.next_page_token
            if read > _MOST:
                found.append((text, order, read))
            if not token:
                break
    return found


def test_a_page_reads_no_more_than_a_page_in_every_order(
    database: Database, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "_FEW", _FEW)
    with database.begin(caller, keep=False) as tx:
        owner = _fill(tx)
        pairs = [f"{one} AND {two}" for one, two in pairwise(_BROAD)]
        assert _too_much(tx, ["", *pairs, f'owner_id = "{owner}"']) == []
        # What a caller may see narrows a list like a filter does.
        tx.caller, tx.scope = replace(tx.caller, subject_id=owner), Scope(own=True)
        assert _too_much(tx, ['grade = "b"']) == []
        assert {row.owner_id for row in searches.page(tx, ListLeadsRequest()).rows} == {owner}
