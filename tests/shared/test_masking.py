from __future__ import annotations

from typing import Any

import pytest

from lianxiao.options.v1 import options_pb2 as options
from shared.masking import View, mask, mask_text
from tests.gateway import sample

Person: Any = sample.module("sample").Person
Everything: Any = sample.module("sample").Everything


def _person(**more: Any) -> Any:
    return Person(
        name="张小明",
        phones=["13812345678", "+8613912345678"],
        email="zhang@example.com",
        id_number="310101201501011234",
        address="上海市浦东新区世纪大道1号",
        remark="母亲离异",
        password="not-a-real-one",
        nickname="小明",
        answers={"allergy": "peanuts"},
        **more,
    )


def test_every_kind_is_masked_in_its_own_way() -> None:
    seen = mask(_person())
    assert seen.name == "张**"
    assert list(seen.phones) == ["138****5678", "139****5678"]
    assert seen.email == "z***@example.com"
    assert seen.id_number == "****************34"
    assert seen.address == "上海市浦东新***"
    assert seen.remark == "***"
    assert seen.answers["allergy"] == "***"
    assert seen.nickname == "小明"
    assert seen.password == ""


def test_people_below_lists_and_maps_are_masked_too() -> None:
    seen = mask(_person(children=[_person(partner=_person())], relatives={"aunt": _person()}))
    assert seen.children[0].partner.name == "张**"
    assert seen.relatives["aunt"].phones[0] == "138****5678"
    assert not seen.HasField("partner")
    assert "小明" not in str(seen.relatives["aunt"].name)


def test_a_permitted_reader_sees_names_and_words_but_no_numbers_and_addresses() -> None:
    seen = mask(_person(partner=_person()), View.PERMITTED)
    assert (seen.name, seen.remark, seen.email) == ("张小明", "母亲离异", "zhang@example.com")
    assert list(seen.partner.phones) == ["138****5678", "139****5678"]
    assert seen.id_number == "****************34"
    assert seen.address == "上海市浦东新***"


def test_what_is_revealed_shows_all_but_secrets() -> None:
    person = _person(partner=_person())
    seen = mask(person, View.CLEAR)
    assert seen.partner.phones[0] == "13812345678"
    assert seen.password == seen.partner.password == ""
    assert person.password == "not-a-real-one"


def test_a_type_without_personal_data_is_not_copied() -> None:
    message = Everything(title="x")
    assert mask(message) is message


@pytest.mark.parametrize("kind", sorted(set(options.Pii.values()) - {options.PII_SECRET}))
@pytest.mark.parametrize(
    "value", ["", "x", "13812345678", "z@y", "张", "02155", "+8613812345678", "上海市浦东新区世纪大道"]
)
def test_masking_twice_is_masking_once(kind: int, value: str) -> None:
    once = mask_text(kind, value)
    assert mask_text(kind, once) == once
    assert len(value) < 7 or once != value
