from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.key_trees import KeyTree

GROUPS = st.lists(st.text(max_size=8), unique=True, max_size=8)


@given(GROUPS, GROUPS)
def test_destroyed_keys_are_gone_and_all_others_stay(gone: list[str], others: list[str]) -> None:
    whole = KeyTree.fresh()
    before = {group: whole.leaf(group) for group in {*gone, *others}}
    left = KeyTree.parse(whole.without(gone).written())
    assert {group for group in before if left.leaf(group) is None} == set(gone)
    assert all(left.leaf(group) == before[group] for group in set(others) - set(gone))


@given(GROUPS)
def test_what_is_kept_makes_no_node_on_the_way_to_a_destroyed_key(gone: list[str]) -> None:
    left = KeyTree.fresh().without(gone)
    assert left.without(gone).leaf("another") == left.leaf("another")
    paths = [line.partition(":")[0] for line in left.written().splitlines()]
    assert not any(one != other and other.startswith(one) for one in paths[:200] for other in paths[:200])


def test_a_group_that_was_forgotten_gets_a_new_key_each_time() -> None:
    tree = KeyTree.fresh()
    keys = set()
    for variant in range(4):
        assert tree.newest("张小明")[0] == variant
        keys.add(tree.newest("张小明")[1])
        tree = tree.without(["张小明"])
    assert len(keys) == 4
    assert [tree.leaf("张小明", variant) for variant in range(4)] == [None] * 4


@pytest.mark.parametrize("text", ["no tree", "00:zz\n", "00:00\n", f"{'0' * 13}:{'00' * 16}\n"])
def test_what_is_no_tree_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^this is no tree of keys$") as error:
        KeyTree.parse(text)
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_tree_shows_no_key() -> None:
    tree = KeyTree.fresh()
    assert repr(tree) == "<KeyTree of 1>"
