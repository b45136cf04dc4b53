"""`make bench`: every measurement, or those that are named, as one JSON object a line."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.stage import Stage

NAMES = ("grpc_read", "grpc_capture", "consume", "rest_list", "bus")


def main(wanted: Sequence[str]) -> int:
    """Measure; the exit code says whether every bar was met."""
    unknown = set(wanted) - set(NAMES)
    if unknown:
        sys.stderr.write(f"no measurement {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}\n")
        return 2
    names = list(wanted or NAMES)
    if len(names) > 1:
        # Settings and keys are read once per process, so each measurement has one of its own.
        codes = [subprocess.run([sys.executable, "-m", "tests.bench", name], check=False).returncode for name in names]
        return max(codes)
    module = importlib.import_module(f"tests.bench.{names[0]}")
    met = True
    with tempfile.TemporaryDirectory(prefix="lxbench") as folder, Stage(Path(folder)) as stage:
        for figure in module.measure(stage):
            sys.stdout.write(f"{figure.line()}\n")
            sys.stdout.flush()
            met = met and figure.ok
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
