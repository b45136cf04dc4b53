"""What an absence charges: by code, notice and course, kept on the attendance."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1.billing_events_pb2 import HoursConsumed, HoursNotCharged, HoursNotCovered, HoursRestored
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceCharged, AttendanceConfirmed
from services.scheduling.actions import absence_rules, attendance_codes, attendances, charges, roll_calls
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import Attendance
from services.scheduling.rules.attendance import Code, Rule, decide, notice_minutes
from services.scheduling.rules.charges import Standing, Word, charge_state
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.ids import uuid7
from tests.scheduling.outbox import published
from tests.scheduling.test_roll_calls import taught

MATH, ART = uuid7(), uuid7()
SICK = Code("sick", "病假", 0, makeup_entitled=True, counts_as_present=False)


def rule(notice: int, charge: int, course_id: UUID | None = None, code: str = "sick") -> Rule:
    return Rule(uuid7(), code, course_id, notice, charge, makeup_entitled=charge == 0)


@pytest.mark.parametrize(
    ("course_id", "notice", "charge"),
    [(ART, None, 100), (ART, 119, 100), (ART, 120, 50), (ART, 1440, 0), (MATH, None, 25), (MATH, 5000, 25)],
)
def test_the_rule_that_fits_best_decides(course_id: UUID, notice: int | None, charge: int) -> None:
    rules = [rule(0, 100), rule(120, 50), rule(1440, 0), rule(0, 25, MATH), rule(0, 77, code="excused")]
    decision = decide(SICK, rules, course_id=course_id, notice_minutes=notice)
    assert decision.charge_factor_hundredths == charge
    assert decision.rule_id in [each.id for each in rules]


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 100), st.sampled_from([None, MATH, ART])), max_size=6),
    st.none() | st.integers(0, 4000),
)
def test_a_decision_is_a_rule_that_fits_or_the_code_alone(
    given_rules: list[tuple[int, int, UUID | None]], notice: int | None
) -> None:
    rules = [rule(*each) for each in given_rules]
    decision = decide(SICK, rules, course_id=MATH, notice_minutes=notice)
    none: list[UUID | None] = [None]
    fitting = [each for each in rules if each.course_id in {None, MATH} and each.least_notice_minutes <= (notice or 0)]
    assert decision.rule_id in ([each.id for each in fitting] or none)
    assert 0 <= decision.charge_factor_hundredths <= 100
    assert decide(SICK, reversed(rules), course_id=MATH, notice_minutes=notice) == decision
    there = Code("sick", "病假", 40, makeup_entitled=False, counts_as_present=True)
    assert decide(there, rules, course_id=MATH, notice_minutes=notice).charge_factor_hundredths == 40


def test_notice_is_whole_minutes_and_never_less_than_none() -> None:
    start = datetime(2030, 3, 4, 10, tzinfo=UTC)
    assert notice_minutes(None, start) is None
    assert notice_minutes(start - timedelta(seconds=119), start) == 1
    assert notice_minutes(start + timedelta(hours=1), start) == 0


def test_a_rule_charges_and_stands_on_the_attendance_also_when_it_has_ended(tx: Tx) -> None:
    lesson, (child, other) = taught(tx)
    half = absence_rules.create(tx, Rule(uuid7(), "excused", lesson.course_id, 0, 50, makeup_entitled=False))
    sheet = roll_calls.confirm(tx, lesson.id, {child: Mark("excused"), other: Mark("present", early_leave_minutes=15)})
    rows = {line.student_id: line.attendance for line in sheet.lines}
    excused, present = rows[child], rows[other]
    assert excused is not None
    assert present is not None
    assert (excused.charge_hundredths, excused.charge_factor_hundredths) == (75, 50)
    assert (excused.absence_rule_id, excused.makeup_entitled) == (half.id, False)
    assert (present.charge_hundredths, present.absence_rule_id, present.early_leave_minutes) == (150, None, 15)
    assert {each.absence_rule_id for each in published(tx, AttendanceConfirmed)} == {str(half.id), ""}
    absence_rules.end(tx, half.id)
    with pytest.raises(Refused) as error:
        absence_rules.end(tx, half.id)
    assert error.value.reason == "ABSENCE_RULE_ENDED"
    attendances.correct(tx, excused.id, Mark("excused"), reason="规则已停")
    assert (excused.charge_hundredths, excused.absence_rule_id, excused.makeup_entitled) == (0, None, True)


def test_odd_rules_are_refused(tx: Tx) -> None:
    lesson, _ = taught(tx, 1)
    absence_rules.create(tx, Rule(uuid7(), "sick", None, 60, 0, makeup_entitled=True))
    with pytest.raises(InvalidInput) as unknown:
        absence_rules.create(tx, Rule(uuid7(), "dancing", lesson.course_id, 0, 0, makeup_entitled=True))
    with pytest.raises(InvalidInput) as there:
        absence_rules.create(tx, Rule(uuid7(), "present", None, 0, 0, makeup_entitled=True))
    with pytest.raises(AlreadyExists) as twice:
        absence_rules.create(tx, Rule(uuid7(), "sick", None, 60, 30, makeup_entitled=True))
    assert (twice.value.reason, unknown.value.reason) == ("ABSENCE_RULE_EXISTS", "ATTENDANCE_CODE_UNKNOWN")
    assert there.value.info["field"] == "code"


def test_a_code_is_changed_with_history_and_marks_nobody_when_out_of_use(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    row = attendance_codes.create(tx, Code("sports", "校运会", 0, makeup_entitled=True, counts_as_present=False))
    attendance_codes.update(tx, row.id, {"charge_factor_hundredths": 30})
    attendance = roll_calls.confirm(tx, lesson.id, {child: Mark("sports")}).lines[0].attendance
    assert attendance is not None
    assert attendance.charge_hundredths == 45
    attendance_codes.update(tx, row.id, {"active": False})
    with pytest.raises(InvalidInput) as gone:
        attendances.correct(tx, attendance.id, Mark("sports"), reason="再点")
    assert gone.value.reason == "ATTENDANCE_CODE_UNKNOWN"
    assert attendance.state == "confirmed"
    for name in ("", "  ", "长" * 101):
        with pytest.raises(InvalidInput):
            attendance_codes.update(tx, row.id, {"name": name})
    history = tx.run(
        "select charge_factor_hundredths, active from attendance_code_change where attendance_code_id = %(code)s"
        " order by id",
        {"code": str(row.id)},
    ).all()
    assert [tuple(each) for each in history] == [(0, True), (30, True), (30, False)]
    with pytest.raises(AlreadyExists) as taken:
        attendance_codes.create(tx, Code("sick", "又一个病假", 0, makeup_entitled=True, counts_as_present=False))
    assert taken.value.reason == "ATTENDANCE_CODE_TAKEN"


def attended(tx: Tx) -> Attendance:
    lesson, (child,) = taught(tx, 1)
    row = roll_calls.confirm(tx, lesson.id, {child: Mark("present")}).lines[0].attendance
    assert row is not None
    return row


def seen(tx: Tx, row: Attendance) -> tuple[str, str, int | None]:
    tx.session.refresh(row)
    standing = Standing(row.state, row.revision, row.charge_hundredths, row.absence_rule_id is not None)
    state, reason = charge_state(standing, Word(row.billing_revision, row.billing_state, row.billing_reason))
    return state, reason, row.remaining_hundredths


def test_what_billing_says_is_kept_in_any_order_and_however_often(tx: Tx) -> None:
    row = attended(tx)
    key = str(row.id)
    assert seen(tx, row) == ("pending", "", None)
    consumed = HoursConsumed(attendance_id=key, revision=1, consumed_hundredths=150, remaining_hundredths=850)
    for _ in range(2):
        charges.on_hours_consumed(tx, consumed)
    assert seen(tx, row) == ("charged", "", 850)
    (told,) = published(tx, AttendanceCharged)
    assert (told.lesson_id, told.attendance_id) == (str(row.lesson_id), key)
    attendances.correct(tx, row.id, Mark("late"), reason="晚到")
    assert seen(tx, row)[0] == "pending"
    charges.on_hours_not_covered(
        tx, HoursNotCovered(attendance_id=key, revision=2, reason="LOT_TOO_SMALL", remaining_hundredths=100)
    )
    charges.on_hours_restored(tx, HoursRestored(attendance_id=key, revision=1, remaining_hundredths=1000))
    assert seen(tx, row) == ("not_covered", "LOT_TOO_SMALL", 100)
    charges.on_hours_restored(tx, HoursRestored(attendance_id=key, revision=2, remaining_hundredths=1000))
    charges.on_hours_consumed(tx, HoursConsumed(attendance_id=key, revision=2, remaining_hundredths=850))
    assert seen(tx, row) == ("restored", "", 1000)


def test_what_charges_nothing_says_why_and_learns_what_is_left(tx: Tx) -> None:
    lesson, (child,) = taught(tx, 1)
    row = roll_calls.confirm(tx, lesson.id, {child: Mark("excused")}).lines[0].attendance
    assert row is not None
    assert seen(tx, row) == ("free", "CODE_CHARGES_NOTHING", None)
    charges.on_hours_not_charged(tx, HoursNotCharged(attendance_id=str(row.id), revision=1, remaining_hundredths=900))
    assert seen(tx, row) == ("free", "CODE_CHARGES_NOTHING", 900)
