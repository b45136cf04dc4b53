"""Reminder, overdue, escalated: each once, in this order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import task_clock

DUE = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMITS = {"reminder": timedelta(minutes=30), "escalate": timedelta(days=1)}
LOOKS = st.lists(st.integers(-3000, 3000).map(lambda minutes: DUE + timedelta(minutes=minutes)), max_size=12)


@given(LOOKS)
def test_whenever_one_looks_each_step_comes_once_and_in_order(looks: list[datetime]) -> None:
    watch, seen = task_clock.NONE, []
    for now in sorted(looks):
        steps, following = task_clock.reached(watch, now, DUE, **LIMITS)
        assert following is None or following > now
        for step in steps:
            assert task_clock.step_times(DUE, **LIMITS)[step] <= now
            watch = step
            seen.append(step)
    order = [task_clock.REMINDED, task_clock.OVERDUE, task_clock.ESCALATED]
    assert seen == sorted(set(seen), key=order.index)
    if looks and max(looks) >= DUE + LIMITS["escalate"]:
        assert seen[-2:] == [task_clock.OVERDUE, task_clock.ESCALATED]


def test_a_task_that_is_overdue_at_once_is_not_announced_any_more() -> None:
    steps, following = task_clock.reached(task_clock.NONE, DUE + timedelta(minutes=1), DUE, **LIMITS)
    assert (steps, following) == ([task_clock.OVERDUE], DUE + timedelta(days=1))
