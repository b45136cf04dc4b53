"""Is it the same child?"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import children, matching
from services.lead.rules.adults import Adult
from services.lead.rules.children import Person
from services.lead.rules.matching import Record, Verdict
from services.lead.rules.sites import Site

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
        ({"child_name": ""}, Verdict.REVIEW),
        ({"child_name": "王同学"}, Verdict.REVIEW),
        ({"phones": OTHER_PHONE}, Verdict.ATTACH),
        ({"phones": OTHER_PHONE, "wechat_id": ""}, Verdict.ATTACH),
        ({"phones": OTHER_PHONE, "wechat_id": "", "guardian_name": "李芳"}, Verdict.REVIEW),
        ({"phones": OTHER_PHONE, "wechat_id": "", "guardian_name": "李芳", "school": ""}, Verdict.REVIEW),
        ({"phones": OTHER_PHONE, "wechat_id": "", "guardian_name": "李芳", "birth_date": ""}, Verdict.REVIEW),
        ({"child_name": "王小红", "birth_date": "2018-01-02"}, Verdict.NEW),
        ({"child_name": "王小红", "birth_date": "2018-01-02", "school": "", "guardian_name": ""}, Verdict.NEW),
        ({"birth_date": "2011-03-08"}, Verdict.ATTACH),
        ({"birth_date": "2011-03-08", "child_name": "王晓明"}, Verdict.REVIEW),
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
    assert {"NAME_EQUAL", "PHONE_DIFFERENT"} == set(codes[:2])
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


def test_records_of_one_family_without_a_name_are_one() -> None:
    nameless = Person(phones=MING.phones)
    assert matching.decide(nameless, {"known": nameless}).verdict == Verdict.ATTACH


def test_a_union_id_is_as_good_as_a_phone_and_no_better() -> None:
    mother = Person(phones=frozenset({children.union_contact("o6_bmj")}), child_name="王小明")
    again = replace(mother, phones=mother.phones | OTHER_PHONE)
    assert matching.decide(again, {"known": mother}).verdict == Verdict.ATTACH
    assert matching.decide(replace(again, child_name="王小红"), {"known": mother}).verdict != Verdict.ATTACH
    assert not set(matching.keys(mother)).isdisjoint(matching.keys(again))


def test_a_fifth_record_of_one_child_is_for_a_person() -> None:
    few = dict.fromkeys(range(3), MING)
    assert matching.decide(MING, few).verdict == Verdict.ATTACH
    assert matching.decide(MING, few | {3: MING}).verdict == Verdict.REVIEW


ADA = Adult("ada", "lovelace", "18151210", "12", "st james square", "", "westminster", "2000", "nsw")
HOUSE = Site("Henry Booth House - Taylor Day School", "1414 W. 87th St", "60620", "2392322")


@pytest.mark.parametrize(
    ("one", "two", "verdict"),
    [
        (ADA, replace(ADA, given_name="lovelace", surname="ada"), Verdict.ATTACH),
        (ADA, replace(ADA, birth_date="18151201", street="saint james square"), Verdict.ATTACH),
        (ADA, Adult("byron", "wordsworth", "18900101", "7", "high street", "", "perth", "6000", "wa"), Verdict.NEW),
        (HOUSE, Site("TAYLOR DAY SCHOOL", "1414 West 87th Street", "", "2392322"), Verdict.ATTACH),
        (HOUSE, replace(HOUSE, name="Little Hands", phone="5556677"), Verdict.REVIEW),
        (HOUSE, Site("Taylor Day School", "93 N Wacker Dr", "60601", "7770000"), Verdict.NEW),
    ],
)
def test_grown_ups_and_places_are_weighed_the_same_way(one: Record, two: Record, verdict: Verdict) -> None:
    assert matching.decide(two, {"known": one}).verdict == verdict
    assert not set(matching.keys(one)).isdisjoint(matching.keys(two)) or verdict == Verdict.NEW


def test_two_who_are_called_by_their_surname_only_may_be_any_of_the_family() -> None:
    one, two = replace(MING, child_name="王同学"), replace(MING, child_name="王小朋友")
    assert matching.decide(one, {"known": two}).verdict == Verdict.REVIEW
