"""Which days are taught on: notices, terms, closed days, and what a series leaves out."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.scheduling.actions import calendars, timetable
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern, Planned
from services.scheduling.models import Campus
from services.scheduling.rules.calendars import SpecialDay, Term, merged, statutory_days, statutory_notices
from services.scheduling.rules.series import Slot
from shared.caller import Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed
from shared.testing import callers
from tests.scheduling import factories as make

_NOTICES = Path(__file__).parents[2] / "../shared/data/oracles/holidays_cn"
SPRING = [SpecialDay(date(2027, 2, 5 + n), "春节", is_off=True) for n in range(7)]
WORK = SpecialDay(date(2027, 2, 20), "春节", is_off=False)


def test_what_came_with_the_system_equals_the_published_notices() -> None:
    if not _NOTICES.is_dir():
        pytest.skip("the published notices lie beside the repository only")
    published = {}
    for path in _NOTICES.glob("*.json"):
        told = json.loads(path.read_text())
        published[told["year"]] = [
            SpecialDay(date.fromisoformat(each["date"]), each["name"], is_off=each["isOffDay"]) for each in told["days"]
        ]
    ours, theirs = merged(statutory_notices()), merged(published)
    days = [date(2007, 1, 1) + timedelta(days=n) for n in range((date(2026, 12, 31) - date(2007, 1, 1)).days + 1)]
    assert len(days) == 7305
    assert [day for day in days if ours.is_rest_day(day) != theirs.is_rest_day(day)] == []


def test_a_year_without_a_notice_is_not_known_and_not_guessed() -> None:
    assert statutory_days(2099) is None
    assert merged(statutory_notices()).unknown_years(date(2025, 9, 1), date(2099, 1, 1))[-1] == 2099
    assert merged(statutory_notices()).unknown_years(date(2025, 9, 1), date(2026, 7, 1)) == []


def series(tx: Tx, campus: Campus, first: date, last: date, *weekdays: int, category: str = "") -> Planned:
    course = make.course(tx, category=category)
    wish = Wish(campus.id, course.id, teacher_ids=[make.teacher(tx).id])
    slots = [Slot(weekday, time(18), 0) for weekday in weekdays]
    return timetable.create_series(tx, wish, Pattern(slots, first, last))


def test_a_series_warns_of_a_year_that_is_not_known_until_its_notice_is_imported(tx: Tx) -> None:
    campus = make.campus(tx)
    before = series(tx, campus, date(2027, 2, 1), date(2027, 2, 28), 5)
    assert (before.unknown_years, before.skipped, len(before.lessons)) == ([2027], [], 4)
    calendars.import_notice(tx, 2027, [*SPRING, WORK], "国办发明电〔2026〕")
    after = series(tx, campus, date(2027, 2, 1), date(2027, 2, 28), 5)
    assert after.unknown_years == []
    assert [(each.day, each.reason, each.name) for each in after.skipped] == [
        (date(2027, 2, 5), "public_holiday", "春节")
    ]
    assert len(after.lessons) == 3
    assert calendars.public(tx).is_rest_day(WORK.day) is False
    calendars.set_campus(tx, campus.id, city="", open_weekdays=(), opens_on_public_holidays=True)
    assert series(tx, campus, date(2027, 2, 1), date(2027, 2, 28), 5).skipped == []


def test_a_corrected_notice_replaces_the_first_and_odd_ones_are_refused(tx: Tx) -> None:
    calendars.import_notice(tx, 2026, SPRING[:1], "")
    assert calendars.public(tx).holiday(date(2026, 10, 1)) is None
    calendars.import_notice(tx, 2026, [SpecialDay(date(2026, 10, 1), "国庆节", is_off=True)], "更正")
    assert calendars.notice(tx, 2026) == ([SpecialDay(date(2026, 10, 1), "国庆节", is_off=True)], "更正")
    for days in ([WORK, WORK], [SpecialDay(date(2030, 1, 1), "元旦", is_off=True)]):
        with pytest.raises(InvalidInput):
            calendars.import_notice(tx, 2027, days, "")


def test_a_series_leaves_closed_days_out_and_says_why(tx: Tx) -> None:
    campus = make.campus(tx, time_zone="Asia/Urumqi")
    make.close(tx, campus, date(2030, 3, 6))
    calendars.set_campus(tx, campus.id, city="", open_weekdays=(2, 3, 4, 5, 6, 7), opens_on_public_holidays=False)
    made = series(tx, campus, date(2030, 3, 4), date(2030, 3, 13), 1, 3)
    assert [(each.day, each.reason) for each in made.skipped] == [
        (date(2030, 3, 4), "closed_weekday"),
        (date(2030, 3, 6), "closed_date"),
        (date(2030, 3, 11), "closed_weekday"),
    ]
    assert [each.start_time.isoformat() for each in made.lessons] == ["2030-03-13T12:00:00+00:00"]


def test_school_breaks_are_left_out_by_courses_that_must_keep_them(tx: Tx) -> None:
    here, there = make.campus(tx), make.campus(tx)
    for campus, city in ((here, "上海"), (there, "乌鲁木齐")):
        calendars.set_campus(tx, campus.id, city=city, open_weekdays=(), opens_on_public_holidays=False)
    winter = Term("上海", "winter_break", "寒假", date(2030, 3, 1), date(2030, 3, 10))
    assert calendars.set_terms(tx, "上海", [winter]) == [winter]
    days = (date(2030, 3, 4), date(2030, 3, 11))
    subject = "school_age_subject"
    assert [each.name for each in series(tx, here, *days, 1, category=subject).skipped] == ["寒假"]
    assert series(tx, there, *days, 1, category=subject).skipped == []
    assert series(tx, here, *days, 1, category="adult").skipped == []
    with pytest.raises(InvalidInput):
        calendars.set_terms(tx, "上海", [winter, winter])
    assert calendars.set_terms(tx, "上海", []) == []


def test_only_who_plans_for_the_chain_changes_its_calendar(database: Database, institution: UUID) -> None:
    with database.begin(callers.staff(institution)) as tx:
        here = make.campus(tx)
    caller = callers.staff(institution, campuses=[here.id])
    with database.begin(caller, scope=Scope(frozenset({here.id}))) as tx:
        for change in (
            lambda: calendars.import_notice(tx, 2027, SPRING, ""),
            lambda: calendars.set_terms(tx, "上海", []),
        ):
            with pytest.raises(NotAllowed):
                change()
        calendars.set_campus(tx, here.id, city="上海", open_weekdays=(6, 7), opens_on_public_holidays=False)
        found = calendars.overview(tx, here.id, date(2026, 10, 1), date(2026, 10, 4))
    assert [each.reason for each in found.days_off] == ["closed_weekday"] * 2 + ["public_holiday"] * 2
