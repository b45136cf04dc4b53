"""Every kind of journal that is posted has a name for vouchers in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules.vouchers import JOURNAL_KINDS

ACTIONS = Path(__file__).parents[2] / "services" / "billing" / "actions"
POSTS = {"post", "posting"}


def posted(source: str) -> Iterator[str | None]:
    """Yield the kinds that a module posts; None for one that is not written where it is posted."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in POSTS:
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "ledger":
            kind = next(word.value for word in node.keywords if word.arg == "kind")
            yield kind.value if isinstance(kind, ast.Constant) and isinstance(kind.value, str) else None


def every_kind() -> set[str | None]:
    return {kind for path in ACTIONS.glob("*.py") for kind in posted(path.read_text("utf-8"))}


def test_every_journal_that_is_posted_has_a_name_and_no_name_is_left_over() -> None:
    assert every_kind() == set(JOURNAL_KINDS)


@given(st.sampled_from(sorted(JOURNAL_KINDS)))
def test_names_are_words_of_their_language_that_fit_a_summary(kind: str) -> None:
    zh, en = JOURNAL_KINDS[kind]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
    assert en.isascii()
    assert en[0].isupper()
    assert max(len(zh), len(en)) <= 40
    assert [names for other, names in JOURNAL_KINDS.items() if zh in names or en in names] == [(zh, en)], kind


def test_a_posting_without_a_name_is_seen() -> None:
    (known,) = posted("ledger.post(tx, kind='brand_new', lines=[])")
    assert known == "brand_new"
    assert list(posted("ledger.posting(tx, kind=row.kind)")) == [None]
