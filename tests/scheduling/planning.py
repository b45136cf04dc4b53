"""Runs of the optimiser in tests: asked for, carried out here and now, and what came of them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import select

from services.scheduling.actions import teachers, timetable_snapshots, timetable_work
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.models import Campus, ClassGroup, Lesson, Room, Teacher, TimetableProposal, TimetableRun
from services.scheduling.rules.availability import Range
from shared.db import Tx
from tests.scheduling import factories as make

# Mondays, far from every school holiday that is known.
FIRST, LAST = date(2031, 3, 3), date(2031, 3, 30)


@dataclass(frozen=True, slots=True)
class Place:
    """A campus with a room, a teacher who is there on Saturday mornings, and groups of hers."""

    campus: Campus
    room: Room
    teacher: Teacher
    groups: list[ClassGroup]


def place(tx: Tx, *, groups: int = 2, hours: int = 4) -> Place:
    """Make a campus whose teacher has this many hours, for lessons of two hours."""
    campus = make.campus(tx)
    room, teacher, course = make.room(tx, campus), make.teacher(tx, campus), make.course(tx, lesson_minutes=120)
    morning = [Range(6, 8 * 60, (8 + hours) * 60)]
    teachers.set_availability(tx, teacher.id, campus_id=campus.id, ranges=morning)
    made = [make.class_group(tx, campus, taught=course, led_by=teacher, usual_room=room) for _ in range(groups)]
    tx.session.flush()
    return Place(campus, room, teacher, made)


def ask(tx: Tx, at: Place, **changes: Any) -> TimetableRun:
    """Ask for a run; nothing is improved unless that is what it is about."""
    given: dict[str, Any] = {"campus_ids": [at.campus.id], "time_limit_seconds": 60, "improve_seconds": 0} | changes
    return runs.create(tx, runs.Wanted(start_date=FIRST, end_date=LAST, **given))


def result(facts: dict[str, Any]) -> dict[str, Any]:
    """Let the engine answer in its own process: its library does not get along with the protocol compiler."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(json.dumps(facts))
        file.flush()
        command = [sys.executable, "-m", "services.scheduling.actions.timetable_engine", file.name]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(said.splitlines()[-1]))


def carry_out(tx: Tx, run: TimetableRun) -> TimetableRun:
    """Do what the worker and the engine's process do, in one."""
    tx.session.flush()
    claimed = timetable_work.claim(tx)
    assert claimed is run
    timetable_work.store(tx, run, result(timetable_snapshots.take(tx, run)))
    tx.session.flush()
    return run


def proposed(tx: Tx, run: TimetableRun) -> list[TimetableProposal]:
    row = TimetableProposal
    return list(tx.session.scalars(select(row).where(row.run_id == run.id).order_by(row.class_group_id)))


def lessons(tx: Tx, at: Place) -> list[Lesson]:
    row = Lesson
    where = (row.campus_id == at.campus.id, row.state == "scheduled")
    return list(tx.session.scalars(select(row).where(*where).order_by(row.start_time)))


def local(lesson: Lesson) -> tuple[int, time]:
    start = lesson.start_time + timedelta(hours=8)
    return start.isoweekday(), start.time()
