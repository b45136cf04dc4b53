"""What a command should have done, computed apart from the code that did it, in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed
from services.billing.models import Transfer
from services.billing.rules import splits
from services.billing.rules.splits import Share
from services.billing.rules.transfers import KEPT_VALUE
from shared.db import Tx
from tests.simulation.world import Violation, World

_CONSUMPTION = """
select c.id, c.state, c.charge_hundredths, c.recognised_fen, c.campus_id,
  coalesce((select sum(case when l.course_id = c.course_id then e.hundredths else e.hundredths * 100 / %(factor)s end)
    from lot_entry e join lot l on l.institution_id = e.institution_id and l.id = e.lot_id
    where e.institution_id = c.institution_id and e.source_id = c.id and e.kind = 'consume'), 0) as taken,
  (select count(*) from lot_entry e where e.institution_id = c.institution_id and e.source_id = c.id
    and e.kind = 'consume' and e.amount_fen > 0) as parts
from consumption c where c.attendance_id = %(attendance)s and c.revision = %(revision)s"""
_FRESH = "select total_fen, kind from lot where id = %(lot)s"
_PARTS = """
select r.party, r.campus_id, r.party_id, sum(r.amount_fen) as amount_fen, min(r.base_fen) as base_fen
from split_row r where r.source_id = %(consumption)s and r.source_kind = 'consumption'
group by r.party, r.campus_id, r.party_id"""


def expect(holds: bool, sentence: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise a violation unless something holds."""
    if not holds:
        raise Violation(sentence)


def check_charge(tx: Tx, world: World, event: AttendanceConfirmed) -> None:
    """Compare what an attendance charged with its event, and its parts with the rule that holds."""
    factor = world.factors.get(UUID(event.course_id), 100)
    keys = {"attendance": event.attendance_id, "revision": event.revision, "factor": factor}
    row = tx.run(_CONSUMPTION, keys, prepared=True).one()
    expect(row.state in {"consumed", "uncovered"}, f"a new revision was {row.state}")
    expect(row.charge_hundredths == event.charge_hundredths, "another charge was recorded than was confirmed")
    if row.state == "uncovered":
        expect(row.taken == 0, "an attendance without cover took hours")
        return
    expect(row.taken == event.charge_hundredths, "lots gave other hours than were charged")
    expect(row.campus_id == UUID(event.campus_id), "the consumption stands at another campus")
    if row.parts == 1:
        _check_parts(tx, world, event, row.id, row.recognised_fen)


def check_transfer(tx: Tx, made: Transfer, before: Any, unit_price_fen: int) -> None:
    """Compare what a transfer moved with the share of the lot that left, and with the price of what was bought."""
    used = before.quantity_hundredths - before.remaining_hundredths + made.hundredths
    target = floor(Fraction(before.total_fen * used, before.quantity_hundredths) + Fraction(1, 2))
    expect(made.value_fen == max(0, target - before.released_fen), "hours moved at another value than the books held")
    expect(made.hundredths < before.remaining_hundredths or target == before.total_fen, "a fen stayed in an empty lot")
    fresh = tx.run(_FRESH, {"lot": made.target_lot_id}, prepared=True).one()
    expect(fresh.total_fen == made.target_fen and fresh.kind == before.kind, "the new lot is worth something else")
    if made.pricing == KEPT_VALUE:
        expect((made.target_fen, made.target_hundredths) == (made.value_fen, made.hundredths), "a kept value changed")
    else:
        price = floor(Fraction(unit_price_fen * made.target_hundredths, 100) + Fraction(1, 2))
        expect(made.target_fen == price, "hours were bought at another price than the list's")
        expect(before.kind == "paid", "given hours bought something")
    spare = made.value_fen + made.from_wallet_fen - made.target_fen
    expect(made.to_wallet_fen == spare and not (spare and made.from_wallet_fen), "the wallet moved without need")


def _check_parts(tx: Tx, world: World, event: AttendanceConfirmed, consumption_id: UUID, base_fen: int) -> None:
    shares = _shares(world)
    rows = tx.run(_PARTS, {"consumption": consumption_id}, prepared=True).all()
    # Several campuses may share what the selling one gets.
    found = {
        row.party: (sum(int(each.amount_fen) for each in rows if each.party == row.party), row.campus_id)
        for row in rows
    }
    expect(sum(amount for amount, _ in found.values()) == base_fen, "parts do not make up the base")
    teaching = UUID(event.campus_id)
    for party in found.keys() & {splits.TEACHING, splits.TEACHER}:
        expect(found[party][1] == teaching, "the part of who taught stands in the books of another campus")
    if shares is None or any(share.fixed_fen for share in shares):
        return
    exact = exact_parts(shares, base_fen)
    # The campus takes the part of an advisor or partner whom nobody knows.
    unknown = any(party not in found and exact.get(party, 0) >= 1 for party in splits.COMMISSIONED)
    if found.keys() <= exact.keys() and not unknown:
        _check_largest_remainder({party: found.get(party, (0, None))[0] for party in exact}, exact)


def _shares(world: World) -> tuple[Share, ...] | None:
    """Return the shares of the rule that holds; None where several are as good, which the unit tests look at."""
    rules = [rule for rule in world.rules if rule.base == splits.CONSUMPTION]
    best = max((rule.priority for rule in rules), default=0)
    chosen = [rule for rule in rules if rule.priority == best]
    if len(chosen) > 1:
        return None
    return chosen[0].shares if chosen else (Share(splits.TEACHING, is_remainder=True),)


def _check_largest_remainder(amounts: dict[str, int], exact: dict[str, Fraction]) -> None:
    """Expect each amount to be the exact one rounded down, or up where the remainders are largest."""
    up = [exact[party] - floor(exact[party]) for party in amounts if amounts[party] == floor(exact[party]) + 1]
    down = [exact[party] - floor(exact[party]) for party in amounts if amounts[party] == floor(exact[party])]
    told = ", ".join(f"{party} {amount} of {float(exact[party]):.3f}" for party, amount in amounts.items())
    expect(len(up) + len(down) == len(amounts), f"a part is a fen off: {told}")
    expect(not up or min(up) >= max(down, default=Fraction(0)), f"a spare fen went to a smaller remainder: {told}")
    expect(all(up), f"a fen was added to a whole amount: {told}")


def exact_parts(shares: tuple[Share, ...], base_fen: int) -> dict[str, Fraction]:
    """Return what each party gets before anything is rounded; fixed amounts go first and take what there is."""
    left = Fraction(base_fen)
    parts: dict[str, Fraction] = {}
    for share in shares:
        if share.fixed_fen:
            parts[share.party] = min(Fraction(share.fixed_fen), left)
            left -= parts[share.party]
    wanted = {share.party: Fraction(share.basis_points * base_fen, 10_000) for share in shares if share.basis_points}
    rest = max(Fraction(0), left - sum(wanted.values()))
    whole = sum(wanted.values()) + rest
    for party, amount in wanted.items():
        parts[party] = amount * left / whole if whole else Fraction(0)
    for share in shares:
        if share.is_remainder:
            parts[share.party] = rest * left / whole if whole else Fraction(0)
    return parts
