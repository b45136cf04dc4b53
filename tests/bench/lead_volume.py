"""Millions of leads within minutes: some are taken in as ever, the others are copies of them with ids of their own.

Copies differ from their originals in ids, times, campus, owner, stage, grade, source and phones; names are the
originals', and so are the tokens by which names are found. Profiles are sealed for the institution that is measured;
those of its neighbours nobody opens.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import psycopg2

from services.lead.actions import keys, known
from services.lead.models import Lead
from services.lead.rules.profile import Profile
from shared.caller import Caller
from shared.crypto import seal
from shared.db import Database, Tx
from shared.ids import uuid7
from tests.bench import leads
from tests.bench.stage import Stage

ORIGINALS = 1000
CAMPUSES = 20
OWNERS = 60
_YEARS_MS = 2 * 365 * 24 * 3600 * 1000
_BATCH = 100_000
_MINE = """create unlogged table copies (n int, id uuid, original uuid, profile bytea, last4 bytea, phone bytea);
create unlogged table original_keys (institution_id uuid, key bytea, lead_id uuid);
create unlogged table pools (kind text, n int, id uuid)"""
_POOLED = "(select p.id from pools p where p.kind = '{kind}' and p.n = {n})"
_LEADS = """insert into lead ({columns}) select {values} from copies c join lead o on o.id = c.original"""
_KEYS = """insert into lead_key (institution_id, key, lead_id)
  select distinct k.institution_id, k.key, c.id from copies c join original_keys k on k.lead_id = c.original
  union select k.institution_id, unnest(array[c.last4, c.phone]), c.id
    from copies c join (select distinct institution_id from original_keys) k on true"""
_NEIGHBOURS = """insert into lead ({columns}) select {values} from lead o where o.institution_id = %(mine)s"""
# Of the keys of a neighbour two kinds, so that the index is as deep as it would be.
_NEIGHBOUR_KEYS = """insert into lead_key (institution_id, key, lead_id)
  select o.institution_id, decode(md5(o.id::text || kind), 'hex'), o.id
  from lead o, unnest(array['a', 'b']) as kind where o.institution_id = %(other)s"""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a measurement asks for."""

    campuses: list[UUID]
    owners: list[UUID]


def fill(stage: Stage, database: Database, caller: Caller, rows: int) -> Filled:
    """Bring an institution to `rows` leads, and two neighbours to as many."""
    campuses = [leads.campus_with_rule(database, caller) for _ in range(CAMPUSES)]
    leads.fill(database, caller, campuses[0], ORIGINALS)
    owners = [uuid7() for _ in range(OWNERS)]
    url = database.engine.url.set(username=stage.admin.username, password=stage.admin.password)
    link = psycopg2.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute("set synchronous_commit = off; set work_mem = '256MB'; set maintenance_work_mem = '256MB'")
        # Copies keep what their originals keep; indexes are built faster than they are fed.
        cursor.execute("set session_replication_role = replica")
        cursor.execute(_MINE)
        indexes = _take_indexes(cursor)
        for kind, ids in (("campus", campuses), ("owner", owners)):
            for number, each in enumerate(ids):
                cursor.execute("insert into pools values (%s, %s, %s)", (kind, number, str(each)))
        for start in range(0, rows - ORIGINALS, _BATCH):
            _copy(cursor, database, caller, start, min(_BATCH, rows - ORIGINALS - start))
        for other in (uuid7(), uuid7()):
            _neighbour(cursor, caller.institution_id, other)
        cursor.execute("drop table copies, original_keys, pools")
        for index in indexes:
            cursor.execute(index)
        cursor.execute("vacuum analyze lead")
        cursor.execute("vacuum analyze lead_key")
    link.close()
    return Filled(campuses, owners)


def _take_indexes(cursor: psycopg2.extensions.cursor) -> list[str]:
    """Drop the indexes of what is filled, but for the leads' own key; return the statements that bring them back."""
    cursor.execute("""select indexname, indexdef from pg_indexes
      where tablename in ('lead', 'lead_key') and indexname not in ('lead_pkey', 'lead_key_pkey')""")
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f"drop index {name}")
    cursor.execute("alter table lead_key drop constraint lead_key_pkey")
    back = "alter table lead_key add primary key (institution_id, key, lead_id)"
    return [back, *(str(definition) for _, definition in found)]


