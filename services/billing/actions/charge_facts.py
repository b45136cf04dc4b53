"""What rules about charges are asked with: the lines of a quote as lessons, and what a child has of each subject."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from uuid import UUID

from sqlalchemy import func, select

from services.billing.models import Course, Lot, Order, OrderLine, Quote, QuoteLine, QuoteTeaching
from services.billing.rules.charge_rules import Item, Standing
from shared import aliases
from shared.db import Tx

_HOUR = 100


def teaching_of(tx: Tx, quote_id: UUID) -> Sequence[QuoteTeaching]:
    """Return what is known of how the lines of a quote are going to be taught."""
    return tx.session.scalars(select(QuoteTeaching).where(QuoteTeaching.quote_id == quote_id)).all()


def items(tx: Tx, quote: Quote) -> list[Item]:
    """Return the lines of a quote as lessons; a course that billing has not heard of has no category."""
    teaching = {row.line_number: row for row in teaching_of(tx, quote.id)}
    query = (
        select(QuoteLine, Course)
        .outerjoin(Course, (Course.institution_id == QuoteLine.institution_id) & (Course.id == QuoteLine.course_id))
        .where(QuoteLine.quote_id == quote.id)
        .order_by(QuoteLine.line_number)
    )
    return [_item(line, course, teaching.get(line.line_number)) for line, course in tx.session.execute(query)]


def standing(tx: Tx, customer_id: UUID, *, without: UUID | None = None) -> dict[str, Standing]:
    """Return what a child has of each subject that is not used up, bought at whatever campus, paid or only ordered."""
    family = aliases.family(tx, customer_id)
    courses = (Course.institution_id == Lot.institution_id) & (Course.id == Lot.course_id)
    held = (
        select(
            Course.subject,
            Course.lesson_hours_hundredths,
            func.sum(Lot.remaining_hundredths),
            func.sum(Lot.total_fen - Lot.released_fen),
        )
        .join(Course, courses)
        .where(Lot.student_id.in_(family), Lot.remaining_hundredths > 0, Lot.order_id.is_distinct_from(without))
        .group_by(Course.subject, Course.lesson_hours_hundredths)
    )
    # Of an order in instalments some lots are open already.
    mine = (Lot.institution_id == OrderLine.institution_id) & (Lot.order_line_id == OrderLine.id)
    open_hours = select(func.coalesce(func.sum(Lot.quantity_hundredths), 0)).where(mine).scalar_subquery()
    open_fen = select(func.coalesce(func.sum(Lot.total_fen), 0)).where(mine).scalar_subquery()
    hours = func.sum(OrderLine.lesson_hours_hundredths + OrderLine.gift_hundredths - open_hours)
    ordered = (
        select(Course.subject, Course.lesson_hours_hundredths, hours, func.sum(OrderLine.net_fen - open_fen))
        .join(Order, (Order.institution_id == OrderLine.institution_id) & (Order.id == OrderLine.order_id))
        .join(Course, (Course.institution_id == OrderLine.institution_id) & (Course.id == OrderLine.course_id))
        .where(
            Order.customer_id.in_(family), Order.state.in_(("open", "part_paid")), Order.id.is_distinct_from(without)
        )
        .group_by(Course.subject, Course.lesson_hours_hundredths)
    )
    found: dict[str, Standing] = {}
    # A second contract at another campus is a second contract all the same.
    with tx.across_campuses():
        rows = [*tx.execute(held), *tx.execute(ordered)]
    for subject, per_lesson, hundredths, fen in rows:
        before = found.get(subject, Standing())
        found[subject] = Standing(before.lessons + _lessons(int(hundredths), per_lesson), before.fen + int(fen))
    return found


def _item(line: QuoteLine, course: Course | None, teaching: QuoteTeaching | None) -> Item:
    per_lesson = course.lesson_hours_hundredths if course else _HOUR
    one_to_one = course is not None and course.kind == "one_to_one"
    return Item(
        number=line.line_number,
        category=course.category if course else "",
        subject=course.subject if course else "",
        lessons=_lessons(line.lesson_hours_hundredths + line.gift_hundredths, per_lesson),
        paid_lessons=_lessons(line.lesson_hours_hundredths, per_lesson),
        net_fen=line.net_fen,
        lesson_minutes=course.lesson_minutes if course else 0,
        online=course.online if course else False,
        start_date=teaching.start_date if teaching else None,
        end_date=teaching.end_date if teaching else None,
        class_size=teaching.class_size if teaching and teaching.class_size else int(one_to_one),
        age_years=teaching.age_years if teaching else None,
    )


def _lessons(hundredths: int, per_lesson: int) -> Fraction:
    return Fraction(hundredths, per_lesson or _HOUR)
