"""Who is asked to stand in, in which order, and what is said for and against it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.actions import absences, class_groups, courses, students, substitute_offers, teachers
from services.scheduling.rules.availability import Range
from services.scheduling.rules.levels import Level
from services.scheduling.rules.spans import Span
from services.scheduling.rules.substitutes import Facts, Ranked, rank
from shared.db import Tx
from tests.scheduling import factories as make
from tests.scheduling.factories import START, hours
from tests.scheduling.staffroom import staffroom

facts = st.builds(
    Facts,
    st.uuids(),
    st.sampled_from([(), (("LESSON_CONFLICT", ""),)]),
    is_usual=st.booleans(),
    level=st.integers(0, 9),
    way_minutes=st.integers(0, 300),
    left_minutes=st.one_of(st.none(), st.integers(0, 3000)),
    group_lessons=st.integers(0, 60),
    known_students=st.integers(0, 8),
    students=st.just(8),
    wished_styles=st.just(4),
    met_styles=st.integers(0, 4),
)


@given(st.lists(facts, max_size=8))
def test_the_order_is_by_score_and_who_cannot_come_is_last(candidates: list[Facts]) -> None:
    found = rank(candidates)
    assert found == rank(reversed(candidates))
    assert sorted(each.teacher_id for each in found) == sorted(each.teacher_id for each in candidates)
    assert [bool(each.obstacles) for each in found] == sorted(bool(each.obstacles) for each in found)
    able = [each.score for each in found if not each.obstacles]
    assert able == sorted(able, reverse=True)
    assert all(0 <= each.score <= 100 and bool(each.reasons) is not bool(each.obstacles) for each in found)


@given(facts)
def test_no_merit_makes_a_teacher_worse(candidate: Facts) -> None:
    (plain,) = rank([candidate])
    better = (
        replace(candidate, is_usual=True),
        replace(candidate, level=9),
        replace(candidate, way_minutes=0),
        replace(candidate, left_minutes=None),
        replace(candidate, group_lessons=candidate.group_lessons + 1),
        replace(candidate, known_students=8),
        replace(candidate, met_styles=4),
    )
    assert all(rank([each])[0].score >= plain.score for each in better)


def told(candidate: Ranked) -> dict[str, tuple[int, int]]:
    return {each.code: (each.number, each.total) for each in candidate.reasons}


def test_candidates_are_ranked_by_what_the_timetable_and_the_files_say(tx: Tx) -> None:
    room = staffroom(tx, 6)
    known, far, beyond, busy, junior, away = room.colleagues
    stranger, elsewhere = make.teacher(tx, room.campus), make.teacher(tx, make.campus(tx))
    courses.update(tx, room.course.id, {"required_teacher_level": 2})
    for each in (known, far, beyond, busy, away):
        teachers.set_levels(tx, each.id, [Level("math", None, 3)])
    make.lesson(tx, room.campus, by=[known], taught=room.course, student_ids=[room.child], start=tx.now - hours(48))
    there = make.campus(tx)
    far.campus_ids = [room.campus.id, there.id]
    absences.set_travel(tx, room.campus.id, there.id, 40)
    make.lesson(tx, there, by=[far], taught=room.course, start=START + hours(4))
    teachers.set_load(tx, far.id, most_day_minutes=0, most_week_minutes=300)
    teachers.set_availability(tx, beyond.id, campus_id=room.campus.id, ranges=[Range(2, 600, 1200)])
    make.lesson(tx, room.campus, by=[busy], start=START + hours(1))
    absences.add(tx, away.id, "sick", Span(START - hours(1), START + hours(1)))
    teachers.set_styles(tx, known.id, ["耐心"])
    students.set_styles(tx, room.child, ["耐心", "严格"])
    found = {each.teacher_id: each for each in substitute_offers.candidates(tx, room.want(tx).id)}
    assert elsewhere.id not in found
    assert room.teacher.id not in found
    assert list(found)[:3] == [known.id, far.id, beyond.id]
    assert told(found[known.id]) == {
        "SUBSTITUTE_TEACHES_COURSE": (0, 0),
        "SUBSTITUTE_AVAILABLE": (0, 0),
        "SUBSTITUTE_LEVEL": (3, 2),
        "SUBSTITUTE_KNOWS_STUDENTS": (1, 1),
        "SUBSTITUTE_STYLE_FITS": (1, 2),
    }
    assert told(found[far.id])["SUBSTITUTE_WAY"] == (40, 0)
    assert told(found[far.id])["SUBSTITUTE_LOAD_LEFT"] == (300 - 90 - 90, 0)
    assert "SUBSTITUTE_BEYOND_HOURS" in told(found[beyond.id])
    obstacles = {
        busy.id: [("LESSON_CONFLICT", "")],
        junior.id: [("TEACHER_LEVEL_TOO_LOW", "2")],
        away.id: [("TEACHER_ABSENT", "")],
        stranger.id: [("TEACHER_SKILL_MISSING", ""), ("TEACHER_LEVEL_TOO_LOW", "2")],
    }
    assert {key: list(found[key].obstacles) for key in obstacles} == obstacles


def test_lessons_given_to_the_group_speak_for_a_teacher(tx: Tx) -> None:
    room = staffroom(tx)
    group = class_groups.get(tx, room.lesson.class_group_ids[0])
    for number in (1, 2):
        make.lesson(tx, room.campus, groups=[group], by=[room.colleagues[1]], start=tx.now - hours(24 * number))
    best, other = substitute_offers.candidates(tx, room.want(tx).id)
    assert best.teacher_id == room.colleagues[1].id
    assert told(best)["SUBSTITUTE_KNOWS_GROUP"] == (2, 0)
    assert "SUBSTITUTE_KNOWS_GROUP" not in told(other)
