"""Lessons and who comes to them, from scheduling's events, in whichever order they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonChanged, LessonScheduled
from shared.db import Tx
from shared.events import describe
from shared.inbox import Delivery

KEYS = tuple(describe(event.DESCRIPTOR).name for event in (LessonScheduled, LessonChanged))
_KEEP = """
insert into lesson as known (institution_id, id, create_time, update_time, campus_id, course_id, class_group_ids,
  student_ids, teacher_id, room_id, start_time, end_time, cancelled, sequence)
select %(institution)s, r.id, r.time, r.time, r.campus_id, r.course_id, r.class_group_ids, r.student_ids,
  r.teacher_id, r.room_id, r.start_time, r.end_time, r.cancelled, r.sequence
from jsonb_to_recordset(%(rows)s::jsonb) as r (id uuid, time timestamptz, campus_id uuid, course_id uuid,
  class_group_ids uuid[], student_ids uuid[], teacher_id uuid, room_id uuid, start_time timestamptz,
  end_time timestamptz, cancelled boolean, sequence bigint)
order by r.id
on conflict (institution_id, id) do update set
  (update_time, campus_id, course_id, class_group_ids, student_ids, teacher_id, room_id, start_time, end_time,
    cancelled, sequence) = row (excluded.update_time, excluded.campus_id, excluded.course_id, excluded.class_group_ids,
    excluded.student_ids, excluded.teacher_id, excluded.room_id, excluded.start_time, excluded.end_time,
    excluded.cancelled, excluded.sequence),
  create_time = excluded.update_time
where known.sequence < excluded.sequence
returning id::text"""
_FORGET = "delete from lesson_place where institution_id = %(institution)s and lesson_id = any(%(ids)s::uuid[])"
_PLACES = """
insert into lesson_place (institution_id, participant_id, start_time, lesson_id)
select distinct l.institution_id, p.id, l.start_time, l.id
from lesson l cross join unnest(l.class_group_ids || l.student_ids) as p (id)
where l.institution_id = %(institution)s and l.id = any(%(ids)s::uuid[]) and not l.cancelled"""


def project(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Keep how lessons stand, and by what they are found."""
    latest: dict[str, dict[str, Any]] = {}
    for delivery in deliveries:
        row = _row(delivery)
        if latest.get(row["id"], row)["sequence"] <= row["sequence"]:
            latest[row["id"]] = row
    keys: dict[str, object] = {"institution": str(tx.institution_id)}
    changed = tx.run(_KEEP, keys | {"rows": json.dumps(list(latest.values()))}).scalars()
    ids = keys | {"ids": list(changed)}
    if ids["ids"]:
        tx.run(_FORGET, ids)
        tx.run(_PLACES, ids)


def _row(delivery: Delivery) -> dict[str, Any]:
    body = orjson.loads(delivery.body)
    return {
        "id": body["lesson_id"],
        "time": delivery.event_time.isoformat(),
        "campus_id": body["campus_id"],
        "course_id": body["course_id"],
        "class_group_ids": body.get("class_group_ids", []),
        "student_ids": body.get("student_ids", []),
        "teacher_id": body.get("teacher_id") or None,
        "room_id": body.get("room_id") or None,
        "start_time": body["start_time"],
        "end_time": body["end_time"],
        "cancelled": body.get("cancelled", False),
        "sequence": delivery.sequence,
    }
