"""Statements of the day before, fetched from the providers and compared as if somebody had brought them."""

from __future__ import annotations

import logging
from datetime import date, timedelta, timezone
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import payment_alerts, providers, reconciliations
from services.billing.actions.reconciliations import CANCELLED, Statement
from services.billing.models import Reconciliation
from services.billing.rules.provider_orders import ProviderFailed
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, Refused

log = logging.getLogger(__name__)
# Providers cut their days in Beijing and have the statement of a day at ten on the next one.
_BEIJING = timezone(timedelta(hours=8))
_READY_HOUR = 10
_METHODS = ("wechat", "alipay")
# What a provider says where nothing happened on a day.
_EMPTY = frozenset({"NO_STATEMENT_EXIST", "isp.bill_not_exist"})


def step(database: Database, institution_id: UUID) -> bool:
    """Fetch what is missing of the day before; True never, for what failed is tried at the next time."""
    caller = Caller.system(institution_id)
    for method in _METHODS:
        if providers.is_set_up(institution_id, method):
            with database.begin(caller) as tx:
                day = missing(tx, method)
            if day is not None:
                _fetch(database, caller, method, day)
    return False


def missing(tx: Tx, method: str) -> date | None:
    """Return the day whose statement is ready and was not taken in yet."""
    now = tx.now.astimezone(_BEIJING)
    day = now.date() - timedelta(days=1)
    taken = select(Reconciliation.id).where(
        Reconciliation.method == method,
        Reconciliation.start_date <= day,
        Reconciliation.end_date >= day,
        Reconciliation.state != CANCELLED,
    )
    return day if now.hour >= _READY_HOUR and tx.scalar(taken.limit(1)) is None else None


def _fetch(database: Database, caller: Caller, method: str, day: date) -> None:
    try:
        content = providers.of(caller.institution_id, method).bill(day)
        statement = Statement(method, method, f"{method}-{day.isoformat()}.csv", content, day, day)
        with database.begin(caller) as tx:
            reconciliations.create(tx, statement)
    except ProviderFailed as failure:
        if failure.code not in _EMPTY:
            _alert(database, caller, method, failure.code)
    except DomainError as error:
        _alert(database, caller, method, error.reason)


def _alert(database: Database, caller: Caller, method: str, code: str) -> None:
    log.warning("no statement", extra={"facts": {"provider": method, "code": code}})
    with database.begin(caller) as tx:
        payment_alerts.record(tx, method, Refused("STATEMENT_NOT_FETCHED", code, code=code))
