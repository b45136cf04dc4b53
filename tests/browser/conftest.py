"""Drives the console in a real Chromium against the running system.

The system comes from the fixtures `base_url` (address of the gateway) and `users` (people.User by role code).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.people import Api, Family, User, new_family
from tests.journeys.chain import Chain, found
from tests.journeys.steps import TOTAL_FEN, Child, become_student, enquire, join, pay, sell
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
def chain(compact_system: System) -> Chain:
    """Return a small chain that all tests of the console share."""
    return found(compact_system)


@pytest.fixture(scope="session")
def pupil(chain: Chain) -> Child:
    """Return a child whose family has bought hours, and who is in a class that meets tomorrow."""
    child = enquire(chain)
    pay(chain, sell(chain, child), TOTAL_FEN)
    become_student(chain, child)
    group = chain.class_group("周末创意班", capacity=6)
    chain.lesson(group, 24)
    join(chain, child, group)
    return child


@pytest.fixture(scope="session")
def users(chain: Chain) -> Mapping[str, User]:
    """Return people of a small chain by role."""
    chain.hire("auditor", "auditor", "")
    emails = {"hq_admin": "admin", "course_advisor": "advisor", "auditor": "auditor"}
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


Open = Callable[..., BrowserContext]


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """Collect what goes wrong inside pages; a test with such a fault fails."""
    found: list[str] = []
    yield found
    assert found == []


def _watch(page: Page, faults: list[str]) -> Page:
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda line: faults.append(line.text) if line.type == "error" and EXPECTED_ERROR not in line.text else None,
    )
    return page


@pytest.fixture(scope="session")
def profiles(chromium: Browser, base_url: str) -> Iterator[Open]:
    """Return a function that opens a profile of its own; all are closed at the end."""
    opened: list[BrowserContext] = []

    def open_profile() -> BrowserContext:
        context = chromium.new_context(base_url=base_url, locale="zh-CN", accept_downloads=True)
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        return context

    yield open_profile
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def profile_of(profiles: Open) -> Callable[[str], BrowserContext]:
    """Return the profile in which the person with a role stays signed in during the run."""
    return cache(lambda _role: profiles())


@pytest.fixture
def page(profiles: Open, faults: list[str]) -> Iterator[Page]:
    """Return a page of somebody who has not signed in."""
    page = _watch(profiles().new_page(), faults)
    yield page
    page.close()


@pytest.fixture
def sign_in(
    profiles: Open, profile_of: Callable[[str], BrowserContext], users: Mapping[str, User], faults: list[str]
) -> Iterator[SignIn]:
    """Return a function that opens the lead list as the person with a role.

    `fresh` gives a profile of its own, for tests that sign out or change what the browser remembers.
    """
    opened: list[Page] = []

    def open_as(role: str, size: tuple[int, int] = DESKTOP, *, fresh: bool = False) -> Page:
        page = _watch((profiles() if fresh else profile_of(role)).new_page(), faults)
        opened.append(page)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto("/leads")
        title = page.get_by_role("heading", name="线索", level=1)
        form = page.get_by_role("button", name="登录", exact=True)
        expect(title.or_(form)).to_be_visible()
        if form.is_visible():
            enter(page, users[role])
        expect(title).to_be_visible()
        return page

    yield open_as
    for page in opened:
        page.close()


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
