"""Drives the console in a real Chromium against the running system.

The system comes from the fixtures `base_url` (address of the gateway) and `users` (people.User by role code).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.people import Api, Family, User, new_family
from tests.journeys.chain import found
from tests.journeys.system import PASSWORD, System

# QUIC and background services look for hosts that a test machine does not have.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 15_000
DESKTOP = (1440, 900)
PHONE = (390, 844)
# What a failed call writes to the console of the browser; every other error is a fault of the page.
EXPECTED_ERROR = "Failed to load resource"

SignIn = Callable[..., Page]


def _program() -> str:
    found = shutil.which(os.environ.get("LIANXIAO_CHROMIUM") or "chromium")
    if found is None:
        pytest.skip("there is no Chromium: install it or set LIANXIAO_CHROMIUM")
    return found


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    institution_code: str
    email: str
    password: str


@pytest.fixture(scope="session")
def users(compact_system: System) -> Mapping[str, User]:
    """Return people of a small chain by role."""
    chain = found(compact_system)
    emails = {"hq_admin": "admin", "course_advisor": "advisor", "teacher": "teacher", "finance": "finance"}
    return {role: Person(chain.code, f"{name}@{chain.code}.example", PASSWORD) for role, name in emails.items()}


@pytest.fixture(scope="session")
def base_url(compact_system: System) -> str:
    """Return the address of the console."""
    return compact_system.url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return one browser for the run; every page has a profile of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_program(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def contexts(chromium: Browser, base_url: str) -> Iterator[Callable[..., BrowserContext]]:
    """Return a function that opens a fresh profile; faults of the pages in it fail the test."""
    opened: list[BrowserContext] = []
    faults: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda line: faults.append(line.text) if line.type == "error" and EXPECTED_ERROR not in line.text else None,
        )

    def open_context(size: tuple[int, int] = DESKTOP) -> BrowserContext:
        context = chromium.new_context(
            base_url=base_url, viewport={"width": size[0], "height": size[1]}, locale="zh-CN", accept_downloads=True
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("page", watch)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()
    assert faults == []


@pytest.fixture
def page(contexts: Callable[..., BrowserContext]) -> Page:
    """Return a page of somebody who has not signed in."""
    return contexts().new_page()


@pytest.fixture
def sign_in(contexts: Callable[..., BrowserContext], users: Mapping[str, User]) -> SignIn:
    """Return a function that opens the lead list as the person with a role."""

    def open_as(role: str, size: tuple[int, int] = DESKTOP) -> Page:
        page = contexts(size).new_page()
        page.goto("/")
        enter(page, users[role])
        expect(page.get_by_role("heading", name="线索", level=1)).to_be_visible()
        return page

    return open_as


def enter(page: Page, user: User, password: str | None = None) -> None:
    """Fill the sign-in form and send it."""
    page.get_by_label("机构代码").fill(user.institution_code)
    page.get_by_label("邮箱").fill(user.email)
    page.get_by_label("密码").fill(user.password if password is None else password)
    page.get_by_role("button", name="登录", exact=True).click()


@pytest.fixture
def api(base_url: str, users: Mapping[str, User]) -> Iterator[Api]:
    """Return the gateway as headquarters uses it."""
    client = Api(base_url, users["hq_admin"])
    yield client
    client.close()


@pytest.fixture
def family() -> Family:
    """Return a family that nobody else has enquired about."""
    return new_family()
