"""fet-cl as it is installed: run on a file, and asked whether it accepts a timetable that we made."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from services.scheduling.rules.timetabling.fet_files import FetFile
from services.scheduling.rules.timetabling.fet_spots import Spot

_GRACE_SECONDS = 10
_ALWAYS = 100.0


@dataclass(frozen=True, slots=True)
class Peer:
    """What fet-cl came to."""

    seconds: float
    unplaced: int


def command() -> str | None:
    """Return where fet-cl is; None when it is not installed."""
    return shutil.which("fet-cl")


def solve(program: str, path: Path, activities: int, seconds: float) -> Peer:
    """Run fet-cl on a file; what it refuses to begin with is all unplaced."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            program,
            f"--inputfile={path}",
            f"--outputdir={folder}",
            f"--timelimitseconds={max(1, int(seconds))}",
            "--htmllevel=0",
        ]
        arguments += [f"--randomseeds{which}={which}" for which in (10, 11, 12, 20, 21, 22)]
        begin = time.monotonic()
        # Where an activity cannot go anywhere at all it does not look at its limit.
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds + _GRACE_SECONDS, check=False
            )
        took = time.monotonic() - begin
        return Peer(took, activities - _placed(Path(folder)))


def _placed(folder: Path) -> int:
    """Return how many activities the best timetable of a run places."""
    best = 0
    for path in folder.rglob("*_activities.xml"):
        root = fromstring(path.read_bytes())  # noqa: S314 - written by the program just run
        best = max(best, sum(bool(each.findtext("Day")) for each in root.iterfind("Activity")))
    return best


def locked(path: Path, file: FetFile, spots: Sequence[Spot | None], folder: Path) -> Path:
    """Write a copy of a file in which every activity is locked where a timetable has it; return the copy.

    Constraints below 100 % are switched off: fet-cl would not skip them for an activity that is locked.
    """
    root = fromstring(path.read_bytes())  # noqa: S314 - read without entities before
    times, rooms = root.find("Time_Constraints_List"), root.find("Space_Constraints_List")
    for constraint in [*(times or ()), *(rooms or ())]:
        if float(constraint.findtext("Weight_Percentage") or 100) < _ALWAYS:
            for active in constraint.findall("Active"):
                constraint.remove(active)
            SubElement(constraint, "Active").text = "false"
    for activity, spot in zip(file.activities, spots, strict=True):
        if spot is None or times is None or rooms is None:
            continue
        day, hour = divmod(spot.start, len(file.hours))
        _lock(times, "StartingTime", activity.number, Preferred_Day=file.days[day], Preferred_Hour=file.hours[hour])
        if spot.room is not None:
            _lock(rooms, "Room", activity.number, Room=spot.room)
    copy = folder / f"{path.stem}.fet"
    copy.write_bytes(tostring(root, encoding="utf-8", xml_declaration=True))
    return copy


def _lock(parent: Element, what: str, number: int, **fields: str) -> None:
    constraint = SubElement(parent, f"ConstraintActivityPreferred{what}")
    every = {"Weight_Percentage": "100", "Activity_Id": str(number), **fields, "Permanently_Locked": "true"}
    for name, value in {**every, "Active": "true"}.items():
        SubElement(constraint, name).text = value
