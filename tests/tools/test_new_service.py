"""A new service has the shape of the others from the first minute."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools.lint import findings
from tools.new_service import filled, plural, write, wrong
from tools.sources import ROOT, Source


def test_it_has_every_part_and_its_code_parses(tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in write("library", tmp_path)}
    for part in (
        "server.py",
        "worker.py",
        "consumers.py",
        "jobs.py",
        "models.py",
        "README.md",
        "rpc/library_service.py",
    ):
        assert f"services/library/{part}" in written
    assert "protos/lianxiao/library/v1/library_events.proto" in written
    assert "tests/library/test_libraries.py" in written
    for path, text in written.items():
        assert not [word for word in ("NAME", "NOUN", "MANY", "PLURAL") if word in text], path
        if path.endswith(".py"):
            ast.parse(text)


def test_it_keeps_the_house_rules(tmp_path: Path) -> None:
    sources = [Source(path.relative_to(tmp_path).as_posix(), path.read_text()) for path in write("library", tmp_path)]
    assert [line for source in sources for line in findings(source)] == []


def test_its_page_has_the_headings_of_the_others(tmp_path: Path) -> None:
    written = write("library", tmp_path)
    page = next(path for path in written if path.name == "README.md").read_text()
    other = (ROOT / "services" / "student" / "README.md").read_text()
    assert [h for h in page.splitlines() if h.startswith("## ")] == [
        h for h in other.splitlines() if h.startswith("## ")
    ]


@pytest.mark.parametrize("name", ["Library", "9lives", "import", "a-b", "student", "tools/../x", ""])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    assert wrong(name, ROOT)


def test_words_are_put_into_the_plural() -> None:
    assert [plural(word) for word in ("library", "lead", "class", "key")] == ["libraries", "leads", "classes", "keys"]
    assert (
        filled("NOUN_UPPER ListMANY NOUNService NAME_id", "gift_card")
        == "GIFT_CARD ListGiftCards GiftCardService gift_card_id"
    )
