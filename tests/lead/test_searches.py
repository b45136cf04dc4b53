"""Lists: filters, the pool, search, pages."""

from __future__ import annotations

from typing import Any

import pytest

from lianxiao.lead.v1.lead_service_pb2 import ListLeadsRequest
from services.lead.actions import leads, searches
from shared.db import Tx
from shared.errors import InvalidInput
from tests.lead import factories


def _ids(tx: Tx, **request: Any) -> list[Any]:
    return [row.id for row in searches.page(tx, ListLeadsRequest(**request)).rows]


@pytest.mark.parametrize(
    "typed",
    ["王小明", "小明", "明", "wangxiaoming", "xiaoming", "wxm", "建国", "8000", "13800138000", "+86 138 0013 8000"],
)
def test_a_lead_is_found_by_parts_of_names_and_phones(tx: Tx, typed: str) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus, guardian_name="王建国")
    factories.lead(tx, campus, child_name="李雷", guardian_phone="+8613900139001")
    assert _ids(tx, search=typed) == [lead.id]


@pytest.mark.parametrize("typed", ["赵", "0000", "王大明", "!!", "13800138009"])
def test_what_nobody_is_called_finds_nobody(tx: Tx, typed: str) -> None:
    factories.lead(tx, factories.campus(tx))
    assert _ids(tx, search=typed) == []


def test_filters_narrow_and_newest_come_first(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    advisor = factories.advisor(tx, here)
    a = factories.lead(tx, here, owner_id=advisor)
    b = factories.lead(tx, there, child_name="李雷", guardian_phone="+8613900139001", source="referral")
    c = factories.lead(tx, here, child_name="韩梅", guardian_phone="+8613900139002")
    leads.lose(tx, c.id, reason="price")
    tx.session.flush()
    assert _ids(tx) == sorted([a.id, b.id, c.id], reverse=True)
    assert _ids(tx, filter=f'campus_id = "{here}" AND state = "open"') == [a.id]
    assert _ids(tx, filter=f'owner_id = "{advisor}"') == [a.id]
    assert _ids(tx, filter='stage = "LEAD_STAGE_LOST"') == [c.id]
    assert _ids(tx, filter='source in ["referral", "web_form"]') == [b.id]
    assert _ids(tx, filter='create_time < "2026-01-01"') == []
    assert _ids(tx, filter='create_time >= "2020-01-01T00:00:00Z"', order_by="create_time") == sorted(
        [a.id, b.id, c.id]
    )


@pytest.mark.parametrize(
    "text", ['owner_id = ""', 'owner_id="" AND stage = "enquiry"', 'stage = "enquiry" AND owner_id = ""']
)
def test_an_empty_owner_means_the_pool(tx: Tx, text: str) -> None:
    campus = factories.campus(tx)
    factories.lead(tx, campus, owner_id=factories.advisor(tx, campus))
    pool = factories.lead(tx, campus, child_name="李雷", guardian_phone="+8613900139001")
    assert _ids(tx, filter=text) == [pool.id]


def test_pages_continue_where_the_last_ended(tx: Tx) -> None:
    campus = factories.campus(tx)
    made = [
        factories.lead(tx, campus, child_name=chr(0x5B50 + n) * 2, guardian_phone=f"+86139{n:08}").id for n in range(5)
    ]
    seen, token = [], ""
    while True:
        page = searches.page(tx, ListLeadsRequest(page_size=2, page_token=token))
        seen += [row.id for row in page.rows]
        token = page.next_page_token
        if not token:
            break
    assert seen == sorted(made, reverse=True)


def test_a_token_belongs_to_its_search(tx: Tx) -> None:
    campus = factories.campus(tx)
    for n in range(3):
        factories.lead(tx, campus, child_name=f"王{chr(0x5B50 + n)}", guardian_phone=f"+86139{n:08}")
    token = searches.page(tx, ListLeadsRequest(page_size=1, search="王")).next_page_token
    with pytest.raises(InvalidInput) as error:
        searches.page(tx, ListLeadsRequest(page_size=1, page_token=token))
    assert error.value.reason == "PAGE_TOKEN_INVALID"


def test_many_hits_are_paged_to_the_last_in_both_orders(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "_WALKS", (3, 6))
    campus = factories.campus(tx)
    made = [
        factories.lead(tx, campus, child_name=f"王小明{chr(0x4E00 + n)}", guardian_phone=f"+86137{n * 1111:08}").id
        for n in range(11)
    ]
    factories.lead(tx, campus, child_name="王大明", guardian_phone="+8613700001234")
    for order, expected in (("create_time", sorted(made)), ("create_time desc", sorted(made, reverse=True))):
        found, token = [], ""
        while True:
            asked = ListLeadsRequest(search="王小明", order_by=order, page_size=2, page_token=token)
            page = searches.page(tx, asked)
            found += [row.id for row in page.rows]
            token = page.next_page_token
            if not token:
                break
        assert found == expected
