"""Runs of the optimiser: asked for, looked up, cancelled. Who carries them out: timetable_work.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import campuses, class_groups
from services.scheduling.models import ClassGroup, TimetableRun
from services.scheduling.rules.placement import Window
from services.scheduling.rules.series import LONGEST_DAYS
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

WAITING, RUNNING, DONE, CANCELLED, FAILED = "waiting", "running", "done", "cancelled", "failed"
GOALS = (
    "teacher_compactness",
    "room_stability",
    "load_balance",
    "student_compactness",
    "preferred_times",
    "style_match",
    "student_travel",
)
# Local minutes of a day between which lessons may be when nobody says otherwise; no class ends later (SAFETY E4).
DAY_START_MINUTE, DAY_END_MINUTE = 8 * 60, 20 * 60 + 30
MOST_WEIGHT = 100
# Of the calendar that can be counted in, less room for what follows the last day.
_LAST_YEAR = 9998
DEFAULT_SECONDS, IMPROVE_SECONDS = 60, 20

LISTING: Listing[TimetableRun] = Listing(
    TimetableRun,
    fields={
        "create_time": Field(TimetableRun.create_time),
        "state": Field(TimetableRun.state, prefix="TIMETABLE_RUN_STATE_", sortable=False),
    },
    default_order="create_time desc",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked to plan; `demands` is lessons a week by class group, for those that want their own."""

    campus_ids: Sequence[UUID]
    start_date: date
    end_date: date
    class_group_ids: Sequence[UUID] = ()
    # 0: as many as there are now, at least one.
    lessons_per_week: int = 0
    demands: Mapping[UUID, int] = field(default_factory=dict)
    kept_class_group_ids: Sequence[UUID] = ()
    weekdays: Sequence[int] = ()
    day_start_minute: int = DAY_START_MINUTE
    day_end_minute: int = DAY_END_MINUTE
    # Goals that are not named count once.
    weights: Mapping[str, int] = field(default_factory=dict)
    time_limit_seconds: int = 0
    improve_seconds: int = IMPROVE_SECONDS
    preferred_times: Sequence[Window] = ()


def create(tx: Tx, wanted: Wanted) -> TimetableRun:
    """Ask for a run. Raises CAMPUS_NOT_FOUND, CLASS_GROUP_NOT_FOUND, TIMETABLE_NOTHING_TO_PLAN and InvalidInput."""
    for campus_id in wanted.campus_ids:
        campuses.get(tx, campus_id)
    _check(wanted)
    group_ids = [group.id for group in _groups(tx, wanted)]
    strangers = {*wanted.demands, *wanted.kept_class_group_ids} - set(group_ids)
    if strangers:
        raise InvalidInput("class_group_ids", "a class group that is named elsewhere is not among those to plan")
    run = TimetableRun(
        id=uuid7(),
        campus_id=wanted.campus_ids[0] if len(wanted.campus_ids) == 1 else None,
        campus_ids=list(wanted.campus_ids),
        demands={str(each): wanted.demands.get(each, wanted.lessons_per_week) for each in group_ids},
        kept_class_group_ids=sorted(wanted.kept_class_group_ids),
        start_date=wanted.start_date,
        end_date=wanted.end_date,
        weekdays=sorted(set(wanted.weekdays)) or list(range(1, 8)),
        day_start_minute=wanted.day_start_minute,
        day_end_minute=wanted.day_end_minute,
        weights={goal: wanted.weights.get(goal, 1) for goal in GOALS},
        preferred_times=[[each.weekday, each.start_minute, each.end_minute] for each in wanted.preferred_times],
        time_limit_seconds=wanted.time_limit_seconds or DEFAULT_SECONDS,
        improve_seconds=wanted.improve_seconds,
        state=WAITING,
        attempts=0,
        lease_id=None,
        lease_time=None,
        progress_percent=0,
        meeting_count=0,
        placed_count=0,
        moved_count=0,
        best_cost=0,
        unplaced=[],
        error_reason="",
        staff_id=tx.caller.subject_id,
        start_time=None,
        finish_time=None,
    )
    tx.session.add(run)
    return run


def get(tx: Tx, run_id: UUID, *, for_update: bool = False) -> TimetableRun:
    """Return a run within the caller's scope, or raise TIMETABLE_RUN_NOT_FOUND."""
    return tx.load(TimetableRun, "timetable_run", run_id, for_update=for_update)


def cancel(tx: Tx, run_id: UUID) -> TimetableRun:
    """Stop a run; its worker sees that within seconds. Raises TIMETABLE_RUN_FINISHED."""
    run = get(tx, run_id, for_update=True)
    if run.state not in (WAITING, RUNNING):
        raise Refused("TIMETABLE_RUN_FINISHED", "this run is over", state=run.state)
    finish(tx, run, CANCELLED)
    return run


def finish(tx: Tx, run: TimetableRun, state: str, reason: str = "") -> None:
    """End a run; nobody works on it any more."""
    run.state, run.error_reason, run.finish_time = state, reason, tx.now
    run.lease_id = run.lease_time = None


def _check_dates(wanted: Wanted) -> None:
    if wanted.end_date < wanted.start_date:
        raise InvalidInput("end_date", "a pattern ends on or after its first day")
    if (wanted.end_date - wanted.start_date).days >= LONGEST_DAYS:
        raise InvalidInput("end_date", f"a pattern lasts at most {LONGEST_DAYS} days")
    if wanted.end_date.year > _LAST_YEAR:
        raise InvalidInput("end_date", f"a pattern ends in {_LAST_YEAR} at the latest")


def _check(wanted: Wanted) -> None:
    _check_dates(wanted)
    if wanted.day_start_minute >= wanted.day_end_minute:
        raise InvalidInput("day_end", "a day ends after it starts")
    for number, window in enumerate(wanted.preferred_times):
        if window.start_minute >= window.end_minute:
            raise InvalidInput(f"preferred_times[{number}].end_minute", "a time ends after it starts")
    for goal, weight in wanted.weights.items():
        if not 0 <= weight <= MOST_WEIGHT:
            raise InvalidInput(f"weights.{goal}", f"a weight lies between 0 and {MOST_WEIGHT}")


def _groups(tx: Tx, wanted: Wanted) -> list[ClassGroup]:
    """Return the class groups to plan, in the order of their ids."""
    row = ClassGroup
    if wanted.class_group_ids:
        found = class_groups.in_order(tx, sorted(wanted.class_group_ids))
        if any(group.campus_id not in wanted.campus_ids for group in found):
            raise InvalidInput("class_group_ids", "a class group is at a campus that is not named")
        return found
    where = (row.campus_id.in_(list(wanted.campus_ids)), row.state == "open")
    found = list(tx.session.scalars(select(row).where(*where).order_by(row.id)))
    if not found:
        raise Refused("TIMETABLE_NOTHING_TO_PLAN", "these campuses have no open class group")
    return found
