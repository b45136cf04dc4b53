"""Ids that stand for others since two things turned out to be one.

A service that holds such ids listens for the merge and its undoing, writes them down here and leaves its own rows as
they are: whoever asks for one of the ids gets the rows of all. So an undoing restores exactly what was, and what came
in between stays where it was written. Ids may form chains; of two merges of one id the later one counts. An undoing
that arrives before its merge holds.
"""

from __future__ import annotations

from uuid import UUID

from shared.db import Tx

_LIVE = """(a.institution_id = %(institution)s and not a.undone and not exists (select 1 from alias later where
  later.institution_id = a.institution_id and later.id = a.id and later.cause_id > a.cause_id and not later.undone))"""
# All ids that are one with the id given as {id}: up to the one that stands for itself, then down to all below it.
FAMILY_SQL = f"""(with recursive up (id, step) as (select {{id}}::uuid, 0
    union all select a.target_id, up.step + 1 from alias a join up on a.id = up.id where up.step < 50 and {_LIVE}),
  down (id) as ((select id from up order by step desc limit 1)
    union select a.id from alias a join down on a.target_id = down.id where {_LIVE})
  select id from down)"""  # noqa: S608 - constant texts
_RESOLVE = f"""with recursive up (id, step) as (select %(id)s::uuid, 0
    union all select a.target_id, up.step + 1 from alias a join up on a.id = up.id where up.step < 50 and {_LIVE})
  select id::text from up order by step desc limit 1"""  # noqa: S608 - constant texts
_FAMILY = "select id::text from " + FAMILY_SQL.format(id="%(id)s") + " f"  # noqa: S608 - constant texts
_REMEMBER = """insert into alias (institution_id, id, cause_id, target_id, undone)
  values (%(institution)s, %(id)s, %(cause)s, %(target)s, %(undone)s)
  on conflict (institution_id, id, cause_id) do update set undone = alias.undone or excluded.undone"""


def remember(tx: Tx, old: str, *, target: str, cause: str) -> None:
    """Let one id stand for another because of a merge."""
    if old != target:
        tx.run(_REMEMBER, _me(tx) | {"id": old, "target": target, "cause": cause, "undone": False})


def forget(tx: Tx, old: str, *, target: str, cause: str) -> None:
    """Let an id stand for itself again, as far as this merge goes."""
    if old != target:
        tx.run(_REMEMBER, _me(tx) | {"id": old, "target": target, "cause": cause, "undone": True})


def resolve(tx: Tx, any_id: UUID) -> UUID:
    """Return the id that one stands for today; most stand for themselves."""
    return UUID(tx.run(_RESOLVE, _me(tx) | {"id": str(any_id)}, prepared=True).scalar_one())


def family(tx: Tx, any_id: UUID) -> list[UUID]:
    """Return every id that is one with this one, itself included."""
    found = tx.run(_FAMILY, _me(tx) | {"id": str(any_id)}, prepared=True)
    return [UUID(text) for text in found.scalars()]


def _me(tx: Tx) -> dict[str, object]:
    return {"institution": str(tx.institution_id)}
