"""After a new data key: seal every registered column again, then drop the old key.

    python -m services <name>|all keys rotate-data <institution id>

does the whole rotation with readers and writers running: new key, seal again, wait until no process uses the old key,
seal again what those processes wrote meanwhile, drop the old key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from shared.caller import Caller
from shared.cells import bound_to, disclose, enclose, group_in, group_of
from shared.crypto import open_sealed
from shared.db import Database, Tx
from shared.errors import Refused
from shared.keyring import PREFIX_BYTES, SETTLED_SECONDS, Keyring, Unwrapped, retire_old_keys

# An erasure leaves cells with nothing in them.
_OLD = "substring({column} from 1 for %(size)s) <> %(prefix)s and length({column}) > 0"


def reseal(
    database: Database,
    institution_id: UUID,
    columns: Collection[tuple[str, str]],
    *,
    batch: int = 2000,
) -> Iterator[int]:
    """Seal what older keys sealed again under the newest, batch by batch, each its own short transaction.

    `columns` are those of the database's service (`shared.crypto.sealed_columns`). The role needs UPDATE on them: for
    append-only tables use the owner's. Yields the number of cells after each batch.
    """
    for table, column in sorted(columns):
        last: UUID | str | None = "00000000-0000-0000-0000-000000000000"
        while last is not None:
            with database.begin(Caller.system(institution_id)) as tx:
                last, count = _reseal_batch(tx, table, column, last, batch)
            if count:
                yield count


def retire(
    database: Database,
    institution_id: UUID,
    columns: Collection[tuple[str, str]],
    *,
    settled_seconds: float = SETTLED_SECONDS,
) -> int:
    """Drop the old data keys of an institution; returns how many.

    Raises Refused: KEYS_IN_USE when a process may still seal with an old key or a cell is still sealed by one.
    """
    with database.begin(Caller.system(institution_id)) as tx:
        settled = tx.run(
            "select rotate_time < now() - make_interval(secs => %s) from keyset"
            " where institution_id = %s and purpose = 'cell' for update",
            (settled_seconds, str(institution_id)),
        ).scalar()
        if not settled:
            raise Refused(
                "KEYS_IN_USE", f"wait {settled_seconds:g} s after a rotation; nothing was rotated, or just now"
            )
        key = Keyring.of(tx).get(tx, "cell", fresh=True)
        for table, column in sorted(columns):
            sql = f"select exists (select from {table} where {_OLD.format(column=column)})"  # noqa: S608 - our own names
            if tx.run(sql, {"size": PREFIX_BYTES, "prefix": key.prefix}).scalar():
                raise Refused("KEYS_IN_USE", f"{table}.{column} still holds cells of an older key; seal them again")
        return retire_old_keys(tx)


def _reseal_batch(tx: Tx, table: str, column: str, last: UUID | str, batch: int) -> tuple[UUID | None, int]:
    """Seal one batch of rows behind `last`; returns the last row's id, or None at the end, and the count."""
    key = Keyring.of(tx).get(tx, "cell", fresh=True)
    old = _OLD.format(column=column)
    rows: Any = tx.run(
        f"select id, {column} from {table} where institution_id = %(who)s and id > %(last)s and {old}"  # noqa: S608 - as above
        " order by id limit %(batch)s for update",
        {
            "who": str(tx.institution_id),
            "last": str(last),
            "size": PREFIX_BYTES,
            "prefix": key.prefix,
            "batch": batch,
        },
    ).all()
    if not rows:
        return None, 0
    fresh = [_again(tx, key, (table, column, row_id), bytes(blob)) for row_id, blob in rows]
    tx.run(
        f"update {table} t set {column} = n.sealed from unnest(%(ids)s::uuid[], %(sealed)s::bytea[]) n (id, sealed)"  # noqa: S608 - as above
        " where t.institution_id = %(who)s and t.id = n.id",
        {"who": str(tx.institution_id), "ids": [str(row_id) for row_id, _ in rows], "sealed": fresh},
    )
    return rows[-1][0], len(rows)


def _again(tx: Tx, key: Unwrapped, place: tuple[str, str, UUID], blob: bytes) -> bytes:
    """Seal a cell again in its group; what was sealed before there were groups is one of its own by row.

    A cell whose key was destroyed, as after a restored backup, is emptied.
    """
    bound = bound_to(tx.institution_id, *place)
    if blob[:PREFIX_BYTES] not in key.prefixes:
        text = open_sealed(tx, *place, blob) or ""
        return enclose(key, group_of(place[0], (place[2],)), bound, text.encode())
    plain = disclose(key, bound, blob)
    return b"" if plain is None else enclose(key, group_in(key, bound, blob), bound, plain)
