"""How two ways of writing a name compare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lead.rules import names
from services.lead.rules.names import Likeness

HAN = st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("one", "two", "likeness"),
    [
        ("王小明", "王 小明", Likeness.EQUAL),
        ("王小明", "王小明妈妈", Likeness.EQUAL),
        ("Ｔom Li", "tom li", Likeness.EQUAL),
        ("王小明", "王晓明", Likeness.HOMOPHONE),
        ("小宇", "张莹宇", Likeness.PART),
        ("宇宇", "张莹宇", Likeness.PART),
        ("阿明", "王小明", Likeness.PART),
        ("子涵", "李子涵", Likeness.PART),
        ("", "李子涵", Likeness.MISSING),
        ("同学", "李子涵", Likeness.MISSING),
        ("王子涵", "王子轩", Likeness.SURNAME),
        ("王子涵", "李浩然", Likeness.DIFFERENT),
    ],
)
def test_likeness(one: str, two: str, likeness: Likeness) -> None:
    assert names.compare(one, two) == likeness


@given(HAN, HAN)
def test_comparing_does_not_depend_on_the_order(one: str, two: str) -> None:
    assert names.compare(one, two) == names.compare(two, one)


@given(HAN)
def test_a_name_equals_itself_however_it_is_spaced(name: str) -> None:
    assert names.compare(name, " ".join(name)) in {Likeness.EQUAL, Likeness.MISSING}
