"""Statements of a month: made by a button, read line by line, objected to and answered."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SignIn
from tests.journeys.chain import Chain
from tests.journeys.steps import Child

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system
MONTH = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m}"


def test_the_statements_of_a_month_are_made_and_answered_for(sign_in: SignIn, chain: Chain, pupil: Child) -> None:
    assert pupil.customer_id
    page = sign_in("hq_admin")
    page.goto(f"/settlements?month={MONTH}")
    page.get_by_role("button", name=f"生成 {MONTH} 结算单").click()
    page.get_by_role("link", name="老师advisor").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(MONTH)
    expect(page.get_by_role("row").filter(has_text="收款").first).to_be_visible()
    page.get_by_role("button", name="确认结算单").click()
    page.get_by_role("tooltip").get_by_role("button", name="确认结算单").click()
    expect(page.get_by_role("alert")).to_contain_text("追踪编号")
    page.get_by_role("button", name="提出异议").click()
    page.get_by_role("textbox", name="说明").fill("少算了一单")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("有异议")).to_be_visible()
    page.get_by_role("button", name="答复异议").click()
    page.get_by_role("textbox", name="说明").fill("已计入下月")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已计入下月")).to_be_visible()
    settlement_id = page.url.rsplit("/", 1)[-1]
    settlement = chain.admin.get(f"/v1/settlements/{settlement_id}")["settlement"]
    assert (settlement["state"], settlement["dispute"]["text"]) == ("SETTLEMENT_STATE_DRAFT", "少算了一单")


def test_statements_are_found_by_whose_they_are_on_a_phone(sign_in: SignIn) -> None:
    page = sign_in("hq_admin", PHONE)
    page.goto("/settlements?party=SETTLEMENT_PARTY_CAMPUS")
    page.get_by_role("link", name="浦东校区").first.click()
    expect(page).to_have_url(re.compile("/settlements/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("浦东校区")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
