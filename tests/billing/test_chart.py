"""The chart of accounts: complete, editable, and always of the last level."""

from __future__ import annotations

from uuid import UUID

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianxiao.billing.v1 import account_title_pb2 as pb
from lianxiao.billing.v1 import account_title_service_pb2 as service_pb
from lianxiao.billing.v1 import account_title_service_pb2_grpc as service_grpc
from services.billing.actions import account_titles
from services.billing.rules import chart, postings
from services.billing.rules.chart import Own
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from tests.billing import factories


def test_every_account_that_postings_name_has_a_title() -> None:
    accounts = {value for name, value in vars(postings).items() if name.isupper() and isinstance(value, str)}
    assert accounts == set(chart.BY_CODE)
    assert len(chart.SHIPPED) == len(chart.BY_CODE)


def test_shipped_numbers_are_different_and_of_the_last_level() -> None:
    numbers = [title.number for title in chart.SHIPPED]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert chart.NUMBER.fullmatch(number)
        assert chart.not_last_level(number, (other for other in numbers if other != number)) is None


@pytest.mark.parametrize("title", chart.SHIPPED, ids=lambda title: title.code)
def test_the_side_of_a_title_fits_the_class_of_its_number(title: chart.Title) -> None:
    # 1 assets, 2 liabilities, 60 to 63 income, 64 and above expenses.
    expected = {"1": chart.ASSET, "2": chart.LIABILITY}.get(title.number[0])
    expected = expected or (chart.EXPENSE if int(title.number[:2]) >= 64 else chart.INCOME)
    assert title.category == expected
    assert title.normal_side == (chart.DEBIT if expected in {chart.ASSET, chart.EXPENSE} else chart.CREDIT)


@settings(max_examples=30)
@given(st.from_regex(chart.NUMBER, fullmatch=True), st.integers(10, 99))
def test_a_level_below_is_seen_from_both_sides_and_a_neighbour_is_not(number: str, below: int) -> None:
    child = f"{number}.{below}"
    assert chart.not_last_level(number, [child]) == child
    assert chart.not_last_level(child, [number]) == number
    assert chart.not_last_level(number, [number]) is None
    assert chart.not_last_level(number, [f"{number}0"]) is None


def test_a_title_of_ones_own_replaces_the_shipped_one(tx: Tx) -> None:
    account_titles.set_own(tx, "cash", Own("1001", "库存现金", "Cash on hand"))
    account_titles.set_own(tx, "cash", Own("1012.01", "其他货币资金-微信", "WeChat"))
    titles = {title.code: title for title in account_titles.every(tx)}
    assert titles["cash"][1:4] == ("1012.01", "其他货币资金-微信", "WeChat")
    assert len(titles) == len(chart.SHIPPED)
    assert account_titles.remapped(tx) == {"cash"}
    # Several accounts may be one title.
    account_titles.set_own(tx, "split_expense", Own("6601.02", "销售费用-提成", "Commission expense"))


@pytest.mark.parametrize(
    ("code", "own", "error"),
    [
        ("petty_cash", Own("1001", "库存现金", "Cash"), NotFound),
        ("cash", Own("100", "库存现金", "Cash"), InvalidInput),
        ("cash", Own("1001.1", "库存现金", "Cash"), InvalidInput),
        ("cash", Own("1001", "\u3000", "Cash"), InvalidInput),
        ("cash", Own("6601", "销售费用", "Selling"), Refused),
        ("cash", Own("6601.01.01", "销售费用", "Selling"), Refused),
    ],
)
def test_what_no_accounting_program_would_take_is_refused(tx: Tx, code: str, own: Own, error: type[Exception]) -> None:
    with pytest.raises(error):
        account_titles.set_own(tx, code, own)
    assert account_titles.remapped(tx) == set()


def test_titles_are_set_for_the_whole_chain_and_belong_to_one_institution(
    database: Database, caller: Caller, other_institution: UUID, wire: Wire
) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
    service = service_grpc.AccountTitleServiceStub(wire.channel)
    wanted = pb.AccountTitle(code="cash", number="1001", name_zh="库存现金", name_en="Cash on hand")
    request = service_pb.SetAccountTitleRequest(account_title=wanted)
    local = wire.metadata(staff(caller.institution_id, ["account_title.*"], campuses=[campus]))
    with pytest.raises(grpc.RpcError) as error:
        service.SetAccountTitle(request, metadata=local)
    assert refusal(error.value) == ("PERMISSION_DENIED", "CHAIN_SCOPE_NEEDED")
    made = service.SetAccountTitle(request, metadata=wire.metadata(staff(caller.institution_id))).account_title
    assert (made.number, made.category, made.normal_side, made.is_own) == ("1001", 1, 1, True)
    listed = service.ListAccountTitles(service_pb.ListAccountTitlesRequest(), metadata=local).account_titles
    assert listed[0] == made
    assert [title.code for title in listed if title.is_own] == ["cash"]
    with database.begin(Caller.system(other_institution), read_only=True) as tx:
        assert account_titles.remapped(tx) == set()
