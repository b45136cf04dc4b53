"""Signing in and out, language and appearance."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SignIn, enter
from tests.browser.people import User

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system


def test_a_wrong_password_is_refused_in_words(page: Page, users: Mapping[str, User]) -> None:
    page.goto("/")
    enter(page, users["hq_admin"], password="not-the-password")
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible()
    expect(alert).to_contain_text("追踪编号")
    expect(page).to_have_url("/sign-in")


def test_an_empty_form_names_what_is_missing(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name="登录", exact=True).click()
    for field in ("机构代码", "邮箱", "密码"):
        expect(page.get_by_text(f"请填写{field}")).to_be_visible()


def test_the_page_that_was_asked_for_opens_after_sign_in(page: Page, users: Mapping[str, User]) -> None:
    page.goto("/leads?order=oldest")
    enter(page, users["hq_admin"])
    expect(page).to_have_url("/leads?order=oldest")
    expect(page.get_by_role("heading", name="线索", level=1)).to_be_visible()


def test_a_session_survives_a_reload_and_ends_with_sign_out(sign_in: SignIn) -> None:
    page = sign_in("hq_admin", fresh=True)
    page.reload()
    expect(page.get_by_role("heading", name="线索", level=1)).to_be_visible()
    page.get_by_role("button", name="账号：").click()
    page.get_by_role("menuitem", name="退出登录").click()
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
    page.goto("/leads")
    expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()


def test_impatient_reloads_do_not_end_the_session(sign_in: SignIn) -> None:
    page = sign_in("hq_admin", fresh=True)
    for _ in range(3):
        # Leave while the answer with the next refresh token is on its way.
        with page.expect_request("**/session/refresh"):
            page.reload(wait_until="commit")
    page.reload()
    expect(page.get_by_role("heading", name="线索", level=1)).to_be_visible()


def test_an_answer_that_never_arrives_does_not_end_the_session(sign_in: SignIn) -> None:
    page = sign_in("hq_admin", fresh=True)

    def lose(route: Route) -> None:
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
        key = {"idempotency-key": route.request.headers["idempotency-key"]}
        assert httpx.post(route.request.url, json={}, cookies=cookies, headers=key).status_code == 200
        route.abort()

    page.route("**/session/refresh", lose, times=1)
    page.reload()
    page.get_by_role("button", name="重试").click()
    expect(page.get_by_role("heading", name="线索", level=1)).to_be_visible()


def test_signing_out_in_one_tab_signs_out_the_others(sign_in: SignIn) -> None:
    first = sign_in("hq_admin", fresh=True)
    second = first.context.new_page()
    second.goto("/leads")
    expect(second.get_by_role("heading", name="线索", level=1)).to_be_visible()
    first.get_by_role("button", name="账号：").click()
    first.get_by_role("menuitem", name="退出登录").click()
    expect(second.get_by_role("button", name="登录", exact=True)).to_be_visible()


def test_the_access_token_is_nowhere_in_the_browsers_storage(sign_in: SignIn) -> None:
    page = sign_in("hq_admin", fresh=True)
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "eyJ" not in stored


def test_the_language_is_kept(sign_in: SignIn) -> None:
    page = sign_in("hq_admin", fresh=True)
    page.get_by_role("button", name="Switch to English").click()
    expect(page.get_by_role("heading", name="Leads", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Leads", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_dark_appearance_is_kept(sign_in: SignIn) -> None:
    page = sign_in("hq_admin", fresh=True)
    page.get_by_role("button", name="切换到深色").click()
    page.reload()
    expect(page.get_by_role("button", name="切换到浅色")).to_be_visible()
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
