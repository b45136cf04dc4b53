"""Limits and periods: of the institution, of a campus, from a day on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.lead.actions import policies
from services.lead.rules import policy
from services.lead.rules.policy import SETTINGS, Stated
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed, NotFound
from shared.ids import uuid7
from shared.testing.bus import published
from tests.lead import factories

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_campus_goes_before_the_institution_and_later_before_earlier() -> None:
    here, there = uuid7(), uuid7()
    stated = [
        Stated("silent_days", 10, NOON, here),
        Stated("silent_days", 20, NOON + timedelta(days=1)),
        Stated("silent_days", 30, NOON + timedelta(days=2), here),
        Stated("silent_days", 40, NOON, there),
    ]

    def at(days: int) -> int:
        return policy.in_force(stated, campus_id=here, at=NOON + timedelta(days=days))["silent_days"].value

    assert [at(0), at(1), at(2)] == [10, 10, 30]
    assert policy.in_force(stated, campus_id=None, at=NOON) == {}


def test_what_nobody_has_set_has_its_first_value(tx: Tx) -> None:
    assert policies.values(tx, factories.campus(tx)) == {name: one.default for name, one in SETTINGS.items()}


def test_a_change_holds_from_its_day_on_and_only_there(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    policies.change(tx, None, {policy.PROTECTION_DAYS: 40}, None)
    start = factories.later(tx, 5)
    policies.change(tx, here, {policy.PROTECTION_DAYS: 7}, start)
    assert policies.value(tx, policy.PROTECTION_DAYS, here) == 40
    assert policies.in_force(tx, here, start)[policy.PROTECTION_DAYS].value == 7
    assert policies.in_force(tx, there, start)[policy.PROTECTION_DAYS].value == 40


def test_weights_add_up_from_every_day_on_and_are_of_the_chain(tx: Tx) -> None:
    here, month = factories.campus(tx), factories.later(tx, 30)
    policies.change(tx, None, {policy.CONVERSION_WEIGHT: 100, policy.RENEWAL_WEIGHT: 0, policy.REFERRAL_WEIGHT: 0,
                               policy.NPS_WEIGHT: 0}, month)  # fmt: skip
    assert policies.weights(tx) == {"conversion": 40, "renewal": 20, "referral": 20, "nps": 20}
    for campus, wanted, reason in (
        (None, {policy.NPS_WEIGHT: 30}, "WEIGHTS_INVALID"),
        # Today they add up; in a month they would not, because all is said but what was not set today.
        (None, {policy.CONVERSION_WEIGHT: 40, policy.RENEWAL_WEIGHT: 61}, "WEIGHTS_INVALID"),
        (here, {policy.NPS_WEIGHT: 20}, "SETTING_OF_CHAIN"),
    ):
        with pytest.raises(InvalidInput) as error:
            policies.change(tx, campus, wanted, None)
        assert error.value.reason == reason
        tx.session.expunge_all()


def test_what_the_version_before_writes_is_carried_over(tx: Tx) -> None:
    old = """insert into sales_policy (institution_id, id, create_time, update_time, response_limit_minutes,
      reminder_minutes, escalate_minutes, scorecard_weights) values (%(me)s, %(me)s, %(now)s, %(now)s, 45, 10, 600,
      '{"conversion": 70, "renewal": 10, "referral": 10, "nps": 10}')"""
    tx.run(old, {"me": str(tx.institution_id), "now": tx.now})
    found = policies.values(tx, factories.campus(tx))
    names = (policy.RESPONSE_LIMIT_MINUTES, policy.REMINDER_MINUTES, policy.ESCALATE_MINUTES)
    assert [found[name] for name in names] == [45, 10, 600]
    assert policies.weights(tx) == {"conversion": 70, "renewal": 10, "referral": 10, "nps": 10}


def test_who_sends_hears_what_was_set_of_the_quiet_hours_and_where(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        here, start = factories.campus(tx), factories.later(tx, 3)
        policies.change(tx, None, {policy.QUIET_START_MINUTE: 0, policy.QUIET_END_MINUTE: 0}, start)
        policies.change(tx, here, {policy.QUIET_END_MINUTE: 540, policy.PROTECTION_DAYS: 5}, None)
        policies.change(tx, here, {policy.PROTECTION_DAYS: 6}, None)
    chain, campus = published(database, caller.institution_id, "quiet_hours_changed")
    assert chain["place_id"] == str(caller.institution_id)
    assert (chain["quiet_start_minute"], chain["quiet_end_minute"]) == (0, 0)
    assert "campus_id" not in chain
    assert (campus["campus_id"], campus["quiet_end_minute"]) == (str(here), 540)
    assert "quiet_start_minute" not in campus


def test_what_cannot_be_set(tx: Tx) -> None:
    here = factories.campus(tx)
    with pytest.raises(InvalidInput, match="lies between"):
        policies.change(tx, here, {policy.PROTECTION_DAYS: 0}, None)
    with pytest.raises(InvalidInput, match="past"):
        policies.change(tx, here, {policy.PROTECTION_DAYS: 5}, factories.later(tx, -1))
    tx.scope = Scope(frozenset({here}))
    with pytest.raises(NotAllowed):
        policies.change(tx, None, {policy.PROTECTION_DAYS: 5}, None)
    with pytest.raises(NotFound):
        policies.change(tx, uuid7(), {policy.PROTECTION_DAYS: 5}, None)
