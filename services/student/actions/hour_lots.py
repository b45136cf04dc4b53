"""What is left of a child's hours, from billing's events, in whichever order they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import orjson

from lianxiao.billing.v1.billing_events_pb2 import HoursConsumed, HoursRestored, LotChanged
from services.student.rules import hour_lots as rules
from shared.db import Tx
from shared.events import describe
from shared.inbox import Delivery

KEYS = tuple(describe(event.DESCRIPTOR).name for event in (LotChanged, HoursConsumed, HoursRestored))
_KEEP = """
insert into hour_lot as known (institution_id, id, create_time, update_time, campus_id, student_id, course_id,
  remaining_hundredths, remaining_sequence, kind, frozen, expire_date, whole_sequence)
select %(institution)s, r.id, r.first_time, r.last_time, r.campus_id, r.student_id, r.course_id, r.remaining_hundredths,
  r.remaining_sequence, r.kind, r.frozen, r.expire_date, r.whole_sequence
from jsonb_to_recordset(%(rows)s::jsonb) as r (id uuid, first_time timestamptz, last_time timestamptz, campus_id uuid,
  student_id uuid, course_id uuid, remaining_hundredths bigint, remaining_sequence bigint, kind text, frozen boolean,
  expire_date date, whole_sequence bigint)
order by r.id
on conflict (institution_id, id) do update set
  (remaining_hundredths, remaining_sequence) = (select x.hundredths, x.sequence from (values
    (known.remaining_hundredths, known.remaining_sequence),
    (excluded.remaining_hundredths, excluded.remaining_sequence)) as x (hundredths, sequence)
    order by x.sequence desc limit 1),
  (kind, frozen, expire_date, whole_sequence) = (select x.kind, x.frozen, x.day, x.sequence from (values
    (known.kind, known.frozen, known.expire_date, known.whole_sequence),
    (excluded.kind, excluded.frozen, excluded.expire_date, excluded.whole_sequence)) as x (kind, frozen, day, sequence)
    order by x.sequence desc limit 1),
  create_time = least(known.create_time, excluded.create_time),
  update_time = greatest(known.update_time, excluded.update_time)"""


def project(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """Keep what events say of lots."""
    told = rules.latest(
        each
        for delivery in deliveries
        for each in rules.of_event(orjson.loads(delivery.body), delivery.sequence, delivery.event_time)
    )
    if told:
        rows = json.dumps([asdict(each) for each in told])
        tx.run(_KEEP, {"institution": str(tx.institution_id), "rows": rows})
