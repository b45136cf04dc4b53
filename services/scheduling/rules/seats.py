"""How many people a lesson takes."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import InvalidInput, Refused

GREATEST_CAPACITY = 1000


def seat_limit(*, room_capacity: int | None, group_capacities: Sequence[int], student_count: int) -> int:
    """Return the seats of a lesson for students and trials together.

    A lesson of class groups has the groups' places, one without them a seat for each of its students, and at least
    one so that a trial can have it. A smaller room limits both, but never below the students who are in already:
    that is refused or overridden before.
    """
    places = sum(group_capacities) if group_capacities else max(student_count, 1)
    if room_capacity is None:
        return places
    return max(min(places, room_capacity), student_count)


def is_room_too_small(*, room_capacity: int | None, student_count: int) -> bool:
    """Say whether the students do not fit into the room; a lesson without a room has no such limit."""
    return room_capacity is not None and student_count > room_capacity


def check_capacity(capacity: int, *, member_count: int) -> None:
    """Refuse to shrink a class group below the places that are taken; a group has at least one place."""
    if not 1 <= capacity <= GREATEST_CAPACITY:
        raise InvalidInput("capacity", f"a class group has 1 to {GREATEST_CAPACITY} places")
    if capacity < member_count:
        raise Refused(
            "CLASS_GROUP_CAPACITY_TOO_SMALL",
            "more places are taken than that",
            capacity=capacity,
            member_count=member_count,
        )
