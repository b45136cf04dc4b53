"""Sets of refund rules, rates and sentences: which holds when, what interest is, what families read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.billing.actions import refund_rules as shipped
from services.billing.rules import refund_rules as rules
from services.billing.rules import refund_texts
from services.billing.rules.refund_rules import COOLING_OFF, FAMILY, FULL, MUTUAL, SCHOOL, InterestRate
from shared.errors import InvalidInput, Refused

SIGNED = date(2026, 3, 1)
LAW = rules.choose(shipped.examples(), province="", day=SIGNED)


# V7: (principal, rate in basis points, days, day count, interest)
INTEREST = [
    (450000, 300, 365, 365, 13500),
    (450000, 300, 1, 365, 37),
    (450000, 300, 0, 365, 0),
    (450000, 150, 365, 365, 6750),
    (450000, 310, 30, 365, 1147),
    (450000, 310, 30, 360, 1163),
    (1, 300, 365, 365, 0),
    (450000, 0, 365, 365, 0),
    (73000, 50, 1, 365, 1),
    (72999, 50, 1, 365, 1),
    (36499, 50, 1, 365, 0),
    (36500, 50, 1, 365, 1),
    (450000, 300, -1, 365, 0),
]


@pytest.mark.parametrize(("principal", "points", "days", "day_count", "expected"), INTEREST)
def test_interest(principal: int, points: int, days: int, day_count: int, expected: int) -> None:
    rate = InterestRate("lpr_1y", points, SIGNED, "a table")
    assert rules.interest_fen(principal, rate, days, day_count) == expected


@pytest.mark.parametrize(
    ("kind", "day", "points"),
    [
        ("lpr_1y", date(2019, 8, 19), None),
        ("lpr_1y", date(2019, 8, 20), 425),
        ("lpr_1y", date(2025, 5, 19), 310),
        ("lpr_1y", date(2025, 5, 20), 300),
        ("deposit_1y", date(2026, 1, 1), 150),
        ("custody", date(2026, 1, 1), None),
    ],
)
def test_the_rate_of_a_day(kind: str, day: date, points: int | None) -> None:
    rate = rules.rate_on(shipped.example_rates(), kind, day)
    assert (rate and rate.basis_points) == points


@pytest.mark.parametrize(
    ("cause", "kind"), [(SCHOOL, "lpr_1y"), (FAMILY, "deposit_1y"), (MUTUAL, "deposit_1y"), (COOLING_OFF, "")]
)
def test_whose_reason_decides_the_interest(cause: str, kind: str) -> None:
    assert rules.interest_kind(LAW.of(cause), in_custody=False) == kind
    assert rules.interest_kind(LAW.of(cause), in_custody=True) == ("custody" if kind else "")


def test_a_province_goes_before_the_country_and_the_newest_before_the_older() -> None:
    own = replace(LAW, version="sh", province="上海", effective_date=date(2026, 1, 1), end_date=date(2026, 12, 31))
    every = [*shipped.examples(), own]
    chosen = [
        rules.choose(every, province=province, day=day).version
        for province, day in [
            ("上海", date(2025, 12, 31)),
            ("上海", date(2026, 1, 1)),
            ("上海", date(2026, 12, 31)),
            ("上海", date(2027, 1, 1)),
            ("江苏", date(2026, 6, 1)),
            ("", date(2025, 4, 30)),
            ("", date(2025, 5, 1)),
        ]
    ]
    national, older = "cn-spc-2025-4", "cn-consumer-law-53"
    assert chosen == [national, "sh", "sh", national, national, older, national]
    with pytest.raises(Refused) as refusal:
        rules.choose(every, province="", day=date(2014, 3, 14))
    assert refusal.value.reason == "REFUND_RULE_MISSING"


def test_a_set_names_every_cause_once() -> None:
    rules.check(LAW)
    for wrong in (
        replace(LAW, causes=LAW.causes[1:]),
        replace(LAW, causes=(LAW.causes[1], *LAW.causes[1:])),
        replace(LAW, end_date=LAW.effective_date - timedelta(days=1)),
        replace(LAW, least_age_years=19),
        replace(LAW, source=" "),
    ):
        with pytest.raises(InvalidInput):
            rules.check(wrong)


def test_the_shipped_examples_are_valid_and_say_that_a_lawyer_must_check_them() -> None:
    for rule in shipped.examples():
        rules.check(rule)
    assert "lawyer" in shipped.notice()
    assert "律师" in shipped.notice()


@pytest.mark.parametrize("language", refund_texts.LANGUAGES)
def test_every_kind_of_line_has_its_sentence(language: str) -> None:
    facts: dict[str, int | str] = {
        "number": 1, "hundredths": 150, "price": FULL, "list_price_fen": 1, "end_date": "2026-03-01", "days": 3,
        "rate": "lpr_1y", "basis_points": 310, "day_count": 365, "age_years": 7, "consented": "no",
    }  # fmt: skip
    said = {kind: refund_texts.sentence(kind, facts, language) for kind in refund_texts.kinds()}
    assert len(set(said.values())) == len(said)
    assert "{" not in "".join(said.values())
    assert "3.1" in said["interest"]
