"""Orders: taking money at the desk, and giving it back after somebody else agreed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, SignIn
from tests.journeys.chain import Chain
from tests.journeys.steps import TOTAL_FEN, enquire, sell

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system
TOTAL = f"¥{TOTAL_FEN / 100:,.2f}"


@pytest.fixture(scope="module")
def order_id(chain: Chain) -> str:
    """Return a signed order of which nothing is paid."""
    return sell(chain, enquire(chain))


def _take(page: Page, amount: str) -> None:
    page.get_by_role("button", name="收款", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="金额（元）").fill(amount)
    dialog.get_by_role("button", name="确认收款").click()


def test_an_order_is_paid_in_parts_at_the_desk(sign_in: SignIn, chain: Chain, order_id: str) -> None:
    page = sign_in("hq_admin")
    page.goto(f"/orders/{order_id}")
    expect(page.get_by_text("待付款")).to_be_visible()
    _take(page, "99999999")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"最多 {TOTAL}")).to_be_visible()
    dialog.get_by_role("textbox", name="金额（元）").fill("1000.5")
    dialog.get_by_role("button", name="确认收款").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("部分付款")).to_be_visible()
    _take(page, f"{(TOTAL_FEN - 100050) / 100:.2f}")
    expect(page.get_by_text("已付清")).to_be_visible()
    expect(page.get_by_role("button", name="收款", exact=True)).to_have_count(0)
    payments = chain.admin.get(f'/v1/payments?filter=order_id="{order_id}"')["payments"]
    assert sorted(int(payment["amountFen"]) for payment in payments) == [100050, TOTAL_FEN - 100050]


def test_a_refund_shows_its_figures_and_needs_somebody_else(sign_in: SignIn, chain: Chain, order_id: str) -> None:
    page = sign_in("hq_admin")
    page.goto(f"/orders/{order_id}")
    page.get_by_role("button", name="申请退费").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("订单已收款")).to_be_visible()
    expect(dialog.get_by_role("listitem").filter(has_text="应退")).to_contain_text(TOTAL)
    dialog.get_by_role("textbox", name="扣除费用（元）").fill("100")
    expect(dialog.get_by_role("listitem").filter(has_text="应退")).not_to_contain_text(TOTAL)
    dialog.get_by_role("textbox", name="说明").fill("全家搬去成都")
    dialog.get_by_role("button", name="提交申请").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("待审批")).to_be_visible()
    page.get_by_role("button", name="处理退费").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="批准")).to_have_count(0)
    [refund] = chain.admin.get(f'/v1/refunds?filter=order_id="{order_id}"')["refunds"]
    assert (refund["state"], refund["reason"]) == ("REFUND_STATE_REQUESTED", "全家搬去成都")


def test_orders_are_found_by_state_on_a_phone(sign_in: SignIn, chain: Chain) -> None:
    order_id = sell(chain, enquire(chain))
    page = sign_in("hq_admin", PHONE)
    page.goto("/orders?state=ORDER_STATE_OPEN")
    page.locator(f'a[href="/orders/{order_id}"]').click()
    expect(page).to_have_url(re.compile(order_id))
    expect(page.get_by_role("heading", name="欧阳小明 的订单")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
