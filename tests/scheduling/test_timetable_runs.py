"""Runs of the optimiser: they propose, a person accepts, and nothing is half done (I-8)."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.scheduling.actions import teachers, timetable, timetable_work
from services.scheduling.actions import timetable_acceptance as acceptance
from services.scheduling.actions import timetable_proposals as proposals
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.actions.timetable_work import ENGINES
from services.scheduling.models import TimetableProposal
from services.scheduling.rules.availability import Range
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput, Refused
from shared.testing.waiting import until
from tests.scheduling import factories as make
from tests.scheduling.planning import FIRST, LAST, ask, carry_out, lessons, local, place, proposed


def test_a_run_changes_nothing_until_it_is_accepted(tx: Tx) -> None:
    at = place(tx)
    run = carry_out(tx, ask(tx, at))
    assert (run.state, run.meeting_count, run.placed_count, run.progress_percent) == ("done", 2, 2, 100)
    assert lessons(tx, at) == []
    done = acceptance.accept(tx, run.id)
    assert done == acceptance.Done(accepted=2, created=8, cancelled=0)
    found = lessons(tx, at)
    assert {local(lesson) for lesson in found} <= {(6, time(8 + n // 2, n % 2 * 30)) for n in range(5)}
    assert {lesson.room_id for lesson in found} == {at.room.id}
    assert all(proposal.series_id for proposal in proposed(tx, run))


def test_what_has_no_place_says_why(tx: Tx) -> None:
    at = place(tx, groups=2, hours=2)
    run = carry_out(tx, ask(tx, at))
    assert run.placed_count == 1
    ((left,)) = run.unplaced
    clashes = {(clash["reason"], clash["resource_id"]) for clash in left["clashes"]}
    assert clashes == {
        ("TIMETABLE_TEACHER_OCCUPIED", str(at.teacher.id)),
        ("TIMETABLE_TEACHER_UNAVAILABLE", str(at.teacher.id)),
    }


def test_a_second_run_moves_nobody(tx: Tx) -> None:
    at = place(tx)
    acceptance.accept(tx, carry_out(tx, ask(tx, at)).id)
    before = [(lesson.id, lesson.start_time) for lesson in lessons(tx, at)]
    again = carry_out(tx, ask(tx, at))
    assert (again.moved_count, {each.kind for each in proposed(tx, again)}) == (0, {"kept"})
    assert acceptance.accept(tx, again.id) == acceptance.Done(accepted=2, created=0, cancelled=0)
    assert [(lesson.id, lesson.start_time) for lesson in lessons(tx, at)] == before


def test_only_what_must_move_moves(tx: Tx) -> None:
    at = place(tx)
    acceptance.accept(tx, carry_out(tx, ask(tx, at)).id)
    early, late = sorted({(local(lesson), lesson.class_group_ids[0]) for lesson in lessons(tx, at)})
    # Whoever is later has to go to Sunday now; the earlier one may stay.
    (_, start), end = early[0], late[0][1]
    here = [Range(6, start.hour * 60 + start.minute, end.hour * 60 + end.minute), Range(7, 8 * 60, 10 * 60)]
    teachers.set_availability(tx, at.teacher.id, campus_id=at.campus.id, ranges=here)
    run = carry_out(tx, ask(tx, at))
    assert {each.class_group_id: each.kind for each in proposed(tx, run)} == {early[1]: "kept", late[1]: "moved"}
    assert acceptance.accept(tx, run.id) == acceptance.Done(accepted=2, moved=4)
    assert {(local(lesson), lesson.class_group_ids[0]) for lesson in lessons(tx, at)} == {
        early,
        ((7, time(8)), late[1]),
    }


def test_a_collision_is_named_and_nothing_is_half_done(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        at = place(tx)
        run = carry_out(tx, ask(tx, at))
        last = proposed(tx, run)[-1].place
        start = datetime(2031, 3, 8, tzinfo=UTC) + timedelta(minutes=last["start_minute"] - 8 * 60)
        other = make.teacher(tx, at.campus)
        taken = make.lesson(tx, at.campus, by=[other], in_room=at.room, start=start, taught=make.course(tx))
        taken_id = taken.id
    with pytest.raises(Refused) as refused, database.begin(caller) as tx:
        acceptance.accept(tx, run.id)
    assert refused.value.reason == "LESSON_CONFLICT"
    assert refused.value.info["lesson_id"] == str(taken_id)
    with database.begin(caller) as tx:
        assert [lesson.id for lesson in lessons(tx, at)] == [taken_id]
        assert {each.state for each in proposed(tx, run)} == {"open"}
        # The rest can be had without it.
        free = [each.id for each in proposed(tx, run) if each.place != last]
        assert acceptance.accept(tx, run.id, free).accepted == 1


def test_a_change_by_hand_keeps_from_where_to_where_by_whom_and_why(tx: Tx) -> None:
    at = place(tx)
    run = carry_out(tx, ask(tx, at))
    proposal = proposed(tx, run)[0]
    before = dict(proposal.place)
    proposals.adjust(tx, proposal.id, weekday=6, start=time(9), reason="家长要求")
    tx.session.flush()
    ((change,)) = proposals.changes(tx, [proposal.id])[proposal.id]
    assert (change.old_place, change.staff_id, change.reason) == (before, tx.caller.subject_id, "家长要求")
    assert change.place == proposal.place == before | {"weekday": 6, "start_minute": 540}
    acceptance.accept(tx, run.id, [proposal.id])
    with pytest.raises(Refused, match="in the timetable"):
        proposals.adjust(tx, proposal.id, weekday=6, start=time(10), reason="again")


def test_a_group_that_is_kept_stays_though_it_could_not_be_put_there(tx: Tx) -> None:
    at = place(tx)
    acceptance.accept(tx, carry_out(tx, ask(tx, at)).id)
    kept = at.groups[0].id
    teachers.set_availability(tx, at.teacher.id, campus_id=at.campus.id, ranges=[Range(7, 480, 720)])
    run = carry_out(tx, ask(tx, at, kept_class_group_ids=[kept]))
    assert {each.class_group_id: each.kind for each in proposed(tx, run)}[kept] == "kept"


def test_lessons_that_changed_since_make_a_run_outdated(tx: Tx) -> None:
    at = place(tx, groups=1)
    acceptance.accept(tx, carry_out(tx, ask(tx, at)).id)
    teachers.set_availability(tx, at.teacher.id, campus_id=at.campus.id, ranges=[Range(7, 480, 720)])
    run = carry_out(tx, ask(tx, at))
    for lesson in lessons(tx, at):
        timetable.cancel(tx, lesson.id, reason="somebody else")
    with pytest.raises(Refused) as refused:
        acceptance.accept(tx, run.id)
    assert refused.value.reason == "TIMETABLE_RUN_OUTDATED"


def test_odd_wishes_are_refused(tx: Tx) -> None:
    at = place(tx, groups=1)
    with pytest.raises(InvalidInput):
        runs.create(tx, runs.Wanted([at.campus.id], LAST, FIRST))
    with pytest.raises(InvalidInput):
        ask(tx, at, kept_class_group_ids=[at.room.id])
    with pytest.raises(InvalidInput, match="at the latest"):
        runs.create(tx, runs.Wanted([at.campus.id], date(9999, 12, 1), date(9999, 12, 31)))
    bare = make.campus(tx)
    with pytest.raises(Refused, match="no open class group"):
        runs.create(tx, runs.Wanted([bare.id], FIRST, LAST))
    run = ask(tx, at)
    with pytest.raises(Refused, match="done"):
        acceptance.accept(tx, run.id)
    runs.cancel(tx, run.id)
    with pytest.raises(Refused, match="over"):
        runs.cancel(tx, run.id)


@pytest.fixture
def waiting(database: Database, caller: Caller) -> Iterator[UUID]:
    """Ask for a run that waits for a worker; no engine is left behind."""
    with database.begin(caller) as tx:
        run_id = ask(tx, place(tx)).id
    yield run_id
    ENGINES.stop()


def state(database: Database, caller: Caller, run_id: UUID) -> str:
    ENGINES.step(database, caller.institution_id)
    with database.begin(caller) as tx:
        return runs.get(tx, run_id).state


def test_the_worker_has_a_process_of_its_own_do_it(database: Database, caller: Caller, waiting: UUID) -> None:
    assert until(lambda: state(database, caller, waiting) == "done", seconds=60)
    assert ENGINES.under_way == {}
    with database.begin(caller) as tx:
        assert tx.scalar(select(func.count()).where(TimetableProposal.run_id == waiting)) == 2


def test_an_engine_that_dies_is_begun_anew_and_then_given_up(database: Database, caller: Caller, waiting: UUID) -> None:
    for attempt in range(timetable_work.MOST_ATTEMPTS):
        ENGINES.step(database, caller.institution_id)
        engine = ENGINES.under_way[waiting]
        os.kill(engine.process.pid, signal.SIGKILL)
        engine.process.wait()
        with database.begin(caller) as tx:
            assert runs.get(tx, waiting).attempts == attempt + 1
        timetable_work.ENGINES.look_after(database, caller.institution_id)
    assert state(database, caller, waiting) == "failed"


def test_the_best_plan_so_far_outlives_its_engine(database: Database, caller: Caller, waiting: UUID) -> None:
    ENGINES.step(database, caller.institution_id)
    engine = ENGINES.under_way[waiting]
    os.kill(engine.process.pid, signal.SIGKILL)
    engine.process.wait()
    progress = {"meeting_count": 2, "placed_count": 0, "best_cost": 7}
    said = [progress | {"proposals": [], "unplaced": []}, progress | {"percent": 40}]
    text = "".join(json.dumps(line) + "\n" for line in said)
    (Path(engine.folder.name) / "said").write_text(text + '{"half', "utf-8")
    ENGINES.look_after(database, caller.institution_id)
    with database.begin(caller) as tx:
        run = runs.get(tx, waiting)
        assert (run.state, run.best_cost, run.progress_percent) == ("done", 7, 100)


def test_a_run_whose_facts_cannot_be_read_is_given_up(
    database: Database, caller: Caller, waiting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timetable_work, "LEASE", timedelta(seconds=-1))
    with database.begin(caller) as tx:
        runs.get(tx, waiting).end_date = date.max
    for _ in range(timetable_work.MOST_ATTEMPTS):
        with pytest.raises(OverflowError):
            ENGINES.step(database, caller.institution_id)
    assert state(database, caller, waiting) == "failed"


def test_a_run_that_is_cancelled_kills_its_engine(database: Database, caller: Caller, waiting: UUID) -> None:
    ENGINES.step(database, caller.institution_id)
    process = ENGINES.under_way[waiting].process
    with database.begin(caller) as tx:
        runs.cancel(tx, waiting)
    assert state(database, caller, waiting) == "cancelled"
    assert process.poll() is not None


def test_another_worker_takes_over_when_the_lease_is_over(database: Database, caller: Caller, waiting: UUID) -> None:
    ENGINES.step(database, caller.institution_id)
    ENGINES.stop()
    with database.begin(Caller.system(caller.institution_id)) as tx:
        assert timetable_work.claim(tx) is None
        run = runs.get(tx, waiting)
        run.lease_time = tx.now - timedelta(seconds=1)
        tx.session.flush()
        assert timetable_work.claim(tx) is run
        assert run.attempts == 2
