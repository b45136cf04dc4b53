"""Every posting balances, for the institution and for each campus in it."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules import postings, splits
from services.billing.rules.postings import Line
from services.billing.rules.splits import Part

A, B, HEAD, PERSON, LOT = UUID(int=1), UUID(int=2), splits.HEAD_OFFICE, UUID(int=9), UUID(int=7)
PLACES = {
    splits.SELLING: (A, A),
    splits.TEACHING: (B, B),
    splits.HEADQUARTERS: (HEAD, HEAD),
    splits.ADVISOR: (PERSON, A),
    splits.TEACHER: (PERSON, B),
}


def parts(amounts: dict[str, int]) -> list[Part]:
    return [Part(party, *PLACES[party], amount, "") for party, amount in amounts.items()]


def balances(lines: list[Line]) -> dict[UUID, int]:
    sums: defaultdict[UUID, int] = defaultdict(int)
    for line in lines:
        sums[line.campus_id] += line.amount_fen
    return dict(sums)


amounts = st.dictionaries(st.sampled_from(sorted(PLACES)), st.integers(1, 10**6), min_size=1)


@given(amounts)
def test_a_consumption_balances_for_each_campus(drawn: dict[str, int]) -> None:
    lines = postings.merge(postings.consumption(A, LOT, sum(drawn.values()), parts(drawn)))
    assert set(balances(lines).values()) == {0}
    revenue = sum(line.amount_fen for line in lines if line.code == postings.REVENUE)
    assert revenue == -sum(drawn.values())
    assert postings.merge([*lines, *postings.reverse(lines)]) == []


@given(amounts, st.integers(0, 10**6))
def test_a_payment_and_its_promises_balance_for_each_campus(drawn: dict[str, int], extra: int) -> None:
    lines = postings.payment(A, sum(drawn.values()) + extra, parts(drawn))
    assert set(balances(lines).values()) == {0}


@given(amounts, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_refund_balances_for_each_campus(drawn: dict[str, int], paid: int, fee: int, kept: int) -> None:
    back = {party: -amount for party, amount in drawn.items()}
    values = [(LOT, paid + fee), (UUID(int=8), kept)]
    lines = postings.refund(A, values=values, amount_fen=paid, fee_fen=fee, parts=parts(back))
    assert set(balances(lines).values()) <= {0}
    assert sum(line.amount_fen for line in lines if line.code == postings.FORFEIT_INCOME) == -kept


def test_a_debt_between_campuses_stands_in_both_books() -> None:
    lines = postings.merge(postings.consumption(A, LOT, 100, parts({splits.TEACHING: 70, splits.TEACHER: 30})))
    assert Line(postings.PAYABLE, A, -100, B) in lines
    assert Line(postings.RECEIVABLE, B, 100, A) in lines
    assert Line(postings.COMMISSION_EXPENSE, B, 30) in lines
    assert Line(postings.SPLIT_PAYABLE, B, -30, PERSON) in lines


def test_opening_moves_the_liability_to_the_lots() -> None:
    assert postings.opening(A, [(LOT, 100), (UUID(int=8), 0)]) == [
        Line(postings.CONTRACT_LIABILITY, A, 100),
        Line(postings.CONTRACT_LIABILITY, A, -100, postings.NOBODY, LOT),
    ]


def test_unapplied_money_is_owed_apart() -> None:
    assert postings.unapplied(A, 5) == [Line(postings.CASH, A, 5), Line(postings.UNAPPLIED_RECEIPTS, A, -5)]
