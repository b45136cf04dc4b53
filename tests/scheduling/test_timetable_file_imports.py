"""A file of another program taken over: what is missing is made once, the rest is named."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from services.scheduling.actions import class_groups, courses, timetable_file_imports, timetable_files
from services.scheduling.models import ClassGroup, Room
from services.scheduling.rules.timetabling import fet_entities
from services.scheduling.rules.timetabling.fet_files import read
from shared.db import Tx
from shared.errors import InvalidInput
from tests.scheduling import factories as make
from tests.timetabling.fet_text import constraint, school


def test_what_a_campus_lacks_is_made_once(tx: Tx) -> None:
    campus = make.campus(tx)
    li, room = make.teacher(tx, campus), make.room(tx, campus, name="101")
    li.display_name = "李老师"
    tx.session.flush()
    content = school(constraint("BasicCompulsoryTime"), constraint("MinDaysBetweenActivities", weight=95))
    made = timetable_file_imports.take_over(tx, campus.id, content, hour_minutes=45)
    again = timetable_file_imports.take_over(tx, campus.id, content, hour_minutes=45)
    assert (again.room_ids, again.course_ids, again.class_group_ids) == ([], [], [])
    assert again.demands == made.demands
    names = dict(tx.execute(select(ClassGroup.id, ClassGroup.name).where(ClassGroup.campus_id == campus.id)).all())
    assert {names[key]: lessons for key, lessons in made.demands.items()} == {
        "一班 数学 45′": 2,
        "一班 体育 45′": 1,
        "一班甲 数学 90′": 1,
        "一班乙 体育 90′": 1,
        "二班 数学 45′": 1,
        "初一 体育 45′": 1,
    }
    group = class_groups.get(tx, next(key for key, name in names.items() if name == "一班 数学 45′"))
    assert (group.teacher_id, group.capacity) == (li.id, 20)
    assert courses.get(tx, group.course_id).lesson_minutes == 45
    assert made.unknown_teachers == ["张老师", "王老师"]
    seats = select(Room.name, Room.capacity).where(Room.campus_id == campus.id)
    assert dict(tx.execute(seats).all()) == {"101": room.capacity, "102": 30, "礼堂": 60}
    assert [(each.kind, each.count, each.hard) for each in made.left_out_constraints] == [
        ("BasicCompulsoryTime", 1, 1),
        ("MinDaysBetweenActivities", 1, 0),
    ]


def test_the_room_that_all_lessons_of_a_class_group_want_becomes_its_usual_one(tx: Tx) -> None:
    campus = make.campus(tx)
    here = make.room(tx, campus, name="101")
    content = school(
        # Mathematics of 一班 are the activities 1 and 3, sports of it activity 2.
        constraint("ActivityPreferredRoom", ("Activity_Id", 1), ("Room", "101")),
        constraint("ActivityPreferredRoom", ("Activity_Id", 3), ("Room", "101"), weight=95),
        constraint("ActivityPreferredRooms", ("Activity_Id", 2), ("Preferred_Room", "101"), ("Preferred_Room", "102")),
        # One room for two, another for one of them: neither is usual.
        constraint("ActivityPreferredRoom", ("Activity_Id", 12), ("Room", "102")),
        constraint("ActivityPreferredRoom", ("Activity_Id", 12), ("Room", "礼堂")),
        constraint("StudentsSetHomeRoom", ("Students", "二班"), ("Room", "102")),
        # A virtual room is none.
        constraint("StudentsSetHomeRoom", ("Students", "初一"), ("Room", "合班")),
        # Who is at home somewhere goes where the lesson wants to be.
        constraint("StudentsSetHomeRoom", ("Students", "一班甲"), ("Room", "102")),
        constraint("ActivityPreferredRoom", ("Activity_Id", 11), ("Room", "礼堂")),
        constraint("MinDaysBetweenActivities", weight=95),
    )
    preview = timetable_files.preview(tx, campus.id, content)
    made = timetable_file_imports.take_over(tx, campus.id, content, hour_minutes=45)
    usual = select(ClassGroup.name, Room.name).join(Room, Room.id == ClassGroup.room_id, isouter=True)
    rooms = dict(tx.execute(usual.where(ClassGroup.campus_id == campus.id)).all())
    assert {name: room for name, room in rooms.items() if room} == {
        "一班 数学 45′": "101",
        "一班甲 数学 90′": "礼堂",
        "二班 数学 45′": "102",
    }
    assert here.id in {class_groups.get(tx, key).room_id for key in made.class_group_ids}
    told = [(each.kind, each.count, each.hard) for each in made.taken_constraints]
    assert told == [("ActivityPreferredRoom", 3, 2), ("StudentsSetHomeRoom", 1, 1)]
    assert [(each.kind, each.count) for each in made.left_out_constraints] == [
        ("ActivityPreferredRoom", 2),
        ("ActivityPreferredRooms", 1),
        ("MinDaysBetweenActivities", 1),
        ("StudentsSetHomeRoom", 2),
    ]
    assert preview.taken == made.taken_constraints


def test_nothing_is_made_of_what_cannot_be_taken_over(tx: Tx) -> None:
    campus = make.campus(tx)
    for content, minutes in ((b"<html/>", 45), (school(), 400)):
        with pytest.raises(InvalidInput) as error:
            timetable_file_imports.take_over(tx, campus.id, content, hour_minutes=minutes)
        assert error.value.reason == "TIMETABLE_FILE_INVALID"
    assert tx.scalar(select(func.count()).select_from(ClassGroup).where(ClassGroup.campus_id == campus.id)) == 0


def test_long_names_are_cut_and_stay_different() -> None:
    long = "一" * 120
    content = school().replace("一班甲".encode(), f"{long}甲".encode()).replace("一班乙".encode(), f"{long}乙".encode())
    content = content.replace("体育".encode(), "数学".encode())
    names = [each.name for each in fet_entities.class_groups(read(content), hour_minutes=45)]
    assert len({name.casefold() for name in names}) == len(names)
    assert max(len(name) for name in names) <= fet_entities.LONGEST_NAME
