"""`make chaos SEED=n`: the long run, then the same with each guard taken away; one JSON object a line.

Exit code 0: the whole pattern was clean, every queue was empty in time, and every control showed its failure.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.guards import CONTROLS
from tests.chaos.rig import Rig, standing
from tests.chaos.run import DRAIN_SECONDS, Report, Run, faults_of
from tools import servers

_CONTROL_SHARE = 4


def main(words: Sequence[str]) -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=80)
    parser.add_argument("--only", choices=["none", *CONTROLS], help="`none` is the whole pattern")
    options = parser.parse_args(words)
    os.environ.update(servers.broker())
    well = True
    with tempfile.TemporaryDirectory(prefix="lxchaos") as folder, standing(Path(folder)) as rig:
        for guard in [options.only] if options.only else ["none", *CONTROLS]:
            share = 1 if guard == "none" else _CONTROL_SHARE
            report = _run(rig, guard, options.seed, options.events // share, options.kills // share)
            well = _judged(report) and well
    return 0 if well else 1


def _run(rig: Rig, guard: str, seed: int, events: int, kills: int) -> Report:
    report = Run(rig, guard, events, seed).execute(faults_of(kills, random.Random(seed)))
    sys.stdout.write(f"{report.line()}\n")
    sys.stdout.flush()
    if guard == "none" and not report.verdict.is_clean:
        sys.stderr.write(rig.log())
    return report


def _judged(report: Report) -> bool:
    if report.guard == "none":
        late = report.pending or report.left or report.drain_seconds > DRAIN_SECONDS
        return report.verdict.is_clean and not late
    return not report.verdict.is_clean


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
