"""The timetable: a week of lessons, one lesson with its roll call, a lesson dragged to another time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, SignIn
from tests.journeys.chain import TODAY, Chain
from tests.journeys.steps import Child, join

PUPIL = "欧阳小明"
SHANGHAI = ZoneInfo("Asia/Shanghai")
LATER = TODAY.astimezone(SHANGHAI) + timedelta(days=14)
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]  # the first test starts the whole system


@dataclass(frozen=True, slots=True)
class Planned:
    """A class that meets in two weeks at ten in the morning."""

    lesson_id: str
    group: str
    address: str


@pytest.fixture(scope="module")
def planned(chain: Chain, pupil: Child) -> Planned:
    """Return a lesson of the pupil that only these tests move."""
    group = "晨间围棋班"
    group_id = chain.class_group(group, capacity=6)
    lesson_id = chain.lesson(group_id, _hours_until(10))
    join(chain, pupil, group_id)
    return Planned(lesson_id, group, f"/timetable?campus={chain.teaching}&date={LATER:%Y-%m-%d}")


def _hours_until(hour: int) -> float:
    return (LATER.replace(hour=hour, minute=0, second=0, microsecond=0) - TODAY).total_seconds() / 3600


def _drag(page: Page, lesson: Locator, minutes: int) -> None:
    """Drop a lesson of one hour so many minutes later."""
    box, row = lesson.bounding_box(), page.locator(".rbc-time-column .rbc-timeslot-group").first.bounding_box()
    assert box is not None
    assert row is not None
    left, top, hour = box["x"] + box["width"] / 2, box["y"] + 8, row["height"]
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left, top + hour / 2, steps=4)
    page.mouse.move(left, top + hour * minutes / 60, steps=8)
    page.mouse.up()


def _lesson(page: Page, group: str) -> Locator:
    return page.get_by_role("main").get_by_role("button").filter(has_text=group)


def test_a_lesson_is_dragged_to_a_free_hour(sign_in: SignIn, chain: Chain, planned: Planned) -> None:
    page = sign_in("hq_admin")
    page.goto(planned.address)
    lesson = _lesson(page, planned.group)
    expect(lesson).to_contain_text("10:00–11:00")
    _drag(page, lesson, 120)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("没有冲突，可以调整").or_(dialog.get_by_text("仍要调整的原因"))).to_be_visible()
    for field in dialog.get_by_role("textbox").all():
        field.fill("老师上午培训")
    dialog.get_by_role("button", name="确认调课").click()
    expect(dialog).to_be_hidden()
    expect(_lesson(page, planned.group)).to_contain_text("12:00–13:00")
    moved = chain.admin.get(f"/v1/lessons/{planned.lesson_id}")["lesson"]
    assert moved["startTime"].endswith("04:00:00Z")


def test_a_collision_is_named_before_anything_moves(sign_in: SignIn, chain: Chain, planned: Planned) -> None:
    before = chain.admin.get(f"/v1/lessons/{planned.lesson_id}")["lesson"]
    group = chain.class_group("午后书法班", capacity=6)
    chain.lesson(group, _hours_until(15))
    page = sign_in("hq_admin")
    page.goto(planned.address)
    _drag(page, _lesson(page, "午后书法班"), -180)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("这个时间有冲突")).to_be_visible()
    expect(dialog.get_by_text("老师teacher")).to_be_visible()
    expect(dialog.get_by_role("button", name="确认调课")).to_be_disabled()
    assert chain.admin.get(f"/v1/lessons/{planned.lesson_id}")["lesson"] == before


def test_a_lesson_opens_beside_the_calendar(sign_in: SignIn, planned: Planned) -> None:
    page = sign_in("hq_admin")
    page.goto(planned.address)
    _lesson(page, planned.group).press("Enter")
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("未点名")).to_be_visible()
    expect(drawer.get_by_text(PUPIL)).to_be_visible()


def test_a_phone_shows_one_day(sign_in: SignIn, planned: Planned) -> None:
    page = sign_in("hq_admin", PHONE)
    page.goto(planned.address)
    expect(_lesson(page, planned.group)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
