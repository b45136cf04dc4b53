"""Before a rule is stored people see what the past would have been by it, and why; an end leaves rows as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.billing.actions import consumptions, restorations, split_previews, splits
from services.billing.rules import split_previews as rules
from services.billing.rules.split_previews import Total, decide
from services.billing.rules.splits import (
    ADVISOR,
    CASH,
    CONSUMPTION,
    HEAD_OFFICE,
    HEADQUARTERS,
    SELLING,
    TEACHING,
    Facts,
    Share,
    SplitRule,
    choose,
)
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken

COURSE, CAMPUS, OTHER = (UUID(int=number) for number in range(1, 4))
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
FACTS = Facts(CONSUMPTION, date(2026, 3, 15), COURSE, CAMPUS, OTHER, channel="douyin")
HALVES = (Share(TEACHING, basis_points=5000), Share(SELLING, basis_points=5000))


def rule(number: int = 1, **wanted: object) -> SplitRule:
    return replace(SplitRule(UUID(int=number), f"rule {number}", CONSUMPTION, 0, HALVES, MARCH), **wanted)  # type: ignore[arg-type]


def candidate(**wanted: object) -> SplitRule:
    first = rule(id=None, name="candidate", priority=1, start_date=date(2030, 1, 1))
    return replace(first, **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ([], "only_rule"),
        ([rule(2, priority=-1), rule(3, course_id=OTHER)], "highest_priority"),
        ([rule(2, priority=-1), rule(3, priority=-2, course_id=COURSE)], "highest_priority"),
        ([rule(2, start_date=date(2026, 2, 1))], "latest_start"),
        ([rule(0)], "last_stored"),
    ],
)
def test_the_reason_names_what_made_the_difference(others: list[SplitRule], reason: str) -> None:
    decision = decide([*others, rule(1)], FACTS)
    assert (decision.rule, decision.reason) == (rule(1), reason)
    assert decision.rule == choose([*others, rule(1)], FACTS)
    assert decision.others == tuple(other for other in others if other.course_id != OTHER)


def test_more_specific_wins_and_without_a_match_the_default_holds() -> None:
    narrow = rule(2, course_id=COURSE, channel="douyin")
    assert decide([rule(1), narrow], FACTS) == (narrow, "most_specific", (rule(1),))
    assert decide([rule(1, channel="walk_in")], FACTS) == (None, "no_rule", ())


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        (rule(2), True),
        (rule(2, priority=1), False),
        (rule(2, base=CASH), False),
        (rule(2, start_date=APRIL), False),
        (rule(2, start_date=date(2026, 3, 31)), True),
        (rule(2, start_date=date(2026, 2, 1), end_date=MARCH), False),
        (rule(2, course_id=COURSE), False),
    ],
)
def test_rules_of_equal_rank_that_can_meet_overlap(other: SplitRule, *, meets: bool) -> None:
    march = rule(1, end_date=APRIL)
    assert rules.overlaps(march, [march, other]) == [other] * meets
    assert rules.overlaps(other, [march, other]) == [march] * meets


def test_rules_that_name_different_things_overlap_where_both_can_match() -> None:
    of_course, of_channel, of_other = rule(1, course_id=COURSE), rule(2, channel="douyin"), rule(3, course_id=OTHER)
    assert rules.overlaps(of_course, [of_channel, of_other]) == [of_channel]


def test_a_period_is_compared_with_what_it_would_have_been(tx: Tx) -> None:
    factories.split_rule(tx)
    bought = factories.paid_order(tx, unit_price_fen=10000, hours=1000)
    taught_at = factories.campus(tx)
    # Local midnight of both borders: the first hour belongs to March, the last to April.
    first, last = datetime(2026, 2, 28, 16, tzinfo=UTC), datetime(2026, 3, 31, 16, tzinfo=UTC)
    for start in (first, datetime(2026, 3, 9, tzinfo=UTC), last, datetime(2026, 2, 28, 15, 59, tzinfo=UTC)):
        consumptions.consume(tx, factories.confirmed(bought, campus_id=taught_at, start_time=start))
    undone = factories.confirmed(bought, campus_id=taught_at, start_time=first)
    consumptions.consume(tx, undone)
    restorations.restore(tx, factories.unconfirmed(undone))
    before = tx.run("select count(*) from split_row").scalar()
    found = split_previews.preview(tx, candidate(), MARCH, APRIL)
    assert (found.matched_count, found.decided_count) == (2, 2)
    assert found.totals == (
        Total(HEADQUARTERS, HEAD_OFFICE, 2000, 0),
        Total(SELLING, bought.campus_id, 4000, 10000),
        Total(TEACHING, taught_at, 14000, 10000),
    )
    comparison = found.comparisons[0]
    assert comparison.source.occur_time == first
    assert (comparison.decision.reason, [other.name for other in comparison.decision.others]) == (
        "highest_priority",
        ["standard"],
    )
    assert tx.run("select count(*) from split_row").scalar() == before
    assert broken(tx) == []


def test_what_stays_with_another_rule_keeps_its_rows(tx: Tx) -> None:
    factories.split_rule(tx, priority=9)
    bought = factories.paid_order(tx)
    consumptions.consume(tx, factories.confirmed(bought, start_time=datetime(2026, 3, 9, tzinfo=UTC)))
    found = split_previews.preview(tx, candidate(), MARCH, APRIL)
    assert (found.matched_count, found.decided_count) == (1, 0)
    assert all(total.actual_fen == total.preview_fen for total in found.totals)
    assert [comparison.decision.rule and comparison.decision.rule.name for comparison in found.comparisons] == [
        "standard"
    ]
    elsewhere = split_previews.preview(tx, candidate(teaching_campus_id=OTHER), MARCH, APRIL)
    assert elsewhere == rules.Preview((), 0, 0, ())


def test_the_preview_of_a_rule_is_what_it_then_does(tx: Tx) -> None:
    """Store the rule in one of two equal pasts: the preview of the other says what the first became."""
    wanted = rule(shares=(Share(HEADQUARTERS, basis_points=333), Share(TEACHING, is_remainder=True)), priority=5)
    pasts = []
    for stored in (False, True):
        if stored:
            found = split_previews.preview(tx, wanted, MARCH, APRIL)
            splits.create_rule(tx, wanted)
        bought = factories.paid_order(tx, unit_price_fen=9999, hours=700, gift=100)
        event = factories.confirmed(bought, charge=133, start_time=datetime(2026, 3, 9, tzinfo=UTC))
        consumptions.consume(tx, event)
        query = (
            "select r.party, sum(r.amount_fen)::bigint from split_row r join consumption c on c.id = r.source_id"
            " where c.student_id = %s group by 1 order by 1"
        )
        pasts.append([tuple(row) for row in tx.run(query, (bought.student_id,))])
    assert [(total.party, total.actual_fen) for total in found.totals if total.actual_fen] == pasts[0]
    assert [(total.party, total.preview_fen) for total in found.totals] == pasts[1]


def test_cash_that_no_rule_divided_stays_where_it_was_received(tx: Tx) -> None:
    advisor = uuid7()
    bought = factories.order(tx, unit_price_fen=1000, hours=100, owner_id=advisor)
    factories.pay(tx, bought.order.id, 1000)
    wanted = candidate(base=CASH, shares=(Share(ADVISOR, basis_points=333), Share(SELLING, is_remainder=True)))
    today = tx.now.date()
    start, end = date.fromordinal(today.toordinal() - 1), date.fromordinal(today.toordinal() + 2)
    found = split_previews.preview(tx, wanted, start, end)
    assert found.totals == (Total(ADVISOR, advisor, 0, 33), Total(SELLING, bought.campus_id, 1000, 967))


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [(APRIL, MARCH, "DATES_REVERSED"), (MARCH, MARCH, "DATES_REVERSED"), (MARCH, date(2026, 6, 2), "TOO_LARGE")],
)
def test_a_period_that_makes_no_sense_is_refused(tx: Tx, start: date, end: date, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        split_previews.preview(tx, candidate(), start, end)
    assert refusal.value.reason.endswith(reason)


def test_more_sources_than_fit_are_refused_with_the_figures(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    bought = factories.paid_order(tx)
    for _ in range(2):
        consumptions.consume(tx, factories.confirmed(bought, start_time=datetime(2026, 3, 9, tzinfo=UTC)))
    monkeypatch.setattr(split_previews, "MOST_SOURCES", 1)
    with pytest.raises(Refused) as refusal:
        split_previews.preview(tx, candidate(), MARCH, APRIL)
    assert (refusal.value.reason, refusal.value.info["most"]) == ("SPLIT_PREVIEW_TOO_LARGE", "1")


def test_an_ended_rule_holds_no_longer_and_its_rows_stay(tx: Tx) -> None:
    stored = factories.split_rule(tx)
    bought = factories.paid_order(tx)
    event = factories.confirmed(bought, start_time=datetime(2026, 4, 9, tzinfo=UTC))
    consumptions.consume(tx, event)
    splits.end_rule(tx, stored.id, MAY)
    splits.end_rule(tx, stored.id, APRIL)
    for later in (APRIL, MAY):
        with pytest.raises(Refused) as refusal:
            splits.end_rule(tx, stored.id, later)
        assert (refusal.value.reason, refusal.value.info["end_date"]) == ("SPLIT_RULE_ENDED", "2026-04-01")
    with pytest.raises(InvalidInput):
        splits.end_rule(tx, stored.id, stored.start_date)
    for day, rules_found in ((31, {stored.id}), (1, {None})):
        start = datetime(2026, 3 if day == 31 else 4, day, tzinfo=UTC)
        following = factories.confirmed(bought, start_time=start)
        consumptions.consume(tx, following)
        query = (
            "select distinct r.rule_id from split_row r join consumption c on c.id = r.source_id"
            " where c.attendance_id = %s"
        )
        assert {row[0] for row in tx.run(query, (following.attendance_id,))} == rules_found
    restorations.restore(tx, factories.unconfirmed(event))
    assert broken(tx) == []


def test_a_draft_divides_nothing_until_it_is_activated_once(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    wanted = rule(shares=(Share(HEADQUARTERS, basis_points=10_000),))
    draft = splits.create_rule(tx, wanted, draft=True)
    decided = []
    for _ in range(2):
        event = factories.confirmed(bought, start_time=datetime(2026, 3, 9, tzinfo=UTC))
        found = split_previews.preview(tx, wanted, MARCH, APRIL)
        consumptions.consume(tx, event)
        query = "select r.party from split_row r join consumption c on c.id = r.source_id where c.attendance_id = %s"
        decided.append((len(found.comparisons), [row[0] for row in tx.run(query, (event.attendance_id,))]))
        if draft.state == "draft":
            splits.activate_rule(tx, draft.id)
    assert decided == [(0, [TEACHING]), (1, [HEADQUARTERS])]
    with pytest.raises(Refused) as refusal:
        splits.activate_rule(tx, draft.id)
    assert refusal.value.reason == "SPLIT_RULE_ACTIVE"
    assert broken(tx) == []


def test_previews_and_ends_concern_the_whole_chain(database: Database, caller: Caller) -> None:
    for work in (
        lambda tx: split_previews.preview(tx, candidate(), MARCH, APRIL),
        lambda tx: splits.end_rule(tx, uuid7(), APRIL),
        lambda tx: splits.activate_rule(tx, uuid7()),
    ):
        with pytest.raises(NotAllowed), database.begin(caller, scope=Scope(frozenset({uuid7()}))) as tx:
            work(tx)
