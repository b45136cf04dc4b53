"""Lists of leads: filtered, ordered, searched by name or phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, select

from services.lead.actions import keys, lead_terms
from services.lead.models import Lead, LeadKey
from services.lead.rules import stages
from shared import filters
from shared.db import Tx
from shared.ids import uuid7
from shared.listing import Field, Listing, Page

MOST_COUNTED = 100_000
# So many leads are ordered in less time than it takes to come across a page of them among a million.
_FEW = 2000
# How many hits are collected before all are.
_WALKS = (200, 4000)
_RAREST = """select q.key from unnest(%(keys)s::bytea[]) as q (key) order by (select count(*) from (select 1
  from lead_key k where k.institution_id = %(institution)s and k.key = q.key limit 3000) bounded), q.key limit 1"""
# A condition that is a value is no join: it is asked for each row, and the walk ends where enough were found.
_PROBE = """ and (select true from lead_key o
  where o.institution_id = k.institution_id and o.key = {name} and o.lead_id = k.lead_id)"""
_WALK = """select k.lead_id::text from lead_key k where k.institution_id = %(institution)s and k.key = {driver}{probes}
  order by k.lead_id {order} limit %(most)s"""
# Only in these orders do the first hits make the first page.
_BY_ID = ("create_time", "create_time asc", "create_time desc", "")
_TIME_BITS = 0xFFFFFFFFFFFF << 80


def _first_id_at(text: str) -> UUID:
    """Return the lowest id of an instant, so that a bound on create_time is a bound on the id."""
    moment = datetime.fromisoformat(text)
    return UUID(int=uuid7(int(moment.timestamp() * 1000)).int & _TIME_BITS)


def _no_name(_text: str) -> str:
    raise ValueError("names are sealed; search for them")


# Ids are made at the transaction's time: their order is the order of creation, and every index ends with them.
LISTING: Listing[Lead] = Listing(
    Lead,
    fields={
        "create_time": Field(Lead.id, parse=_first_id_at),
        "last_touch_time": Field(Lead.last_touch_time),
        "next_contact_time": Field(Lead.next_contact_time),
        "stage_time": Field(Lead.stage_time),
        "child_name": Field(Lead.name_key, parse=_no_name),
        "stage": Field(Lead.stage, prefix="LEAD_STAGE_", sortable=False),
        "state": Field(Lead.state, prefix="LEAD_STATE_", sortable=False),
        "grade": Field(Lead.grade, prefix="LEAD_GRADE_"),
        "campus_id": Field(Lead.campus_id, sortable=False),
        "owner_id": Field(Lead.owner_id, sortable=False),
        "source": Field(Lead.source, sortable=False),
        "campaign_id": Field(Lead.campaign_id, sortable=False),
        "customer_id": Field(Lead.customer_id, sortable=False),
        "organisation_id": Field(Lead.organisation_id, sortable=False),
        "archive_time": Field(Lead.archive_time, sortable=False),
    },
    columns=tuple(Lead.__table__.columns),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A list request whose filter has been read for what `Listing` does not know."""

    page_size: int
    page_token: str
    filter: str
    order_by: str
    search: str


def page(tx: Tx, request: Any) -> Page[Any]:
    """Return a page of leads as rows of their columns; merged ones only when the filter speaks of the state.

    What a filter may name beside columns is said in actions/lead_terms.py. Raises InvalidInput for a filter, an order
    or a token that cannot be read.
    """
    rest, where, usual = _read(tx, request.filter)
    # The token is bound to the search and the whole filter; the pool must not be mistaken for everybody.
    bound = f"{request.search}|{request.filter}"
    asked = Asked(request.page_size, request.page_token, rest, request.order_by, bound)
    if not request.search:
        return LISTING.page(tx, asked, where=where, usual=usual, few=_FEW)
    return _searched(tx, asked, [*where, *usual], keys.searched(tx, request.search))


def count(tx: Tx, text: str) -> int:
    """Return how many leads `page` would list; counting stops behind MOST_COUNTED. Raises FILTER_INVALID."""
    rest, where, usual = _read(tx, text)
    return LISTING.count(tx, rest, [*where, *usual], most=MOST_COUNTED + 1)


def check(tx: Tx, text: str, order_by: str = "") -> None:
    """Raise InvalidInput FILTER_INVALID or ORDER_INVALID unless leads can be listed like this."""
    rest, _, _ = _read(tx, text)
    LISTING.check(tx, rest, order_by)


def _read(tx: Tx, text: str) -> tuple[str, list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Return what of a filter `Listing` reads, the conditions of the rest, and those that nearly every lead meets."""
    terms = filters.parse(text)
    names = {term.name for term in terms}
    conditions = [lead_terms.condition(tx, term) for term in terms]
    where = [*_within(tx), *(each for each in conditions if each is not None)]
    usual = []
    if "state" not in names:
        usual.append(Lead.state != stages.MERGED)
    if "archive_time" not in names:
        usual.append(Lead.archive_time.is_(None))
    rest = filters.write(term for term, each in zip(terms, conditions, strict=True) if each is None)
    return rest, where, usual


def _within(tx: Tx) -> Iterator[ColumnElement[bool]]:
    """Yield the caller's limits, which hold anyhow, as conditions that an index can serve."""
    if tx.scope.campuses is not None:
        yield Lead.campus_id.in_(sorted(tx.scope.campuses))
    if tx.scope.own:
        yield Lead.owner_id == tx.caller.subject_id


def _searched(tx: Tx, asked: Asked, where: Sequence[ColumnElement[bool]], wanted: Sequence[bytes]) -> Page[Any]:
    """Return a page of what has all keys; of many hits only so many are collected as fill it."""
    for most in _WALKS if len(wanted) > 1 and asked.order_by in _BY_ID else ():
        ids = _walk(tx, wanted, most, ascending=asked.order_by in _BY_ID[:2])
        found = LISTING.page(tx, asked, where=[*where, Lead.id.in_(ids)])
        if found.next_page_token or len(ids) < most:
            return found
    return LISTING.page(tx, asked, where=[*where, _found_by(tx, wanted)])


def _walk(tx: Tx, wanted: Sequence[bytes], most: int, *, ascending: bool) -> list[UUID]:
    """Return the first leads with all of these keys, along the rarest one.

    The planner cannot know behind row-level security that few of them are needed, and would join all.
    """
    names = {f"k{number}": key for number, key in enumerate(sorted(wanted))}
    values: dict[str, object] = names | {"institution": str(tx.institution_id), "most": most}
    rarest = tx.run(_RAREST, values | {"keys": list(names.values())}).scalar_one()
    driver, *others = sorted(names, key=lambda name: names[name] != bytes(rarest))
    probes = "".join(_PROBE.format(name=f"%({name})s") for name in others)
    sql = _WALK.format(driver=f"%({driver})s", probes=probes, order="asc" if ascending else "desc")
    return [UUID(text) for text in tx.run(sql, values).scalars()]


def _found_by(tx: Tx, wanted: Sequence[bytes]) -> ColumnElement[bool]:
    """Return the condition that a lead has all of these keys; text that cannot be searched finds nothing."""
    if not wanted:
        return false()
    of_institution = LeadKey.institution_id == tx.institution_id
    return and_(*(Lead.id.in_(select(LeadKey.lead_id).where(of_institution, LeadKey.key == key)) for key in wanted))
