"""Finding leads: search, filters, keys, the address."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, SignIn
from tests.browser.people import Api, Family

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system


def test_a_lead_is_found_by_a_part_of_its_name_and_by_four_digits(sign_in: SignIn, api: Api, family: Family) -> None:
    api.capture(family)
    page = sign_in("hq_admin")
    search = page.get_by_role("searchbox", name="搜索线索")
    for words in (family.child[:3], family.last_four, family.phone):
        search.fill(words)
        expect(page.get_by_role("link", name=family.child)).to_be_visible()
    search.fill(family.phone + "0")
    expect(page.get_by_text("没有符合条件的线索")).to_be_visible()
    page.get_by_role("button", name="清除筛选").click()
    expect(search).to_have_value("")


def test_filters_live_in_the_address(sign_in: SignIn, api: Api, family: Family) -> None:
    api.capture(family)
    page = sign_in("hq_admin")
    page.get_by_role("searchbox", name="搜索线索").fill(family.child)
    expect(page).to_have_url(re.compile("search="))
    page.get_by_role("combobox", name="阶段").click()
    page.get_by_title("已报价", exact=True).click()
    expect(page).to_have_url(re.compile("stage=LEAD_STAGE_QUOTED"))
    expect(page.get_by_text("没有符合条件的线索")).to_be_visible()
    page.reload()
    expect(page.get_by_text("没有符合条件的线索")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name=family.child)).to_be_visible()


def test_the_list_obeys_the_keyboard(sign_in: SignIn, api: Api, family: Family) -> None:
    lead_id = api.capture(family)
    page = sign_in("hq_admin")
    page.keyboard.press("/")
    page.keyboard.type(family.phone)
    link = page.get_by_role("link", name=family.child)
    expect(link).to_be_visible()
    page.keyboard.press("Tab")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("j")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"/leads/{lead_id}")


def test_pages_lead_forward_and_back(sign_in: SignIn, api: Api) -> None:
    api.fill_a_page_of_leads()
    page = sign_in("hq_admin")
    first = page.locator("[data-row-link]").first.get_attribute("href")
    page.get_by_role("button", name="下一页").click()
    expect(page).to_have_url(re.compile("page="))
    expect(page.locator("[data-row-link]").first).not_to_have_attribute("href", first or "")
    page.get_by_role("button", name="上一页").click()
    expect(page.locator("[data-row-link]").first).to_have_attribute("href", first or "")


def test_an_advisor_meets_no_lead_of_others(sign_in: SignIn, api: Api, family: Family) -> None:
    lead_id = api.capture(family)
    api.assign(lead_id, "")
    page = sign_in("course_advisor")
    page.get_by_role("searchbox", name="搜索线索").fill(family.phone)
    expect(page.get_by_text("没有符合条件的线索")).to_be_visible()
    page.goto(f"/leads/{lead_id}")
    expect(page.get_by_role("alert")).to_contain_text("追踪编号")


def test_a_phone_shows_cards_without_sideways_scrolling(sign_in: SignIn, api: Api, family: Family) -> None:
    lead_id = api.capture(family)
    page = sign_in("hq_admin", PHONE)
    page.get_by_role("searchbox", name="搜索线索").fill(family.phone)
    expect(page.get_by_role("listitem").get_by_role("link", name=family.child)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.goto(f"/leads/{lead_id}")
    expect(page.get_by_role("heading", name=family.child)).to_be_visible()
    expect(page.get_by_text("家长咨询")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
