"""Students: the list, and one child on one page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SignIn
from tests.journeys.api import eventually
from tests.journeys.chain import Chain
from tests.journeys.steps import TOTAL_FEN, Child

PUPIL = "欧阳小明"
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system


def test_a_child_is_found_and_shown_on_one_page(sign_in: SignIn, chain: Chain, pupil: Child) -> None:
    overview = f"/v1/students/{pupil.customer_id}/overview"
    eventually("the hours arrive", lambda: chain.admin.get(overview)["overview"]["hours"])
    page = sign_in("hq_admin")
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="学员").click()
    page.get_by_role("searchbox", name="搜索学员").fill(PUPIL)
    page.locator(f'a[href="/students/{pupil.customer_id}"]').click()
    expect(page.get_by_role("heading", name=PUPIL, level=1)).to_be_visible()
    for fact in ("在读", "累计缴费", "周末创意班", "订单生效"):
        expect(page.get_by_text(fact).first).to_be_visible()


def test_the_timeline_shows_one_area(sign_in: SignIn, pupil: Child) -> None:
    page = sign_in("hq_admin")
    page.goto(f"/students/{pupil.customer_id}")
    expect(page.get_by_text("订单生效")).to_be_visible()
    page.get_by_role("radiogroup", name="只看").get_by_text("收款").click()
    expect(page.get_by_text("订单生效")).to_have_count(0)
    expect(page.get_by_text("微信支付").or_(page.get_by_text("现金")).first).to_be_visible()


def test_a_state_changes_with_a_reason(sign_in: SignIn, pupil: Child) -> None:
    page = sign_in("hq_admin")
    page.goto(f"/students/{pupil.customer_id}")
    page.get_by_role("button", name="变更状态").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="确认变更").click()
    expect(dialog.get_by_text("请填写变更为")).to_be_visible()
    dialog.get_by_role("combobox", name="变更为").click()
    page.get_by_title("停课", exact=True).click()
    dialog.get_by_role("textbox", name="原因").fill("暑假回老家")
    dialog.get_by_role("button", name="确认变更").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("main").get_by_text("停课", exact=True).first).to_be_visible()


def test_a_phone_shows_cards_and_nothing_beside_the_screen(sign_in: SignIn, pupil: Child) -> None:
    page = sign_in("hq_admin", PHONE)
    page.goto(f"/students?search={PUPIL}")
    page.locator(f'a[href="/students/{pupil.customer_id}"]').click()
    expect(page).to_have_url(re.compile(pupil.customer_id))
    expect(page.get_by_role("heading", name=PUPIL, level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_the_statement_shows_what_was_left_and_prints(sign_in: SignIn, pupil: Child) -> None:
    page = sign_in("hq_admin")
    page.goto(f"/students/{pupil.customer_id}")
    page.get_by_role("button", name="对账单").click()
    drawer = page.get_by_role("dialog")
    bought = drawer.get_by_role("row").filter(has_text="购买")
    expect(bought).to_contain_text("+30")
    expect(bought).to_contain_text(f"+¥{TOTAL_FEN / 100:,.2f}")
    expect(drawer.get_by_role("row").filter(has_text="收款")).to_have_count(2)
    with page.expect_popup() as popup, page.expect_response(re.compile("statement/file")) as answer:
        drawer.get_by_role("button", name="PDF").click()
    assert answer.value.headers["content-type"] == "application/pdf"
    assert answer.value.ok
    popup.value.close()
