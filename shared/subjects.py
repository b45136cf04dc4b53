"""Exports and erasures: what a service does when somebody asks what is kept of them, or to be forgotten.

Both follow the service's list of `shared.holdings.Holding`s. An export answers with one JSON text; it travels sealed.
An erasure empties personal cells of every table, histories included, deletes what only serves to find people, and takes
them out of what waits: bodies of events, stored replies. The keys of what was sealed are destroyed with it, so that
copies in backups do not open either. Ids, amounts, hours and counts stay, and then lead to nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from lianxiao.student.v1.student_events_pb2 import (
    SubjectErasureDecided,
    SubjectExportAsked,
    SubjectPartErased,
    SubjectPartExported,
    SubjectTable,
)
from shared.crypto import destroy_groups, open_sealed
from shared.db import Tx
from shared.events import publish, without_personal
from shared.holdings import Holding
from shared.inbox import AnyConsumer, Consumer
from shared.keks import CannotOpen, keks

_EMPTY = """select empty_cells(%(table)s, %(columns)s::text[], %(key)s,
  (select coalesce(array_agg(distinct {key}), '{{}}') from {table} where {of}))"""
_REPLIES = """select request_id::text, reply from stored_reply where institution_id = %(institution)s
  and reply is not null and request_id > %(after)s::uuid order by request_id limit 500"""
_FORGET_REPLIES = """update stored_reply set reply = null
  where institution_id = %(institution)s and request_id = any (%(ids)s::uuid[])"""
_WAITING = "select id, body from {table} where institution_id = %(institution)s order by id"
_REWRITE = "update {table} set body = %(body)s where id = %(id)s"
# Shorter texts would meet half of all replies.
_SHORTEST = 2
_NOT_SHOWN = {"institution_id"}

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data: their ids as students or customers, and as guardians."""

    people: tuple[str, ...]
    guardians: tuple[str, ...]
    # Rows of other guardians of the same child are left out.
    own_only: bool = False

    @property
    def values(self) -> dict[str, object]:
        """Return the parameters of the conditions of holdings."""
        return {"people": list(self.people), "guardians": list(self.guardians), "own_only": self.own_only}


def consumers(
    service: str, holdings: Sequence[Holding], after_erasure: Callable[[Tx, Subject], None] | None = None
) -> list[AnyConsumer]:
    """Return the subscriptions of a service that holds data about people.

    `after_erasure` does what else the service owes somebody who is forgotten, such as not to contact them.
    """

    def export(tx: Tx, event: SubjectExportAsked) -> None:
        answer_export(tx, service, holdings, event)

    def erase(tx: Tx, event: SubjectErasureDecided) -> None:
        answer_erasure(tx, service, holdings, event)
        if after_erasure is not None:
            after_erasure(tx, Subject(tuple(event.person_ids), tuple(event.guardian_ids)))

    return [
        Consumer(f"{service}.on_subject_export_asked", SubjectExportAsked, export),
        Consumer(f"{service}.on_subject_erasure_decided", SubjectErasureDecided, erase),
    ]


def answer_export(tx: Tx, service: str, holdings: Sequence[Holding], event: SubjectExportAsked) -> None:
    """Send what the service keeps of somebody."""
    subject = Subject(tuple(event.person_ids), tuple(event.guardian_ids), own_only=True)
    found = collect(tx, holdings, subject)
    part = SubjectPartExported(subject_request_id=event.subject_request_id, service=service)
    part.content = json.dumps(found, ensure_ascii=False, default=_plain)
    part.tables.extend(
        SubjectTable(table=each.table, title=each.title, row_count=len(found[each.table]), erasure=each.erasure)
        for each in holdings
        if each.table in found
    )
    publish(tx, part)


def answer_erasure(tx: Tx, service: str, holdings: Sequence[Holding], event: SubjectErasureDecided) -> None:
    """Forget somebody, and say what became of how many rows of which table."""
    subject = Subject(tuple(event.person_ids), tuple(event.guardian_ids))
    part = SubjectPartErased(subject_request_id=event.subject_request_id, service=service)
    counts = erase(tx, holdings, subject)
    part.tables.extend(
        SubjectTable(
            table=each.table, title=each.title, row_count=counts[each.table], erasure=each.erasure, hold=each.hold
        )
        for each in holdings
        if counts.get(each.table)
    )
    publish(tx, part)


