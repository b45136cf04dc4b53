"""One child from the first enquiry to a refund, and what happens when hours run low."""

from __future__ import annotations

from email.header import decode_header, make_header

import pytest

from shared.testing.mail import Letterbox, Mail
from tests.journeys.api import Json, eventually
from tests.journeys.care import (
    check_greeting,
    check_nothing_typed_twice,
    check_trials,
    hand_to_teaching,
    leave,
    miss_a_trial,
    plan_a_greeting,
)
from tests.journeys.chain import YEAR_START, Chain, found
from tests.journeys.steps import (
    GIFT,
    HOURS,
    TOTAL_FEN,
    UNIT_FEN,
    Child,
    attend,
    become_student,
    check_charge,
    check_money,
    enquire,
    hours_left,
    join,
    pay,
    refund,
    report,
    sell,
    take_back_and_repeat,
    try_out,
    wait_for_hours,
)
from tests.journeys.system import System

# What the teacher who confirms a roll call may wait for the word of billing.
SECONDS_TO_TELL = 2.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_one_child_from_enquiry_to_refund(system: System, letterbox: Letterbox) -> None:
    chain = found(system)
    campaign = {"name": "开学季", "channel": "open_day", "startDate": YEAR_START, "budgetFen": "100000"}
    campaign_id = chain.admin.post("/v1/campaigns", campaign)["campaign"]["campaignId"]
    cost = {"amountFen": "12345", "spendDate": YEAR_START}
    chain.admin.post(f"/v1/campaigns/{campaign_id}/costs", cost)
    group = chain.class_group("三年级提高班", capacity=6)
    trial_lesson, lesson = chain.lesson(group, -0.5), chain.lesson(group, -24)
    plan_a_greeting(chain)
    child = enquire(chain, campaign_id)
    missed = miss_a_trial(chain, child, group)
    try_out(chain, child, trial_lesson, missed)
    check_trials(chain, child, missed)
    check_greeting(chain, child)
    order_id = sell(chain, child)
    pay(chain, order_id, TOTAL_FEN)
    become_student(chain, child)
    check_nothing_typed_twice(chain, child)
    hand_to_teaching(chain, child)
    assert hours_left(chain, child) == HOURS + GIFT
    join(chain, child, group)
    attend(chain, child, lesson)
    assert check_charge(chain, child, lesson, HOURS + GIFT - 100) < SECONDS_TO_TELL
    check_money(chain, child, lessons=1)
    # Of the trial they were told too, unless it was night.
    about = [m for m in eventually("the family is told", lambda: _told(letterbox, child)) if "剩余" in m.body]
    assert len(about) == 1
    assert "31" in about[0].body
    take_back_and_repeat(chain, child, lesson)
    report(chain, campaign_id)
    refund(chain, child, order_id)


def test_few_hours_make_one_task_and_one_reminder_and_whoever_comes_next_has_all(
    system: System, letterbox: Letterbox
) -> None:
    chain = found(system)
    chain.hire("successor", "course_advisor", chain.selling)
    group = chain.class_group("快用完", capacity=5)
    child = enquire(chain)
    order_id = sell(chain, child, hours=400, gift=0)
    pay(chain, order_id, 4 * UNIT_FEN)
    become_student(chain, child)
    lessons = [chain.lesson(group, -24 * n) for n in (4, 3, 2)]
    join(chain, child, group)
    for number, lesson in enumerate(lessons, start=1):
        attend(chain, child, lesson)
        wait_for_hours(chain, child, 400 - 100 * number)
    tasks = eventually(
        "the advisor has a task",
        lambda: [t for t in _tasks(chain) if t["leadId"] == child.lead_id and t["kind"] == "renewal"],
    )
    assert len(tasks) == 1
    eventually("three notices and a reminder", lambda: len(_mails(letterbox, child)) == 4)
    assert sum("即将用完" in subject for subject in _mails(letterbox, child)) == 1
    leave(chain, enquire(chain))


def _tasks(chain: Chain) -> list[Json]:
    return list(chain.people["advisor"].get("/v1/tasks")["tasks"])


def _told(letterbox: Letterbox, child: Child) -> list[Mail]:
    mails = [m for m in letterbox.mails if m.to == child.email]
    return mails if any("剩余" in m.body for m in mails) else []


def _mails(letterbox: Letterbox, child: Child) -> list[str]:
    return [str(make_header(decode_header(m.subject))) for m in letterbox.mails if m.to == child.email]