def _copy(cursor: psycopg2.extensions.cursor, database: Database, caller: Caller, start: int, count: int) -> None:
    with database.begin(caller, read_only=True) as tx:
        originals = list(tx.execute(Lead.__table__.select().limit(ORIGINALS)).all())
        profiles = [known.profile_of(tx, row) for row in originals]
        tokens = {token for profile in profiles for token in _tokens(tx, profile)}
        text = _lines(tx, [row.id for row in originals], profiles, start, count)
    cursor.execute("truncate copies")
    if not start:
        wanted = [psycopg2.Binary(token) for token in tokens]
        cursor.execute(
            "insert into original_keys select institution_id, key, lead_id from lead_key where key = any(%s)", (wanted,)
        )
    cursor.copy_expert("copy copies from stdin", text)
    columns = _columns(cursor)
    chosen = {
        "id": "c.id", "customer_id": "gen_random_uuid()", "profile_sealed": "c.profile",
        "campus_id": _POOLED.format(kind="campus", n=f"c.n %% {CAMPUSES}"),
        "owner_id": f"case when c.n %% 10 >= 3 then {_POOLED.format(kind='owner', n=f'(c.n / 10) %% {OWNERS}')} end",
        "stage": "(array['enquiry','enquiry','enquiry','contacted','contacted','trial_booked','trialled','quoted',"
        "'enrolled','lost'])[1 + c.n / 7 %% 10]",
        "state": "case c.n / 7 %% 10 when 8 then 'enrolled' when 9 then 'lost' else 'open' end",
        "lost_reason": "case when c.n / 7 %% 10 = 9 then 'price' else '' end",
        "grade": "(array['a','b','b','c','c','c'])[1 + c.n / 3 %% 6]",
        "source": "(array['walk_in','web_form','import','referral','douyin','event','partner','phone'])"
        "[1 + c.n / 11 %% 8]",
        "stage_time": "now() - c.n %% 700 * interval '1 day'",
        "last_touch_time": "now() - c.n %% 9973 * interval '1 hour'",
        "next_contact_time": "case when c.n %% 5 = 0 then now() + c.n %% 997 * interval '1 hour' end",
        "name_key": "chr(97 + c.n %% 26) || ' ' || left(md5(c.n::text), 3)",
        "birth_date": "(date '2006-01-01' + c.n %% 6000)::text",
        "create_time": "to_timestamp((('x' || left(replace(c.id::text, '-', ''), 12))::bit(48)::bigint) / 1000.0)",
    }  # fmt: skip
    values = ", ".join(chosen.get(name, f"o.{name}") for name in columns)
    cursor.execute(_LEADS.format(columns=", ".join(columns), values=values).replace("%%", "%"))
    cursor.execute(_KEYS)


def _columns(cursor: psycopg2.extensions.cursor) -> list[str]:
    cursor.execute("select column_name from information_schema.columns where table_name = 'lead' order by 1")
    return [str(row[0]) for row in cursor.fetchall()]


def _tokens(tx: Tx, profile: Profile) -> Sequence[bytes]:
    person = profile.person(birth_date="", school="", campus="")
    wanted = set(
        keys.all_of(tx, replace(profile, guardian_phone="", alternate_phone=""), replace(person, phones=frozenset()))
    )
    return sorted(wanted)


def _lines(tx: Tx, originals: Sequence[UUID], profiles: Sequence[Profile], start: int, count: int) -> io.StringIO:
    """Return rows for COPY: ids over two years, profiles sealed with a phone of their own."""
    chance, now, text = random.Random(start), int(time.time() * 1000), io.StringIO()
    for number in range(start, start + count):
        place = chance.randrange(len(originals))
        lead_id = uuid7(now - chance.randrange(_YEARS_MS))
        profile = replace(profiles[place], guardian_phone=f"+86150{number:08}")
        sealed = seal(tx, "lead", "profile_sealed", lead_id, profile.to_json())
        last4 = keys.searched(tx, f"{number % 10000:04}")[0]
        phone = keys.phone_key(tx, profile.guardian_phone)
        cells = [
            str(number),
            str(lead_id),
            str(originals[place]),
            *(rf"\\x{each.hex()}" for each in (sealed, last4, phone)),
        ]
        text.write("\t".join(cells) + "\n")
    text.seek(0)
    return text


def _neighbour(cursor: psycopg2.extensions.cursor, mine: UUID, other: UUID) -> None:
    columns = _columns(cursor)
    shifted = "overlay({}::text placing '" + str(other)[-4:] + "' from 33 for 4)::uuid"
    values = {"institution_id": "%(other)s", "id": shifted.format("o.id")}
    names = {"mine": str(mine), "other": str(other)}
    told = ", ".join(values.get(name, f"o.{name}") for name in columns)
    cursor.execute(_NEIGHBOURS.format(columns=", ".join(columns), values=told), names)
    cursor.execute(_NEIGHBOUR_KEYS, names)
