"""The leads that an enquiry may belong to, and the locks that keep two enquiries of one phone from racing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, TextualSelect, column, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.lead.actions import keys
from services.lead.models import Lead
from services.lead.rules import matching, stages
from services.lead.rules.children import Person
from services.lead.rules.matching import Decision
from services.lead.rules.profile import Profile
from shared.db import Tx

# A key with more leads than this says nothing: a placeholder phone, a common name in one school.
_MOST_PER_KEY = 100
_COLUMNS = tuple(Lead.__table__.columns)
# Each lead once, by its primary key: row-level security hides from the planner how many rows a join would find, and
# `offset 0` keeps it from beginning with the leads.
_FOUND = f"""select f.found_by, {", ".join("l." + c.name for c in _COLUMNS)}
    from (select k.lead_id, array_agg(q.key) as found_by from unnest(cast(:keys as bytea[])) as q (key)
      cross join lateral (select k.lead_id from lead_key k
        where k.institution_id = cast(:institution as uuid) and k.key = q.key
        order by k.lead_id desc limit {_MOST_PER_KEY}) k
      group by k.lead_id) f
    cross join lateral (select * from lead l
      where l.institution_id = cast(:institution as uuid) and l.id = f.lead_id offset 0) l"""  # noqa: S608 - names of our own columns
_LOCK = "select pg_advisory_xact_lock(h) from unnest(%s::bigint[]) as h"
_NOTHING = "select null::jsonb"


@cache
def _look_up(beside: str) -> TextualSelect:
    """Return the look-up, which brings the answer to another question along, in its first row."""
    return (
        text(
            f"""select case when row_number() over () = 1 then ({beside}) end as beside, found.*
        from (select) one left join ({_FOUND}) found on true"""  # noqa: S608 - constants of ours
        )
        .columns(column("beside", JSONB), column("found_by", ARRAY(LargeBinary)), *_COLUMNS)
        .execution_options(prepared=True)
    )


@dataclass(slots=True)
class Known:
    """Leads by key; grows with the leads that the same batch makes. `merged` are the persons that others stand for."""

    leads: dict[UUID, Any] = field(default_factory=dict)
    persons: dict[UUID, Person] = field(default_factory=dict)
    merged: dict[UUID, list[Person]] = field(default_factory=dict)
    by_key: dict[bytes, list[UUID]] = field(default_factory=dict)

    def add(self, lead: Any, person: Person, lead_keys: Iterable[bytes]) -> None:
        """Remember a lead under its keys."""
        self.leads[lead.id] = lead
        self.persons[lead.id] = person
        for key in lead_keys:
            self.by_key.setdefault(key, []).append(lead.id)

    def absorb(self, other: Known) -> None:
        """Remember what another look-up has found as well."""
        self.leads |= other.leads
        self.persons |= other.persons
        self.merged |= other.merged
        for key, found in other.by_key.items():
            mine = self.by_key.setdefault(key, [])
            mine += [lead_id for lead_id in found if lead_id not in mine]

    def decide(self, tx: Tx, person: Person) -> Decision[UUID]:
        """Say whether a person is one of the known leads."""
        candidates: dict[UUID, Person] = {}
        for key in keys.match_keys(tx, matching.keys(person)):
            for lead_id in self.by_key.get(key, ()):
                candidates.setdefault(lead_id, self.persons[lead_id])
        # A lead that others were merged into is found by their phones as well, which are not in its own profile.
        for phone in person.phones:
            for lead_id in self.by_key.get(keys.phone_key(tx, phone), ()):
                candidates[lead_id] = replace(candidates[lead_id], phones=candidates[lead_id].phones | {phone})
        for lead_id, own in candidates.items():
            if lead_id in self.merged:
                candidates[lead_id] = matching.closest(person, [own, *self.merged[lead_id]])
        return matching.decide(person, candidates)


def load(
    tx: Tx,
    persons: Sequence[Person],
    *,
    lock: bool = True,
    beside: str = _NOTHING,
    values: Mapping[str, Any] | None = None,
) -> tuple[Known, Any]:
    """Lock the phones of these persons until the transaction ends, then find every lead that shares a key.

    Two round trips in one: the look-up sees what the holder of the lock before us has committed. Locks are taken in
    sorted order, so that two batches cannot wait for each other. `beside` is another question, a SELECT of one JSON
    value with its `values`; the answer comes along. The transaction must see the whole chain.
    """
    phones = {keys.phone_key(tx, phone) for person in persons for phone in person.phones} if lock else set()
    wanted = set(keys.match_keys(tx, [key for person in persons for key in matching.keys(person)]))
    found = Known()
    rows = _asked(tx, wanted, phones, beside, values or {})
    into = {row.id: row.merged_into_id for row in rows if row.id is not None}
    for row in rows:
        if row.id is not None and row.state != stages.MERGED:
            found.add(row, person_of(tx, row), map(bytes, row.found_by))
    for row in rows:
        # Survivors have the keys of all that were merged into them, so they are found together.
        if row.id is not None and row.state == stages.MERGED:
            survivor = _last(into, row.id)
            if survivor in found.persons:
                found.merged.setdefault(survivor, []).append(person_of(tx, row))
    return found, rows[0].beside


def _last(into: Mapping[UUID, UUID | None], lead_id: UUID) -> UUID:
    """Return the end of a chain of merges, as far as it is known."""
    while (following := into.get(lead_id)) is not None:
        lead_id = following
    return lead_id


def look_up(tx: Tx, wanted: Collection[bytes]) -> list[Any]:
    """Return the leads that stand under any of these keys, with those that found them."""
    rows = _asked(tx, wanted, (), _NOTHING, {})
    return [row for row in rows if row.id is not None and row.state != stages.MERGED]


def _asked(
    tx: Tx, wanted: Collection[bytes], locks: Collection[bytes], beside: str, values: Mapping[str, Any]
) -> Sequence[Any]:
    if locks:
        tx.soon(_LOCK, [sorted(int.from_bytes(key[:8], "big", signed=True) for key in locks)])
    parameters = {
        "keys": sorted(wanted),
        "institution": str(tx.institution_id),
    }
    return tx.execute(_look_up(beside), parameters | dict(values)).all()


def profile_of(tx: Tx, lead: Any) -> Profile:
    """Open the profile of a lead, given as a model or as a row of its columns."""
    return Profile.from_json(Lead.profile.reveal(tx, lead) or "{}")


def person_of(tx: Tx, lead: Any) -> Person:
    """Return what identifies the child of a lead."""
    profile = profile_of(tx, lead)
    return profile.person(birth_date=lead.birth_date, school=lead.school, campus=str(lead.campus_id))
