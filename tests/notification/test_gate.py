"""I-21: what leaves, waits or is refused, in every combination of what decides it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.rules import gate, opt_out_texts
from services.notification.rules.gate import Facts, Verdict, Word

NOW = datetime(2030, 3, 4, 4, tzinfo=UTC)
MORNING = NOW + timedelta(hours=9)
CONSENTS = {
    "none": None,
    "given": {"": Word(granted=True, decide_time=NOW)},
    "withdrawn": {"": Word(granted=False, decide_time=NOW)},
    "withdrawn here": {"": Word(granted=True, decide_time=NOW), "sms": Word(granted=False, decide_time=NOW)},
    "given here": {"": Word(granted=False, decide_time=NOW), "sms": Word(granted=True, decide_time=NOW)},
    "outdated": {"": Word(granted=True, decide_time=NOW - timedelta(days=9))},
}
PEOPLE = {"guardian": (False, None), "child": (True, 13), "nobody knows": (True, None), "grown up": (True, 14)}
REASONS = {
    "RECIPIENT_TOO_YOUNG",
    "OPTED_OUT",
    "CONSENT_WITHDRAWN",
    "NO_CONSENT",
    "CAP_REACHED",
    "CONTACT_NOT_WANTED",
    "QUIET_HOURS",
    "PURPOSE_DISABLED",
    "TOO_LATE",
}


class Case(NamedTuple):
    purpose: str
    consent: str
    person: str
    opted_out: bool
    quiet: bool
    capped: bool
    wanted: bool
    enabled: bool
    expires: bool

    def against(self) -> set[str]:
        """Return every reason against a message, in the words of the law rather than of the code."""
        marketing, advertising = self.purpose == gate.MARKETING, self.purpose != gate.SERVICE
        reasons = {
            "CONTACT_NOT_WANTED": not self.wanted,
            "RECIPIENT_TOO_YOUNG": self.person in {"child", "nobody knows"},
            "OPTED_OUT": advertising and self.opted_out,
            "CONSENT_WITHDRAWN": advertising and self.consent.startswith("withdrawn"),
            "NO_CONSENT": marketing and self.consent in {"none", "outdated"},
            "PURPOSE_DISABLED": marketing and not self.enabled,
            # What waits for the morning is counted then.
            "CAP_REACHED": marketing and self.capped and not (self.quiet and not self.expires),
            "QUIET_HOURS": self.quiet and self.expires,
        }
        return {reason for reason, holds in reasons.items() if holds}

    def facts(self) -> Facts:
        to_child, age = PEOPLE[self.person]
        return Facts(
            purpose=self.purpose,
            channel="sms",
            wanted=self.wanted,
            to_child=to_child,
            age=age,
            words=CONSENTS[self.consent],
            valid_from_time=NOW - timedelta(days=1),
            enabled=self.enabled,
            opted_out=self.opted_out,
            capped=self.capped,
            quiet_until=MORNING if self.quiet else NOW,
            expire_time=NOW + timedelta(hours=1) if self.expires else None,
        )


EVERY = [
    Case(purpose, consent, person, *flags)
    for purpose in (gate.SERVICE, gate.FOLLOW_UP, gate.MARKETING)
    for consent in CONSENTS
    for person in PEOPLE
    for flags in itertools.product((False, True), repeat=6)
]


def test_every_combination_leaves_waits_or_has_its_reason() -> None:
    seen = set()
    for case in EVERY:
        against, verdict = case.against(), gate.decide(case.facts(), NOW)
        seen.add(verdict.reason)
        if against:
            assert verdict.reason in against, case
            assert not verdict.allowed, case
        elif case.quiet:
            assert verdict == Verdict(wait_until=MORNING), case
        else:
            assert verdict.allowed, case
    assert seen == REASONS - {"TOO_LATE"} | {""}
    assert len(EVERY) == 3 * 6 * 4 * 64


def test_what_comes_too_late_is_not_sent() -> None:
    assert gate.decide(Facts(gate.SERVICE, expire_time=NOW), NOW) == Verdict("TOO_LATE")


@given(st.lists(st.integers(0, 40 * 24), max_size=12), st.integers(1, 30), st.integers(0, 5))
def test_no_window_ever_holds_more_than_its_cap(hours: list[int], days: int, most: int) -> None:
    """Messages come one after another; each is sent unless the gate holds it back."""
    sent: list[datetime] = []
    for hour in sorted(hours):
        now = NOW + timedelta(hours=hour)
        if not gate.is_capped(sent, {days: most}, now):
            sent.append(now)
    for first in sent:
        assert sum(first <= time < first + timedelta(days=days) for time in sent) <= most


@pytest.mark.parametrize("text", ["TD", "td ", "ＴＤ", "退订", "“退订”。", "Stop!", " t", "R"])
def test_a_keyword_is_one_however_it_is_written(text: str) -> None:
    assert opt_out_texts.is_keyword(text)


@pytest.mark.parametrize("text", ["", "好的", "请问怎么退订课程", "TD123", "stop by at 5"])
def test_a_sentence_is_no_keyword(text: str) -> None:
    assert not opt_out_texts.is_keyword(text)


def test_an_advertising_text_says_once_how_to_opt_out() -> None:
    told = opt_out_texts.add("暑期班开始报名", "")
    assert told == "暑期班开始报名 拒收请回复TD"
    assert opt_out_texts.add(told, "") == told
    assert opt_out_texts.add("Hello", "https://a.cn/x").endswith("https://a.cn/x")
