"""Statements that nobody has to bring: fetched once for the day before, when the provider has them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from services.billing.actions import bill_downloads
from services.billing.models import Reconciliation
from shared.caller import Caller
from shared.db import Database
from tests.billing import local_providers as local
from tests.billing.test_reconciliation_rules import wechat_bill


def rows(database: Database, caller: Caller) -> list[Reconciliation]:
    with database.begin(caller) as tx:
        return list(tx.session.query(Reconciliation).order_by(Reconciliation.method))


def test_the_statement_of_the_day_before_is_fetched_once_and_failure_tells_a_person(
    database: Database, caller: Caller, institution: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.begin(caller) as tx:
        tx.run("insert into institution (institution_id, code, name) values (%s, %s, 'A')", (institution, "a"))
    with local.serving() as (address, books):
        local.install(monkeypatch, tmp_path, institution, address)
        (tmp_path / f"{institution}.alipay.json").unlink()
        monkeypatch.setattr(bill_downloads, "_READY_HOUR", 0)
        books.down = True
        bill_downloads.step(database, institution)
        with database.begin(caller) as tx:
            alert = tx.run("select kind, facts->>'code' as code from payment_alert").one()
        assert tuple(alert) == ("STATEMENT_NOT_FETCHED", "HTTP_503")
        books.down, books.bill = False, wechat_bill()
        for _ in range(2):
            bill_downloads.step(database, institution)
        [row] = rows(database, caller)
        assert (row.method, row.layout, row.state, row.start_date) == ("wechat", "wechat", "waiting", row.end_date)
        assert books.asked.count("/v3/bill/tradebill") == 1


@pytest.mark.parametrize(
    ("now", "day"),
    [("2026-03-02T01:59:00", None), ("2026-03-02T02:00:00", "2026-03-01"), ("2026-03-01T16:30:00", None)],
)
def test_a_day_is_over_in_beijing_and_its_statement_ready_at_ten(
    database: Database, caller: Caller, now: str, day: str | None
) -> None:
    with database.begin(caller, now=datetime.fromisoformat(now).replace(tzinfo=UTC)) as tx:
        found = bill_downloads.missing(tx, "wechat")
    assert (found.isoformat() if found else None) == day
