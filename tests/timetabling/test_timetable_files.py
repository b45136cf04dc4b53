"""Files that others made are read as they are meant: known solutions score their published costs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from services.scheduling.rules.timetabling.costs import evaluate
from tests.bench import timetable_files
from tests.bench.timetable_files import BadFileError, problem_files, read_plan, read_problem

PUBLISHED = dict(
    zip(
        (f"comp{number:02}" for number in range(1, 22)),
        (5, 24, 64, 35, 284, 27, 6, 37, 96, 4, 0, 294, 59, 51, 62, 18, 56, 61, 57, 4, 74),
        strict=True,
    )
)
BASIC = """Name: Small
Courses: 2
Rooms: 2
Days: 2
Periods_per_day: 3
Curricula: 1
Constraints: 2

COURSES:
语文 张 2 2 30
maths li 1 1 40

ROOMS:
A 32
B 50

CURRICULA:
q 2 语文 maths

UNAVAILABILITY_CONSTRAINTS:
语文 0 0
maths 1 2

END.
"""
EXTENDED = (
    BASIC.replace("Constraints: 2", "Min_Max_Daily_Lectures: 1 2\nUnavailabilityConstraints: 2\nRoomConstraints: 1")
    .replace("2 2 30", "2 2 30 1")
    .replace("A 32", "A 32 0")
    .replace("END.", "ROOM_CONSTRAINTS:\nmaths A\n\nEND.")
)


@pytest.mark.parametrize(("text", "name"), [(BASIC, "small.ctt"), (EXTENDED, "small.ectt"), (BASIC, "small.ctt.gz")])
def test_every_kind_of_file_is_read(tmp_path: Path, text: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    solution = tmp_path / "small.sol"
    solution.write_text("语文 A 0 1\n语文 B 1 0\nmaths A 0 2\n")
    problem = read_problem(path)
    assert [meeting.id for meeting in problem.meetings] == ["语文/1", "语文/2", "maths/1"]
    assert problem.meetings[0].starts == (1, 2, 3, 4, 5)
    score = evaluate(problem, read_plan(problem, solution))
    assert (score.hard, score.soft) == ({}, {"room_capacity": 8, "room_stability": 1, "curriculum_compactness": 2})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "KeyError"),
        (BASIC.replace("Courses: 2", "Courses: 3"), "3 Courses are announced, 2 are there"),
        (BASIC.replace("A 32", "A many"), "many"),
        (BASIC.replace("q 2 语文", "q 2 physics"), "physics"),
        (BASIC.replace("Days: 2", "Days: 0"), "a week at least a day"),
    ],
)
def test_a_file_that_is_something_else_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "odd.ctt"
    path.write_text(text)
    with pytest.raises(BadFileError, match=f"odd.ctt is no .ctt or .ectt file: .*{words}"):
        read_problem(path)


@pytest.mark.parametrize("line", ["physics A 0 1", "maths C 0 1", "maths A 0", "maths A 0 1\nmaths A 0 2"])
def test_a_solution_of_something_else_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "small.ctt").write_text(BASIC)
    (tmp_path / "small.sol").write_text(line)
    with pytest.raises(BadFileError, match=r"small\.sol is no solution of Small"):
        read_plan(read_problem(tmp_path / "small.ctt"), tmp_path / "small.sol")


@pytest.mark.skipif(not timetable_files.FOLDER.is_dir(), reason="no timetabling data beside the project")
def test_best_known_solutions_score_exactly_their_published_costs() -> None:
    folder = timetable_files.FOLDER / "itc2007-cb"
    scores = {}
    for path in problem_files(folder):
        problem = read_problem(path)
        score = evaluate(problem, read_plan(problem, folder / "best-solutions" / f"{path.stem}-UD2.sol"))
        assert (score.violations, score.unplaced) == (0, 0)
        scores[path.stem] = score.cost
    assert scores
    assert scores == {name: PUBLISHED[name] for name in scores}
