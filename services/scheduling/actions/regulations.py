"""Regulations: what the law asks of lessons, as an institution keeps it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import calendars, resources
from services.scheduling.models import Campus, Course, LessonRegulation
from services.scheduling.rules import regulations as rules
from services.scheduling.rules.regulations import FIRST_REGULATIONS, Limits, Regulation
from shared.db import Tx

_COLUMNS = ("kind", "category", "delivery", "city", "minutes", "source", "effective_date", "end_date")


def present(tx: Tx) -> list[LessonRegulation]:
    """Return the rules that stand, also those whose time is over; none before an institution has its own."""
    row = LessonRegulation
    order = (row.category, row.delivery, row.kind, row.city, row.effective_date, row.id)
    return list(tx.session.scalars(select(row).where(row.replace_time.is_(None)).order_by(*order)))


def every(tx: Tx) -> list[tuple[UUID | None, Regulation]]:
    """Return the rules with their ids; those that an institution starts with have none."""
    own = present(tx)
    return [(row.id, _value(row)) for row in own] if own else [(None, rule) for rule in FIRST_REGULATIONS]


def put(tx: Tx, rule: Regulation) -> LessonRegulation:
    """Put a rule in force; one of the same kind, category, delivery, city and first day is replaced.

    Raises CHAIN_SCOPE_NEEDED, InvalidInput for figures, texts and dates that cannot be.
    """
    tx.check_chain()
    rules.check(rule)
    # Two who begin at once would both bring the first rules.
    resources.lock(tx, [tx.institution_id])
    own = present(tx) or _start(tx)
    fresh = LessonRegulation(**{name: getattr(rule, name) for name in _COLUMNS}, replace_time=None)
    for row in own:
        if _place(_value(row)) == _place(rule):
            row.replace_time = tx.now
    tx.session.add(fresh)
    tx.session.flush()
    tx.audit("regulation.update", "lesson_regulation", fresh.id, rule=rule.kind, category=rule.category)
    return fresh


def limits(tx: Tx, campus: Campus, course: Course) -> Limits:
    """Return what a campus and the law allow for lessons of a course."""
    category = rules.category_of(
        course.category, school_grades=course.school_grades, most_age_years=course.most_age_years
    )
    found = [rule for _, rule in every(tx)] if category else []
    return Limits(calendars.days_of(tx, campus), found, category, bool(course.online))


def _start(tx: Tx) -> list[LessonRegulation]:
    """Give the institution the rules that it starts with as rows of its own."""
    rows = [
        LessonRegulation(**{name: getattr(rule, name) for name in _COLUMNS}, replace_time=None)
        for rule in FIRST_REGULATIONS
    ]
    tx.session.add_all(rows)
    tx.session.flush()
    return rows


def _value(row: LessonRegulation) -> Regulation:
    return Regulation(**{name: getattr(row, name) for name in _COLUMNS})


def _place(rule: Regulation) -> tuple[object, ...]:
    return rule.kind, rule.category, rule.delivery, rule.city, rule.effective_date
