"""What is offered fits what the family said; the price decides only between what fits alike."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import recommendation as rules
from services.lead.rules.recommendation import Course, Wish

MATH, HIGH, PIANO, FREE = (UUID(int=number) for number in range(1, 5))
COURSES = [
    Course(MATH, "数学思维 初级", "math", "P3", 3000, 200_00),
    Course(HIGH, "数学思维 高级", "math", "P5", 3000, 300_00),
    Course(PIANO, "钢琴一对一", "piano", "", 0, 400_00),
    Course(FREE, "数学竞赛", "math", "P5", 2000),
]


def codes(found: list[rules.Recommendation]) -> list[tuple[UUID, list[str]]]:
    return [(each.course.course_id, [reason.code for reason in each.reasons]) for each in found]


def test_the_wanted_course_is_first_and_its_subject_follows() -> None:
    found = rules.recommend([Wish(HIGH, "数学思维 高级")], COURSES, budget_fen=7_000_00)
    assert codes(found) == [
        (HIGH, ["wanted_course", "above_budget"]),
        (MATH, ["wanted_subject", "within_budget"]),
        (FREE, ["wanted_subject", "no_price"]),
    ]
    assert found[0].course.price_fen == 9_000_00


def test_a_name_and_a_level_in_the_familys_words_are_understood() -> None:
    found = rules.recommend([Wish(None, "数学 思维", "p5")], COURSES)
    assert codes(found)[0] == (HIGH, ["wanted_name", "wanted_level"])
    assert codes(rules.recommend([Wish(None, "Math")], COURSES))[0][1] == ["wanted_subject"]
    assert [each.course.course_id for each in rules.recommend([Wish(None, "钢琴一对一小课")], COURSES)] == [PIANO]


def test_who_said_nothing_or_something_else_is_offered_nothing() -> None:
    assert rules.recommend([], COURSES) == []
    assert rules.recommend([Wish(None, ""), Wish(None, "游泳"), Wish(UUID(int=99), "旧课程")], COURSES) == []


@given(st.lists(st.sampled_from(["数学", "钢琴", "英语", ""]), max_size=4), st.none() | st.integers(0, 10**7))
def test_every_offer_has_a_wish_behind_it_and_the_order_is_that_of_the_weights(
    names: list[str], budget: int | None
) -> None:
    found = rules.recommend([Wish(None, name) for name in names], COURSES, budget_fen=budget)
    assert all(each.reasons[0].code.startswith("wanted_") for each in found)
    assert [each.weight for each in found] == sorted((each.weight for each in found), reverse=True)
    assert len({each.course.course_id for each in found}) == len(found)
