"""Teacher pay: a month is always what plans and confirmed attendances say, whatever came in which order."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed
from services.billing.actions import consumptions, pay_plans, restorations, settlement_runs, teacher_pay
from services.billing.models import Settlement
from services.billing.rules import pay_plans as rules
from services.billing.rules.pay_plans import PayPlan, PayTier, TaughtLesson
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken

APRIL = datetime(2026, 4, 20, tzinfo=UTC)
MARCH_9 = datetime(2026, 3, 9, 2, tzinfo=UTC)
TEACHER, ASSISTANT, CAMPUS, COURSE = (UUID(int=number) for number in range(1, 5))


def plan(*tiers: tuple[int, int], basis: str = rules.PER_LESSON, **wanted: object) -> PayPlan:
    found = tuple(PayTier(*tier) for tier in tiers or ((0, 10_000),))
    return replace(PayPlan(None, "standard", basis, found, factories.LONG_AGO), **wanted)  # type: ignore[arg-type]


def lesson(hours: int = 100, heads: int = 1, fen: int = 0, *, assistants: tuple[UUID, ...] = ()) -> TaughtLesson:
    day = date(2026, 3, 9)
    return TaughtLesson(uuid7(), TEACHER, assistants, CAMPUS, COURSE, day, MARCH_9, hours, heads, fen)


def month(wanted: PayPlan, *lessons: TaughtLesson, teacher_id: UUID = TEACHER) -> list[int]:
    return [pay.amount_fen for pay in rules.of_month([wanted], teacher_id, lessons)]


@pytest.mark.parametrize(
    ("basis", "rate", "amount"),
    [
        (rules.PER_LESSON, 9_999, 9_999),
        (rules.PER_HOUR, 9_999, 14_999),
        (rules.PER_HEAD, 501, 6_012),
        (rules.PER_AMOUNT, 3_333, 8_000),
    ],
)
def test_a_lesson_is_paid_by_what_the_plan_counts(basis: str, rate: int, amount: int) -> None:
    assert month(plan((0, rate), basis=basis), lesson(150, 12, 24_002)) == [amount]


@pytest.mark.parametrize(("hours", "rate"), [(3_900, 100), (3_999, 100), (4_000, 120), (5_999, 120), (6_000, 150)])
def test_a_tier_of_hours_holds_from_its_edge_for_the_whole_month(hours: int, rate: int) -> None:
    wanted = plan((0, 100), (4_000, 120), (6_000, 150), measure=rules.HOURS)
    assert month(wanted, lesson(hours - 100), lesson(100)) == [rate, rate]


@pytest.mark.parametrize(("heads", "rate"), [(29, 500), (30, 600), (31, 600)])
def test_a_tier_of_heads_holds_from_its_edge(heads: int, rate: int) -> None:
    wanted = plan((0, 500), (30, 600), basis=rules.PER_HEAD, measure=rules.HEADS)
    assert month(wanted, lesson(heads=heads)) == [rate * heads]


@given(st.integers(0, 10**6), st.integers(0, 4), st.integers(0, 10_000))
def test_co_teachers_share_a_lesson_to_the_fen(rate: int, count: int, points: int) -> None:
    assistants = tuple(UUID(int=100 + number) for number in range(count))
    wanted, taught = plan((0, rate), assistant_basis_points=points), lesson(assistants=assistants)
    parts = [month(wanted, taught, teacher_id=each)[0] for each in taught.teacher_ids]
    assert sum(parts) == rate
    assert all(part >= 0 for part in parts)


def test_the_plan_that_names_more_holds_and_roles_are_paid_in_full() -> None:
    plans = [plan((0, 1)), plan((0, 2), course_id=COURSE), plan((0, 3), role=rules.ASSISTANT, campus_id=CAMPUS)]
    taught = lesson(assistants=(ASSISTANT,))
    found = [rules.of_month(plans, each, [taught])[0].amount_fen for each in taught.teacher_ids]
    assert found == [2, 3]
    assert rules.of_month([plan(end_date=date(2026, 3, 9))], TEACHER, [taught]) == []
    assert len(rules.of_month([plan(start_date=date(2026, 3, 9))], TEACHER, [taught])) == 1


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (plan(end_date=factories.LONG_AGO), "PAY_PLAN_EMPTY"),
        (plan((1, 5)), "PAY_TIERS_INVALID"),
        (plan((0, 5), (10, 6), (10, 7), measure=rules.HOURS), "PAY_TIERS_INVALID"),
        (plan((0, 5), (10, 6)), "PAY_MEASURE_MISSING"),
        (plan((0, 10_001), basis=rules.PER_AMOUNT), "PAY_RATE_ABOVE_AMOUNT"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(wrong: PayPlan, reason: str) -> None:
    with pytest.raises(InvalidInput) as error:
        rules.check(wrong)
    assert error.value.reason == reason


def activate(tx: Tx, wanted: PayPlan) -> UUID:
    return pay_plans.activate(tx, pay_plans.create(tx, wanted).id).id


def pay(tx: Tx) -> None:
    while teacher_pay.step(tx):
        pass


def paid(tx: Tx, teacher_id: UUID) -> int:
    rows = "select coalesce(sum(amount_fen), 0) from split_row where base = 'pay' and party_id = %s"
    return int(tx.run(rows, (str(teacher_id),)).scalar())


def teach(
    tx: Tx, bought: factories.Purchase, teacher_id: UUID, *, when: datetime = MARCH_9, lesson_id: UUID | None = None
) -> AttendanceConfirmed:
    event = factories.confirmed(bought, teacher_id=teacher_id, start_time=when)
    event.lesson_id = str(lesson_id or uuid7())
    event.lesson_hours_hundredths = 200
    consumptions.consume(tx, event)
    return event


def test_a_class_is_one_lesson_and_unconfirming_it_takes_the_pay_back_exactly(tx: Tx) -> None:
    teacher_id, lesson_id = uuid7(), uuid7()
    activate(tx, plan((0, 10_000)))
    children = [factories.paid_order(tx) for _ in range(3)]
    events = [teach(tx, child, teacher_id, lesson_id=lesson_id) for child in children]
    pay(tx)
    assert paid(tx, teacher_id) == 10_000
    for event, left in zip(events, (10_000, 10_000, 0), strict=True):
        restorations.restore(tx, factories.unconfirmed(event))
        pay(tx)
        assert paid(tx, teacher_id) == left
    owed = "select coalesce(sum(balance_fen), 0) from ledger_account where code = 'teacher_pay_expense'"
    assert tx.run(owed).scalar() == 0
    assert broken(tx) == []


def test_reaching_a_tier_lifts_every_lesson_of_the_month_and_of_no_other(tx: Tx) -> None:
    teacher_id, bought = uuid7(), factories.paid_order(tx)
    activate(tx, plan((0, 100), (600, 150), measure=rules.HOURS))
    teach(tx, bought, teacher_id, when=MARCH_9 - timedelta(days=30))
    for number, sum_of_all in ((1, 200), (2, 300), (3, 550)):
        last = teach(tx, bought, teacher_id, when=MARCH_9 + timedelta(days=number))
        pay(tx)
        assert paid(tx, teacher_id) == sum_of_all
    restorations.restore(tx, factories.unconfirmed(last))
    pay(tx)
    assert paid(tx, teacher_id) == 300
    assert broken(tx) == []


def test_a_substitute_is_paid_instead_of_the_regular_teacher(tx: Tx) -> None:
    regular, substitute, bought = uuid7(), uuid7(), factories.paid_order(tx)
    activate(tx, plan((0, 10_000)))
    event = teach(tx, bought, regular)
    pay(tx)
    event.revision, event.teacher_id = 2, str(substitute)
    consumptions.consume(tx, event)
    pay(tx)
    assert (paid(tx, regular), paid(tx, substitute)) == (0, 10_000)
    assert broken(tx) == []


def test_assistants_get_their_share_and_whatever_the_campus_earns_stays(tx: Tx) -> None:
    teacher_id, assistant_id, bought = uuid7(), uuid7(), factories.paid_order(tx)
    activate(tx, plan((0, 10_001), assistant_basis_points=3_000))
    event = factories.confirmed(bought, teacher_id=teacher_id, start_time=MARCH_9)
    event.assistant_ids.append(str(assistant_id))
    consumptions.consume(tx, event)
    pay(tx)
    assert (paid(tx, teacher_id), paid(tx, assistant_id)) == (7_001, 3_000)
    assert broken(tx) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_events_and_of_computing_never_matters(tx: Tx, seed: int) -> None:
    rng, teacher_id, bought = random.Random(seed), uuid7(), factories.paid_order(tx)
    wanted = plan((0, 333), (400, 777), basis=rules.PER_HOUR, measure=rules.HOURS)
    steps: list[Callable[[], object]] = []
    for number in range(6):
        event = factories.confirmed(bought, teacher_id=teacher_id, start_time=MARCH_9 + timedelta(days=number))
        event.lesson_hours_hundredths = 100 + number
        steps.append(lambda event=event: consumptions.consume(tx, event))  # type: ignore[misc]
        if number in {1, 4}:
            steps.append(lambda event=event: restorations.restore(tx, factories.unconfirmed(event)))  # type: ignore[misc]
    steps.append(lambda: activate(tx, wanted))
    rng.shuffle(steps)
    for work in steps:
        work()
        if rng.random() < 0.5:
            pay(tx)
    pay(tx)
    # 1.00 + 1.02 + 1.03 + 1.05 hours reach the tier of four hours.
    assert paid(tx, teacher_id) == 777 + 793 + 800 + 816
    assert broken(tx) == []


def test_ending_a_plan_takes_back_what_comes_after_it(tx: Tx) -> None:
    teacher_id, bought = uuid7(), factories.paid_order(tx)
    plan_id = activate(tx, plan((0, 10_000)))
    for days in (0, 1):
        teach(tx, bought, teacher_id, when=MARCH_9 + timedelta(days=days))
    pay(tx)
    pay_plans.end(tx, plan_id, date(2026, 3, 10))
    pay(tx)
    assert paid(tx, teacher_id) == 10_000
    with pytest.raises(Refused, match="an end already"):
        pay_plans.end(tx, plan_id, date(2026, 3, 11))
    with pytest.raises(Refused, match="active already"):
        pay_plans.activate(tx, plan_id)


def test_a_month_is_previewed_before_the_plan_holds_and_settled_after(database: Database, caller: Caller) -> None:
    teacher_id = uuid7()
    with database.begin(caller, now=APRIL) as tx:
        bought = factories.paid_order(tx)
        for days in range(3):
            teach(tx, bought, teacher_id, when=MARCH_9 + timedelta(days=days))
        wanted = plan((0, 100), (600, 150), measure=rules.HOURS)
        (total,) = teacher_pay.preview(tx, wanted, date(2026, 3, 31))
        assert (total.lesson_count, total.hours_hundredths, total.heads) == (3, 600, 3)
        assert (total.actual_fen, total.preview_fen, paid(tx, teacher_id)) == (0, 450, 0)
        activate(tx, wanted)
        pay(tx)
        (after,) = teacher_pay.preview(tx, plan((0, 100), priority=9), date(2026, 3, 1))
        assert (after.actual_fen, after.preview_fen) == (450, 300)
        settlement_runs.create(tx, date(2026, 3, 1))
        while settlement_runs.step(tx):
            pass
        row = tx.session.query(Settlement).filter_by(party="teacher", party_id=teacher_id).one()
        assert (row.amount_fen, row.line_count, row.owner_id) == (450, 3, teacher_id)
        assert broken(tx) == []


def test_plans_are_for_callers_of_the_whole_chain(database: Database, caller: Caller) -> None:
    local = Scope(frozenset({uuid7()}))
    own = Scope(None, own=True)
    for scope in (local, own):
        with database.begin(caller, scope=scope) as tx:
            for work in (
                lambda tx=tx: pay_plans.create(tx, plan()),
                lambda tx=tx: teacher_pay.preview(tx, plan(), date(2026, 3, 1)),
                lambda tx=tx: pay_plans.activate(tx, uuid7()),
            ):
                with pytest.raises(NotAllowed, match="whole chain"):
                    work()


@pytest.mark.parametrize("day", [date.min, date(1999, 12, 31), date(2026, 4, 22), date.max])
def test_days_outside_of_all_lessons_are_refused(database: Database, caller: Caller, day: date) -> None:
    with database.begin(caller, now=APRIL) as tx, pytest.raises(InvalidInput, match="has begun"):
        teacher_pay.preview(tx, plan(), day)
