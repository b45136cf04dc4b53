"""Invariant I-6 both ways, against a model: what overlaps is refused, what does not is planned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scheduling.actions import moves, timetable
from services.scheduling.actions.plans import Wish
from services.scheduling.rules.spans import Span
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.crowd import OVERLAPS, count
from tests.scheduling.factories import START

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Step:
    kind: Literal["book", "move", "cancel"]
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
    kind=st.sampled_from(["book", "book", "book", "move", "cancel"]),
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
        elif step.kind == "move":
            self._move(lesson_id, step.span)
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
