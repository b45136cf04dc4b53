"""`make bench-fet`: files of FET solved by fet-cl and by the product's own search, one after the other, as JSON lines.

Both have the same time and one core, and stop at the first timetable that keeps all they must. Ours is read back
against the file (`violations`, of constraints at 100 %), and locked into a copy of the file that fet-cl then has to
accept (`agrees`): that judges what ours does not support as well. Environment: FILES, names of examples or paths;
SECONDS; SEED.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.scheduling.rules.timetabling.fet_check import violations
from services.scheduling.rules.timetabling.fet_files import FetFileError, read
from services.scheduling.rules.timetabling.fet_problem import FetProblem, convert
from services.scheduling.rules.timetabling.fet_solve import solve
from services.scheduling.rules.timetabling.portfolio import prepare
from tests.bench import fet_peer
from tests.bench.fet_peer import Peer

EXAMPLES = Path("/usr/share/doc/fet-data/examples")
#: Small to large, of many countries; most of them without a constraint that ours does not know.
SPREAD = (
    "Denmark/small-school",
    "Brazil/2/EEBLJ-Noturno",
    "Sudan/Khartoum-2010-02-13",
    "United-Kingdom/Hopwood/Hopwood",
    "Vietnam/2-secondary-school/VietNamHungYen",
    "Spain/3-school/primaria",
    "Greece/Gymnasio/Gymnasio",
    "Romania/Constantin-Brancusi-School-Medgidia/2013-2014/Orar_5_3",
    "Bulgaria/Lom_high_school_2007-2008",
    "Italy/2007/simple/simpler-Italian",
    "Namibia/by-Bobby/set-1/Van_RhynFinal",
    "Germany/secondary-school-1/using_subactivities_constraints/German_subact_constr",
    "South-Africa/2021/SIBUKOSETFU/SIBUKOSETFU",
    "Saudi-Arabia/Arabic_Saudi_1",
    "India/St-Marys-College/St-Marys-College-Puthanagadi",
    "Hungary/Bethlen/2008-2009/2-newer/Bethlen-2008-2009",
    "Belize/Sacred-Heart-College/shc-2013/shc-2013",
    "Spain/2-secondary-school/secondary-school",
    "Germany/secondary-school-2/GYR",
)


@dataclass(frozen=True, slots=True)
class Ours:
    """What our search came to; `agrees` is None when fet-cl was not asked."""

    seconds: float
    unplaced: int
    violations: dict[str, int]
    agrees: bool | None


def main() -> int:
    """Solve what the environment names; the status is 1 when a file cannot be read."""
    seconds, seed = float(os.environ.get("SECONDS") or 60), int(os.environ.get("SEED") or 1)
    command = fet_peer.command()
    if command is None:
        sys.stderr.write("fet-cl is not installed: `apt-get install fet fet-data` brings it; ours runs alone\n")
    prepare()
    rows, failed = [], 0
    for path in chosen(os.environ.get("FILES", "").split(), EXAMPLES):
        begin = time.monotonic()
        try:
            made = convert(read(path.read_bytes()))
        except (FetFileError, OSError) as error:
            sys.stderr.write(f"{path}: {error}\n")
            failed += 1
            continue
        ours = solved(made, path, begin, seconds=seconds, seed=seed, command=command)
        peer = None if command is None else fet_peer.solve(command, path, len(made.file.activities), seconds)
        rows.append(line(path.stem, made, ours, peer))
        sys.stdout.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
        sys.stdout.flush()
    sys.stdout.write(table(rows))
    return int(failed > 0)


def chosen(names: Sequence[str], folder: Path) -> list[Path]:
    """Return the files that are named, by path or by the name of an example; by default the spread."""
    if not names and not folder.is_dir():
        raise SystemExit(
            f"{folder} is not there: `apt-get install fet-data`, or name files, make bench-fet FILES=a.fet"
        )
    found: list[Path] = []
    for name in names or SPREAD:
        path = Path(name)
        if not path.is_file():
            pattern = f"{name.removesuffix('.fet')}.fet"
            path = next(iter(sorted(folder.rglob(pattern) if "/" not in name else folder.glob(f"*/{pattern}"))), path)
        found.append(path)
    return found


def solved(made: FetProblem, path: Path, begin: float, *, seconds: float, seed: int, command: str | None) -> Ours:
    """Solve a file by ours; its seconds are from `begin`, when reading began, to the plan."""
    plan = solve(
        made.problem,
        seconds=seconds,
        seed=seed,
        done=lambda found: not violations(made.file, made.spots(found)),
    )
    took = time.monotonic() - begin
    spots = made.spots(plan)
    broken = violations(made.file, spots)
    unplaced = sum(spot is None for spot in spots)
    agrees = None
    if command is not None and not unplaced:
        with tempfile.TemporaryDirectory() as folder:
            locked = fet_peer.locked(path, made.file, spots, Path(folder))
            agrees = fet_peer.solve(command, locked, len(spots), max(10.0, seconds / 4)).unplaced == 0
    return Ours(took, unplaced, dict(broken), agrees)


def line(name: str, made: FetProblem, ours: Ours, peer: Peer | None) -> dict[str, object]:
    """Return one file as a JSON line."""
    return {
        "name": name,
        "activities": len(made.file.activities),
        "ours": {
            "seconds": round(ours.seconds, 2),
            "unplaced": ours.unplaced,
            "violations": sum(ours.violations.values()),
            "agrees": ours.agrees,
        },
        "fet": None if peer is None else {"seconds": round(peer.seconds, 2), "unplaced": peer.unplaced},
        "unsupported": {each.kind: {"count": each.count, "hard": each.hard} for each in made.unsupported},
    }


def table(rows: Sequence[dict[str, object]]) -> str:
    """Return the lines as a table."""
    head = f"{'name':<34}{'activities':>11}{'ours s':>9}{'unplaced':>10}{'broken':>8}{'agrees':>8}"
    lines = [f"{head}{'fet s':>9}{'unplaced':>10}  unsupported"]
    for row in rows:
        ours, fet = dict(row["ours"]), dict(row["fet"] or {})  # type: ignore[call-overload]
        agrees = {None: "-", True: "yes", False: "no"}[ours["agrees"]]
        kinds = dict(row["unsupported"])  # type: ignore[call-overload]
        left = " ".join(f"{kind} {each['count']}" for kind, each in kinds.items())
        lines.append(
            f"{row['name']!s:<34.33}{row['activities']!s:>11}{ours['seconds']:>9}{ours['unplaced']:>10}"
            f"{ours['violations']:>8}{agrees:>8}{fet.get('seconds', '-'):>9}{fet.get('unplaced', '-'):>10}  {left}"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
