"""Invariants I-7 and I-9 against a model: who is in which class group, whatever the order of comings and goings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.scheduling.actions import class_groups, lessons, memberships, suspensions, transfers, waiting_lists
from services.scheduling.models import ClassGroup, LessonResource, Membership, Suspension, WaitingEntry
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours

KINDS = ("join", "join", "leave", "transfer", "wait", "wait", "decline", "expire", "suspend", "resume", "grow")
steps = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 1), st.integers(0, 4)), min_size=1, max_size=14)


class School:
    """Two class groups of two places with a lesson each, and five students; each step is a transaction."""

    def __init__(self, database: Database) -> None:
        self.database, self.caller = database, Caller.system(uuid7())
        with database.begin(self.caller) as tx:
            self.campus = make.campus(tx)
            groups = [make.class_group(tx, self.campus, led_by=make.teacher(tx), capacity=2) for _ in range(2)]
            self.groups = [group.id for group in groups]
            self.lessons = [
                make.lesson(tx, self.campus, groups=[group], start=START + hours(9 * n)).id
                for n, group in enumerate(groups)
            ]
            self.children = [make.student(tx, self.campus) for _ in range(5)]
        self.past: dict[UUID, tuple[Any, ...]] = {}

    def play(self, kind: str, group: int, child: int) -> None:
        """Do one step; what is refused must have changed nothing, which the next look shows."""
        group_id, student_id = self.groups[group], self.children[child]
        works: dict[str, Callable[[Tx], Any]] = {
            "join": lambda tx: memberships.join(tx, group_id, student_id=student_id),
            "leave": lambda tx: memberships.leave(tx, group_id, student_id=student_id, reason="走"),
            "transfer": lambda tx: transfers.transfer(
                tx, group_id, student_id=student_id, target_class_group_id=self.groups[1 - group], reason="转"
            ),
            "wait": lambda tx: waiting_lists.wait(tx, group_id, student_id=student_id),
            "decline": lambda tx: [waiting_lists.decline(tx, each) for each in _waiting(tx, student_id)],
            "expire": _expire,
            "suspend": lambda tx: suspensions.suspend(
                tx, student_id=student_id, campus_id=self.campus.id, return_time=tx.now + hours(9), reason="休"
            ),
            "resume": lambda tx: [suspensions.resume(tx, each) for each in _paused(tx, student_id)],
            "grow": lambda tx: class_groups.update(tx, group_id, {"capacity": 2 + child % 2}),
        }
        try:
            with self.database.begin(self.caller) as tx:
                works[kind](tx)
        except DomainError as refusal:
            assert refusal.reason  # noqa: PT017 - any refusal will do, a crash will not

    def look(self) -> None:
        """Check that counts, places, seats and history fit together."""
        with self.database.begin(self.caller) as tx:
            rows = tx.session.scalars(select(Membership)).all()
            for group_id, lesson_id in zip(self.groups, self.lessons, strict=True):
                present = {row.student_id for row in rows if row.class_group_id == group_id and row.leave_time is None}
                self._check_group(tx, class_groups.get(tx, group_id), lesson_id, present)
            ended = {row.id: (row.join_time, row.leave_time, row.leave_reason) for row in rows if row.leave_time}
            assert self.past.items() <= ended.items()
            assert {row.id for row in rows} >= self.past.keys()
            self.past = ended

    @staticmethod
    def _check_group(tx: Tx, group: ClassGroup, lesson_id: UUID, present: set[UUID]) -> None:
        listed = tx.session.scalars(select(WaitingEntry).where(WaitingEntry.class_group_id == group.id)).all()
        offered = [row for row in listed if row.state == "offered"]
        waiting = [row for row in listed if row.state == "waiting"]
        assert (group.member_count, group.held_count) == (len(present), len(offered))
        assert group.member_count + group.held_count <= group.capacity
        assert not waiting or group.member_count + group.held_count == group.capacity
        assert not present & {row.student_id for row in [*offered, *waiting]}
        seated = select(LessonResource.resource_id).where(
            LessonResource.lesson_id == lesson_id,
            LessonResource.resource_kind == "student",
            LessonResource.state == "live",
        )
        assert set(tx.session.scalars(seated)) == present
        assert lessons.get(tx, lesson_id).seats_taken == len(present)


def _waiting(tx: Tx, student_id: UUID) -> list[UUID]:
    row = WaitingEntry
    return list(
        tx.session.scalars(select(row.id).where(row.student_id == student_id, row.state.in_(("waiting", "offered"))))
    )


def _paused(tx: Tx, student_id: UUID) -> list[UUID]:
    return list(tx.session.scalars(select(Suspension.id).where(Suspension.student_id == student_id)))


def _expire(tx: Tx) -> None:
    tx.run(
        "update waiting_entry set offer_expire_time = %(late)s where state = 'offered'", {"late": tx.now - timedelta(1)}
    )
    waiting_lists.expire(tx)


@pytest.mark.timeout(180)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_places_seats_and_history_fit_together_after_every_step(
    database: Database, played: list[tuple[str, int, int]]
) -> None:
    school = School(database)
    for kind, group, child in played:
        ended = len(school.past)
        school.play(kind, group, child)
        school.look()
        assert len(school.past) >= ended, "what is over stays on record"
