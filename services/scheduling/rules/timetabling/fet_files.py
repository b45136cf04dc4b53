"""FET files (the timetabling program's XML, versions 5 and 6), read as they stand; what they mean is in fet.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from xml.etree.ElementTree import Element, ParseError, XMLParser, fromstring
from xml.parsers.expat import ExpatError, ParserCreate


class FetFileError(ValueError):
    """The text is not a FET file; says why."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One lesson of a week. All of its teachers and all of its students sets take part."""

    number: int
    # Activities of one split lesson share it; 0 for an activity that stands alone.
    group: int
    teachers: tuple[str, ...]
    students: tuple[str, ...]
    subject: str
    tags: tuple[str, ...]
    # In hours of the file, consecutive ones of one day.
    duration: int
    # None: as many as the students sets have.
    student_count: int | None


@dataclass(frozen=True, slots=True)
class Constraint:
    """One active constraint: its kind without the word Constraint, its weight in percent, its fields."""

    kind: str
    weight: float
    element: Element

    def text(self, *names: str) -> str:
        """Return the first of the named fields that is there and not empty; versions differ in names."""
        return next((found for name in names if (found := _text(self.element, name))), "")

    def texts(self, *names: str) -> list[str]:
        """Return all values of the first of the named fields that is there."""
        for name in names:
            found = [each.text.strip() for each in self.element.findall(name) if each.text and each.text.strip()]
            if found:
                return found
        return []

    def numbers(self, *names: str) -> list[int]:
        """Return all values of the first of the named fields that is there, as numbers."""
        return [_number(each, self.kind) for each in self.texts(*names)]


@dataclass(frozen=True)
class FetFile:
    """What a file says, inactive parts left out."""

    days: tuple[str, ...]
    hours: tuple[str, ...]
    activities: tuple[Activity, ...]
    # Every students set -> the sets at the bottom that make it up: who overlaps shares one of them.
    leaves: Mapping[str, frozenset[str]]
    student_counts: Mapping[str, int]
    teachers: tuple[str, ...]
    # Room -> capacity; virtual rooms, which stand for several real ones, are named apart.
    rooms: Mapping[str, int]
    virtual_rooms: frozenset[str]
    constraints: tuple[Constraint, ...]

    @cached_property
    def by_number(self) -> dict[int, int]:
        """Return the place of each activity by its number."""
        return {activity.number: place for place, activity in enumerate(self.activities)}

    def slot(self, day: str, hour: str) -> int:
        """Return the period of a day and hour; FetFileError for a name that the file does not define."""
        if day not in self.days or hour not in self.hours:
            raise FetFileError(f"there is no hour {hour!r} on {day!r}")
        return self.days.index(day) * len(self.hours) + self.hours.index(hour)


def read(content: bytes) -> FetFile:
    """Read a file. Raises FetFileError."""
    root = _parse(content)
    names = tuple(_text(each, "Name") for each in root.iterfind("Days_List/Day"))
    hours = tuple(_text(each, "Name") for each in root.iterfind("Hours_List/Hour"))
    if not names or not hours:
        raise FetFileError("the file names no days or no hours")
    leaves, counts = _students(root)
    rooms = {_text(each, "Name"): _number(_text(each, "Capacity") or "30000", "room") for each in _rooms(root)}
    return FetFile(
        days=names,
        hours=hours,
        activities=tuple(_activity(each) for each in root.iterfind("Activities_List/Activity") if _active(each)),
        leaves=leaves,
        student_counts=counts,
        teachers=tuple(_text(each, "Name") for each in root.iterfind("Teachers_List/Teacher")),
        rooms=rooms,
        virtual_rooms=frozenset(_text(each, "Name") for each in _rooms(root) if _text(each, "Virtual") == "true"),
        constraints=tuple(_constraints(root)),
    )


def _parse(content: bytes) -> Element:
    try:
        _refuse_entities(content)
        root = fromstring(content, parser=XMLParser())  # noqa: S314 - without entities
    except (ParseError, ExpatError, LookupError, ValueError) as error:
        if isinstance(error, FetFileError):
            raise
        raise FetFileError(f"this is no XML: {error}") from error
    if root.tag.casefold() != "fet":
        raise FetFileError("this is XML, but no FET file")
    return root


def _refuse_entities(content: bytes) -> None:
    """Entities could make a small file large without end; the format has no use for them, in no encoding."""

    def refuse(*_: object) -> None:
        raise FetFileError("the file declares entities")

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(content, True)  # noqa: FBT003 - the last part


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _number(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FetFileError(f"{what}: {text!r} is no whole number") from error


def _active(element: Element) -> bool:
    return _text(element, "Active") in ("true", "yes", "")


def _all(element: Element, *names: str) -> tuple[str, ...]:
    return tuple(each.text.strip() for name in names for each in element.findall(name) if each.text)


def _rooms(root: Element) -> Iterator[Element]:
    return root.iterfind("Rooms_List/Room")


def _activity(element: Element) -> Activity:
    count = _text(element, "Number_Of_Students")
    return Activity(
        number=_number(_text(element, "Id"), "activity"),
        group=_number(_text(element, "Activity_Group_Id") or "0", "activity"),
        teachers=_all(element, "Teacher"),
        students=_all(element, "Students"),
        subject=_text(element, "Subject"),
        tags=_all(element, "Activity_Tag"),
        duration=_number(_text(element, "Duration") or "1", "activity"),
        student_count=_number(count, "activity") if count else None,
    )


def _students(root: Element) -> tuple[dict[str, frozenset[str]], dict[str, int]]:
    """Return the bottom sets of every set, and how many students each set has."""
    leaves: dict[str, frozenset[str]] = {}
    counts: dict[str, int] = {}

    def note(element: Element, parts: frozenset[str]) -> frozenset[str]:
        name = _text(element, "Name")
        # One group may stand below several years.
        leaves[name] = leaves.get(name, frozenset()) | (parts or frozenset({name}))
        counts[name] = _number(_text(element, "Number_of_Students") or "0", name)
        return leaves[name]

    for year in root.iterfind("Students_List/Year"):
        parts: set[str] = set()
        for group in year.findall("Group"):
            parts |= note(group, frozenset().union(*(note(each, frozenset()) for each in group.findall("Subgroup"))))
        note(year, frozenset(parts))
    return leaves, counts


def _constraints(root: Element) -> Iterator[Constraint]:
    for part in ("Time_Constraints_List", "Space_Constraints_List"):
        for element in root.findall(f"{part}/*"):
            if element.tag.startswith("Constraint") and _active(element):
                yield Constraint(element.tag.removeprefix("Constraint"), _weight(element), element)


def _weight(element: Element) -> float:
    text = _text(element, "Weight_Percentage") or "100"
    try:
        return float(text)
    except ValueError as error:
        raise FetFileError(f"{element.tag}: {text!r} is no weight") from error
