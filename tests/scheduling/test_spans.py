from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.rules.spans import Span, first_overlap, lesson_span
from shared.errors import InvalidInput

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
minutes = st.integers(min_value=0, max_value=300)


def span(start: int, length: int) -> Span:
    return Span(NINE + timedelta(minutes=start), NINE + timedelta(minutes=start + length))


def test_lessons_that_touch_do_not_overlap() -> None:
    assert not span(0, 60).overlaps(span(60, 60))
    assert span(0, 61).overlaps(span(60, 60))


@given(st.lists(st.tuples(minutes, st.integers(min_value=1, max_value=90)), max_size=12))
def test_an_overlap_is_found_exactly_when_two_share_a_minute(pairs: list[tuple[int, int]]) -> None:
    spans = [span(start, length) for start, length in pairs]
    naive = any(a.overlaps(b) for i, a in enumerate(spans) for b in spans[i + 1 :])
    found = first_overlap(spans)
    assert (found is not None) == naive
    if found is not None:
        assert found[0].overlaps(found[1])


def test_a_lesson_without_an_end_has_the_length_of_its_course() -> None:
    assert lesson_span(NINE, None, 90) == span(0, 90)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(minutes=-1), timedelta(hours=24, seconds=1)])
def test_an_odd_length_is_refused(length: timedelta) -> None:
    with pytest.raises(InvalidInput) as error:
        lesson_span(NINE, NINE + length, 60)
    assert error.value.info["field"] == "end_time"