def collect(tx: Tx, holdings: Sequence[Holding], subject: Subject) -> Tables:
    """Return the rows of a subject by table, sealed texts opened; columns that only serve to find are left out."""
    found: Tables = {}
    for each in holdings:
        if not each.of:
            continue
        sql = f"select * from {each.table} where {each.of}"  # noqa: S608 - our own conditions
        rows = [_shown(tx, each, row) for row in tx.run(sql, subject.values).mappings()]
        if rows:
            found[each.table] = rows
    return found


def erase(tx: Tx, holdings: Sequence[Holding], subject: Subject) -> dict[str, int]:
    """Destroy what identifies a subject in this database; returns the number of rows by table, kept ones included."""
    found = collect(tx, holdings, subject)
    sealed = list(cells(tx, holdings, subject))
    trace = _trace(found, subject)
    _forget_replies(tx, trace)
    for table in ("outbox", "delivery"):
        _strip_events(tx, table, trace)
    counts = {table: len(rows) for table, rows in found.items()}
    for each in holdings:
        if each.emptied:
            sql = _EMPTY.format(key=each.key, table=each.table, of=each.of)
            told = {"table": each.table, "columns": list(each.emptied), "key": each.key}
            tx.run(sql, told | subject.values)
        elif each.of and each.drop:
            tx.run(f"delete from {each.table} where {each.of}", subject.values)  # noqa: S608 - as above
    destroy_groups(tx, sealed)
    return counts


def cells(tx: Tx, holdings: Sequence[Holding], subject: Subject) -> Iterator[tuple[str, str, UUID, bytes]]:
    """Yield the sealed cells of a subject whose keys an erasure destroys: table, column, row and what is in them."""
    for each in holdings:
        if each.sealed and each.of and not each.hold:
            sql = f"select id, {', '.join(each.sealed)} from {each.table} where {each.of}"  # noqa: S608 - as above
            for row in tx.run(sql, subject.values).mappings():
                yield from ((each.table, name, row["id"], bytes(row[name])) for name in each.sealed if row[name])


def _shown(tx: Tx, holding: Holding, row: Row) -> Row:
    for column in holding.sealed:
        blob = row.pop(column)
        text = open_sealed(tx, holding.table, column, row["id"], bytes(blob)) if blob else None
        row[column.removesuffix("_sealed")] = _told(text)
    hidden = _NOT_SHOWN | set(holding.index)
    return {name: value for name, value in row.items() if name not in hidden and not isinstance(value, memoryview)}


def _told(text: str | None) -> Any:
    """Return a sealed text as what it means: several hold JSON."""
    if text and text[0] in "{[":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _trace(found: Tables, subject: Subject) -> re.Pattern[bytes]:
    """Return what a reply or an event shows that it is about the subject: ids of theirs, or what was sealed."""
    words = {*subject.people, *subject.guardians}
    for rows in found.values():
        for row in rows:
            words |= {str(row["id"])} if isinstance(row.get("id"), UUID) else set()
            words |= {text for name in ("name", "phone", "email", "profile") for text in _leaves(row.get(name))}
    return re.compile(b"|".join(re.escape(word.encode()) for word in sorted(words)))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= _SHORTEST:
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)


def _forget_replies(tx: Tx, trace: re.Pattern[bytes]) -> None:
    """Take away stored replies that speak of the subject; who repeats such a call is told that its id was used."""
    who = {"institution": str(tx.institution_id)}
    last = str(UUID(int=0))
    while rows := list(tx.run(_REPLIES, who | {"after": last})):
        last = rows[-1].request_id
        named = [row.request_id for row in rows if _speaks(tx, bytes(row.reply), trace)]
        if named:
            tx.run(_FORGET_REPLIES, who | {"ids": named})


def _speaks(tx: Tx, sealed: bytes, trace: re.Pattern[bytes]) -> bool:
    try:
        opened = keks(sealed).open(f"reply|{tx.institution_id}", sealed)
    except CannotOpen:
        return False
    return trace.search(opened) is not None


def _strip_events(tx: Tx, table: str, trace: re.Pattern[bytes]) -> None:
    who = {"institution": str(tx.institution_id)}
    for row in list(tx.run(_WAITING.format(table=table), who)):
        if trace.search(row.body.encode()):
            bare = without_personal(tx.institution_id, row.body)
            if bare != row.body:
                tx.run(_REWRITE.format(table=table), {"body": bare, "id": row.id})
