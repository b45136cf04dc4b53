"""Two small services of the chassis: `till` takes payments, `ledger` books them; and the count of what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from alembic.operations import Operations

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived
from shared import chassis, rls
from shared.caller import Caller
from shared.db import Database, Tx

_SALE = (
    "create table sale (institution_id uuid not null, id uuid not null, account_id uuid not null,"
    " amount_fen bigint not null, primary key (institution_id, id))"
)
_BOOKED = (
    "create table booked (institution_id uuid not null, id uuid not null, times int not null,"
    " book_time timestamptz not null default clock_timestamp(), primary key (institution_id, id))"
)
_ACCOUNT = (
    "create table account (institution_id uuid not null, id uuid not null, balance_fen bigint not null,"
    " primary key (institution_id, id))"
)
_BOOK = (
    "with booked as (insert into booked as b (institution_id, id, times) values (%(institution)s, %(payment)s, 1)"
    " on conflict (institution_id, id) do update set times = b.times + 1)"
    " insert into account as a (institution_id, id, balance_fen) values (%(institution)s, %(account)s, %(amount)s)"
    " on conflict (institution_id, id) do update set balance_fen = a.balance_fen + excluded.balance_fen"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the events. Every figure but `sales` is zero when nothing went wrong."""

    sales: int
    lost: int
    duplicated: int
    invented: int
    gap_fen: int

    @property
    def is_clean(self) -> bool:
        """Say whether each sale was booked exactly once."""
        return not (self.lost or self.duplicated or self.invented or self.gap_fen)


def build_till(op: Operations) -> None:
    """Make the tables of the service that publishes."""
    chassis.create(op)
    op.execute(_SALE)
    rls.protect(op, "sale")


def build_ledger(op: Operations) -> None:
    """Make the tables of the service that subscribes."""
    chassis.create(op)
    for table, statement in (("booked", _BOOKED), ("account", _ACCOUNT)):
        op.execute(statement)
        rls.protect(op, table)


def sell(tx: Tx, sale_id: UUID, account_id: UUID, amount_fen: int) -> bool:
    """Write a sale; False when an earlier attempt has written it although nobody was told."""
    row = (str(tx.institution_id), str(sale_id), str(account_id), amount_fen)
    statement = "insert into sale (institution_id, id, account_id, amount_fen) values (%s, %s, %s, %s)"
    return bool(tx.run(f"{statement} on conflict do nothing returning true", row).scalar())


def event_of(sale_id: UUID, account_id: UUID, amount_fen: int) -> PaymentReceived:
    """Return what the till says about a sale; the account is the aggregate."""
    return PaymentReceived(payment_id=str(sale_id), order_id=str(account_id), amount_fen=amount_fen)


def book(tx: Tx, event: PaymentReceived) -> None:
    """Book a payment; a second time would show in the count and in the balance."""
    row = {"payment": event.payment_id, "account": event.order_id, "amount": event.amount_fen}
    tx.run(_BOOK, row | {"institution": str(tx.institution_id)})


def audit(till: Database, ledger: Database, institution: UUID) -> Verdict:
    """Compare both books."""
    with till.begin(Caller.system(institution)) as tx:
        sold = {row[0]: row[1] for row in tx.run("select id::text, amount_fen from sale")}
    with ledger.begin(Caller.system(institution)) as tx:
        booked = {row[0]: row[1] for row in tx.run("select id::text, times from booked")}
        balance = int(tx.run("select coalesce(sum(balance_fen), 0) from account").scalar() or 0)
    return Verdict(
        sales=len(sold),
        lost=len(sold.keys() - booked.keys()),
        duplicated=sum(times - 1 for times in booked.values()),
        invented=len(booked.keys() - sold.keys()),
        gap_fen=balance - sum(sold.values()),
    )
