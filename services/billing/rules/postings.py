"""Which accounts move. Debit is positive, credit negative; every journal sums to zero, and so does each campus in it.

What a campus owes another stands twice: as a payable of the one and a receivable of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from services.billing.rules.splits import Part

CASH = "cash"
CUSTODY = "custody"
CONTRACT_LIABILITY = "contract_liability"
REVENUE = "revenue"
RECEIVABLE = "inter_campus_receivable"
PAYABLE = "inter_campus_payable"
SPLIT_PAYABLE = "split_payable"
SPLIT_EXPENSE = "split_expense"
SPLIT_INCOME = "split_income"
COMMISSION_EXPENSE = "commission_expense"
REFUND_FEE_INCOME = "refund_fee_income"
FORFEIT_INCOME = "forfeit_income"
BREAKAGE_INCOME = "breakage_income"
PARTY_RECEIVABLE = "party_receivable"
UNAPPLIED_RECEIPTS = "unapplied_receipts"
REFUND_PAYABLE = "refund_payable"
REFUND_INTEREST_EXPENSE = "refund_interest_expense"
INSTALMENT_RECEIVABLE = "instalment_receivable"
WALLET = "wallet"
TEACHER_PAY_EXPENSE = "teacher_pay_expense"
OPENING_BALANCE = "opening_balance"
NOBODY = UUID(int=0)


class Line(NamedTuple):
    """One line: the account is (code, campus_id, party_id); `lot_id` says whose value a liability line moves."""

    code: str
    campus_id: UUID
    amount_fen: int
    party_id: UUID = NOBODY
    lot_id: UUID = NOBODY


def payment(campus_id: UUID, amount_fen: int, parts: Iterable[Part] = (), *, held_by: UUID | None = None) -> list[Line]:
    """Post money received for an order, and what cash rules promise others of it.

    Money that a campus holds unapplied already is no new cash; another one than the order's owes it to that.
    """
    cash = [Line(CASH, campus_id, amount_fen)]
    if held_by is not None:
        cash = [Line(UNAPPLIED_RECEIPTS, held_by, amount_fen), *_owed(held_by, campus_id, amount_fen)]
    lines = [*cash, Line(CONTRACT_LIABILITY, campus_id, -amount_fen)]
    return merge([*lines, *cash_parts(campus_id, parts)])


def brought_along(campus_id: UUID, amount_fen: int) -> list[Line]:
    """Owe hours that a family paid for before; the money lies in the books of that time."""
    return [Line(OPENING_BALANCE, campus_id, amount_fen), Line(CONTRACT_LIABILITY, campus_id, -amount_fen)]


def brought_back(campus_id: UUID, lots: Iterable[tuple[UUID, int]]) -> list[Line]:
    """Take lots of (lot id, value) that were brought along out of the books again."""
    given = list(lots)
    lines = [Line(CONTRACT_LIABILITY, campus_id, value, NOBODY, lot) for lot, value in given]
    return merge([*lines, Line(OPENING_BALANCE, campus_id, -sum(value for _, value in given))])


def unapplied(campus_id: UUID, amount_fen: int) -> list[Line]:
    """Post money that a provider took although its order could take no more."""
    return [Line(CASH, campus_id, amount_fen), Line(UNAPPLIED_RECEIPTS, campus_id, -amount_fen)]


def opening(campus_id: UUID, lots: Iterable[tuple[UUID, int]], *, on_credit_fen: int = 0) -> list[Line]:
    """Move the liability of an order to its lots: (lot id, value); what is not paid of it yet is a receivable."""
    given = list(lots)
    whole = Line(CONTRACT_LIABILITY, campus_id, sum(amount for _, amount in given) - on_credit_fen)
    credit = Line(INSTALMENT_RECEIVABLE, campus_id, on_credit_fen)
    return merge([whole, credit, *(Line(CONTRACT_LIABILITY, campus_id, -amount, NOBODY, lot) for lot, amount in given)])


def collected(campus_id: UUID, amount_fen: int) -> list[Line]:
    """Set money that was received for an order off against what its lots were opened on credit."""
    return [Line(CONTRACT_LIABILITY, campus_id, amount_fen), Line(INSTALMENT_RECEIVABLE, campus_id, -amount_fen)]


def consumption(selling_campus_id: UUID, lot_id: UUID, amount_fen: int, parts: Iterable[Part]) -> list[Line]:
    """Release a lot's liability to revenue of those who earn it; the selling campus owes the others their parts."""
    lines = [Line(CONTRACT_LIABILITY, selling_campus_id, amount_fen, NOBODY, lot_id)]
    for part in parts:
        home = part.home_campus_id
        lines.append(Line(REVENUE, home, -part.amount_fen))
        lines += _owed(selling_campus_id, home, part.amount_fen)
        if part.is_payee:
            lines.append(Line(COMMISSION_EXPENSE, home, part.amount_fen))
            lines.append(Line(SPLIT_PAYABLE, home, -part.amount_fen, part.party_id))
    return lines


