"""The rules of the lifecycle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.student.rules import lifecycle
from shared.errors import Refused

STATES = sorted(lifecycle.NEXT)


@given(st.sampled_from(STATES), st.sampled_from(STATES))
def test_a_move_is_allowed_exactly_when_the_table_says_so(from_state: str, to_state: str) -> None:
    if to_state in lifecycle.NEXT[from_state]:
        lifecycle.check_move(from_state, to_state)
    else:
        with pytest.raises(Refused) as refusal:
            lifecycle.check_move(from_state, to_state)
        assert refusal.value.reason == "STUDENT_STATE_FORBIDDEN"
        assert refusal.value.info["allowed"] == ", ".join(sorted(lifecycle.NEXT[from_state]))


def test_everyone_who_left_may_come_back() -> None:
    for state in (lifecycle.PAUSED, lifecycle.FINISHED, lifecycle.LAPSED, lifecycle.ALUMNUS):
        assert lifecycle.ENROLLED in lifecycle.NEXT[state]
