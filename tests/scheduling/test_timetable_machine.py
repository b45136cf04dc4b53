"""Invariant I-6 both ways, against a model: what overlaps is refused, what does not is planned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scheduling.actions import moves, timetable
from services.scheduling.actions.moves import Target
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.timetable import Pattern
from services.scheduling.rules.series import Slot
from services.scheduling.rules.spans import Span
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.crowd import OVERLAPS, count
from tests.scheduling.factories import START

QUARTER = timedelta(minutes=15)
WEEK, WEEKS = timedelta(days=7), 3


@dataclass(frozen=True)
class Step:
    kind: Literal["book", "move", "cancel", "series", "shift", "end", "hand"]
    target: int
    teacher: int
    room: int
    child: int
    quarter: int
    length: int

    @property
    def span(self) -> Span:
        start = START + self.quarter * QUARTER
        return Span(start, start + self.length * QUARTER)


steps = st.builds(
    Step,
    kind=st.sampled_from(["book", "book", "series", "series", "move", "cancel", "shift", "end", "hand"]),
    target=st.integers(0, 7),
    teacher=st.integers(0, 1),
    room=st.integers(0, 1),
    child=st.integers(0, 2),
    quarter=st.integers(0, 16),
    length=st.integers(1, 6),
)


class Board:
    """The timetable as it should be: lesson id -> (resources, span)."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.caller = Caller.system(uuid7())
        self.standing: dict[UUID, tuple[frozenset[UUID], Span]] = {}
        self.series: dict[UUID, UUID] = {}
        with database.begin(self.caller) as tx:
            self.campus, self.course = make.campus(tx), make.course(tx)
            self.teachers = [make.teacher(tx).id for _ in range(2)]
            self.rooms = [make.room(tx, self.campus).id for _ in range(2)]
            self.children = [make.student(tx, self.campus) for _ in range(3)]

    def is_free(self, wanted: frozenset[UUID], span: Span, moving: UUID | None = None) -> bool:
        return not any(
            held & wanted and span.overlaps(taken)
            for lesson_id, (held, taken) in self.standing.items()
            if lesson_id != moving
        )

    def play(self, step: Step) -> None:
        lesson_id = list(self.standing)[step.target % len(self.standing)] if self.standing else None
        if step.kind == "book" or lesson_id is None:
            self._book(step)
        elif step.kind == "series":
            self._series(step)
        elif step.kind == "move":
            self._move(lesson_id, step.span)
        elif step.kind == "hand":
            self._hand(lesson_id, self.teachers[step.teacher])
        elif step.kind == "shift":
            self._shift(lesson_id, step.quarter - 8)
        elif step.kind == "end":
            self._end(lesson_id)
        else:
            with self.database.begin(self.caller) as tx:
                timetable.cancel(tx, lesson_id, reason="停课")
            del self.standing[lesson_id]

    def _book(self, step: Step) -> None:
        teacher, room, child = self.teachers[step.teacher], self.rooms[step.room], self.children[step.child]
        wanted, span = frozenset({teacher, room, child}), step.span
        wish = Wish(self.campus.id, self.course.id, student_ids=[child], teacher_ids=[teacher], room_id=room)
        with self.asking(allowed=self.is_free(wanted, span)) as tx:
            lesson = timetable.create(tx, wish, start=span.start, end=span.end)
            self.standing[lesson.id] = (wanted, span)

    def _move(self, lesson_id: UUID, span: Span) -> None:
        wanted, _ = self.standing[lesson_id]
        with self.asking(allowed=self.is_free(wanted, span, lesson_id)) as tx:
            moves.move(tx, lesson_id, start=span.start, end=span.end)
            self.standing[lesson_id] = (wanted, span)

    def _series(self, step: Step) -> None:
        teacher, room, child = self.teachers[step.teacher], self.rooms[step.room], self.children[step.child]
        wanted = frozenset({teacher, room, child})
        spans = [Span(step.span.start + n * WEEK, step.span.end + n * WEEK) for n in range(WEEKS)]
        local = step.span.start.astimezone(ZoneInfo(self.campus.time_zone))
        slot = Slot(local.isoweekday(), local.time(), step.length * 15)
        pattern = Pattern([slot], local.date(), local.date() + (WEEKS - 1) * WEEK)
        wish = Wish(self.campus.id, self.course.id, student_ids=[child], teacher_ids=[teacher], room_id=room)
        with self.asking(allowed=all(self.is_free(wanted, span) for span in spans)) as tx:
            made = timetable.create_series(tx, wish, pattern)
            for lesson, span in zip(made.lessons, spans, strict=True):
                self.standing[lesson.id] = (wanted, span)
                self.series[lesson.id] = made.series.id

    def _hand(self, lesson_id: UUID, teacher: UUID) -> None:
        wanted, span = self.standing[lesson_id]
        wanted = (wanted - set(self.teachers)) | {teacher}
        with self.asking(allowed=self.is_free(wanted, span, lesson_id)) as tx:
            moves.move(tx, lesson_id, start=span.start, teacher_ids=[teacher])
            self.standing[lesson_id] = (wanted, span)

    def following(self, lesson_id: UUID) -> list[UUID]:
        """Return a lesson and those of its series after it that stand at the same weekday and time."""
        series, (_, first) = self.series.get(lesson_id), self.standing[lesson_id]
        return [
            other
            for other, (_, span) in self.standing.items()
            if other == lesson_id
            or (
                series is not None
                and self.series.get(other) == series
                and span.start >= first.start
                and (span.start - first.start) % WEEK == timedelta()
                and span.end - span.start == first.end - first.start
            )
        ]

    def _shift(self, lesson_id: UUID, quarters: int) -> None:
        moving = self.following(lesson_id)
        by = quarters * QUARTER
        after = {
            key: (self.standing[key][0], Span(self.standing[key][1].start + by, self.standing[key][1].end + by))
            for key in moving
        }
        rest = [kept for key, kept in self.standing.items() if key not in after]
        allowed = not any(
            held & wanted and span.overlaps(taken) for wanted, span in after.values() for held, taken in rest
        )
        with self.asking(allowed=allowed) as tx:
            moved = moves.move_some(tx, lesson_id, Target(after[lesson_id][1].start), scope="following")
            assert {each.id for each in moved} == set(after)
            self.standing |= after

    def _end(self, lesson_id: UUID) -> None:
        with self.database.begin(self.caller) as tx:
            gone = timetable.cancel_some(tx, lesson_id, reason="停课", scope="following")
            assert {each.id for each in gone} == set(self.following(lesson_id))
        for each in gone:
            del self.standing[each.id]

    @contextmanager
    def asking(self, *, allowed: bool) -> Iterator[Tx]:
        """Run a change that the model allows, or expects to be refused with the name of a lesson that stands."""
        if allowed:
            with self.database.begin(self.caller) as tx:
                yield tx
            return
        with pytest.raises(Refused) as error, self.database.begin(self.caller) as tx:
            yield tx
        assert error.value.reason == "LESSON_CONFLICT"
        assert UUID(error.value.info["lesson_id"]) in self.standing


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(steps, min_size=3, max_size=14))
def test_the_database_and_the_model_agree_on_every_step(database: Database, plan: list[Step]) -> None:
    board = Board(database)
    for step in plan:
        board.play(step)
    assert count(database, board.caller.institution_id, OVERLAPS) == 0
    live = "select count(*) from lesson where state = 'scheduled'"
    assert count(database, board.caller.institution_id, live) == len(board.standing)