def cash_parts(campus_id: UUID, parts: Iterable[Part]) -> list[Line]:
    """Post what a campus promises others of the cash it received; its own part needs no line."""
    lines: list[Line] = []
    for part in parts:
        home, amount = part.home_campus_id, part.amount_fen
        if part.is_payee:
            lines.append(Line(COMMISSION_EXPENSE, campus_id, amount))
            lines.append(Line(SPLIT_PAYABLE, campus_id, -amount, part.party_id))
        elif home != campus_id:
            lines.append(Line(SPLIT_EXPENSE, campus_id, amount))
            lines.append(Line(SPLIT_INCOME, home, -amount))
            lines += _owed(campus_id, home, amount)
    return lines


def refund(
    campus_id: UUID,
    *,
    values: Sequence[tuple[UUID, int]],
    amount_fen: int,
    fee_fen: int,
    interest_fen: int = 0,
    on_credit_fen: int = 0,
    parts: Iterable[Part] = (),
) -> list[Line]:
    """Close lots of (lot id, value): owe the family amount and interest, keep the fee and what terms do not give back.

    `on_credit_fen` of the values was never paid and is owed by nobody any more. `parts` are the parts of cash splits
    that are taken back; their amounts are negative.
    """
    total = sum(value for _, value in values)
    lines = [Line(CONTRACT_LIABILITY, campus_id, value, NOBODY, lot) for lot, value in values]
    lines.append(Line(REFUND_PAYABLE, campus_id, -amount_fen - interest_fen))
    lines.append(Line(REFUND_INTEREST_EXPENSE, campus_id, interest_fen))
    lines.append(Line(REFUND_FEE_INCOME, campus_id, -fee_fen))
    lines.append(Line(INSTALMENT_RECEIVABLE, campus_id, -on_credit_fen))
    lines.append(Line(FORFEIT_INCOME, campus_id, amount_fen + fee_fen + on_credit_fen - total))
    return merge([*lines, *cash_parts(campus_id, parts)])


def teacher_pay(campus_id: UUID, teacher_id: UUID, amount_fen: int) -> list[Line]:
    """Owe a teacher the pay of lessons that a campus taught, or (below zero) take it back."""
    return [Line(TEACHER_PAY_EXPENSE, campus_id, amount_fen), Line(SPLIT_PAYABLE, campus_id, -amount_fen, teacher_id)]


def party_adjustment(campus_id: UUID, party_id: UUID, amount_fen: int) -> list[Line]:
    """Owe a person or partner more than rules say, or (below zero) less."""
    return [Line(COMMISSION_EXPENSE, campus_id, amount_fen), Line(SPLIT_PAYABLE, campus_id, -amount_fen, party_id)]


def party_owes(campus_id: UUID, party_id: UUID, amount_fen: int) -> list[Line]:
    """Keep what claw-backs took above what a party had earned as a receivable, never as a silent loss."""
    return [
        Line(PARTY_RECEIVABLE, campus_id, amount_fen, party_id),
        Line(SPLIT_PAYABLE, campus_id, -amount_fen, party_id),
    ]


def party_payout(campus_id: UUID, party_id: UUID, amount_fen: int, offset_fen: int) -> list[Line]:
    """Pay a party what it earned, less what it owes."""
    return merge(
        [
            Line(SPLIT_PAYABLE, campus_id, amount_fen, party_id),
            Line(PARTY_RECEIVABLE, campus_id, -offset_fen, party_id),
            Line(CASH, campus_id, offset_fen - amount_fen),
        ]
    )


def netting(positions: Iterable[tuple[str, UUID, UUID, int]]) -> list[Line]:
    """Clear balances between campuses of (code, campus, other campus, balance); the rest of each campus is cash."""
    lines: list[Line] = []
    for code, campus, other, balance in positions:
        lines += [Line(code, campus, -balance, other), Line(CASH, campus, balance)]
    return merge(lines)


def unapplied_refund(campus_id: UUID, amount_fen: int) -> list[Line]:
    """Owe a family the money that its order could not take."""
    return [Line(UNAPPLIED_RECEIPTS, campus_id, amount_fen), Line(REFUND_PAYABLE, campus_id, -amount_fen)]


