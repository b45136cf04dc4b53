"""Limits and periods: of the institution, of a campus, from a day on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.lead.actions import policies
from services.lead.rules import policy
from services.lead.rules.policy import SETTINGS, Stated
from shared.caller import Scope
from shared.db import Tx
from shared.errors import InvalidInput, NotAllowed, NotFound
from shared.ids import uuid7
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
