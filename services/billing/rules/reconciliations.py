"""Compares a statement with the books, line by line: every difference is one finding, and nothing else is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.billing.rules.statements import SUCCESS, Line

MISSING_HERE = "missing_here"
MISSING_THERE = "missing_there"
AMOUNT = "amount"
DUPLICATE = "duplicate"
STATE = "state"
FEE = "fee"
PROCESSING = "processing"
_BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A payment or refund of the books. `is_within` says whether the statement should have it, by its day."""

    source_id: UUID
    campus_id: UUID
    transaction_id: str
    references: tuple[str, ...]
    amount_fen: int
    is_within: bool = True
    is_refund: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding; what is not there is None."""

    kind: str
    line: Line | None
    entry: Entry | None
    expected_fen: int | None = None


def compare(
    lines: Sequence[Line], entries: Iterable[Entry], *, fee_basis_points: int | None = None
) -> tuple[list[tuple[Line, Entry]], list[Difference]]:
    """Return what belongs together, and every difference.

    Lines find their payment by the transaction id, then by reference and amount; money given back is looked for among
    refunds only. A fee is compared with the agreed rate, rounded half up to the fen, where one is given.
    """
    once, differences = _without_repetitions(lines)
    known = list(entries)
    matches = _pair(once, known)
    taken = {entry.source_id for _, entry in matches}
    found = {line.number for line, _ in matches}
    differences += [Difference(MISSING_HERE, line, None) for line in once if line.number not in found]
    differences += [
        Difference(MISSING_THERE, None, entry) for entry in known if entry.is_within and entry.source_id not in taken
    ]
    for line, entry in matches:
        differences += _differences(line, entry, fee_basis_points)
    return matches, differences


def expected_fee(amount_fen: int, basis_points: int) -> int:
    """Return the fee at a rate, rounded half up to the fen."""
    return (amount_fen * basis_points * 2 + _BASIS_POINTS) // (2 * _BASIS_POINTS)


def plain(reference: str) -> str:
    """Return a reference as it is compared: people and banks change case, hyphens and blanks."""
    return "".join(reference.split()).replace("-", "").casefold()


def _without_repetitions(lines: Sequence[Line]) -> tuple[list[Line], list[Difference]]:
    seen: set[tuple[bool, str]] = set()
    once, again = [], []
    for line in lines:
        key = (line.is_refund, line.transaction_id)
        if line.transaction_id and key in seen:
            again.append(Difference(DUPLICATE, line, None))
        else:
            seen.add(key)
            once.append(line)
    return once, again


def _pair(lines: Sequence[Line], entries: Sequence[Entry]) -> list[tuple[Line, Entry]]:
    by_id = {(entry.is_refund, entry.transaction_id): entry for entry in entries if entry.transaction_id}
    matches = [
        (line, by_id[line.is_refund, line.transaction_id])
        for line in lines
        if (line.is_refund, line.transaction_id) in by_id
    ]
    taken, found = {entry.source_id for _, entry in matches}, {line.number for line, _ in matches}
    waiting: dict[tuple[bool, str, int], list[Entry]] = {}
    for entry in entries:
        # What names another transaction is another payment, however alike.
        if entry.source_id not in taken:
            for reference in entry.references:
                waiting.setdefault((entry.is_refund, plain(reference), entry.amount_fen), []).append(entry)
    for line in lines:
        if line.number in found or not line.reference:
            continue
        for entry in waiting.get((line.is_refund, plain(line.reference), line.amount_fen), []):
            is_other = line.transaction_id and entry.transaction_id
            if entry.source_id not in taken and not is_other:
                taken.add(entry.source_id)
                matches.append((line, entry))
                break
    return matches


def _differences(line: Line, entry: Entry, fee_basis_points: int | None) -> list[Difference]:
    found = []
    if line.amount_fen != entry.amount_fen:
        found.append(Difference(AMOUNT, line, entry, entry.amount_fen))
    # Money given back is on its way for a while.
    if line.state not in {SUCCESS, PROCESSING}:
        found.append(Difference(STATE, line, entry))
    if fee_basis_points is not None and line.fee_fen is not None:
        fee = expected_fee(line.amount_fen, fee_basis_points)
        if fee != line.fee_fen:
            found.append(Difference(FEE, line, entry, fee))
    return found
