"""Settlement statements: every split row in exactly one, summed to the fen, closed for good once confirmed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError

from services.billing.actions import consumptions, restorations, settlement_runs, settlements, split_previews
from services.billing.actions import splits as split_actions
from services.billing.models import Settlement
from services.billing.rules import splits
from services.billing.rules.splits import Share
from shared.caller import Caller, Grant, Scope
from shared.db import Database, Tx
from shared.errors import Conflict, DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken

MARCH = date(2026, 3, 1)
ONE_MORE = """insert into settlement_line select institution_id, gen_random_uuid(), create_time, update_time, campus_id,
  settlement_id, kind, 1, occur_time, reason, null from settlement_line limit 1"""
THIRDS = (
    Share(splits.TEACHER, basis_points=3000),
    Share(splits.ADVISOR, basis_points=1000),
    Share(splits.HEADQUARTERS, basis_points=1000),
    Share(splits.TEACHING, is_remainder=True),
)


def settle(tx: Tx, day: date, *, batch: int = 3) -> None:
    settlement_runs.create(tx, day)
    while settlement_runs.step(tx, batch=batch):
        pass


def statements(tx: Tx, start: date = MARCH) -> dict[str, Settlement]:
    """Return the statements of a month by party; there is one of each here."""
    found = tx.session.query(Settlement).filter(Settlement.start_date == start).all()
    return {row.party: row for row in found}


@pytest.fixture
def teacher_id() -> UUID:
    return uuid7()


def teach(tx: Tx, bought: factories.Purchase, teacher_id: UUID, when: datetime) -> object:
    event = factories.confirmed(bought, teacher_id=teacher_id, start_time=when)
    consumptions.consume(tx, event)
    return event


def bought_and_split(tx: Tx) -> factories.Purchase:
    factories.split_rule(tx, THIRDS)
    return factories.paid_order(tx, owner_id=uuid7(), unit_price_fen=10000)


def test_every_row_of_a_month_is_in_one_statement_by_the_day_of_its_campus(
    database: Database, caller: Caller, teacher_id: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = bought_and_split(tx)
        # 2026-03-31 23:59 and 2026-04-01 00:00 in Shanghai; the first of March begins on the last of February in UTC.
        for month, day, hour, minute in ((2, 28, 16, 0), (3, 31, 15, 59), (3, 31, 16, 0)):
            teach(tx, bought, teacher_id, datetime(2026, month, day, hour, minute, tzinfo=UTC))
        settle(tx, date(2026, 3, 17))
        march = statements(tx)
        figures = {party: (row.amount_fen, row.line_count, row.state) for party, row in march.items()}
        assert figures == {
            "teacher": (6000, 2, "draft"),
            "advisor": (2000, 2, "draft"),
            "headquarters": (2000, 2, "draft"),
            "campus": (10000, 2, "draft"),
        }
        settle(tx, date(2026, 4, 1))
        assert {row.line_count for row in statements(tx, date(2026, 4, 1)).values()} == {1}
        assert broken(tx) == []


def test_what_comes_late_goes_to_the_next_statement_and_confirmed_ones_never_change(
    database: Database, caller: Caller, teacher_id: UUID
) -> None:
    in_march, now = datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=UTC)
    with database.begin(caller, now=datetime(2026, 3, 31, 20, tzinfo=UTC), keep=False) as tx:
        settle(tx, MARCH)
        refused(lambda: settlement_runs.create(tx, date(2026, 4, 2)), "PERIOD_NOT_OVER")
        refused(lambda: settlements.confirm(tx, _draft(tx).id), "PERIOD_NOT_OVER")
    with database.begin(caller, now=now) as tx:
        bought = bought_and_split(tx)
        event = teach(tx, bought, teacher_id, in_march)
        settle(tx, MARCH)
        march = statements(tx)["teacher"]
        settlements.confirm(tx, march.id)
        teach(tx, bought, teacher_id, in_march)
        settle(tx, MARCH)
        tx.session.refresh(march)
        assert (march.amount_fen, march.line_count, march.state) == (3000, 1, "confirmed")
        # A draft of the same month takes the late row still.
        assert statements(tx)["campus"].line_count == 2
        restorations.restore(tx, factories.unconfirmed(event))  # type: ignore[arg-type]
        settle(tx, date(2026, 4, 1))
        april = statements(tx, date(2026, 4, 1))["teacher"]
        assert (april.amount_fen, april.line_count) == (3000, 1)
    with database.begin(caller, now=datetime(2026, 6, 5, tzinfo=UTC)) as tx:
        settle(tx, date(2026, 5, 1))
        assert statements(tx, date(2026, 5, 1))["teacher"].amount_fen == -3000
        kinds = tx.run("select kind, count(*) from settlement_line group by kind order by kind").all()
        assert [tuple(row) for row in kinds] == [("late", 1), ("reversal", 4), ("split", 7)]
        assert broken(tx) == []


def test_a_run_that_is_killed_goes_on_where_it_was(database: Database, caller: Caller, teacher_id: UUID) -> None:
    with database.begin(caller) as tx:
        bought = bought_and_split(tx)
        for day in range(1, 6):
            teach(tx, bought, teacher_id, datetime(2026, 3, day, 2, tzinfo=UTC))
        run_id = settlement_runs.create(tx, MARCH).id
        with pytest.raises(Conflict, match="being made"):
            settlements.confirm(tx, _draft(tx).id)
    with database.begin(caller) as tx:
        assert settlement_runs.step(tx, batch=7)
    with database.begin(caller, keep=False) as tx:
        assert settlement_runs.step(tx, batch=7)
    with database.begin(caller) as tx:
        run = settlement_runs.get(tx, run_id)
        assert (run.state, run.total_count, run.row_count, run.line_count) == ("running", 20, 7, 7)
        with pytest.raises(Conflict, match="being made"):
            settlement_runs.create(tx, MARCH)
    with database.begin(caller) as tx:
        while settlement_runs.step(tx, batch=7):
            pass
        run = settlement_runs.get(tx, run_id)
        assert (run.state, run.row_count, run.line_count) == ("done", 20, 20)
        assert statements(tx)["campus"].amount_fen == 25000
        assert broken(tx) == []


def _draft(tx: Tx) -> Settlement:
    """Return a statement as an earlier run would have left it."""
    tx.run(
        "insert into settlement (institution_id, id, create_time, update_time, campus_id, party, party_id, start_date,"
        " end_date, state, amount_fen, line_count)"
        " values (%s, %s, now(), now(), %s, 'partner', %s, %s, %s, 'draft', 0, 0)",
        (tx.institution_id, uuid7(), uuid7(), uuid7(), MARCH, date(2026, 4, 1)),
    )
    return tx.session.query(Settlement).one()


def test_a_dispute_is_answered_by_an_adjustment_before_anybody_confirms(
    database: Database, caller: Caller, teacher_id: UUID
) -> None:
    with database.begin(caller) as tx:
        teach(tx, bought_and_split(tx), teacher_id, datetime(2026, 3, 9, tzinfo=UTC))
        settle(tx, MARCH)
        rows = statements(tx)
        pay = rows["teacher"]
        settlements.dispute(tx, pay.id, "少算了一节课")
        refused(lambda: settlements.dispute(tx, pay.id, "again"), "SETTLEMENT_DISPUTED")
        refused(lambda: settlements.confirm(tx, pay.id), "SETTLEMENT_DISPUTED")
        assert settlements.adjust(tx, pay.id, amount_fen=3000, reason="三月九日晚课").amount_fen == 6000
        assert settlements.answer(tx, pay.id, "已补").state == "draft"
        refused(lambda: settlements.answer(tx, pay.id, "again"), "SETTLEMENT_UNDISPUTED")
        with pytest.raises(InvalidInput):
            settlements.adjust(tx, pay.id, amount_fen=0, reason="nothing")
        refused(lambda: settlements.adjust(tx, rows["campus"].id, amount_fen=1, reason="x"), "SETTLEMENT_OF_CAMPUS")
        settlements.confirm(tx, pay.id)
        for change in (settlements.confirm, lambda tx, key: settlements.adjust(tx, key, amount_fen=1, reason="x")):
            assert refused(lambda change=change: change(tx, pay.id), "SETTLEMENT_CLOSED")["amount_fen"] == "6000"
        refused(lambda: settlements.dispute(tx, pay.id, "late"), "SETTLEMENT_CLOSED")
        text = settlements.file(tx, pay.id, language="zh").decode("utf-8-sig").splitlines()
        assert text[0] == "日期,类型,来源编号,基数（元）,金额（元）,说明"
        assert text[1].startswith("2026-03-09,分账,")
        assert text[2].endswith(",30.00,三月九日晚课")
        assert text[3] == "合计,,,,60.00,"
        assert broken(tx) == []


def refused(work: object, reason: str) -> dict[str, str]:
    with pytest.raises((Refused, Conflict)) as error:
        work()  # type: ignore[operator]
    assert isinstance(error.value, DomainError)
    assert error.value.reason == reason
    return error.value.info


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (ONE_MORE, IntegrityError),
        ("update settlement set state = 'draft'", IntegrityError),
        ("update settlement set amount_fen = 1", ProgrammingError),
        ("update settlement_line set amount_fen = 1", ProgrammingError),
        ("delete from settlement_line", ProgrammingError),
    ],
)  # fmt: skip
def test_the_database_keeps_confirmed_statements(
    database: Database, caller: Caller, teacher_id: UUID, statement: str, error: type[Exception]
) -> None:
    with database.begin(caller) as tx:
        factories.split_rule(tx, (Share(splits.TEACHER, basis_points=10000),))
        bought = factories.paid_order(tx)
        teach(tx, bought, teacher_id, datetime(2026, 3, 9, tzinfo=UTC))
        settle(tx, MARCH)
        settlements.confirm(tx, statements(tx)["teacher"].id)
    with pytest.raises(error), database.begin(caller) as tx:
        tx.run(statement)


def test_pay_shows_to_who_may_see_it_alone(database: Database, caller: Caller, teacher_id: UUID) -> None:
    with database.begin(caller) as tx:
        bought = bought_and_split(tx)
        teach(tx, bought, teacher_id, datetime(2026, 3, 9, tzinfo=UTC))
        teach(tx, bought, uuid7(), datetime(2026, 3, 9, tzinfo=UTC))
        settle(tx, MARCH)
        mine = next(row.id for row in tx.session.query(Settlement) if row.party_id == teacher_id)
        advisor = bought.order.owner_id
    here = frozenset({bought.campus_id})
    reading = Grant(("settlement.read",), here)
    # Who asks, how far settlement.read reaches, and whose statements show.
    cases = [
        (reading, Scope(here), teacher_id, {"campus"}),
        (Grant(("settlement.read", "pay.read"), here), Scope(here), uuid7(), {"campus", "advisor", "teacher"}),
        (Grant(("settlement.read", "pay.read"), frozenset({uuid7()})), Scope(here), uuid7(), {"campus"}),
        (Grant(("settlement.read", "pay.read"), here, own=True), Scope(here, own=True), teacher_id, {"teacher"}),
        (Grant(("settlement.read", "pay.read"), here, own=True), Scope(here, own=True), advisor, {"advisor"}),
    ]
    for grant, scope, subject, parties in cases:
        who = Caller(caller.institution_id, subject, "staff", (grant,))  # type: ignore[arg-type]
        with database.begin(who, scope=scope, read_only=True) as tx:
            rows = settlements.page(tx, _All()).rows
            assert {row.party for row in rows} == parties
            if len(parties) == 1 and scope.own:
                assert {row.party_id for row in rows} == {subject}
            if "teacher" not in parties:
                with pytest.raises(NotFound):
                    settlements.get(tx, mine)
                with pytest.raises(NotFound):
                    settlements.file(tx, mine, language="en")
                with pytest.raises(NotFound):
                    settlements.lines(tx, mine, _All())


def test_split_rows_and_previews_tell_no_pay_to_who_may_not_see_it(
    database: Database, caller: Caller, teacher_id: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = bought_and_split(tx)
        teach(tx, bought, teacher_id, datetime(2026, 3, 9, tzinfo=UTC))
        teach(tx, bought, uuid7(), datetime(2026, 3, 9, tzinfo=UTC))
    here, advisor = frozenset({bought.campus_id}), bought.order.owner_id
    reading = ("split.read", "pay.read")
    cases = [
        (Grant(("split.read",), here), teacher_id, {"teaching_campus"}),
        (Grant(reading, here, own=True), teacher_id, {"teaching_campus", "teacher"}),
        (Grant(reading, here, own=True), advisor, {"teaching_campus", "advisor"}),
        (Grant(reading, here), uuid7(), {"teaching_campus", "advisor", "teacher"}),
    ]
    for grant, subject, parties in cases:
        who = Caller(caller.institution_id, subject, "staff", (grant,))  # type: ignore[arg-type]
        with database.begin(who, scope=Scope(here), read_only=True) as tx:
            rows = split_actions.page(tx, _All()).rows
        assert {row.party for row in rows} == parties
        assert not grant.own or {row.party_id for row in rows if row.party in splits.PERSONS} == {subject}
    rule = splits.SplitRule(None, "all to teachers", splits.CONSUMPTION, 9, THIRDS, MARCH)
    sees: list[tuple[tuple[str, ...], bool]] = [(("split.read",), False), (reading, True)]
    for permissions, shown in sees:
        who = Caller(caller.institution_id, uuid7(), "staff", (Grant(permissions),))
        with database.begin(who, read_only=True) as tx:
            found = split_previews.preview(tx, rule, MARCH, date(2026, 4, 1))
        assert bool({total.party for total in found.totals} & set(splits.PERSONS)) == shown
        assert (found.matched_count, bool(found.comparisons)) == (2, shown)


class _All:
    page_size = 0
    page_token = ""
    filter = ""
    order_by = ""
