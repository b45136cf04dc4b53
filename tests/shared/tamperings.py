"""What somebody with every right in the database might do to its audit log."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Connection, text

from shared.audit_check import CANONICAL, START

Tampering = Callable[[Connection, random.Random, UUID, int], None]


def edit(column: str, value: str) -> Tampering:
    def tamper(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
        connection.execute(
            text(
                f"update audit_entry set {column} = {value}"  # noqa: S608 - both are written below
                " where institution_id = :who and id ="
                " (select entry_id from audit_seal where institution_id = :who and sequence = :n)"
            ),
            {"who": who, "n": dice.randint(1, size)},
        )

    return tamper


def swap_entries(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
    one, other = dice.sample(range(1, size + 1), 2)
    connection.execute(
        text(
            "update audit_entry e set facts = o.facts, subject_id = o.subject_id"
            " from audit_entry o, audit_seal a, audit_seal b"
            " where a.institution_id = :who and b.institution_id = :who and a.sequence in (:one, :other)"
            " and b.sequence in (:one, :other) and a.sequence <> b.sequence and e.id = a.entry_id and o.id = b.entry_id"
        ),
        {"who": who, "one": one, "other": other},
    )


def swap_seals(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
    one, other = dice.sample(range(1, size + 1), 2)
    for a, b in ((one, -1), (other, one), (-1, other)):
        sql = "update audit_seal set sequence = :b where institution_id = :who and sequence = :a"
        connection.execute(text(sql), {"who": who, "a": a, "b": b})


def delete_entry(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
    seal = "select entry_id from audit_seal where institution_id = :who and sequence = :n"
    sql = f"delete from audit_entry where id = ({seal})"  # noqa: S608 - the text above
    connection.execute(text(sql), {"who": who, "n": dice.randint(1, size)})


def delete_seal(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
    sql = "delete from audit_seal where institution_id = :who and sequence = :n"
    connection.execute(text(sql), {"who": who, "n": dice.randint(1, size)})


def cut(connection: Connection, who: UUID, first: int, last: int) -> None:
    sql = (
        "with gone as (delete from audit_seal where institution_id = :who and sequence between :first and :last"
        " returning entry_id) delete from audit_entry where id in (select entry_id from gone)"
    )
    connection.execute(text(sql), {"who": who, "first": first, "last": last})


def delete_both(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
    number = dice.randint(1, size)
    cut(connection, who, number, number)


def cut_tail(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
    cut(connection, who, dice.randint(2, size), size)


def delete_institution(connection: Connection, _dice: random.Random, who: UUID, size: int) -> None:
    cut(connection, who, 1, size)


def rechain(connection: Connection, who: UUID) -> None:
    """Compute all hashes anew, as one would who knows how it is done."""
    rows = connection.execute(
        text(
            f"select s.sequence, {CANONICAL}"  # noqa: S608 - a constant of ours
            " from audit_seal s join audit_entry e on e.id = s.entry_id"
            " where s.institution_id = :who order by s.sequence"
        ),
        {"who": who},
    ).all()
    previous = START
    for sequence, content in rows:
        digest = hashlib.sha256(previous + content.encode()).digest()
        connection.execute(
            text(
                "update audit_seal set previous_hash = :previous, hash = :digest"
                " where institution_id = :who and sequence = :n"
            ),
            {"previous": previous, "digest": digest, "who": who, "n": sequence},
        )
        previous = digest


def rewrite_all(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
    edit("actor_id", "gen_random_uuid()")(connection, dice, who, size)
    rechain(connection, who)


def remove_and_rewrite(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
    number = dice.randint(1, size)
    cut(connection, who, number, number)
    for sequence in range(number + 1, size + 1):
        sql = "update audit_seal set sequence = sequence - 1 where institution_id = :who and sequence = :n"
        connection.execute(text(sql), {"who": who, "n": sequence})
    rechain(connection, who)


def add_entry(connection: Connection, _dice: random.Random, who: UUID, _size: int) -> None:
    sql = (
        "insert into audit_entry select institution_id, gen_random_uuid(), time, actor_id, actor_kind, action,"
        " subject_kind, subject_id, facts, trace_id from audit_entry where institution_id = :who limit 1"
    )
    connection.execute(text(sql), {"who": who})


def edit_seal(column: str) -> Tampering:
    def tamper(connection: Connection, dice: random.Random, who: UUID, size: int) -> None:
        sql = f"update audit_seal set {column} = sha256({column})"  # noqa: S608 - written below
        sql += " where institution_id = :who and sequence = :n"
        connection.execute(text(sql), {"who": who, "n": dice.randint(1, size)})

    return tamper


TAMPERINGS: list[Tampering] = [
    edit("time", "time + interval '1 microsecond'"),
    edit("actor_id", "gen_random_uuid()"),
    edit("actor_kind", "'guardian'"),
    edit("action", "action || ' '"),
    edit("subject_kind", "'order'"),
    edit("subject_id", "''"),
    edit("facts", "facts || '{\"number\": -1}'"),
    edit("trace_id", "'0'"),
    edit("institution_id", "gen_random_uuid()"),
    edit("id", "gen_random_uuid()"),
    swap_entries,
    swap_seals,
    delete_entry,
    delete_seal,
    delete_both,
    cut_tail,
    delete_institution,
    rewrite_all,
    remove_and_rewrite,
    add_entry,
    edit_seal("hash"),
    edit_seal("previous_hash"),
]
