"""How far the charge of an attendance is, from what stands here and what billing said."""

from __future__ import annotations

from typing import NamedTuple


class Standing(NamedTuple):
    """An attendance as it stands: state, revision, what it charges, and whether an absence rule said so."""

    state: str
    revision: int
    charge_hundredths: int
    by_rule: bool


class Word(NamedTuple):
    """What billing said last, about which revision; an empty state when it said nothing."""

    revision: int
    state: str
    reason: str


def charge_state(standing: Standing, word: Word) -> tuple[str, str]:
    """Return the state of the charge and why nothing was charged, an empty text when something was or may be."""
    if standing.charge_hundredths == 0:
        return "free", "RULE_CHARGES_NOTHING" if standing.by_rule else "CODE_CHARGES_NOTHING"
    if word.revision != standing.revision:
        return "pending", ""
    if standing.state == "unconfirmed" and word.state == "charged":
        return "pending", ""
    return word.state, word.reason
