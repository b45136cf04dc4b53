"""How much of a class group's lessons somebody has who comes late or leaves early."""

from __future__ import annotations

from typing import NamedTuple


class Proration(NamedTuple):
    """Lessons of a class group that stand: all of them, and those still to come from a moment on."""

    total_lesson_count: int
    remaining_lesson_count: int
    total_hundredths: int
    remaining_hundredths: int
