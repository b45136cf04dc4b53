"""Where an activity of a FET file is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spot:
    """Its first period and its room, None where it has none."""

    start: int
    room: str | None
