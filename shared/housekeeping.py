"""What every service subscribes to and does besides its own work: institutions, revocations, pruning, ages."""

from __future__ import annotations

from lianxiao.org.v1.org_events_pb2 import AccessRevoked, InstitutionChanged
from shared import telemetry
from shared.caller import NOBODY
from shared.db import Database, Tx
from shared.inbox import AnyConsumer, Consumer
from shared.jobs import Job

_INSTITUTION = (
    "insert into institution (institution_id, code, name, active) values (%s, %s, %s, %s)"
    " on conflict (institution_id) do update set code = excluded.code, name = excluded.name, active = excluded.active"
)
_REVOKE = (
    "insert into access_revocation as a (institution_id, subject_id, session_id, not_before_time)"
    " values (%s, %s, %s, %s) on conflict (institution_id, subject_id, session_id) do update"
    " set not_before_time = greatest(a.not_before_time, excluded.not_before_time)"
)
_PRUNE_REPLIES = "delete from stored_reply where create_time < %s - interval '7 days'"
_PRUNE_REVOCATIONS = "delete from access_revocation where not_before_time < %s - interval '1 day'"
_AGES = (
    "select coalesce(extract(epoch from clock_timestamp() - (select min(create_time) from outbox)), 0),"
    " coalesce(extract(epoch from clock_timestamp() - (select min(store_time) from delivery where not parked)), 0),"
    " (select count(*) from delivery where parked)"
)


def consumers(service: str) -> list[AnyConsumer]:
    """Return the subscriptions that every service has."""
    return [
        Consumer(f"{service}.on_institution_changed", InstitutionChanged, register_institution),
        Consumer(f"{service}.on_access_revoked", AccessRevoked, revoke_access),
    ]


def register_institution(tx: Tx, event: InstitutionChanged) -> None:
    """Know an institution, so that jobs run for it."""
    tx.run(_INSTITUTION, (event.institution_id, event.code, event.name, event.active))


def revoke_access(tx: Tx, event: AccessRevoked) -> None:
    """Refuse tokens of a subject (or one session) that were issued before an instant."""
    session = event.session_id or str(NOBODY)
    moment = event.not_before_time.ToDatetime(tzinfo=tx.now.tzinfo)
    tx.run(_REVOKE, (str(tx.institution_id), event.subject_id, session, moment))


def jobs(service: str) -> list[Job]:
    """Return the timers that every service has."""
    return [Job(f"{service}.prune", 3600, prune)]


def prune(tx: Tx) -> None:
    """Drop replies after seven days and revocations once no token of their time can be valid."""
    tx.run(_PRUNE_REPLIES, (tx.now,))
    tx.run(_PRUNE_REVOCATIONS, (tx.now,))


def observe(service: str, database: Database) -> None:
    """Set the gauges of ages and parked deliveries."""
    with database.system(read_only=True) as tx:
        outbox, delivery, parked = tx.run(_AGES).one()
    telemetry.OUTBOX_AGE.labels(service).set(outbox)
    telemetry.DELIVERY_AGE.labels(service).set(delivery)
    telemetry.PARKED.labels(service).set(parked)
