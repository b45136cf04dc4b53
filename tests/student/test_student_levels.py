"""Levels per subject: the last one holds, all of them stay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from lianxiao.student.v1.student_events_pb2 import StudentLevelSet
from services.student.actions import student_levels
from shared.caller import Caller
from shared.db import Database
from shared.errors import Conflict, NotFound
from shared.ids import uuid7
from shared.testing.waiting import until
from tests.student import factories


def test_a_level_holds_until_the_next_one_and_all_stay_on_record(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        child = factories.student(tx).id
        for subject, level in (("math", "L1"), ("math", "L2"), ("math", "L2"), ("english", "启蒙")):
            student_levels.give(tx, child, subject=subject, level=level)

        found = [(each.subject, each.level, each.number) for each in student_levels.of_student(tx, child)]
        told = [(each.level, each.previous_level) for each in factories.told(tx, StudentLevelSet)]

    assert found == [("english", "启蒙", 1), ("math", "L2", 2), ("math", "L1", 1)]
    assert told == [("L1", ""), ("L2", "L1"), ("启蒙", "")], "what is given twice is told once"


def test_of_two_who_give_a_level_at_once_one_is_told_so(database: Database, institution: UUID) -> None:
    system = Caller.system(institution)
    with database.begin(system) as tx:
        child = factories.student(tx).id

    def give(level: str) -> None:
        with database.begin(system) as tx:
            student_levels.give(tx, child, subject="math", level=level)

    def waits() -> bool:
        with database.begin(system) as tx:
            return bool(tx.run("select exists (select 1 from pg_locks where not granted)").scalar_one())

    with ThreadPoolExecutor(1) as others:
        with database.begin(system) as tx:
            student_levels.give(tx, child, subject="math", level="L1")
            slower = others.submit(give, "L2")
            until(waits, seconds=10, what="the second waits for the first")
        with pytest.raises(Conflict):
            slower.result(10)

    with database.begin(system) as tx:
        assert [each.level for each in student_levels.of_student(tx, child)] == ["L1"]


def test_a_child_out_of_sight_has_no_level(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx, pytest.raises(NotFound):
        student_levels.give(tx, uuid7(), subject="math", level="L1")
