"""A child's timeline: what every service told of the child, newest first, to whoever may see each part of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, and_, false, or_

from services.student.actions import students
from services.student.models import TimelineEntry
from services.student.rules import timeline
from shared import aliases
from shared.db import Tx
from shared.events import describe
from shared.inbox import Delivery
from shared.listing import Field, Listing, ListRequest, Page

# By their routing keys.
SOURCES = {describe(source.event.DESCRIPTOR).name: source for source in timeline.SOURCES}
# The same event gives the same rows, times included, whenever and however often it is read.
_APPEND = """
insert into timeline_entry (institution_id, id, create_time, update_time, campus_id, student_id, area, kind, occur_time,
  facts)
select %(institution)s, r.id, r.create_time, r.create_time, r.campus_id, r.student_id, r.area, r.kind, r.occur_time,
  r.facts
from jsonb_to_recordset(%(rows)s::jsonb) as r (id uuid, create_time timestamptz, campus_id uuid, student_id uuid,
  area text, kind text, occur_time timestamptz, facts jsonb)
on conflict (institution_id, id) do nothing"""
LISTING: Listing[TimelineEntry] = Listing(
    TimelineEntry,
    fields={
        "area": Field(TimelineEntry.area, sortable=False),
        "kind": Field(TimelineEntry.kind, sortable=False),
        "campus_id": Field(TimelineEntry.campus_id, sortable=False),
        "occur_time": Field(TimelineEntry.occur_time),
    },
    default_order="occur_time desc",
)


def append(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Write down what events say of children."""
    rows = [
        {
            "id": str(entry.id),
            "create_time": delivery.event_time.isoformat(),
            "campus_id": str(delivery.campus_id),
            "student_id": str(entry.student_id),
            "area": entry.area,
            "kind": entry.kind,
            "occur_time": entry.occur_time,
            "facts": dict(entry.facts),
        }
        for delivery in deliveries
        if delivery.campus_id is not None
        for entry in timeline.entries(
            SOURCES[delivery.type], delivery.event_id, delivery.event_time, orjson.loads(delivery.body)
        )
    ]
    tx.run(_APPEND, {"institution": str(tx.institution_id), "rows": json.dumps(rows, ensure_ascii=False)})


def page(tx: Tx, student_id: UUID, request: ListRequest) -> Page[TimelineEntry]:
    """Return a page of a student's timeline; raises NotFound for a student out of sight.

    Areas that the caller has no permission for, or not for the campus of an entry, are left out.
    """
    students.get(tx, student_id)
    ids = aliases.family(tx, student_id)
    child = TimelineEntry.student_id == ids[0] if len(ids) == 1 else TimelineEntry.student_id.in_(ids)
    return LISTING.page(tx, request, where=[child, *visible(tx)])


def visible(tx: Tx) -> list[ColumnElement[bool]]:
    """Return the condition that lets through what the caller's permissions reach; none for who may see all."""
    everywhere: list[str] = []
    parts: list[ColumnElement[bool]] = []
    for area, permission in timeline.PERMISSIONS.items():
        scope = tx.caller.scope(permission)
        if scope is None:
            continue
        if scope.campuses is None:
            everywhere.append(area)
        else:
            parts.append(and_(TimelineEntry.area == area, TimelineEntry.campus_id.in_(scope.campuses)))
    if len(everywhere) == len(timeline.PERMISSIONS):
        return []
    return [or_(TimelineEntry.area.in_(everywhere) if everywhere else false(), *parts)]
