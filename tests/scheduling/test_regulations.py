"""What the law asks of lessons is kept by every change of the timetable, or overridden by name."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.actions import moves, regulations, timetable
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.models import Lesson
from services.scheduling.rules.calendars import CampusDays, Term, merged, statutory_notices
from services.scheduling.rules.regulations import FIRST_REGULATIONS, Limits, category_of, in_force
from services.scheduling.rules.series import Slot
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from tests.scheduling import factories as make

ZONES = ("Asia/Shanghai", "Asia/Urumqi", "America/New_York")
SUMMER = Term("", "summer_break", "暑假", date(2026, 7, 1), date(2026, 8, 31))
# The State Council's notice for 2026, by hand: first and last day off, and the weekend days that are worked.
OFF_2026 = [("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05"), ("06-19", "06-21"),
            ("09-25", "09-27"), ("10-01", "10-07")]  # fmt: skip
WORKED_2026 = {"01-04", "02-14", "02-28", "05-09", "09-20", "10-10"}


def is_lawful(start: datetime, end: datetime, *, subject: bool, online: bool) -> bool:
    """Say the same as the rules in other words: local times as text."""
    last = "21:00" if online else "20:30"
    if end.date() != start.date() or end.strftime("%H:%M:%S") > f"{last}:00":
        return False
    day = start.strftime("%m-%d")
    off = any(first <= day <= until for first, until in OFF_2026)
    weekend = start.strftime("%a") in {"Sat", "Sun"} and day not in WORKED_2026
    rests = off or weekend or "07-01" <= day <= "08-31"
    too_long = online and end - start > timedelta(minutes=30)
    return not (subject and (rests or too_long))


@pytest.mark.parametrize("zone", ZONES)
def test_of_ten_thousand_lessons_exactly_the_lawful_ones_are_allowed(zone: str) -> None:
    dice = random.Random(20260101)
    days = CampusDays(zone, public=merged(statutory_notices()), terms=[SUMMER])
    allowed = violations = 0
    for _ in range(10_000):
        local = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(
            days=dice.randrange(365), minutes=dice.randrange(8 * 60, 1440, 5)
        )
        start = local.astimezone(UTC)
        end = start + timedelta(minutes=dice.choice([20, 30, 31, 45, 60, 90, 120, 240]))
        subject, online = dice.random() < 0.6, dice.random() < 0.4
        limits = Limits(days, FIRST_REGULATIONS, f"school_age_{'subject' if subject else 'other'}", online)
        here, until = (each.astimezone(ZoneInfo(zone)) for each in (start, end))
        is_allowed = limits.allows(Span(start, end))
        allowed += is_allowed
        violations += is_allowed != is_lawful(here, until, subject=subject, online=online)
    assert violations == 0
    assert 2_000 < allowed < 8_000


def test_adult_and_vocational_courses_have_no_such_rules() -> None:
    days = CampusDays("Asia/Shanghai", public=merged(statutory_notices()), terms=[SUMMER])
    span = Span(datetime(2026, 10, 1, 13, tzinfo=UTC), datetime(2026, 10, 1, 15, tzinfo=UTC))
    for category in ("adult", "vocational", ""):
        assert Limits(days, FIRST_REGULATIONS, category, online=False).breaches(span) == []
    assert category_of(None, school_grades=["三年级"], most_age_years=0) == "school_age_other"
    assert category_of("adult", school_grades=["三年级"], most_age_years=0) == "adult"
    assert category_of(None, school_grades=[], most_age_years=0) == ""
    assert category_of(None, school_grades=None, most_age_years=18) == "school_age_other"


def test_a_city_has_rules_of_its_own_from_a_day_on() -> None:
    national = next(rule for rule in FIRST_REGULATIONS if rule.kind == "latest_end" and rule.delivery == "offline")
    local = replace(
        national, city="上海", minutes=20 * 60, effective_date=date(2026, 9, 1), end_date=date(2026, 12, 31)
    )

    def minutes(city: str, day: date) -> list[int]:
        found = in_force([local, national], category=national.category, delivery="offline", city=city, day=day)
        return [rule.minutes for rule in found]

    assert minutes("上海", date(2026, 8, 31)) == [1230]
    assert minutes("上海", date(2026, 9, 1)) == minutes("上海", date(2026, 12, 31)) == [1200]
    assert minutes("上海", date(2027, 1, 1)) == minutes("北京", date(2026, 9, 1)) == [1230]
    assert minutes("上海", date(2020, 1, 1)) == []


def booked(tx: Tx, start: datetime, *, category: str = "school_age_other", online: bool = False) -> Lesson:
    course = make.course(tx, category=category, online=online, lesson_minutes=30)
    wish = Wish(make.campus(tx).id, course.id, teacher_ids=[make.teacher(tx).id])
    return timetable.create(tx, wish, start=start)


def test_a_lesson_that_ends_too_late_is_refused_with_the_rule_and_its_source(tx: Tx) -> None:
    # In Shanghai that is 20:00.
    lesson = booked(tx, datetime(2030, 3, 4, 12, tzinfo=UTC))
    with pytest.raises(Refused) as error:
        moves.move(tx, lesson.id, start=datetime(2030, 3, 4, 12, 1, tzinfo=UTC))
    assert error.value.reason == "LESSON_ENDS_TOO_LATE"
    assert error.value.info["limit"] == "20:30"
    assert "教基厅" in error.value.info["source"]
    moved = moves.move(tx, lesson.id, start=datetime(2030, 3, 4, 13, tzinfo=UTC), override_reason="停电顺延")
    assert (moved.override_reason, moved.override_by) == ("停电顺延", tx.caller.subject_id)
    with pytest.raises(Refused):
        booked(tx, datetime(2030, 3, 4, 12, 1, tzinfo=UTC))
    assert booked(tx, datetime(2030, 3, 4, 12, 30, tzinfo=UTC), online=True).override_reason == ""
    assert booked(tx, datetime(2030, 3, 4, 14, tzinfo=UTC), category="adult").override_reason == ""


def test_a_series_at_weekends_names_the_rule(tx: Tx) -> None:
    course = make.course(tx, category="school_age_subject")
    wish = Wish(make.campus(tx).id, course.id, teacher_ids=[make.teacher(tx).id])
    with pytest.raises(Refused) as error:
        timetable.create_series(tx, wish, Pattern([Slot(6, time(10), 0)], date(2026, 9, 19), date(2026, 9, 19)))
    assert error.value.reason == "LESSON_ON_REST_DAY"
    made = timetable.create_series(tx, wish, Pattern([Slot(7, time(10), 0)], date(2026, 9, 20), date(2026, 9, 20)))
    assert len(made.lessons) == 1


def test_the_same_children_pause_between_online_lessons_of_a_subject(tx: Tx) -> None:
    campus, child = make.campus(tx), make.student(tx, make.campus(tx))
    course = make.course(tx, category="school_age_subject", online=True, lesson_minutes=30)
    start = datetime(2030, 3, 4, 10, tzinfo=UTC)

    def lesson(begin: datetime, who: UUID) -> Lesson:
        wish = Wish(campus.id, course.id, student_ids=[who], teacher_ids=[make.teacher(tx).id])
        return timetable.create(tx, wish, start=begin)

    lesson(start, child)
    for minutes in (39, -39):
        with pytest.raises(Refused) as error:
            lesson(start + timedelta(minutes=minutes), child)
        assert (error.value.reason, error.value.info["limit"]) == ("LESSON_PAUSE_TOO_SHORT", "10")
    with pytest.raises(Refused) as error:
        lesson(start + timedelta(minutes=10), child)
    assert error.value.reason == "LESSON_CONFLICT"
    lesson(start + timedelta(minutes=30), make.student(tx, campus))
    after = lesson(start + timedelta(minutes=40), child)
    assert moves.move(tx, after.id, start=start + timedelta(minutes=41)).start_time > start


def test_an_institution_changes_its_rules_and_keeps_the_old_ones(tx: Tx) -> None:
    first = FIRST_REGULATIONS[0]
    assert [rule for _, rule in regulations.every(tx)] == list(FIRST_REGULATIONS)
    regulations.put(tx, replace(first, minutes=20 * 60))
    assert len(regulations.present(tx)) == len(FIRST_REGULATIONS)
    assert tx.run("select count(*) from lesson_regulation where replace_time is not null").scalar_one() == 1
    with pytest.raises(Refused):
        booked(tx, datetime(2030, 3, 4, 12, tzinfo=UTC), category=first.category)
    for odd in (replace(first, minutes=0), replace(first, source=""), replace(first, end_date=date(2000, 1, 1))):
        with pytest.raises(InvalidInput):
            regulations.put(tx, odd)
