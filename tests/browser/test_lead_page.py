"""One lead: what happened, what is done next, and changes that others make."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.browser.people import Api, Family

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system


def test_a_follow_up_appears_in_the_timeline_and_moves_the_stage(sign_in: SignIn, api: Api, family: Family) -> None:
    lead_id = api.capture(family)
    page = sign_in("hq_admin")
    page.goto(f"/leads/{lead_id}")
    expect(page.get_by_role("heading", name=family.child)).to_be_visible()
    page.get_by_text("微信", exact=True).first.click()
    page.get_by_role("textbox", name="沟通内容").fill("妈妈说周六下午可以来试听。")
    page.get_by_role("button", name="保存跟进").click()
    expect(page.get_by_text("跟进已保存")).to_be_visible()
    expect(page.get_by_text("微信跟进")).to_be_visible()
    expect(page.get_by_text("妈妈说周六下午可以来试听。")).to_be_visible()
    expect(page.get_by_role("list", name="所处阶段").locator("[aria-current=step]")).to_have_text("已联系")
    expect(page.get_by_role("textbox", name="沟通内容")).to_have_value("")


def test_an_empty_follow_up_is_not_sent(sign_in: SignIn, api: Api, family: Family) -> None:
    page = sign_in("hq_admin")
    page.goto(f"/leads/{api.capture(family)}")
    page.get_by_role("button", name="保存跟进").click()
    expect(page.get_by_text("请填写沟通内容")).to_be_visible()


def test_a_lead_is_assigned_and_the_timeline_says_so(sign_in: SignIn, api: Api, family: Family) -> None:
    lead_id = api.capture(family)
    api.assign(lead_id, "")
    advisor = api.advisor()["displayName"]
    page = sign_in("hq_admin")
    page.goto(f"/leads/{lead_id}")
    page.get_by_role("button", name="分配").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="分给谁").fill(advisor)
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="确认分配").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text(f"分配给 {advisor}").first).to_be_visible()


def test_a_change_by_somebody_else_shows_without_a_reload(sign_in: SignIn, api: Api, family: Family) -> None:
    lead_id = api.capture(family)
    api.assign(lead_id, "")
    advisor = api.advisor()
    page = sign_in("hq_admin")
    with page.expect_response("**/v1/events"):
        page.goto(f"/leads/{lead_id}")
    expect(page.get_by_text("退回公海").or_(page.get_by_text("家长咨询")).first).to_be_visible()
    api.assign(lead_id, advisor["staffId"])
    expect(page.get_by_text(f"分配给 {advisor['displayName']}").first).to_be_visible()


def test_contacts_are_masked_for_people_who_may_not_read_them(sign_in: SignIn, api: Api, family: Family) -> None:
    page = sign_in("auditor")
    page.goto(f"/leads/{api.capture(family)}")
    expect(page.get_by_text("部分内容已隐藏")).to_be_visible()
    expect(page.get_by_text(family.last_four)).to_be_visible()
    expect(page.get_by_text(family.phone)).to_have_count(0)


def test_an_unknown_lead_is_explained(sign_in: SignIn) -> None:
    page = sign_in("hq_admin")
    page.goto("/leads/00000000-0000-4000-8000-000000000000")
    expect(page.get_by_role("alert")).to_contain_text("追踪编号")
    page.get_by_role("link", name="返回列表").click()
    expect(page.get_by_role("heading", name="线索", level=1)).to_be_visible()
