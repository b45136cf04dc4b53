"""What may be charged, at the edges: lessons, months, amounts, days, renewals, prices by class size, ages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from services.billing.actions import charge_rules as shipped
from services.billing.rules import charge_rules as rules
from services.billing.rules.charge_rules import ChargeRule, Item, Standing

DAY = date(2026, 3, 2)
SUBJECT, OTHER, ADULT, PRESCHOOL = "school_age_subject", "school_age_other", "adult", "preschool"
NATIONAL, JIANGSU, PRICES = "cn-2021-2022", "js-2022", "guide-price-example"
FINE = Item(
    number=1,
    category=OTHER,
    subject="art",
    lessons=Fraction(20),
    paid_lessons=Fraction(20),
    net_fen=200000,
    lesson_minutes=45,
    start_date=date(2026, 3, 10),
    class_size=1,
    age_years=9,
)


def of(*codes: str) -> list[ChargeRule]:
    return [rule for each in shipped.sets() if each.code in codes for rule in each.rules]


def broken(item: Item, code: str = NATIONAL, *, had: Standing | None = None, day: date = DAY) -> list[str]:
    standing = {item.subject: had} if had else {}
    return [each.rule.kind for each in rules.check(of(code), [item], standing, day)]


LESSONS = [
    ("59 lessons", OTHER, Fraction(59), Fraction(0), []),
    ("60 lessons", OTHER, Fraction(60), Fraction(0), []),
    ("a hundredth above 60", OTHER, Fraction(6001, 100), Fraction(0), ["most_lessons"]),
    ("61 lessons", OTHER, Fraction(61), Fraction(0), ["most_lessons"]),
    ("60 lessons of a school subject", SUBJECT, Fraction(60), Fraction(0), []),
    ("61 lessons of a school subject", SUBJECT, Fraction(61), Fraction(0), ["most_lessons"]),
    ("61 lessons for adults", ADULT, Fraction(61), Fraction(0), []),
    ("61 lessons of an unknown course", "", Fraction(61), Fraction(0), []),
    ("61 lessons before school", PRESCHOOL, Fraction(61), Fraction(0), []),
    ("40 on top of 20", OTHER, Fraction(40), Fraction(20), []),
    ("41 on top of 20", OTHER, Fraction(41), Fraction(20), ["most_lessons"]),
    ("1 on top of 60", OTHER, Fraction(1), Fraction(60), ["most_lessons"]),
    ("half a lesson on top of 59.5", OTHER, Fraction(1, 2), Fraction(119, 2), []),
    ("half a lesson on top of 60", OTHER, Fraction(1, 2), Fraction(60), ["most_lessons"]),
]


@pytest.mark.parametrize(("what", "category", "lessons", "had", "expected"), LESSONS, ids=[row[0] for row in LESSONS])
def test_lessons(what: str, category: str, lessons: Fraction, had: Fraction, expected: list[str]) -> None:
    item = replace(FINE, category=category, lessons=lessons, paid_lessons=lessons)
    assert broken(item, had=Standing(had)) == expected, what


# (first day, last day, expected): three months end the day before the same day.
SPANS = [
    (date(2026, 3, 10), date(2026, 6, 9), []),
    (date(2026, 3, 10), date(2026, 6, 10), ["longest_span_months"]),
    (date(2026, 3, 1), date(2026, 5, 31), []),
    (date(2026, 3, 1), date(2026, 6, 1), ["longest_span_months"]),
    (date(2025, 11, 30), date(2026, 2, 27), []),
    (date(2025, 11, 30), date(2026, 2, 28), ["longest_span_months"]),
    (date(2023, 11, 30), date(2024, 2, 28), []),
    (date(2023, 11, 30), date(2024, 2, 29), ["longest_span_months"]),
    (date(2025, 12, 31), date(2026, 3, 30), []),
    (date(2025, 12, 31), date(2026, 3, 31), ["longest_span_months"]),
    (date(2026, 3, 10), None, []),
]


@pytest.mark.parametrize(("start", "end", "expected"), SPANS)
def test_spans(start: date, end: date | None, expected: list[str]) -> None:
    assert broken(replace(FINE, start_date=start, end_date=end), day=max(DAY, start)) == expected
    assert broken(replace(FINE, category=ADULT, start_date=start, end_date=end)) == []


# (category, fen, fen that stand of the subject, expected)
CHARGES = [
    (OTHER, 499999, 0, []),
    (OTHER, 500000, 0, []),
    (OTHER, 500001, 0, ["highest_charge_fen"]),
    (OTHER, 300000, 200000, []),
    (OTHER, 300001, 200000, ["highest_charge_fen"]),
    (OTHER, 1, 500000, ["highest_charge_fen"]),
    (SUBJECT, 500001, 0, []),
    (ADULT, 500001, 0, []),
]


@pytest.mark.parametrize(("category", "fen", "had", "expected"), CHARGES)
def test_charges(category: str, fen: int, had: int, expected: list[str]) -> None:
    assert broken(replace(FINE, category=category, net_fen=fen), had=Standing(Fraction(0), had)) == expected


# (first lesson, day of the charge, expected)
DAYS = [
    (date(2026, 5, 1), date(2026, 3, 31), ["earliest_months"]),
    (date(2026, 5, 1), date(2026, 4, 1), []),
    (date(2026, 5, 1), date(2026, 4, 30), []),
    (date(2026, 5, 1), date(2026, 6, 1), []),
    (date(2026, 3, 31), date(2026, 2, 27), ["earliest_months"]),
    (date(2026, 3, 31), date(2026, 2, 28), []),
    (date(2024, 3, 30), date(2024, 2, 28), ["earliest_months"]),
    (date(2024, 3, 30), date(2024, 2, 29), []),
    (date(2026, 1, 15), date(2025, 12, 14), ["earliest_months"]),
    (date(2026, 1, 15), date(2025, 12, 15), []),
    (None, DAY, ["earliest_months"]),
]


@pytest.mark.parametrize(("start", "day", "expected"), DAYS)
def test_the_earliest_day(start: date | None, day: date, expected: list[str]) -> None:
    item = replace(FINE, start_date=start)
    assert broken(item, day=day) == expected
    found = rules.check(of(NATIONAL), [item], {}, day)
    assert [each.reason for each in found] == (
        ["CHARGE_FACTS_MISSING" if start is None else "CHARGE_TOO_EARLY"] if expected else []
    )


# (lessons left of the subject, first lesson, expected)
RENEWALS = [
    (Fraction(20), None, []),
    (Fraction(2001, 100), None, ["renewal_lessons_left"]),
    (Fraction(21), None, ["renewal_lessons_left"]),
    (Fraction(21), date(2026, 4, 3), ["renewal_lessons_left"]),
    (Fraction(21), date(2026, 4, 2), []),
    (Fraction(0), date(2026, 12, 1), []),
]


@pytest.mark.parametrize(("left", "start", "expected"), RENEWALS)
def test_renewals(left: Fraction, start: date | None, expected: list[str]) -> None:
    assert broken(replace(FINE, start_date=start), JIANGSU, had=Standing(left)) == expected


# (class size, minutes, online, fen for one lesson, expected): 66, 44 and 33 yuan for 45 minutes, 22 online for 30.
PRICE = ["highest_price_fen"]
CEILINGS = [
    (9, 45, False, 6600, []),
    (9, 45, False, 6601, PRICE),
    (10, 45, False, 4400, []),
    (10, 45, False, 4401, PRICE),
    (10, 45, False, 6600, PRICE),
    (35, 45, False, 4400, []),
    (35, 45, False, 4401, PRICE),
    (36, 45, False, 3300, []),
    (36, 45, False, 3301, PRICE),
    (200, 45, False, 3301, PRICE),
    (9, 90, False, 13200, []),
    (9, 90, False, 13201, PRICE),
    (9, 40, False, 5866, []),
    (9, 40, False, 5867, PRICE),
    (9, 30, True, 2200, []),
    (9, 30, True, 2201, PRICE),
    (9, 20, True, 1466, []),
    (9, 20, True, 1467, PRICE),
]


@pytest.mark.parametrize(("size", "minutes", "online", "fen", "expected"), CEILINGS)
def test_prices(size: int, minutes: int, online: bool, fen: int, expected: list[str]) -> None:  # noqa: FBT001
    item = replace(FINE, category=SUBJECT, class_size=size, lesson_minutes=minutes, online=online, net_fen=fen * 20)
    assert broken(item, PRICES) == expected
    assert broken(replace(item, category=OTHER), PRICES) == []


# Who may be taught what: the age of a child, None where nobody has said it.
AGES = [
    (SUBJECT, False, 5, ["least_age_years"]),
    (SUBJECT, False, 6, []),
    (SUBJECT, False, None, ["least_age_years"]),
    (OTHER, False, 5, []),
    (OTHER, False, None, []),
    (OTHER, True, 5, ["least_age_years"]),
    (OTHER, True, 6, []),
    (PRESCHOOL, True, 5, ["least_age_years"]),
    (PRESCHOOL, False, 5, []),
    (ADULT, True, None, []),
]


@pytest.mark.parametrize(("category", "online", "age", "expected"), AGES)
def test_ages(category: str, online: bool, age: int | None, expected: list[str]) -> None:  # noqa: FBT001
    assert broken(replace(FINE, category=category, online=online, age_years=age)) == expected


@pytest.mark.parametrize(
    ("day", "expected"), [(date(2021, 10, 27), []), (date(2021, 10, 28), ["most_lessons"]), (DAY, ["most_lessons"])]
)
def test_rules_hold_from_their_first_day(day: date, expected: list[str]) -> None:
    item = replace(FINE, category=SUBJECT, lessons=Fraction(61), start_date=day)
    assert broken(item, day=day) == expected


def test_a_rule_ends_after_its_last_day() -> None:
    rule = replace(of(NATIONAL)[0], end_date=DAY)
    item = replace(FINE, lessons=Fraction(61))
    assert rules.check([rule], [item], {}, DAY)
    assert rules.check([rule], [item], {}, DAY + timedelta(days=1)) == []


def test_lines_of_one_subject_count_together_and_others_by_themselves() -> None:
    lines = [replace(FINE, number=1, lessons=Fraction(40)), replace(FINE, number=2, lessons=Fraction(21))]
    (found,) = rules.check(of(NATIONAL), lines, {}, DAY)
    assert (found.reason, found.limit, found.value, found.rule.version) == (
        "CHARGE_TOO_MANY_LESSONS",
        "60",
        "61",
        NATIONAL,
    )
    apart = [lines[0], replace(lines[1], subject="music")]
    assert rules.check(of(NATIONAL), apart, {}, DAY) == []


def test_a_price_needs_the_size_of_the_class() -> None:
    found = rules.check(of(PRICES), [replace(FINE, category=SUBJECT, class_size=0)], {}, DAY)
    assert {(each.reason, each.limit) for each in found} == {("CHARGE_FACTS_MISSING", "class_size")}


def test_a_refusal_names_rule_version_source_and_figures() -> None:
    (found,) = rules.check(of(NATIONAL), [replace(FINE, net_fen=500001)], {}, DAY)
    info = found.refusal().info
    assert (info["rule"], info["version"], info["limit"], info["value"]) == (
        "highest_charge_fen",
        NATIONAL,
        "5000.00",
        "5000.01",
    )
    assert "十三部门" in info["source"]


def test_the_shipped_sets_are_whole_and_say_that_a_lawyer_must_check_them() -> None:
    assert [each.code for each in shipped.sets()] == [NATIONAL, JIANGSU, PRICES]
    assert all(rule.kind in rules.KINDS and rule.source for each in shipped.sets() for rule in each.rules)
    assert "lawyer" in shipped.notice()
    assert "律师" in shipped.notice()
