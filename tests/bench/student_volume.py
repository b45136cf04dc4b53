"""Hundreds of thousands of students and their timelines within minutes.

People are sealed one by one and copied in; what happened to them is made by the server. Every hundredth student has ten
times as long a history as the others; on average there are ROWS_EACH entries of a timeline for one.
"""

from __future__ import annotations

import io
import random
from pathlib import Path
from uuid import UUID

import psycopg2

from shared.caller import Caller
from shared.crypto import seal
from shared.db import Database, Tx
from shared.ids import uuid7
from tests.bench.stage import Stage

ROWS_EACH = 40
CAMPUSES = 20
_GROUP = 10
_COURSES = 20
_BATCH = 50_000
_SHORT = ROWS_EACH * 100 // 109
_PUPIL = """create unlogged table pupil (n int primary key, id uuid, household uuid, guardian uuid, campus uuid,
  class_group uuid, name bytea, guardian_name bytea)"""
_STATEMENTS = Path(__file__).with_suffix(".sql")


def fill(stage: Stage, database: Database, caller: Caller, students: int) -> list[UUID]:
    """Fill an institution; return some of its students, by chance."""
    url = database.engine.url.set(username=stage.admin.username, password=stage.admin.password)
    link = psycopg2.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    link.autocommit = True
    ids: list[UUID] = []
    with link.cursor() as cursor:
        cursor.execute("set synchronous_commit = off; set work_mem = '256MB'; set maintenance_work_mem = '1GB'")
        # Built from what is whole; indexes are made faster than they are fed.
        cursor.execute("set session_replication_role = replica")
        cursor.execute(_PUPIL)
        campuses = [uuid7() for _ in range(CAMPUSES)]
        for start in range(0, students, _BATCH):
            with database.begin(caller, read_only=True) as tx:
                text, fresh = _pupils(tx, campuses, range(start, min(start + _BATCH, students)))
            cursor.copy_expert("copy pupil from stdin", text)
            ids += fresh
        indexes = _take_indexes(cursor)
        values = {"institution": str(caller.institution_id), "short": _SHORT, "long": 10 * _SHORT}
        for statement in _STATEMENTS.read_text("utf-8").split(";\n")[:-1]:
            cursor.execute(statement, values)
        for index in indexes:
            cursor.execute(index)
        cursor.execute("drop table pupil")
        cursor.execute("vacuum analyze")
    link.close()
    return ids


def _take_indexes(cursor: psycopg2.extensions.cursor) -> list[str]:
    """Drop the indexes of the timeline but for its key; return the statements that bring them back."""
    cursor.execute("""select indexname, indexdef from pg_indexes
      where tablename = 'timeline_entry' and indexname <> 'timeline_entry_pkey'""")
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f"drop index {name}")
    return [str(definition) for _, definition in found]


def _pupils(tx: Tx, campuses: list[UUID], numbers: range) -> tuple[io.StringIO, list[UUID]]:
    """Return rows for COPY and some of their ids: every other student has a sibling, ten share a class group."""
    text, some, chance = io.StringIO(), [], random.Random(numbers.start)
    household = group = uuid7()
    for number in numbers:
        student_id, guardian_id = uuid7(), uuid7()
        household = household if number % 2 else uuid7()
        group = group if number % _GROUP else uuid7()
        campus = campuses[number // _GROUP % CAMPUSES]
        name = seal(tx, "student", "name_sealed", student_id, f"张小{number}")
        guardian_name = seal(tx, "guardian", "name_sealed", guardian_id, f"张妈妈{number}")
        cells = [str(each) for each in (number, student_id, household, guardian_id, campus, group)]
        text.write("\t".join([*cells, *(rf"\\x{each.hex()}" for each in (name, guardian_name))]) + "\n")
        if chance.random() < 5_000 / _BATCH:
            some.append(student_id)
    text.seek(0)
    return text, some
