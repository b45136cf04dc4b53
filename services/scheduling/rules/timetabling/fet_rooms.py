"""The constraints of a FET file about rooms, and what rooms they leave to each activity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.scheduling.rules.timetabling.fet_draft import (
    HARD,
    ROOM,
    Draft,
    RoomList,
    cost,
    students_of,
)
from services.scheduling.rules.timetabling.fet_files import Activity, Constraint
from services.scheduling.rules.timetabling.fet_times import Handler


@dataclass(frozen=True, slots=True)
class Candidates:
    """The rooms that an activity may be in, with what each costs; `needed` where it has to be in one."""

    costs: Mapping[str, int]
    needed: bool


def candidates(draft: Draft, place: int) -> Candidates:
    """Return the rooms of an activity: as preferred, else at home, else none; always with a seat for all."""
    lists = draft.preferred[place]
    if not lists and draft.homes[place]:
        homes = draft.homes[place]
        lists = [RoomList(frozenset().union(*(each.rooms for each in homes)), max(each.weight for each in homes))]
    if not lists:
        return Candidates({}, needed=False)
    real = {name for name in draft.file.rooms if name not in draft.file.virtual_rooms}
    for each in lists:
        if each.weight >= HARD:
            real &= each.rooms
    size = students_of(draft.file, draft.file.activities[place])
    fitting = sorted(name for name in real if draft.file.rooms[name] >= size)
    return Candidates({name: sum(e.weight for e in lists if name not in e.rooms) for name in fitting}, needed=True)


def _not_available(draft: Draft, one: Constraint) -> None:
    draft.blocked[ROOM, one.text("Room")] |= draft.slots(one)


def _listed(draft: Draft, one: Constraint) -> RoomList:
    return RoomList(frozenset(named(one)) - draft.file.virtual_rooms, cost(one.weight))


def named(one: Constraint) -> list[str]:
    """Return the rooms that a constraint names."""
    return one.texts("Preferred_Room", "Room")


def is_about_home(one: Constraint) -> bool:
    """Say whether a constraint names the rooms where a teacher or students set is at home."""
    return one.kind in {kind for kind, handler in ROOMS.items() if handler is _home}


def places_of(draft: Draft, one: Constraint) -> list[int]:
    """Return the places of the activities that a constraint wants in rooms, none for one of another kind."""
    if is_about_home(one):
        teacher, students = one.text("Teacher_Name", "Teacher"), one.text("Students")
        return [place for place, each in enumerate(draft.file.activities) if _is_of(each, teacher, students)]
    if ROOMS.get(one.kind) is not _preferred:
        return []
    return draft.members(one) if one.kind.startswith("ActivityPreferred") else list(draft.chosen(one))


def _preferred(draft: Draft, one: Constraint) -> None:
    rooms = _listed(draft, one)
    for place in places_of(draft, one):
        draft.preferred[place].append(rooms)


def _home(draft: Draft, one: Constraint) -> None:
    rooms = _listed(draft, one)
    for place in places_of(draft, one):
        draft.homes[place].append(rooms)


def _is_of(activity: Activity, teacher: str, students: str) -> bool:
    """Say whether an activity is of one teacher or students set alone: only then it is at home with them."""
    return activity.teachers == (teacher,) if teacher else activity.students == (students,)


ROOMS: Mapping[str, Handler] = {
    "BasicCompulsorySpace": lambda _draft, _one: None,
    "RoomNotAvailableTimes": _not_available,
    "ActivityPreferredRoom": _preferred,
    "ActivityPreferredRooms": _preferred,
    "SubjectPreferredRoom": _preferred,
    "SubjectPreferredRooms": _preferred,
    "SubjectActivityTagPreferredRoom": _preferred,
    "SubjectActivityTagPreferredRooms": _preferred,
    "ActivityTagPreferredRoom": _preferred,
    "ActivityTagPreferredRooms": _preferred,
    "StudentsSetHomeRoom": _home,
    "StudentsSetHomeRooms": _home,
    "TeacherHomeRoom": _home,
    "TeacherHomeRooms": _home,
}
