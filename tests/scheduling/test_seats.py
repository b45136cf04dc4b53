import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.rules.seats import check_capacity, is_room_too_small, seat_limit
from shared.errors import InvalidInput, Refused


def test_merged_groups_bring_all_their_places() -> None:
    assert seat_limit(room_capacity=None, group_capacities=[12, 8], student_count=3) == 20


def test_a_smaller_room_limits_the_places() -> None:
    assert seat_limit(room_capacity=10, group_capacities=[12], student_count=3) == 10


def test_a_lesson_without_students_has_a_seat_for_a_trial() -> None:
    assert seat_limit(room_capacity=None, group_capacities=[], student_count=0) == 1


@given(
    room=st.none() | st.integers(1, 50),
    groups=st.lists(st.integers(1, 30), max_size=3),
    students=st.integers(0, 60),
)
def test_whoever_fits_has_a_seat(room: int | None, groups: list[int], students: int) -> None:
    students = min(students, sum(groups)) if groups else students
    limit = seat_limit(room_capacity=room, group_capacities=groups, student_count=students)
    assert limit >= students
    if room is not None and not is_room_too_small(room_capacity=room, student_count=students):
        assert limit <= max(room, 1)


def test_a_group_cannot_be_made_smaller_than_it_is() -> None:
    check_capacity(8, member_count=8)
    with pytest.raises(Refused) as error:
        check_capacity(7, member_count=8)
    assert error.value.reason == "CLASS_GROUP_CAPACITY_TOO_SMALL"
    assert error.value.info == {"capacity": "7", "member_count": "8"}


@pytest.mark.parametrize("capacity", [0, -1, 1001])
def test_a_group_has_an_ordinary_number_of_places(capacity: int) -> None:
    with pytest.raises(InvalidInput) as error:
        check_capacity(capacity, member_count=0)
    assert error.value.info["field"] == "capacity"
