"""Is it the same child?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import matching
from services.lead.rules.matching import Person, Verdict

MING = Person(
    phones=frozenset({"+8613800138000"}),
    child_name="王小明",
    guardian_name="王建国",
    wechat_id="wx_ming",
    birth_date="2016-03-08",
    school="实验小学",
    campus="c1",
)
OTHER_PHONE = frozenset({"+8613900139000"})


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.ATTACH),
        ({"child_name": "王晓明"}, Verdict.ATTACH),
        ({"child_name": ""}, Verdict.ATTACH),
        ({"phones": OTHER_PHONE}, Verdict.ATTACH),
        ({"phones": OTHER_PHONE, "wechat_id": ""}, Verdict.REVIEW),
        ({"phones": OTHER_PHONE, "wechat_id": "", "guardian_name": "李芳"}, Verdict.REVIEW),
        ({"phones": OTHER_PHONE, "wechat_id": "", "guardian_name": "李芳", "school": ""}, Verdict.REVIEW),
        ({"phones": OTHER_PHONE, "wechat_id": "", "guardian_name": "李芳", "birth_date": ""}, Verdict.REVIEW),
        ({"child_name": "王小红", "birth_date": "2018-01-02"}, Verdict.NEW),
        ({"child_name": "王小红", "birth_date": "2018-01-02", "school": "", "guardian_name": ""}, Verdict.NEW),
        ({"birth_date": "2011-03-08"}, Verdict.REVIEW),
        ({"phones": OTHER_PHONE, "wechat_id": "", "guardian_name": "", "school": "", "birth_date": ""}, Verdict.NEW),
    ],
)
def test_verdicts(changes: dict[str, object], verdict: Verdict) -> None:
    decision = matching.decide(replace(MING, **changes), {"known": MING})  # type: ignore[arg-type]
    assert decision.verdict == verdict


def test_nobody_known_is_new() -> None:
    assert matching.decide(MING, {}).verdict == Verdict.NEW


def test_of_two_children_of_a_family_the_one_with_the_name_is_touched() -> None:
    sister = replace(MING, child_name="王小红", birth_date="2018-01-02")
    decision = matching.decide(replace(MING, birth_date=""), {"sister": sister, "brother": MING})
    assert (decision.verdict, decision.match) == (Verdict.ATTACH, "brother")


def test_reasons_name_the_strongest_first_and_no_missing_ones() -> None:
    evidence = matching.weigh(replace(MING, school="", phones=OTHER_PHONE), MING)
    codes = [code for code, _ in evidence.reasons]
    weights = [abs(weight) for _, weight in evidence.reasons]
    assert codes[0] == "NAME_EQUAL"
    assert weights == sorted(weights, reverse=True)
    assert not any(code.endswith("_MISSING") for code in codes)


PEOPLE = st.builds(
    Person,
    phones=st.frozensets(st.sampled_from(["+8613800138000", "+8613800138001", "+8613900139000"]), max_size=2),
    child_name=st.sampled_from(["", "王小明", "王晓明", "小明", "王小红", "李雷"]),
    guardian_name=st.sampled_from(["", "王建国", "李芳"]),
    wechat_id=st.sampled_from(["", "wx_a", "WX_A"]),
    birth_date=st.sampled_from(["", "2016", "2016-03", "2016-03-08", "2016-04-01", "2018-01-02"]),
    school=st.sampled_from(["", "实验小学", "光明小学"]),
    campus=st.sampled_from(["c1", "c2"]),
)


@given(PEOPLE, PEOPLE)
def test_weighing_is_symmetric_and_a_probability(one: Person, two: Person) -> None:
    there, back = matching.weigh(one, two), matching.weigh(two, one)
    assert 0 <= there.score <= 1
    assert (there.certain, there.likely) == (back.certain, back.likely)
    assert abs(there.score - back.score) < 0.2 or len(one.child_name) != len(two.child_name)


@given(PEOPLE, PEOPLE)
def test_siblings_never_merge_by_themselves(one: Person, two: Person) -> None:
    if one.child_name == "王小红" and two.child_name in {"王小明", "李雷"}:
        assert matching.decide(one, {1: two}).verdict != Verdict.ATTACH


@given(PEOPLE)
def test_a_person_shares_every_key_with_themselves_and_has_no_twice(person: Person) -> None:
    found = matching.keys(person)
    assert len(found) == len(set(found))
    assert all("|" in key for key in found)
