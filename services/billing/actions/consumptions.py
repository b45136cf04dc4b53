"""What attendances charge: hours leave lots, their money becomes revenue and is split, all in one transaction.

The path is short on purpose: one statement locks the lots, one claims the attendance, one round trip writes the rest.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from lianxiao.billing.v1 import billing_events_pb2 as events
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed
from services.billing.actions import ledger, lots, restorations, rulebooks, splits, teacher_pay
from services.billing.rules import postings
from services.billing.rules.lot_policies import LotPolicy
from services.billing.rules.lots import Charge, LotState, Resolution, crossed, resolve
from services.billing.rules.postings import Line
from services.billing.rules.splits import CONSUMPTION, Facts, choose, divide
from shared.aliases import FAMILY_SQL
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid, uuid7
from shared.wire_values import instant

# Every writer locks lots in the order of their ids. The version says whether rules in memory still hold.
_LOTS = f"""
select l.id, l.kind, l.quantity_hundredths, l.remaining_hundredths, l.total_fen, l.released_fen, l.start_date,
  l.expire_date, l.contract_time, l.order_id, l.campus_id, l.advisor_id, l.channel, l.freeze_date,
  l.partner_id, l.sales_form, l.allocation, l.course_id,
  (select version from rulebook where institution_id = %(institution)s and id = %(institution)s) as version
from lot l
where l.institution_id = %(institution)s and l.student_id in {FAMILY_SQL.format(id="%(student)s")}
  and l.course_id = any(%(courses)s::uuid[])
  and l.remaining_hundredths > 0
order by l.id for update of l"""  # noqa: S608 - constant texts
_CLAIM = """
insert into consumption (institution_id, id, create_time, update_time, campus_id, attendance_id, revision, student_id,
  course_id, lesson_id, teacher_id, lesson_start_time, charge_hundredths, recognised_fen, remaining_hundredths, state,
  reason, lesson_hours_hundredths, assistant_ids)
values (%(institution)s, %(consumption)s, %(now)s, %(now)s, %(campus)s, %(attendance)s, %(revision)s, %(student)s,
  %(course)s, %(lesson)s, %(teacher)s, %(lesson_start)s, %(charge)s, %(recognised)s, %(remaining)s, %(state)s,
  %(reason)s, %(lesson_hours)s, %(assistants)s::uuid[])
on conflict do nothing returning true"""
_ASSISTANT = """
insert into lesson_assistant (institution_id, id, create_time, update_time, lesson_id, teacher_id, lesson_start_time)
values (%(institution)s, %(id)s, %(now)s, %(now)s, %(lesson)s, %(teacher)s, %(lesson_start)s)"""
_NOTICE = """
insert into threshold_notice
  (institution_id, id, create_time, update_time, student_id, course_id, order_id, threshold_hundredths)