def payout(campus_id: UUID, amount_fen: int) -> list[Line]:
    """Post refunded money that has left the institution."""
    return [Line(REFUND_PAYABLE, campus_id, amount_fen), Line(CASH, campus_id, -amount_fen)]


def expiry(campus_id: UUID, lots: Iterable[tuple[UUID, int]]) -> list[Line]:
    """Close expired lots of (lot id, value): what nobody will use is income of the campus that sold."""
    lines: list[Line] = []
    for lot, value in lots:
        lines += [Line(CONTRACT_LIABILITY, campus_id, value, NOBODY, lot), Line(BREAKAGE_INCOME, campus_id, -value)]
    return merge(lines)


class WalletShare(NamedTuple):
    """What one part of a wallet gives or takes; the campus keeps it, the party is the family."""

    campus_id: UUID
    customer_id: UUID
    amount_fen: int


def transfer(
    revalued: WalletShare, lot_id: UUID, *, spent: Iterable[WalletShare], campus_id: UUID, new_lot_id: UUID
) -> list[Line]:
    """Revalue hours of a lot to the wallet and buy a lot at a campus out of it; the giving campuses owe it that."""
    value = revalued.amount_fen
    lines = [Line(CONTRACT_LIABILITY, revalued.campus_id, value, NOBODY, lot_id)]
    lines.append(Line(WALLET, revalued.campus_id, -value, revalued.customer_id))
    return merge([*lines, *_out_of_wallet(campus_id, spent, new_lot_id)])


def wallet_payment(campus_id: UUID, spent: Iterable[WalletShare]) -> list[Line]:
    """Post what wallets paid for an order."""
    return merge(_out_of_wallet(campus_id, spent, NOBODY))


def wallet_return(campus_id: UUID, given: Iterable[WalletShare]) -> list[Line]:
    """Post refunded money that went back into the wallets that had paid."""
    lines: list[Line] = []
    for share in given:
        lines.append(Line(REFUND_PAYABLE, campus_id, share.amount_fen))
        lines.append(Line(WALLET, share.campus_id, -share.amount_fen, share.customer_id))
        lines += _owed(campus_id, share.campus_id, share.amount_fen)
    return merge(lines)


def wallet_refund(share: WalletShare, parts: Iterable[Part] = ()) -> list[Line]:
    """Owe a family what its wallet holds; `parts` of cash splits that are taken back are negative."""
    lines = [Line(WALLET, share.campus_id, share.amount_fen, share.customer_id)]
    lines.append(Line(REFUND_PAYABLE, share.campus_id, -share.amount_fen))
    return merge([*lines, *cash_parts(share.campus_id, parts)])


def _out_of_wallet(campus_id: UUID, spent: Iterable[WalletShare], lot_id: UUID) -> list[Line]:
    lines: list[Line] = []
    for share in spent:
        lines.append(Line(WALLET, share.campus_id, share.amount_fen, share.customer_id))
        lines.append(Line(CONTRACT_LIABILITY, campus_id, -share.amount_fen, NOBODY, lot_id))
        lines += _owed(share.campus_id, campus_id, share.amount_fen)
    return lines


def forfeit(campus_id: UUID, lot_id: UUID, amount_fen: int) -> list[Line]:
    """Close hours that were given up; their money is income of the campus that sold."""
    released = Line(CONTRACT_LIABILITY, campus_id, amount_fen, NOBODY, lot_id)
    return merge([released, Line(FORFEIT_INCOME, campus_id, -amount_fen)])


def reverse(lines: Iterable[Line]) -> list[Line]:
    """Negate lines exactly; a correction never computes again."""
    return [line._replace(amount_fen=-line.amount_fen) for line in lines]


def merge(lines: Iterable[Line]) -> list[Line]:
    """Sum lines of the same account and lot, leave out zeros, and order them by account."""
    sums: defaultdict[tuple[str, UUID, UUID, UUID], int] = defaultdict(int)
    for line in lines:
        sums[line.code, line.campus_id, line.party_id, line.lot_id] += line.amount_fen
    return [
        Line(code, campus, amount, party, lot) for (code, campus, party, lot), amount in sorted(sums.items()) if amount
    ]


def _owed(debtor: UUID, creditor: UUID, amount_fen: int) -> list[Line]:
    if debtor == creditor:
        return []
    return [Line(PAYABLE, debtor, -amount_fen, creditor), Line(RECEIVABLE, creditor, amount_fen, debtor)]
