"""`make bench-timetable` prints what the evaluator counted, and says clearly what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import timetable
from tests.timetabling.test_timetable_files import BASIC, EXTENDED


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "small.ctt").write_text(BASIC)
    for name, value in {"DATA": str(tmp_path), "SECONDS": "0.2", "ONLY": "", "SEED": "", "PROCESSES": "1"}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_each_problem_is_solved_once_and_compared_with_the_best_solution_that_fits(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "small.ectt").write_text(EXTENDED)
    (folder / "good.sol").write_text("语文 B 0 1\n语文 B 1 0\nmaths B 0 2\n")
    (folder / "clash.sol").write_text("语文 B 0 1\n语文 B 1 0\nmaths B 1 0\n")
    (folder / "other.sol").write_text("physics B 0 1\n")
    assert timetable.main() == 0
    first, *rest = capsys.readouterr().out.splitlines()
    line = json.loads(first)
    assert line == {"name": "small", "cost": 2, "best": 2, "seconds": line["seconds"], "hard": 0}
    assert [row.split()[0] for row in rest] == ["name", "small", "sum"]


def test_a_file_that_cannot_be_read_is_named_and_fails_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "odd.ctt").write_text("nonsense")
    monkeypatch.setenv("ONLY", "odd")
    assert timetable.main() == 1
    assert "odd.ctt is no .ctt or .ectt file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATA", "/nowhere", "/nowhere holds no .ctt or .ectt file"),
        ("ONLY", "small,big", "holds no big"),
        ("SECONDS", "soon", "SECONDS=soon: a number above 0 is needed"),
        ("SECONDS", "-1", "SECONDS=-1: a number above 0 is needed"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_wrong_input_is_answered_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=words):
        timetable.main()


def test_the_table_shows_gaps_where_a_best_cost_is_known() -> None:
    runs = [timetable.Run("a", 12, 10, 1.0, 0), timetable.Run("b", 7, None, 1.0, 0), timetable.Run("c", 0, 0, 1.0, 0)]
    rows = [row.split() for row in timetable.table(runs).splitlines()]
    assert rows[1] == ["a", "12", "10", "+20.0", "%", "0", "1.0"]
    assert rows[2][:4] == ["b", "7", "-", "-"]
    assert rows[4][:6] == ["sum", "of", "known", "12", "10", "+20.0"]
