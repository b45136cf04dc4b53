"""The worker's part of a run: it hands the facts to the engine's own process, watches it, and stores what comes of it.

A run is leased: a worker that is gone renews nothing, and the next one begins the run anew, a few times at most. The
rounds of the worker only look; none of them waits for the engine.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from services.scheduling.actions import timetable_exceptions, timetable_snapshots
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.actions.timetable_proposals import KEPT, MOVED, NEW, OPEN
from services.scheduling.models import TimetableProposal, TimetableRun
from services.scheduling.rules.timetabling.places import WeeklyPlace
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 3
# Beyond its time limit, before an engine is killed; the first one of a version compiles the search.
_GRACE = timedelta(seconds=120)
# At once in one worker process: each takes all of a processor or two.
MOST_AT_ONCE = 1


@dataclass(slots=True)
class Engine:
    """A run under way in this process's child. `folder` holds its facts and what it says."""

    run_id: UUID
    institution_id: UUID
    lease_id: UUID
    folder: tempfile.TemporaryDirectory[str]
    process: subprocess.Popen[bytes]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return what the engine has said so far; a line that is not yet whole is left for later."""
        text = (Path(self.folder.name) / "said").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def stop(self) -> None:
        """End the process and forget its files."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


@dataclass(slots=True)
class Engines:
    """The engines of one worker process, by run."""

    under_way: dict[UUID, Engine] = field(default_factory=dict)

    def step(self, database: Database, institution_id: UUID) -> bool:
        """Look after the engines of an institution and start what waits; never asks to go on at once."""
        self.look_after(database, institution_id)
        if len(self.under_way) < MOST_AT_ONCE:
            self._start(database, institution_id)
        return False

    def look_after(self, database: Database, institution_id: UUID) -> None:
        """Store what the engines of an institution have said, and end those whose runs are over."""
        for engine in [each for each in self.under_way.values() if each.institution_id == institution_id]:
            self._look_after(database, engine)

    def stop(self) -> None:
        """End all engines; their runs are begun anew when the leases are over."""
        for engine in self.under_way.values():
            engine.stop()
        self.under_way.clear()

    def _start(self, database: Database, institution_id: UUID) -> None:
        with database.begin(Caller.system(institution_id)) as tx:
            run = claim(tx)
            if run is None:
                return
            run_id, lease_id = run.id, run.lease_id
        # Apart from the claim: a run whose facts cannot be read is given up like one whose engine dies.
        with database.begin(Caller.system(institution_id)) as tx:
            facts = timetable_snapshots.take(tx, runs.get(tx, run_id))
        if lease_id is not None:
            self.under_way[run_id] = _launch(run_id, institution_id, lease_id, facts)

    def _look_after(self, database: Database, engine: Engine) -> None:
        over = engine.process.poll() is not None
        lines = engine.lines
        with database.begin(Caller.system(engine.institution_id)) as tx:
            run = runs.get(tx, engine.run_id, for_update=True)
            mine = run.state == runs.RUNNING and run.lease_id == engine.lease_id
            if mine and lines:
                _note(run, lines[-1])
            late = run.start_time is not None and tx.now > run.start_time + _limit(run)
            whole = next((line for line in reversed(lines) if "proposals" in line), None)
            if mine and whole and (whole.get("done") or over or late):
                # The best plan so far is better than none.
                store(tx, run, whole)
            elif mine and over:
                _release(tx, run)
            elif mine and late:
                runs.finish(tx, run, runs.FAILED, "TIMETABLE_RUN_TOO_LONG")
            elif mine:
                run.lease_time = tx.now + LEASE
                told = lines[-1].get("percent", 0) if lines else 0
                run.progress_percent = max(run.progress_percent, _percent(tx, run), min(99, told))
            going_on = run.state == runs.RUNNING and run.lease_id == engine.lease_id
        if not going_on:
            self.under_way.pop(engine.run_id).stop()


def claim(tx: Tx) -> TimetableRun | None:
    """Take the oldest run that waits, or whose worker is gone; one that was tried too often fails."""
    row = TimetableRun
    gone = (row.state == runs.RUNNING) & (row.lease_time < tx.now)
    wanted = select(row).where(or_(row.state == runs.WAITING, gone)).order_by(row.id).limit(1)
    run = tx.session.scalars(wanted.with_for_update(skip_locked=True)).one_or_none()
    if run is None:
        return None
    if run.attempts >= MOST_ATTEMPTS:
        runs.finish(tx, run, runs.FAILED, "TIMETABLE_RUN_CRASHED")
        return None
    run.state, run.attempts = runs.RUNNING, run.attempts + 1
    run.lease_id, run.lease_time, run.start_time = uuid7(), tx.now + LEASE, tx.now
    return run


def _launch(run_id: UUID, institution_id: UUID, lease_id: UUID, facts: Mapping[str, Any]) -> Engine:
    folder = tempfile.TemporaryDirectory(prefix="timetable-")
    facts_file = Path(folder.name) / "facts"
    facts_file.write_text(json.dumps(facts), "utf-8")
    with (Path(folder.name) / "said").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "services.scheduling.actions.timetable_engine", str(facts_file)],
            stdin=subprocess.DEVNULL,
            stdout=said,
        )
    return Engine(run_id, institution_id, lease_id, folder, process)


def _limit(run: TimetableRun) -> timedelta:
    return timedelta(seconds=run.time_limit_seconds + run.improve_seconds) + _GRACE


def _percent(tx: Tx, run: TimetableRun) -> int:
    begun = run.start_time or tx.now
    seconds = run.time_limit_seconds + run.improve_seconds
    return min(99, int(100 * (tx.now - begun).total_seconds() / seconds))


def _release(tx: Tx, run: TimetableRun) -> None:
    """Let a run whose engine broke down be begun anew, or give up."""
    log.warning("timetable engine ended early", extra={"facts": {"run": run.id, "attempt": run.attempts}})
    if run.attempts >= MOST_ATTEMPTS:
        runs.finish(tx, run, runs.FAILED, "TIMETABLE_RUN_CRASHED")
        return
    run.state, run.lease_id, run.lease_time = runs.WAITING, None, None


def _note(run: TimetableRun, line: Mapping[str, Any]) -> None:
    run.meeting_count, run.placed_count = line["meeting_count"], line["placed_count"]
    run.best_cost = line["best_cost"]


def store(tx: Tx, run: TimetableRun, line: Mapping[str, Any]) -> None:
    """Keep what the engine proposes; the timetable is not touched."""
    _note(run, line)
    wanted = [(UUID(each["class_group_id"]), WeeklyPlace.from_json(each["place"])) for each in line["proposals"]]
    exceptions = timetable_exceptions.find(tx, run, wanted)
    for each, left_out in zip(line["proposals"], exceptions, strict=True):
        old = each["old_place"]
        kind = NEW if old is None else KEPT if old == each["place"] else MOVED
        run.moved_count += kind == MOVED
        tx.session.add(
            TimetableProposal(
                campus_id=UUID(each["campus_id"]),
                run_id=run.id,
                class_group_id=UUID(each["class_group_id"]),
                lesson_number=each["lesson_number"],
                kind=kind,
                state=OPEN,
                place=each["place"],
                old_place=old,
                exceptions=[] if kind == KEPT else left_out,
                series_id=None,
            )
        )
    run.unplaced, run.progress_percent = line["unplaced"], 100
    runs.finish(tx, run, runs.DONE)


ENGINES = Engines()
