"""What goes back to a family, and what it does to lots, splits and books."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from lianxiao.billing.v1 import refund_pb2
from services.billing.actions import (
    consumptions,
    contracts,
    lots,
    orders,
    payments,
    pricing,
    quotes,
    refund_payouts,
    refund_rules,
    refunds,
    restorations,
)
from services.billing.actions.payments import Received
from services.billing.actions.refunds import Wish
from services.billing.models import Refund, RefundPayout
from services.billing.rules import splits
from services.billing.rules.callbacks import Notice
from services.billing.rules.refund_rules import (
    CONTRACT_PRICE,
    COOLING_OFF,
    FAMILY,
    MUTUAL,
    OVERPAYMENT,
    SCHOOL,
    VOID,
    WALLET,
    AgreedTerms,
    InterestRate,
)
from services.billing.rules.splits import Share
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published


def refund(tx: Tx, bought: factories.Purchase, wish: Wish | None = None) -> Refund:
    """Return a refund that was approved and has left the institution."""
    asked = refunds.request(tx, bought.order.id, wish or Wish(MUTUAL), reason="moved away")
    refunds.approve(tx, asked.id)
    for payout in payouts(tx, asked):
        refund_payouts.settle(tx, payout.id, succeeded=True)
    return asked


def payouts(tx: Tx, of: Refund) -> list[RefundPayout]:
    """Return the payouts of a refund."""
    return refund_payouts.of_refunds(tx, [of.id])[of.id]


def line_of(tx: Tx, bought: factories.Purchase) -> UUID:
    """Return the only line of an order."""
    return orders.lines_of(tx, bought.order.id)[0].id


def test_a_refund_closes_the_lots_and_pays_what_is_left(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=4000, unit_price_fen=20000, discount_fen=200000)
    for _ in range(10):
        consumptions.consume(tx, factories.confirmed(bought))
    paid = refund(tx, bought, Wish(MUTUAL, 5000))
    assert paid.amount_fen == 445000
    assert [(line["kind"], line["amount_fen"]) for line in paid.lines["lines"]] == [
        ("paid", 600000),
        ("consumed", -150000),
        ("fee", -5000),
    ]
    account = lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)
    assert account == (4000, 0, 1000, 3000, 0, 0, 0, 0, 0, 0)
    assert orders.get(tx, bought.order.id).state == "refunded"
    assert published(tx, "refund_paid")[0]["amount_fen"] == "445000"
    assert broken(tx) == []


def test_at_the_list_price_the_difference_stays_with_the_campus(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=4000, unit_price_fen=20000, discount_fen=200000)
    for _ in range(10):
        consumptions.consume(tx, factories.confirmed(bought))
    assert refund(tx, bought, Wish(FAMILY)).amount_fen == 400000
    assert tx.run("select balance_fen from ledger_account where code = 'forfeit_income'").scalar() == -50000
    assert broken(tx) == []


def test_nothing_is_claimed_from_the_family(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=4000, unit_price_fen=20000, discount_fen=200000)
    consumptions.consume(tx, factories.confirmed(bought, charge=3500))
    assert refund(tx, bought, Wish(FAMILY, 100)).amount_fen == 0
    assert broken(tx) == []


def test_splits_of_consumed_hours_stay_and_splits_of_cash_go_back(tx: Tx) -> None:
    advisor = uuid7()
    factories.split_rule(tx)
    shares = [Share(splits.HEADQUARTERS, basis_points=1000), Share(splits.ADVISOR, basis_points=333)]
    factories.split_rule(tx, [*shares, Share(splits.SELLING, is_remainder=True)], base=splits.CASH)
    bought = factories.order(tx, hours=3000, gift=200, unit_price_fen=19999, owner_id=advisor)
    for part in (100001, bought.order.total_fen - 100001):
        factories.pay(tx, bought.order.id, part)
    consumptions.consume(tx, factories.confirmed(bought, campus_id=factories.campus(tx)))
    paid = refund(tx, bought)
    back = tx.run("select sum(amount_fen), sum(base_fen) < 0 from split_row where source_kind = 'refund'").one()
    assert back[0] == -paid.amount_fen
    kept = tx.run("select sum(amount_fen) from split_row where base = 'cash_received'").scalar()
    assert kept == bought.order.total_fen - paid.amount_fen
    assert broken(tx) == []


def test_a_refund_of_everything_takes_back_every_fen_of_the_payments(tx: Tx) -> None:
    shares = [Share(splits.HEADQUARTERS, basis_points=777), Share(splits.SELLING, is_remainder=True)]
    factories.split_rule(tx, shares, base=splits.CASH)
    bought = factories.order(tx, hours=100, unit_price_fen=9999)
    for part in (3333, 3333, 3333):
        factories.pay(tx, bought.order.id, part)
    refund(tx, bought, Wish(COOLING_OFF))
    sums = tx.run("select party, sum(amount_fen), max(amount_fen) > 0 from split_row group by party order by party")
    assert [tuple(row) for row in sums] == [("headquarters", 0, True), ("selling_campus", 0, True)]
    owed = tx.run("select balance_fen from ledger_account where code = 'inter_campus_payable'").scalar()
    assert owed == 0
    assert broken(tx) == []


def test_an_order_that_is_part_paid_gives_back_what_was_paid(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    factories.pay(tx, bought.order.id, 4000)
    assert refund(tx, bought, Wish(MUTUAL, 500)).amount_fen == 3500
    with pytest.raises(Refused) as refusal:
        refund(tx, bought)
    assert refusal.value.reason == "ORDER_NOT_REFUNDABLE"
    with pytest.raises(Refused):
        factories.pay(tx, bought.order.id, 6000)
    assert broken(tx) == []


def test_nothing_was_paid_nothing_goes_back(tx: Tx) -> None:
    bought = factories.order(tx)
    with pytest.raises(Refused):
        refunds.preview(tx, bought.order.id, Wish(MUTUAL))


def test_a_full_refund_is_not_open_after_the_first_lesson(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    consumptions.consume(tx, factories.confirmed(bought))
    with pytest.raises(Refused) as refusal:
        refund(tx, bought, Wish(COOLING_OFF))
    assert refusal.value.reason == "REFUND_BASIS_NOT_OPEN"


def test_a_refund_is_approved_once_and_only_as_it_was_requested(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    asked = refunds.request(tx, bought.order.id, Wish(MUTUAL), reason="moved away")
    with pytest.raises(AlreadyExists), tx.session.begin_nested():
        refunds.request(tx, bought.order.id, Wish(MUTUAL), reason="again")
    event = factories.confirmed(bought)
    consumptions.consume(tx, event)
    with pytest.raises(Refused, match="600000 fen were requested, 580000 fen are due now"):
        refunds.approve(tx, asked.id)
    restorations.restore(tx, factories.unconfirmed(event))
    refunds.approve(tx, asked.id)
    with pytest.raises(Refused, match="the refund is approved"):
        refunds.approve(tx, asked.id)
    assert broken(tx) == []


def test_an_attendance_that_is_taken_back_after_a_refund_can_be_refunded_too(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=333)
    event = factories.confirmed(bought, charge=100)
    consumptions.consume(tx, event)
    first = refund(tx, bought)
    restorations.restore(tx, factories.unconfirmed(event))
    second = refund(tx, bought)
    assert first.amount_fen + second.amount_fen == bought.order.total_fen
    assert broken(tx) == []


def test_an_unknown_refund_is_not_found(tx: Tx) -> None:
    with pytest.raises(NotFound):
        refunds.approve(tx, uuid7())


def test_a_part_of_the_hours_goes_back_and_the_rest_can_be_used_and_refunded(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=4000, gift=400, unit_price_fen=20000, discount_fen=200000)
    for _ in range(10):
        consumptions.consume(tx, factories.confirmed(bought))
    first = refund(tx, bought, Wish(FAMILY, wanted={line_of(tx, bought): 1500}))
    account = lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)
    assert (account.remaining_hundredths, account.refunded_hundredths) == (1500 + 200, 1500 + 200)
    assert orders.get(tx, bought.order.id).state == "paid"
    consumptions.consume(tx, factories.confirmed(bought))
    second = refund(tx, bought, Wish(FAMILY))
    # Eleven hours at the list price of 200 are the family's, everything else went back.
    assert first.amount_fen + second.amount_fen == 600000 - 11 * 20000
    assert orders.get(tx, bought.order.id).state == "refunded"
    assert broken(tx) == []


def test_more_hours_than_are_left_do_not_go_back(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000)
    with pytest.raises(Refused) as refusal:
        refunds.preview(tx, bought.order.id, Wish(SCHOOL, wanted={line_of(tx, bought): 1001}))
    assert (refusal.value.info["wanted_hours"], refusal.value.info["left_hours"]) == ("10.01", "10")
    with pytest.raises(InvalidInput):
        refunds.preview(tx, bought.order.id, Wish(SCHOOL, wanted={uuid7(): 1}))


def test_before_all_is_paid_only_the_whole_goes_back(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    factories.pay(tx, bought.order.id, 4000)
    with pytest.raises(Refused) as refusal:
        refunds.preview(tx, bought.order.id, Wish(SCHOOL, wanted={line_of(tx, bought): 1}))
    assert refusal.value.reason == "REFUND_PART_NOT_OPEN"


def test_each_payment_gets_back_at_most_what_it_brought_in_the_latest_first(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    for age, (amount, method) in enumerate([(2000, "transfer"), (3000, "cash"), (5000, "pos")]):
        received = Received(amount, method, tx.now - timedelta(hours=3 - age))
        payments.record(tx, bought.order.id, received)
    consumptions.consume(tx, factories.confirmed(bought, charge=10))
    paid = refund(tx, bought)
    ways = {each.method: each.amount_fen for each in payouts(tx, paid)}
    assert ways == {"pos": 5000, "cash": 3000, "transfer": 1000}
    assert broken(tx) == []


def test_a_refund_is_paid_when_all_of_it_has_left(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    for part in (4000, 6000):
        factories.pay(tx, bought.order.id, part)
    asked = refunds.request(tx, bought.order.id, Wish(SCHOOL), reason="the campus closes")
    refunds.approve(tx, asked.id)
    first, second = payouts(tx, asked)
    refund_payouts.settle(tx, first.id, succeeded=True)
    assert (asked.state, published(tx, "refund_paid")) == ("approved", [])
    assert tx.run("select balance_fen from ledger_account where code = 'refund_payable'").scalar() == -second.amount_fen
    refund_payouts.settle(tx, second.id, succeeded=False, failure="account closed")
    with pytest.raises(Refused, match="the payout has failed"):
        refund_payouts.settle(tx, second.id, succeeded=True)
    again = refund_payouts.redirect(tx, second.id, method="transfer")
    with pytest.raises(Refused):
        refund_payouts.redirect(tx, second.id, method="transfer")
    assert (again.payment_id, again.amount_fen) == (second.payment_id, second.amount_fen)
    refund_payouts.settle(tx, again.id, succeeded=True)
    assert asked.state == "paid"
    assert [event["amount_fen"] for event in published(tx, "refund_paid")] == ["10000"]
    assert broken(tx) == []


def test_money_above_the_order_goes_back_by_itself(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    intent = payments.create_intent(tx, bought.order.id, amount_fen=10000, provider="sandbox")
    factories.pay(tx, bought.order.id, 10000)
    payments.take_notice(tx, "sandbox", Notice("T-1", intent.reference, 10000, "CNY", "SUCCESS"))
    paid = refund(tx, bought, Wish(OVERPAYMENT))
    assert [(each.method, each.amount_fen) for each in payouts(tx, paid)] == [("sandbox", 10000)]
    assert published(tx, "refund_paid") == []
    assert orders.get(tx, bought.order.id).refunded_fen == 0
    with pytest.raises(Refused) as refusal:
        refunds.preview(tx, bought.order.id, Wish(OVERPAYMENT))
    assert refusal.value.reason == "ORDER_NOT_REFUNDABLE"
    assert broken(tx) == []


def test_interest_runs_from_the_end_of_the_contract_and_goes_by_transfer(database: Database, caller: Caller) -> None:
    signed = datetime(2025, 12, 1, 4, tzinfo=UTC)
    with database.begin(caller, now=signed) as tx:
        bought = factories.paid_order(tx, hours=1000, unit_price_fen=45000)
        refund_rules.put_rate(tx, InterestRate("lpr_1y", 310, date(2025, 11, 20), "a later table"))
    with database.begin(caller, now=signed + timedelta(days=90)) as tx:
        wish = Wish(SCHOOL, end_date=date(2026, 1, 30))
        asked = refunds.request(tx, bought.order.id, wish, reason="the campus closed")
        assert (asked.amount_fen, asked.interest_fen) == (450000, 1147)
    with database.begin(caller, now=signed + timedelta(days=120), keep=False) as tx:
        refunds.approve(tx, asked.id)
        given = refunds.get(tx, asked.id)
        # Sixty days by now, at the rate of the day of signing.
        assert (given.amount_fen, given.interest_fen) == (450000, 2293)
        ways = {(each.payment_id is None, each.method, each.amount_fen) for each in payouts(tx, given)}
        assert ways == {(False, "cash", 450000), (True, "transfer", 2293)}
        assert given.lines["lines"][-1]["facts"]["days"] == 60
        assert broken(tx) == []
        for day in (date(2025, 11, 30), date(2026, 4, 1)):
            with pytest.raises(InvalidInput):
                refunds.preview(tx, bought.order.id, Wish(SCHOOL, end_date=day))


def test_the_terms_of_a_contract_count_where_they_are_better(tx: Tx) -> None:
    campus_id = factories.campus(tx)
    item = pricing.Item(uuid7(), 4000, 20000, 0, 200000)
    quote = quotes.create(tx, customer_id=uuid7(), campus_id=campus_id, items=[item])
    quotes.confirm(tx, quote.id)
    contract = contracts.create(tx, quote.id, gift_policy="zero")
    refund_rules.agree(tx, contract.id, AgreedTerms({}, fee_fen=1))
    refund_rules.agree(tx, contract.id, AgreedTerms({FAMILY: CONTRACT_PRICE}, fee_basis_points=500))
    contracts.sign(tx, contract.id)
    with pytest.raises(Refused, match="the contract is signed"):
        refund_rules.agree(tx, contract.id, AgreedTerms({}))
    bought = factories.Purchase(orders.create(tx, contract.id), quote.customer_id, item.course_id, campus_id)
    factories.pay(tx, bought.order.id, 600000)
    for _ in range(10):
        consumptions.consume(tx, factories.confirmed(bought))
    paid = refund(tx, bought, Wish(FAMILY))
    assert (paid.way, paid.law_fen, paid.contract_fen, paid.amount_fen) == ("contract", 400000, 427500, 427500)
    assert tx.run("select balance_fen from ledger_account where code = 'refund_fee_income'").scalar() == -22500
    assert broken(tx) == []


def test_who_asked_does_not_decide_and_large_amounts_are_for_the_chain(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=100, unit_price_fen=10000)
        refund_rules.set_policy(tx, campus_id=bought.campus_id, province="", chain_approval_from_fen=10000)
    asks, decides, leads = (staff(institution) for _ in range(3))
    here = Scope(frozenset({bought.campus_id}))
    with database.begin(asks) as tx:
        asked = refunds.request(tx, bought.order.id, Wish(SCHOOL), reason="closing")
        for decide in (refunds.approve, lambda tx, key: refunds.reject(tx, key, reason="no")):
            with pytest.raises(NotAllowed) as own:
                decide(tx, asked.id)
            assert own.value.reason == "REFUND_OWN_REQUEST"
    with database.begin(decides, scope=here, keep=False) as tx:
        with pytest.raises(NotAllowed) as limit:
            refunds.approve(tx, asked.id)
        assert (limit.value.info["amount_fen"], limit.value.info["from_fen"]) == ("10000", "10000")
    with database.begin(leads, keep=False) as tx:
        assert refunds.approve(tx, asked.id).state == "approved"
    with database.begin(decides, scope=here, keep=False) as tx:
        assert refunds.reject(tx, asked.id, reason="the contract stands").decision == "the contract stands"
        assert refunds.request(tx, bought.order.id, Wish(MUTUAL), reason="agreed").state == "requested"
        assert broken(tx) == []


def test_a_withdrawn_request_makes_way_for_another(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    asked = refunds.request(tx, bought.order.id, Wish(MUTUAL), reason="moved away")
    refunds.withdraw(tx, asked.id, reason="they stay")
    with pytest.raises(Refused):
        refunds.approve(tx, asked.id)
    assert refund(tx, bought).state == "paid"


def test_a_contract_of_a_child_is_void_and_says_why(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    with pytest.raises(Refused) as refusal:
        refunds.preview(tx, bought.order.id, Wish(VOID, payer_age_years=18))
    assert refusal.value.reason == "REFUND_CONTRACT_NOT_VOID"
    paid = refund(tx, bought, Wish(VOID, 5000, payer_age_years=16))
    assert paid.amount_fen == bought.order.total_fen
    assert paid.lines["lines"][-1] == {"kind": "void", "amount_fen": 0, "facts": {"age_years": 16, "consented": "no"}}


def test_who_knew_the_course_has_no_days_to_think(tx: Tx) -> None:
    before = factories.paid_order(tx)
    consumptions.consume(tx, factories.confirmed(before, start_time=tx.now - timedelta(days=1)))
    again = factories.paid_order(
        tx, student_id=before.student_id, course_id=before.course_id, campus_id=before.campus_id
    )
    with pytest.raises(Refused) as refusal:
        refunds.preview(tx, again.order.id, Wish(COOLING_OFF))
    assert refusal.value.reason == "REFUND_BASIS_NOT_OPEN"


def test_own_rules_stand_in_for_the_examples_and_replaced_ones_stay(tx: Tx) -> None:
    (_, newest), *_ = sorted(refund_rules.every(tx), key=lambda each: each[1].effective_date, reverse=True)
    own = replace(newest, version="checked by counsel", cooling_off_days=10)
    for version in ("first", "checked by counsel"):
        refund_rules.put(tx, replace(own, version=version))
    versions = [rule.version for key, rule in refund_rules.every(tx) if key]
    assert versions == ["cn-consumer-law-53", "checked by counsel"]
    assert tx.run("select count(*) from refund_rule where replace_time is not null").scalar() == 2
    # The figures of the preview follow.
    bought = factories.paid_order(tx)
    assert refunds.preview(tx, bought.order.id, Wish(MUTUAL)).rule.version == "checked by counsel"


def test_every_cause_and_state_is_on_the_wire() -> None:
    causes = {name.removeprefix("REFUND_CAUSE_").lower() for name in refund_pb2.RefundCause.keys()}  # noqa: SIM118 - an enum wrapper is no dict
    assert causes == {"unspecified", SCHOOL, MUTUAL, FAMILY, COOLING_OFF, VOID, OVERPAYMENT, WALLET}
