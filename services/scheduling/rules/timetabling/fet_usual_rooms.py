"""What a FET file says about rooms that a campus can keep: the usual room of a class group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.scheduling.rules.timetabling.fet_draft import Draft
from services.scheduling.rules.timetabling.fet_entities import Key, key_of
from services.scheduling.rules.timetabling.fet_files import Constraint, FetFile
from services.scheduling.rules.timetabling.fet_rooms import is_about_home, named, places_of


@dataclass(frozen=True, slots=True)
class UsualRooms:
    """The one room that a file wants for all activities of a class group, and the constraints that say no more."""

    rooms: dict[Key, str]
    constraints: tuple[Constraint, ...]


def usual_rooms(file: FetFile) -> UsualRooms:
    """Return the usual rooms of a file's class groups; what prefers several rooms, or not for all, says none.

    As in FET the room at home counts only for an activity that no other constraint wants somewhere.
    """
    draft, real = Draft.begin(file), set(file.rooms) - file.virtual_rooms
    said = [(one, places_of(draft, one)) for one in file.constraints if named(one) and one.weight > 0]
    preferred: dict[int, set[tuple[str, ...]]] = defaultdict(set)
    homes: dict[int, set[tuple[str, ...]]] = defaultdict(set)
    for one, places in said:
        for place in places:
            (homes if is_about_home(one) else preferred)[place].add(tuple(named(one)))
    wanted: dict[Key, set[str]] = defaultdict(set)
    for place, activity in enumerate(file.activities):
        wanted[key_of(activity)].add(_only(preferred[place] or homes[place]))
    rooms = {key: room for key, some in wanted.items() if (room := _only((each,) for each in some)) in real}
    kept = [one for one, places in said if _is_kept(file, rooms, named(one), places)]
    return UsualRooms(rooms, tuple(kept))


def _only(lists: Iterable[tuple[str, ...]]) -> str:
    """Return the room that all of the lists name, and no other; empty: there is none."""
    found = set(lists)
    only = next(iter(found)) if len(found) == 1 else ()
    return only[0] if len(only) == 1 else ""


def _is_kept(file: FetFile, rooms: dict[Key, str], names: list[str], places: list[int]) -> bool:
    usual = {rooms.get(key_of(file.activities[place]), "") for place in places}
    return usual == set(names) and len(usual) == 1