values (%(institution)s, %(id)s, %(now)s, %(now)s, %(student)s, %(course)s, %(order)s, %(threshold)s)
on conflict do nothing returning true"""
_WRITE = (*lots.MOVE_SQL, ledger.JOURNAL_SQL, splits.ROWS_SQL, ledger.LINES_SQL)


class Attendance(NamedTuple):
    """An AttendanceConfirmed with its ids parsed."""

    attendance_id: UUID
    revision: int
    student_id: UUID
    course_id: UUID
    campus_id: UUID
    lesson_id: UUID
    teacher_id: UUID | None
    lesson_start_time: datetime
    charge_hundredths: int
    lesson_hours_hundredths: int = 0
    assistant_ids: tuple[UUID, ...] = ()

    @property
    def teacher_ids(self) -> tuple[UUID, ...]:
        """Return who taught, the main teacher first."""
        return (*((self.teacher_id,) if self.teacher_id else ()), *self.assistant_ids)


def consume(tx: Tx, event: AttendanceConfirmed) -> None:
    """Charge a confirmed attendance once per revision; a later revision first takes an earlier one back."""
    attendance = _parse(event)
    if not _charge(tx, attendance) and restorations.make_way(tx, attendance.attendance_id, attendance.revision):
        _charge(tx, attendance)


def _charge(tx: Tx, attendance: Attendance) -> bool:
    """Charge, or return False when the attendance has a consumption that stands in the way."""
    states, rules = _lock(tx, attendance, rulebooks.known(tx))
    day = rules.day(attendance.campus_id, attendance.lesson_start_time)
    resolution = resolve(states, attendance.charge_hundredths, day, _policy(attendance, rules))
    consumption_id = uuid7()
    recognised = sum(charge.amount_fen for charge in resolution.charges)
    if not _claim(tx, consumption_id, attendance, resolution, recognised):
        return False
    _let_pay(tx, attendance, rules, day)
    if resolution.reason:
        publish(tx, _not_covered(attendance, resolution))
    elif resolution.charges:
        _write(tx, consumption_id, attendance, resolution, rules)
        publish(tx, _consumed(consumption_id, attendance, resolution, recognised))
        _warn(tx, attendance, states, rules.thresholds, resolution.remaining_hundredths)
    else:
        publish(tx, _not_charged(attendance, resolution.remaining_hundredths))
    return True


def _lock(tx: Tx, attendance: Attendance, known: rulebooks.Rules) -> tuple[list[LotState], rulebooks.Rules]:
    """Lock the lots that may pay; once more where the policy has come to name other courses than the one in memory."""
    courses = {attendance.course_id, *_policy(attendance, known).factors}
    values = _keys(tx, attendance) | {"courses": [str(each) for each in courses]}
    rows = tx.run(_LOTS, values, prepared=True).all()
    rules = rulebooks.at(tx, rows[0].version or 0) if rows else rulebooks.load(tx)
    if courses != {attendance.course_id, *_policy(attendance, rules).factors}:
        return _lock(tx, attendance, rules)
    return [LotState._make(row[:-1]) for row in rows], rules


def _policy(attendance: Attendance, rules: rulebooks.Rules) -> LotPolicy:
    return rules.lot_policy(attendance.campus_id, attendance.course_id, attendance.lesson_start_time)


def _let_pay(tx: Tx, attendance: Attendance, rules: rulebooks.Rules, day: date) -> None:
    """Remember who taught beside, and have the month of those whom a plan may pay computed."""
    for teacher_id in attendance.assistant_ids:
        values = {"id": uuid7(), "teacher": teacher_id, "lesson": attendance.lesson_id, "now": tx.now}
        tx.run(_ASSISTANT, _keys(tx, attendance) | values | {"lesson_start": attendance.lesson_start_time})
    if rules.pay_plans:
        teacher_pay.mark(tx, attendance.teacher_ids, day)


def _claim(tx: Tx, consumption_id: UUID, attendance: Attendance, resolution: Resolution, recognised: int) -> bool:
    values = {
        "consumption": consumption_id,
        "campus": attendance.campus_id,
        "attendance": attendance.attendance_id,
        "revision": attendance.revision,
        "lesson": attendance.lesson_id,
        "teacher": attendance.teacher_id,
        "lesson_start": attendance.lesson_start_time,
        "charge": attendance.charge_hundredths,
        "recognised": recognised,
        "remaining": resolution.remaining_hundredths,
        "state": "uncovered" if resolution.reason else "consumed",
        "reason": resolution.reason,
        "lesson_hours": attendance.lesson_hours_hundredths,
        "assistants": [str(each) for each in attendance.assistant_ids],
        "now": tx.now,
    }
    return bool(tx.run(_CLAIM, _keys(tx, attendance) | values, prepared=True).scalar())


def _write(
    tx: Tx, consumption_id: UUID, attendance: Attendance, resolution: Resolution, rules: rulebooks.Rules
) -> None:
    day = rules.day(attendance.campus_id, attendance.lesson_start_time)
    lines: list[Line] = []
    rows: list[splits.Entry] = []
    for charge in resolution.charges:
        if charge.amount_fen:
            parts = _parts(charge, attendance, rules, day)
            lines += postings.consumption(
                charge.lot.campus_id, charge.lot.id, charge.amount_fen, [e.part for e in parts]
            )
            rows += parts
    values: dict[str, object] = {
        "institution": tx.institution_id,
        "now": tx.now,
        "source": consumption_id,
        "entry_kind": "consume",
        "entries": json.dumps([_entry(charge) for charge in resolution.charges]),
    }
    if not lines:
        tx.run_all(lots.MOVE_SQL, values)
        return
    posting = ledger.posting(
        tx,
        kind="consumption",
        source_id=consumption_id,
        campus_id=attendance.campus_id,
        lines=postings.merge(lines),
        post_date=rules.day(attendance.campus_id, tx.now),
    )
    occur = attendance.lesson_start_time
    split = splits.values(tx, rows, source_kind="consumption", source_id=consumption_id, occur_time=occur)
    tx.run_all(_WRITE, values | posting | split)


def _parts(charge: Charge, attendance: Attendance, rules: rulebooks.Rules, day: date) -> list[splits.Entry]:
    """Divide what one lot released by the rule that held on the day of the lesson."""
    lot = charge.lot
    facts = Facts(
        base=CONSUMPTION,
        day=day,
        course_id=attendance.course_id,
        selling_campus_id=lot.campus_id,
        teaching_campus_id=attendance.campus_id,
        advisor_id=lot.advisor_id,
        teacher_id=attendance.teacher_id,
        channel=lot.channel,
        partner_id=lot.partner_id,
        sales_form=lot.sales_form,
        region_id=rules.regions.get(lot.campus_id),
        allocation=rulebooks.to_allocation(lot.allocation),
    )
    rule = choose(rules.split_rules, facts)
    parts = divide(rule, facts, charge.amount_fen)
    return [splits.entry(part, rule, CONSUMPTION, charge.amount_fen) for part in parts]


def _warn(tx: Tx, attendance: Attendance, states: list[LotState], thresholds: tuple[int, ...], remaining: int) -> None:
    """Announce each threshold that the hours are below, once until hours are bought again."""
    below = crossed(thresholds, remaining)
    if not below:
        return
    newest = max(states, key=lambda lot: (lot.contract_time, lot.id))
    for threshold in below:
        values = {"id": uuid7(), "order": newest.order_id, "threshold": threshold, "now": tx.now}
        if tx.run(_NOTICE, _keys(tx, attendance) | values, prepared=True).scalar():
            event = events.HoursBelowThreshold(
                student_id=str(attendance.student_id),
                course_id=str(attendance.course_id),
                campus_id=str(newest.campus_id),
                remaining_hundredths=remaining,
                threshold_hundredths=threshold,
                order_id=str(newest.order_id),
            )
            publish(tx, event)


def _keys(tx: Tx, attendance: Attendance) -> dict[str, object]:
    return {
        "institution": tx.institution_id,
        "student": attendance.student_id,
        "course": attendance.course_id,
    }


def _entry(charge: Charge) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "campus_id": str(charge.lot.campus_id),
        "lot_id": str(charge.lot.id),
        "hundredths": charge.hundredths,
        "amount_fen": charge.amount_fen,
        "reverses_id": None,
        "explanation": charge.explanation,
    }


def _parse(event: AttendanceConfirmed) -> Attendance:
    return Attendance(
        as_uuid(event.attendance_id),
        event.revision,
        as_uuid(event.student_id),
        as_uuid(event.course_id),
        as_uuid(event.campus_id),
        as_uuid(event.lesson_id),
        as_uuid(event.teacher_id) if event.teacher_id else None,
        instant(event.lesson_start_time),
        event.charge_hundredths,
        event.lesson_hours_hundredths or event.charge_hundredths,
        tuple(as_uuid(each) for each in event.assistant_ids),
    )


def _consumed(
    consumption_id: UUID, attendance: Attendance, resolution: Resolution, recognised: int
) -> events.HoursConsumed:
    return events.HoursConsumed(
        consumption_id=str(consumption_id),
        attendance_id=str(attendance.attendance_id),
        student_id=str(attendance.student_id),
        course_id=str(attendance.course_id),
        campus_id=str(attendance.campus_id),
        consumed_hundredths=attendance.charge_hundredths,
        remaining_hundredths=resolution.remaining_hundredths,
        recognised_fen=recognised,
        lesson_id=str(attendance.lesson_id),
        lesson_start_time=attendance.lesson_start_time,
        revision=attendance.revision,
        lots=[_left(charge) for charge in resolution.charges],
    )


def _left(charge: Charge) -> events.LotBalance:
    left = charge.lot.remaining_hundredths - charge.hundredths
    return events.LotBalance(lot_id=str(charge.lot.id), campus_id=str(charge.lot.campus_id), remaining_hundredths=left)


def _not_charged(attendance: Attendance, remaining_hundredths: int) -> events.HoursNotCharged:
    return events.HoursNotCharged(
        attendance_id=str(attendance.attendance_id),
        student_id=str(attendance.student_id),
        course_id=str(attendance.course_id),
        campus_id=str(attendance.campus_id),
        remaining_hundredths=remaining_hundredths,
        revision=attendance.revision,
    )


def _not_covered(attendance: Attendance, resolution: Resolution) -> events.HoursNotCovered:
    return events.HoursNotCovered(
        attendance_id=str(attendance.attendance_id),
        student_id=str(attendance.student_id),
        course_id=str(attendance.course_id),
        campus_id=str(attendance.campus_id),
        uncovered_hundredths=attendance.charge_hundredths,
        reason=resolution.reason,
        remaining_hundredths=resolution.remaining_hundredths,
        revision=attendance.revision,
    )
