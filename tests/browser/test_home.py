"""The first page: each role meets its own day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SignIn
from tests.journeys.chain import Chain
from tests.journeys.steps import Child, enquire

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system


def test_an_advisor_does_what_is_due_today(sign_in: SignIn, chain: Chain) -> None:
    child = enquire(chain)
    advisor = chain.people["advisor"]
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    advisor.post("/v1/tasks", {"leadId": child.lead_id, "kind": "follow_up", "note": "问清上课时间", "dueTime": soon})
    page = sign_in("course_advisor")
    page.get_by_role("link", name="首页").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("今天要做的事")
    task = page.get_by_role("list", name="待办").get_by_role("listitem").filter(has_text="问清上课时间")
    expect(task.get_by_role("link", name="欧阳小明")).to_be_visible()
    task.get_by_role("button", name="完成").click()
    expect(task).to_have_count(0)
    [done] = [
        each
        for each in advisor.get(f'/v1/tasks?filter=lead_id="{child.lead_id}"')["tasks"]
        if each["kind"] == "follow_up"
    ]
    assert done["state"] == "TASK_STATE_DONE"
    expect(page.get_by_text("应收款")).to_be_visible()
    expect(page.get_by_text("招生漏斗")).to_have_count(0)


def test_headquarters_sees_the_chain_and_each_campus(sign_in: SignIn, chain: Chain) -> None:
    page = sign_in("hq_admin")
    page.goto("/")
    funnel = page.get_by_role("table", name="近 30 天招生漏斗")
    expect(funnel.get_by_text("咨询")).to_be_visible()
    expect(page.get_by_text("本月课时")).to_be_visible()
    page.get_by_role("combobox", name="全部校区").click()
    page.get_by_title("徐汇校区").click()
    expect(page).to_have_url(f"/?campus={chain.teaching}")
    expect(page.get_by_text("今日课程")).to_be_visible()


def test_a_phone_shows_the_day_and_opens_the_menu(sign_in: SignIn) -> None:
    page = sign_in("hq_admin", PHONE)
    page.get_by_role("button", name="打开菜单").click()
    page.get_by_role("dialog").get_by_role("link", name="首页").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_text("招生漏斗")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_a_child_is_found_from_anywhere_by_keyboard(sign_in: SignIn, pupil: Child) -> None:
    assert pupil.customer_id
    page = sign_in("hq_admin")
    page.goto("/")
    page.get_by_role("button", name="搜索 Ctrl K").press("Control+k")
    box = page.get_by_role("searchbox", name="姓名、拼音、手机号或后四位")
    box.fill("ouyangxm")
    expect(page.get_by_text("没有找到")).to_be_visible()
    box.fill("oyxm")
    found = page.get_by_role("option")
    expect(found.first).to_contain_text("学员")
    expect(found.first).to_have_attribute("aria-selected", "true")
    box.press("ArrowDown")
    expect(found.nth(1)).to_have_attribute("aria-selected", "true")
    box.press("ArrowUp")
    box.press("Enter")
    expect(page.get_by_role("heading", name="欧阳小明", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("/students/"))
