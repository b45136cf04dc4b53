"""Rows of the books that were changed behind the product's back are found and named (bar A6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from services.billing.actions import consumptions, row_seals
from services.billing.actions.row_seals import LAG, SERVICE, Report
from services.billing.rules import row_seals as rules
from services.billing.rules.row_seals import SEALED, Window
from shared import checkpoints
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from tests.billing import factories

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
# Each changes, takes away or puts in one row, with what names it.
TAMPERINGS = {
    "update journal_line set amount_fen = amount_fen + 1 where id = %(id)s": "journal_line {} was changed",
    "update lot_entry set explanation = explanation || ' ' where id = %(id)s": "lot_entry {} was changed",
    "update payment set amount_fen = amount_fen + 1 where id = %(id)s": "payment {} was changed",
    "update consumption set student_id = gen_random_uuid() where id = %(id)s": "consumption {} was changed",
    "update split_row set party_id = gen_random_uuid() where id = %(id)s": "split_row {} was changed",
    "delete from journal_line where id = %(id)s": "journal_line {} is missing",
    "update journal_line set create_time = create_time + interval '9 days' where id = %(id)s":
        "journal_line {} is missing",
}  # fmt: skip


_CUT = """delete from row_seal where institution_id = %(who)s
  and sequence = (select max(sequence) from row_seal where institution_id = %(who)s)"""
_RAISE = "update payment set amount_fen = amount_fen + 1 where institution_id = %(who)s"


@pytest.fixture
def superuser(postgres: str, database: Database) -> Iterator[Engine]:
    """Connect as whoever owns the server, whom no policy and no trigger holds."""
    place = make_url(postgres).set(drivername="postgresql+psycopg2", database=database.engine.url.database)
    engine = create_engine(place)
    yield engine
    engine.dispose()


def booked(database: Database, caller: Caller, *, hours: int = 0) -> None:
    """Buy and take some lessons, so many hours after noon."""
    with database.begin(caller, now=NOON + hours * HOUR) as tx:
        bought = factories.paid_order(tx)
        for _ in range(3):
            consumptions.consume(tx, factories.confirmed(bought))


def sealed(database: Database, caller: Caller, *, hours: int = 1) -> int:
    """Seal what there is, so many hours after noon; return how often there was something."""
    times = 0
    while True:
        with database.begin(caller, now=NOON + hours * HOUR) as tx:
            if row_seals.seal(tx) is None:
                return times
            times += 1


def checked(database: Database, caller: Caller, folder: Path | None = None) -> Report:
    """Verify all seals."""
    report = Report()
    with database.begin(caller) as tx:
        row_seals.verify(tx, folder, report)
    return report


def test_untouched_rows_are_intact_and_young_ones_wait(database: Database, caller: Caller) -> None:
    booked(database, caller)
    with database.begin(caller, now=NOON + LAG - timedelta(minutes=1)) as tx:
        assert row_seals.seal(tx) is None, "whoever began before may still commit"
    assert sealed(database, caller) == 1
    first = checked(database, caller)
    assert (first.problems, first.unsealed) == ([], 0)
    assert first.rows > 20
    booked(database, caller, hours=2)
    assert checked(database, caller).unsealed > 20
    sealed(database, caller, hours=3)
    again = checked(database, caller)
    assert (again.problems, again.unsealed) == ([], 0)
    assert again.rows == 2 * first.rows


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_row_that_was_touched_as_superuser_is_named(
    database: Database, caller: Caller, superuser: Engine, tampering: str
) -> None:
    booked(database, caller)
    sealed(database, caller)
    table = TAMPERINGS[tampering].split()[0]
    with superuser.begin() as connection:
        connection.execute(text("set session_replication_role = replica"))
        key = connection.execute(
            text(f"select id from {table} where institution_id = :who order by id limit 1"),  # noqa: S608 - names of ours
            {"who": caller.institution_id},
        ).scalar_one()
        connection.exec_driver_sql(tampering, {"id": str(key)})
    [problem] = [each for each in checked(database, caller).problems if str(key) in each]
    assert problem.endswith(TAMPERINGS[tampering].format(key))


def test_a_row_put_into_the_past_is_named(database: Database, caller: Caller, superuser: Engine) -> None:
    booked(database, caller)
    sealed(database, caller)
    fresh = uuid7()
    with superuser.begin() as connection:
        connection.execute(text("set session_replication_role = replica"))
        connection.exec_driver_sql(
            "insert into lot_entry select institution_id, %(fresh)s, create_time, update_time, campus_id, lot_id, kind,"
            " hundredths, amount_fen, gen_random_uuid(), null, explanation from lot_entry"
            " where institution_id = %(who)s limit 1",
            {"fresh": str(fresh), "who": str(caller.institution_id)},
        )
    assert any(f"lot_entry {fresh} came in afterwards" in each for each in checked(database, caller).problems)


def test_whoever_writes_seals_anew_or_cuts_them_off_is_shown_by_what_was_signed(
    database: Database, caller: Caller, superuser: Engine, tmp_path: Path
) -> None:
    booked(database, caller)
    with database.begin(caller, now=NOON + HOUR) as tx:
        head = row_seals.seal(tx)
    assert head is not None
    path = checkpoints.path_of(tmp_path, SERVICE)
    checkpoints.append(path, SERVICE, {caller.institution_id: head}, datetime.now(UTC))
    assert checked(database, caller, tmp_path).problems == []
    _execute(
        superuser,
        caller.institution_id,
        _CUT,
    )
    assert any("were signed and are gone" in each for each in checked(database, caller, tmp_path).problems)
    _execute(superuser, caller.institution_id, "delete from row_seal where institution_id = %(who)s")
    _execute(
        superuser,
        caller.institution_id,
        _RAISE,
    )
    sealed(database, caller, hours=3)
    alone = checked(database, caller)
    assert alone.problems == [], "alone the new chain looks well"
    assert "would not be noticed" in str(alone)
    assert any("is not the one that was signed" in each for each in checked(database, caller, tmp_path).problems)


def test_each_window_holds_what_came_within_it_and_no_more_than_a_seal_takes(
    database: Database, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_seals, "_MOST_ROWS", 4)
    for hours in range(3):
        booked(database, caller, hours=hours)
    assert sealed(database, caller, hours=4) > 2
    report = checked(database, caller)
    assert (report.problems, report.unsealed) == ([], 0)


_DIGESTS = st.dictionaries(st.uuids(), st.binary(min_size=rules.DIGEST_BYTES, max_size=rules.DIGEST_BYTES))


@given(_DIGESTS)
def test_what_is_packed_is_unpacked(digests: dict[UUID, bytes]) -> None:
    assert rules.unpacked(rules.packed(digests)) == digests


@given(_DIGESTS, _DIGESTS)
def test_differences_are_all_and_only_what_differs(sealed_: dict[UUID, bytes], found: dict[UUID, bytes]) -> None:
    changed, missing, added = rules.compare(sealed_, found)
    mended: dict[UUID, Any] = {key: digest for key, digest in found.items() if key not in added}
    mended |= {key: sealed_[key] for key in (*changed, *missing)}
    assert mended == sealed_


def test_the_hash_of_a_seal_hangs_on_all_of_it() -> None:
    window = Window("journal", ("kind",), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    others = [
        window._replace(table="payment"),
        window._replace(columns=("kind", "post_date")),
        window._replace(start=window.start + HOUR),
        window._replace(end=window.end + HOUR),
    ]
    hashes = {rules.chained(rules.START, each, b"rows") for each in (window, *others)}
    hashes |= {rules.chained(rules.START, window, b"row"), rules.chained(b"x" * 32, window, b"rows")}
    assert len(hashes) == len(others) + 3


def test_every_append_only_table_of_money_and_hours_is_sealed() -> None:
    assert {"journal", "journal_line", "lot_entry", "payment", "split_row", "wallet_entry"} <= SEALED.keys()


def _execute(superuser: Engine, institution_id: UUID, statement: str) -> None:
    with superuser.begin() as connection:
        connection.execute(text("set session_replication_role = replica"))
        connection.exec_driver_sql(statement, {"who": str(institution_id)})
