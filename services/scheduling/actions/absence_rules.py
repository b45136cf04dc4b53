"""Rules for absences: what is charged, by kind of absence, notice and course."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select

from services.scheduling.actions import attendance_codes, courses
from services.scheduling.models import AbsenceRule
from services.scheduling.rules.attendance import Rule
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[AbsenceRule] = Listing(
    AbsenceRule,
    fields={
        "code": Field(AbsenceRule.code),
        "course_id": Field(AbsenceRule.course_id, sortable=False),
        "end_time": Field(AbsenceRule.end_time, sortable=False),
        "create_time": Field(AbsenceRule.create_time),
    },
    default_order="create_time",
)


def current(tx: Tx, course_id: UUID) -> list[Rule]:
    """Return the rules that hold for a course now."""
    row = AbsenceRule
    columns = (
        row.id, row.code, row.course_id, row.least_notice_minutes, row.charge_factor_hundredths, row.makeup_entitled,
    )  # fmt: skip
    wanted = select(*columns).where(row.end_time.is_(None), or_(row.course_id.is_(None), row.course_id == course_id))
    return [Rule(*each) for each in tx.session.execute(wanted)]


def create(tx: Tx, rule: Rule) -> AbsenceRule:
    """Add a rule, which holds for roll calls from now on.

    ABSENCE_RULE_EXISTS for the same code, course and notice; InvalidInput ATTENDANCE_CODE_UNKNOWN, or when the code
    is none of an absence; CHAIN_SCOPE_NEEDED: rules are those of the whole chain.
    """
    tx.check_chain()
    attendance_codes.seed(tx)
    code = attendance_codes.by_code(tx).get(rule.code)
    if code is None:
        raise InvalidInput("code", "there is no such attendance code", "ATTENDANCE_CODE_UNKNOWN", code=rule.code)
    if code.counts_as_present:
        raise InvalidInput("code", "this code says that the student was there")
    if rule.course_id is not None:
        courses.get(tx, rule.course_id)
    row = AbsenceRule(
        id=uuid7(),
        code=rule.code,
        course_id=rule.course_id,
        least_notice_minutes=rule.least_notice_minutes,
        charge_factor_hundredths=rule.charge_factor_hundredths,
        makeup_entitled=rule.makeup_entitled,
    )
    exists = AlreadyExists("ABSENCE_RULE_EXISTS", "there is a rule for that code, course and notice", code=rule.code)
    with tx.translating({"uq_absence_rule_live": lambda: exists}):
        tx.session.add(row)
    return row


def end(tx: Tx, rule_id: UUID) -> AbsenceRule:
    """End a rule; what it charged stays. ABSENCE_RULE_ENDED when it has ended, CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    row = tx.load(AbsenceRule, "absence_rule", rule_id, for_update=True)
    if row.end_time is not None:
        raise Refused("ABSENCE_RULE_ENDED", "the rule has ended already")
    row.end_time, row.ended_by = tx.now, tx.caller.subject_id
    return row
