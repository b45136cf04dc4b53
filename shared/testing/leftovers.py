"""Servers of test runs end with their run; those of a run that was killed end with the start of the next one."""

from __future__ import annotations

from pathlib import Path

import psutil

from shared import postgres

_OWNER = "owner"


def own(folder: Path, pid: int) -> None:
    """Note which process a folder's server is for; the first one counts."""
    file = folder / _OWNER
    if folder.exists() and not file.exists():
        file.write_text(f"{pid} {psutil.Process(pid).create_time()}")


def sweep() -> int:
    """Remove the servers of runs that are over; return how many there were."""
    return postgres.sweep(is_orphan)


def is_orphan(folder: Path) -> bool:
    """Say whether the process that a folder's server is for is gone; a folder without a note is nobody's orphan."""
    file = folder / _OWNER
    if not file.exists():
        return False
    pid, created = file.read_text().split()
    try:
        return bool(abs(psutil.Process(int(pid)).create_time() - float(created)) > 1)
    except psutil.NoSuchProcess:
        return True
