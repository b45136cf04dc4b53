"""What leads are filtered by that is no column: nobody's (the pool), age, industry, region, tag."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select, true

from services.lead.models import Campus, Lead, LeadTag, Organisation
from shared.db import Tx
from shared.errors import InvalidInput
from shared.filters import Term
from shared.ids import as_uuid

_OLDEST = 150
# Of so many leads all are looked at; of more, those that a list comes across.
_FEW = 1000
Condition = ColumnElement[bool]


def condition(tx: Tx, term: Term) -> Condition | None:
    """Return the condition of a term, or None for one that is about a column. Raises InvalidInput FILTER_INVALID."""
    if term.name == "owner_id" and term.op == "=" and term.texts == ("",):
        return Lead.owner_id.is_(None)
    made = _TERMS.get(term.name)
    return made(tx, term) if made is not None else None


def _age(tx: Tx, term: Term) -> Condition:
    """Compare whole years; a birth date may be a year or a month only, and sorts as text like the days in it."""
    text = term.texts[0] or ""
    if term.op not in ("=", "<", "<=", ">", ">=") or not (text.isascii() and text.isdigit()) or int(text) > _OLDEST:
        raise _invalid(term, "compare it with a number of years by =, <, <=, > or >=")
    years, today = int(text), tx.now.date()
    known = Lead.birth_date != ""
    at_least, more = (Lead.birth_date <= _born_by(today, number) for number in (years, years + 1))
    return {
        "=": and_(known, at_least, ~more),
        ">=": and_(known, at_least),
        ">": and_(known, more),
        "<": and_(known, ~at_least),
        "<=": and_(known, ~more),
    }[term.op]


def _born_by(today: date, years: int) -> str:
    """Return the last birth date of whoever is so many years old."""
    return f"{today.year - years:04}-{today.month:02}-{today.day:02}"


def _region(tx: Tx, term: Term) -> Condition:
    try:
        regions = [as_uuid(text or "") for text in _texts(term)]
    except ValueError:
        raise _invalid(term, "name regions by their ids") from None
    inside = select(Campus.id).where(Campus.institution_id == tx.institution_id, Campus.region_id.in_(regions))
    return Lead.campus_id.in_(tx.execute(inside).scalars().all())


def _tag(tx: Tx, term: Term) -> Condition:
    bearing = (LeadTag.institution_id == tx.institution_id, LeadTag.tag.in_(_texts(term)))
    few = tx.execute(select(LeadTag.lead_id).where(*bearing).limit(_FEW + 1)).scalars().all()
    if len(few) <= _FEW:
        return Lead.id.in_(few)
    # A condition that is a value is no join: it is asked for each row, and the walk ends where enough were found.
    one = select(true()).where(*bearing, LeadTag.lead_id == Lead.id).limit(1)
    return one.correlate(Lead).scalar_subquery()


def _industry(tx: Tx, term: Term) -> Condition:
    """Compare what a lead says of itself, or its organisation."""
    texts = _texts(term)
    within = select(Organisation.id).where(
        Organisation.institution_id == tx.institution_id, Organisation.industry.in_(texts)
    )
    return or_(Lead.industry.in_(texts), Lead.organisation_id.in_(tx.execute(within).scalars().all()))


def _texts(term: Term) -> list[str]:
    texts = [text for text in term.texts if text is not None and "\0" not in text]
    if term.op not in ("=", "in") or len(texts) < len(term.texts):
        raise _invalid(term, "compare it by = or in")
    return texts


def _invalid(term: Term, message: str) -> InvalidInput:
    return InvalidInput("filter", f"{term.name}: {message}", "FILTER_INVALID")


_TERMS: dict[str, Callable[[Tx, Term], Condition]] = {
    "age": _age,
    "industry": _industry,
    "region_id": _region,
    "tag": _tag,
}
