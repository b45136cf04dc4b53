"""Commissions on cash: a rate of all that is kept of an order, by whatever payments and refunds it came about."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.actions import partners, payout_batches, settlement_runs, settlements
from services.billing.actions.refunds import Wish
from services.billing.models import Settlement
from services.billing.rules import splits
from services.billing.rules.commissions import difference, kept_of
from services.billing.rules.refund_rules import SCHOOL
from services.billing.rules.splits import CASH, Facts, Share, SplitRule, Tier
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.money import round_half_up
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.test_refunds import refund

MARCH, APRIL, MAY = (datetime(2026, month, 5, tzinfo=UTC) for month in (3, 4, 5))
COURSE, SELLING, ADVISOR, PARTNER = (UUID(int=number) for number in range(1, 5))
FACTS = Facts(CASH, factories.LONG_AGO, COURSE, SELLING, advisor_id=ADVISOR, partner_id=PARTNER)
REST = Share(splits.SELLING, is_remainder=True)
FIVE_PERCENT = (Share(splits.PARTNER, basis_points=500), REST)


def rule(*shares: Share) -> SplitRule:
    return SplitRule(None, "commission", CASH, 0, shares, factories.LONG_AGO)


def given_to(tx: Tx, party: str) -> int:
    return int(tx.run("select coalesce(sum(amount_fen), 0) from split_row where party = %s", (party,)).scalar())


@given(
    st.integers(1, 4_000),
    st.integers(1, 4_000),
    st.lists(st.integers(-30_000, 30_000), min_size=1, max_size=12),
)
def test_commissions_are_the_rate_of_the_cash_kept_after_any_payments_and_refunds(
    partner: int, advisor: int, moves: list[int]
) -> None:
    wanted = rule(Share(splits.PARTNER, basis_points=partner), Share(splits.ADVISOR, basis_points=advisor), REST)
    standing: dict[tuple[str, UUID, UUID], int] = {}
    kept = 0
    for move in moves:
        change = max(-kept, move)
        kept += change
        parts = difference(splits.divide(wanted, FACTS, kept), standing, kept_fen=kept)
        assert sum(part.amount_fen for part in parts) == change
        for part in parts:
            earner = part.party, part.party_id, part.home_campus_id
            standing[earner] = standing.get(earner, 0) + part.amount_fen
    for party, party_id, points in ((splits.PARTNER, PARTNER, partner), (splits.ADVISOR, ADVISOR, advisor)):
        assert standing.get((party, party_id, SELLING), 0) == round_half_up(Fraction(points * kept, splits.WHOLE))


@pytest.mark.parametrize(
    ("divided", "kept", "back", "left"),
    [(300, 300, 100, 200), (300, 300, 300, 0), (100, 300, 100, 67), (100, 300, 300, 0), (0, 0, 0, 0)],
)
def test_divided_cash_goes_back_in_proportion(divided: int, kept: int, back: int, left: int) -> None:
    assert kept_of(divided, kept_fen=kept, back_fen=back) == left


@pytest.mark.parametrize(
    ("base", "points"), [(0, 0), (9_999, 0), (10_000, 300), (10_001, 300), (19_999, 300), (20_000, 700), (10**9, 700)]
)
def test_a_tier_holds_from_its_amount_up_to_the_next(base: int, points: int) -> None:
    tiers = (Tier(0, 0), Tier(10_000, 300), Tier(20_000, 700))
    parts = splits.divide(rule(Share(splits.PARTNER, tiers=tiers), REST), FACTS, base)
    got = sum(part.amount_fen for part in parts if part.party == splits.PARTNER)
    assert got == round_half_up(Fraction(points * base, splits.WHOLE))
    assert sum(part.amount_fen for part in parts) == base


def test_a_rule_of_commissions_alone_makes_up_the_whole() -> None:
    halves = rule(Share(splits.PARTNER, basis_points=5000), Share(splits.ADVISOR, basis_points=5000))
    assert sorted(part.amount_fen for part in splits.divide(halves, FACTS, 101)) == [50, 51]


def test_instalments_bring_the_commission_of_the_whole_and_not_of_each(tx: Tx) -> None:
    factories.split_rule(tx, FIVE_PERCENT, base=CASH)
    bought = factories.order(tx, hours=100, unit_price_fen=90, partner_id=uuid7())
    for _ in range(9):
        # 5 % of 10 fen would be a fen each time.
        factories.pay(tx, bought.order.id, 10)
    assert given_to(tx, splits.PARTNER) == 5
    assert broken(tx) == []


def test_reaching_a_tier_lifts_what_was_paid_before(tx: Tx) -> None:
    tiers = (Tier(0, 100), Tier(10_000, 1000))
    factories.split_rule(tx, (Share(splits.PARTNER, tiers=tiers), REST), base=CASH)
    bought = factories.order(tx, hours=100, unit_price_fen=10_000, partner_id=uuid7())
    for part, sum_so_far in ((9_999, 100), (1, 1000)):
        factories.pay(tx, bought.order.id, part)
        assert given_to(tx, splits.PARTNER) == sum_so_far
    said = tx.run("select explanation from split_row where party = 'partner' order by create_time, id").scalars().all()
    assert said[1] == "standard v1: 10 % from 10000 fen on; 1000 fen of 10000 fen kept, 100 fen before"
    assert broken(tx) == []


def test_the_rule_of_the_first_payment_divides_the_whole_order(tx: Tx) -> None:
    factories.split_rule(tx, FIVE_PERCENT, base=CASH)
    bought = factories.order(tx, hours=100, unit_price_fen=10_000, partner_id=uuid7())
    factories.pay(tx, bought.order.id, 4_000)
    factories.split_rule(tx, (Share(splits.PARTNER, basis_points=9000), REST), base=CASH, priority=9)
    factories.pay(tx, bought.order.id, 6_000)
    assert given_to(tx, splits.PARTNER) == 500
    assert broken(tx) == []


def test_after_a_full_refund_the_commission_is_nothing_and_what_was_paid_out_is_owed(
    database: Database, caller: Caller
) -> None:
    """The partner has been paid by then: the claw-back becomes a receivable, never a loss (SAFETY A.2, I14)."""
    with database.begin(caller, now=MARCH) as tx:
        factories.split_rule(tx, FIVE_PERCENT, base=CASH)
        bought = factories.paid_order(tx, hours=100, unit_price_fen=10_000, partner_id=uuid7())
    with database.begin(caller, now=APRIL) as tx:
        assert _confirmed(tx, MARCH) == 500
        batch = payout_batches.create(tx, splits.PARTNER)
        assert payout_batches.pay(tx, batch.id).amount_fen == 500
        refund(tx, bought, Wish(SCHOOL))
        assert given_to(tx, splits.PARTNER) == 0
        rows = tx.run("select amount_fen, reverses_id is not null from split_row where source_kind = 'refund'").all()
        assert sorted(map(tuple, rows)) == [(-9_500, True), (-500, True)]
    with database.begin(caller, now=MAY) as tx:
        assert _confirmed(tx, APRIL) == -500
        owed = "select balance_fen from ledger_account where code = 'party_receivable'"
        assert tx.run(owed).scalar() == 500
        assert broken(tx) == []


def test_the_partner_of_an_order_is_the_one_who_was_granted_the_customer_last(tx: Tx) -> None:
    customer_id, first, second = uuid7(), uuid7(), uuid7()
    factories.registered(tx, customer_id, first)
    factories.registered(tx, customer_id, second, outcome="known")
    assert partners.of_customer(tx, customer_id, wanted=None) == first
    with pytest.raises(Refused, match="not granted"):
        partners.of_customer(tx, customer_id, wanted=second)
    assert factories.order(tx, student_id=customer_id).order.partner_id == first
    assert factories.order(tx).order.partner_id is None


def test_a_rule_for_one_partner_region_and_form_leaves_the_others_alone(tx: Tx) -> None:
    partner_id, region_id = uuid7(), uuid7()
    campus_id = factories.campus(tx, region_id=region_id)
    factories.split_rule(tx, FIVE_PERCENT, base=CASH, partner_id=partner_id, region_id=region_id)
    for place, who, paid in (
        (campus_id, partner_id, 500),
        (campus_id, uuid7(), 500),
        (factories.campus(tx), partner_id, 500),
    ):
        factories.paid_order(tx, hours=100, unit_price_fen=10_000, campus_id=place, partner_id=who)
        assert given_to(tx, splits.PARTNER) == paid


def _confirmed(tx: Tx, month: datetime) -> int:
    """Settle a month and return what its partner gets."""
    settlement_runs.create(tx, month.date())
    while settlement_runs.step(tx):
        pass
    row = tx.session.query(Settlement).filter_by(party=splits.PARTNER, start_date=month.date().replace(day=1)).one()
    return settlements.confirm(tx, row.id).amount_fen
