"""Which lots pay is data: by campus, course and day; and what it would have changed can be asked for before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import grpc
import pytest
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1 import lot_policy_pb2, lot_policy_service_pb2, lot_policy_service_pb2_grpc
from services.billing.actions import consumptions, lot_policies, lot_previews, lots, restorations, rulebooks
from services.billing.models import LotPolicy
from services.billing.rules import lot_policies as rules
from services.billing.rules.lots import GIFT, resolve
from services.billing.server import SERVICERS
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published
from tests.billing.test_lot_rules import TODAY, lot

MARCH = datetime(2026, 3, 10, 2, tzinfo=UTC)


@pytest.fixture
def wire(database: Database) -> Iterator[Wire]:
    """Return a server."""
    with serving("billing", SERVICERS, database) as served:
        yield served


def policy(*criteria: str, **wanted: object) -> rules.LotPolicy:
    return rules.LotPolicy(**({"start_date": factories.LONG_AGO, "criteria": criteria} | wanted))  # type: ignore[arg-type]


def made(tx: Tx, *criteria: str, **wanted: object) -> LotPolicy:
    return lot_policies.create(tx, policy(*criteria, **wanted))


def taken(tx: Tx) -> list[tuple[str, int, int]]:
    rows = tx.run(
        "select l.kind, e.hundredths, e.amount_fen from lot_entry e join lot l on l.id = e.lot_id order by e.id"
    )
    return [tuple(row) for row in rows]


def test_the_course_goes_before_the_campus_before_the_chain_and_of_these_the_latest() -> None:
    campus, course = uuid7(), uuid7()
    chain = policy(rules.GIFT_FIRST)
    young = policy(rules.PAID_FIRST, start_date=date(2026, 3, 1))
    place = policy(rules.LOWEST_PRICE, campus_id=campus)
    subject = policy(rules.HIGHEST_PRICE, course_id=course)
    every = [subject, place, young, chain]
    day = date(2026, 3, 1)
    assert rules.choose(every, campus, course, day) is subject
    assert rules.choose(every, campus, uuid7(), day) is place
    assert rules.choose(every, uuid7(), uuid7(), day) is young
    assert rules.choose(every, uuid7(), uuid7(), day - timedelta(days=1)) is chain
    assert rules.choose([young], campus, course, day - timedelta(days=1)) is rules.DEFAULT


def test_each_criterion_puts_its_lot_first() -> None:
    gift = lot(kind=GIFT, total_fen=90_000)
    cheap = lot(total_fen=50_000, contract_time=datetime(2026, 2, 1, tzinfo=UTC))
    old = lot(contract_time=datetime(2025, 1, 1, tzinfo=UTC), expire_date=date(2026, 9, 1))
    dear = lot(total_fen=200_000, expire_date=date(2026, 3, 2))
    firsts = {
        rules.GIFT_FIRST: gift,
        rules.EARLIEST_EXPIRY: dear,
        rules.OLDEST_CONTRACT: old,
        rules.NEWEST_CONTRACT: cheap,
        rules.LOWEST_PRICE: cheap,
        rules.HIGHEST_PRICE: dear,
    }
    for criterion, first in firsts.items():
        charges = resolve([gift, cheap, old, dear], 100, TODAY, policy(criterion)).charges
        assert [charge.lot for charge in charges] == [first]
        assert charges[0].explanation.endswith(criterion)
    assert resolve([gift, dear], 100, TODAY, policy(rules.PAID_FIRST)).charges[0].lot is dear


@given(held=st.integers(1, 1000), own=st.integers(1, 1000), charge=st.integers(1, 2500), factor=st.integers(1, 1000))
def test_another_course_pays_after_the_own_one_by_its_factor_and_never_less(
    held: int, own: int, charge: int, factor: int
) -> None:
    english, maths = uuid7(), uuid7()
    first = lot(course_id=english, quantity_hundredths=own, remaining_hundredths=own, contract_time=MARCH)
    other = lot(course_id=maths, quantity_hundredths=held, remaining_hundredths=held)
    way = policy(rules.OLDEST_CONTRACT, course_id=english, factors={maths: factor})
    found = resolve([other, first], charge, TODAY, way)
    assert bool(found.charges) == (charge <= own + held * 100 // factor)
    if found.charges:
        assert found.charges[0].lot is first
        assert all(each.hundredths <= each.lot.remaining_hundredths for each in found.charges)
        rest = charge - found.charges[0].hundredths
        cost = sum(each.hundredths for each in found.charges[1:])
        assert rest * factor <= cost * 100 < rest * factor + 100


def test_what_contradicts_itself_is_refused(tx: Tx) -> None:
    course = uuid7()
    factories.campus(tx)
    for criteria in ((rules.PAID_FIRST, rules.GIFT_FIRST), (rules.LOWEST_PRICE, rules.LOWEST_PRICE)):
        with pytest.raises(InvalidInput) as contradiction:
            made(tx, *criteria)
        assert contradiction.value.reason == "LOT_CRITERIA_CONTRADICT"
    for wanted in ({"factors": {uuid7(): 100}}, {"course_id": course, "factors": {course: 150}}):
        with pytest.raises(InvalidInput) as misplaced:
            made(tx, rules.PAID_FIRST, **wanted)
        assert misplaced.value.reason == "LOT_FACTOR_MISPLACED"
    made(tx, rules.PAID_FIRST, course_id=course)
    with pytest.raises(AlreadyExists) as twice:
        made(tx, rules.GIFT_FIRST, course_id=course)
    assert twice.value.reason == "LOT_POLICY_EXISTS"


def test_a_policy_holds_from_the_next_attendance_on_and_the_entry_says_so(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, gift=1000, gift_policy="zero", unit_price_fen=10000)
    consumptions.consume(tx, factories.confirmed(bought))
    made(tx, rules.GIFT_FIRST, rules.EARLIEST_EXPIRY, campus_id=bought.campus_id)
    consumptions.consume(tx, factories.confirmed(bought))
    elsewhere = factories.campus(tx)
    consumptions.consume(tx, factories.confirmed(bought, campus_id=elsewhere))
    assert taken(tx) == [("paid", 100, 10000), ("gift", 100, 0), ("paid", 100, 10000)]
    why = tx.run("select explanation from lot_entry where amount_fen = 0").scalar()
    assert why.endswith("; policy of 2020-01-01: gift_first, earliest_expiry")
    assert broken(tx) == []


def test_the_day_of_the_lesson_decides_by_the_clock_of_the_campus(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, gift=1000, gift_policy="zero", unit_price_fen=10000)
    made(tx, rules.GIFT_FIRST, start_date=date(2026, 3, 11))
    for hour in (15, 16):
        start = datetime(2026, 3, 10, hour, 30, tzinfo=UTC)
        consumptions.consume(tx, factories.confirmed(bought, start_time=start))
    assert [kind for kind, *_ in taken(tx)] == ["paid", "gift"]


def test_hours_of_another_course_pay_by_the_factor_and_come_back_whole(tx: Tx) -> None:
    maths = factories.paid_order(tx, hours=1000, unit_price_fen=10001)
    english = factories.paid_order(
        tx, student_id=maths.student_id, campus_id=maths.campus_id, hours=50, unit_price_fen=20000
    )
    made(tx, rules.PAID_FIRST, course_id=english.course_id, factors={maths.course_id: 150})
    event = factories.confirmed(english)
    consumptions.consume(tx, event)
    assert sorted(taken(tx)) == [("paid", 50, 10000), ("paid", 75, 7501)]
    consumed = published(tx, "hours_consumed")[0]
    assert (consumed["consumed_hundredths"], consumed["remaining_hundredths"]) == ("100", str(925 * 100 // 150))
    assert lots.hour_account(tx, student_id=maths.student_id, course_id=maths.course_id).consumed_hundredths == 75
    assert broken(tx) == []
    restorations.restore(tx, factories.unconfirmed(event))
    assert lots.hour_account(tx, student_id=maths.student_id, course_id=maths.course_id).remaining_hundredths == 1000
    consumptions.consume(tx, factories.confirmed(maths, charge=1000))
    consumptions.consume(tx, factories.confirmed(maths, charge=100))
    assert published(tx, "hours_not_covered")[0]["uncovered_hundredths"] == "100"
    assert broken(tx) == []


def test_a_process_that_remembers_an_older_rulebook_locks_what_the_new_one_names(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller) as tx:
        maths = factories.paid_order(tx, hours=1000)
        english = factories.order(tx, student_id=maths.student_id, campus_id=maths.campus_id)
        stale = rulebooks.load(tx)
        made(tx, rules.PAID_FIRST, course_id=english.course_id, factors={maths.course_id: 100})
    with database.begin(caller) as tx:
        rulebooks._cache[tx.institution_id] = stale  # noqa: SLF001 - as another process would have it
        consumptions.consume(tx, factories.confirmed(english))
        assert [hundredths for _, hundredths, _ in taken(tx)] == [100]


def test_a_preview_says_what_other_lots_would_have_paid_and_changes_nothing(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=200, gift=300, gift_policy="zero", unit_price_fen=10000)
    for day in range(4):
        consumptions.consume(tx, factories.confirmed(bought, start_time=MARCH + timedelta(days=day)))
    late = factories.confirmed(bought, charge=200, start_time=MARCH + timedelta(days=9))
    consumptions.consume(tx, late)
    before = taken(tx)
    found = lot_previews.preview(tx, policy(rules.GIFT_FIRST), date(2026, 3, 1), date(2026, 4, 1))
    assert (found.lesson_count, found.changed_count) == (5, 3)
    assert (found.actual_fen, found.preview_fen) == (20000, 10000)
    assert (found.actual_uncovered_count, found.preview_uncovered_count) == (1, 1)
    first = found.comparisons[0]
    assert [side[0].amount_fen for side in (first.lesson.taken, first.taken)] == [10000, 0]
    assert taken(tx) == before


def test_a_preview_of_what_holds_changes_nothing_and_other_courses_cover_what_lacked_cover(tx: Tx) -> None:
    maths = factories.paid_order(tx, hours=300)
    english = factories.order(tx, student_id=maths.student_id, campus_id=maths.campus_id)
    consumptions.consume(tx, factories.confirmed(maths, start_time=MARCH))
    consumptions.consume(tx, factories.confirmed(english, start_time=MARCH + timedelta(days=1)))
    asis = lot_previews.preview(tx, rules.DEFAULT, date(2026, 3, 1), date(2026, 4, 1))
    assert (asis.lesson_count, asis.changed_count) == (2, 0)
    wider = policy(rules.PAID_FIRST, course_id=english.course_id, factors={maths.course_id: 200})
    found = lot_previews.preview(tx, wider, date(2026, 3, 1), date(2026, 4, 1))
    assert (found.lesson_count, found.actual_uncovered_count, found.preview_uncovered_count) == (1, 1, 0)
    assert found.comparisons[0].taken[0].hundredths == 200
    with pytest.raises(InvalidInput) as long:
        lot_previews.preview(tx, wider, date(2026, 1, 1), date(2026, 12, 1))
    assert long.value.reason == "LOT_PREVIEW_TOO_LARGE"


def test_policies_are_made_listed_and_previewed_over_the_wire(
    wire: Wire, database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
    service = lot_policy_service_pb2_grpc.LotPolicyServiceStub(wire.channel)
    wanted = lot_policy_pb2.LotPolicy(
        start_date=Date(year=2026, month=1, day=1),
        criteria=[lot_policy_pb2.LOT_CRITERION_GIFT_FIRST, lot_policy_pb2.LOT_CRITERION_LOWEST_PRICE],
        course_id=str(uuid7()),
        factors=[lot_policy_pb2.LotFactor(paying_course_id=str(uuid7()), factor_hundredths=150)],
    )
    request = lot_policy_service_pb2.CreateLotPolicyRequest(lot_policy=wanted)
    local = wire.metadata(staff(institution, ["lot_policy.*"], campuses=[campus]))
    with pytest.raises(grpc.RpcError) as error:
        service.CreateLotPolicy(request, metadata=local)
    assert refusal(error.value) == ("PERMISSION_DENIED", "CHAIN_SCOPE_NEEDED")
    request.lot_policy.campus_id = str(campus)
    stored = service.CreateLotPolicy(request, metadata=local).lot_policy
    assert (list(stored.criteria), list(stored.factors)) == (list(wanted.criteria), list(wanted.factors))
    listed = service.ListLotPolicies(lot_policy_service_pb2.ListLotPoliciesRequest(), metadata=local)
    assert list(listed.lot_policies) == [stored]
    asked = lot_policy_service_pb2.PreviewLotPolicyRequest(
        lot_policy=wanted, start_date=Date(year=2026, month=3, day=1), end_date=Date(year=2026, month=4, day=1)
    )
    assert service.PreviewLotPolicy(asked, metadata=wire.metadata(staff(institution))).lesson_count == 0
