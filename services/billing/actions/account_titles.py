"""The chart of accounts as an institution has it."""

from __future__ import annotations

from sqlalchemy import select

from services.billing.models import AccountTitle
from services.billing.rules import chart
from services.billing.rules.chart import Own, Title
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused

# One at a time: whether numbers fit together is seen over the whole chart.
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(institution)s::text || 'account_title', 0))"


def every(tx: Tx) -> list[Title]:
    """Return the chart, by number."""
    return chart.applied(_own(tx))


def remapped(tx: Tx) -> set[str]:
    """Return the accounts that have a number or names of the institution's own."""
    return set(_own(tx))


def set_own(tx: Tx, code: str, own: Own) -> Title:
    """Give an account a number and names; journals are not touched.

    Raises ACCOUNT_TITLE_NOT_FOUND for what is no account, ACCOUNT_NUMBER_NOT_LAST_LEVEL where the number is above or
    below that of another account, CHAIN_SCOPE_NEEDED, and InvalidInput for numbers and names that cannot be.
    """
    tx.check_chain()
    if code not in chart.BY_CODE:
        raise NotFound("account_title", code)
    if not chart.NUMBER.fullmatch(own.number):
        raise InvalidInput("number", "four digits, then levels of two to four digits behind dots")
    if not (own.name_zh.strip() and own.name_en.strip()):
        raise InvalidInput("name_zh", "a title has names in both languages")
    tx.run(_LOCK, {"institution": tx.institution_id})
    clash = chart.not_last_level(own.number, (title.number for title in every(tx) if title.code != code))
    if clash is not None:
        raise Refused(
            "ACCOUNT_NUMBER_NOT_LAST_LEVEL",
            f"{own.number} and {clash} are levels of one another",
            number=own.number,
            other=clash,
        )
    _store(tx, code, own)
    return chart.BY_CODE[code]._replace(**own._asdict())


def _store(tx: Tx, code: str, own: Own) -> None:
    row = tx.session.scalars(select(AccountTitle).where(AccountTitle.code == code)).one_or_none()
    if row is None:
        row = AccountTitle(code=code)
        tx.session.add(row)
    row.number, row.name_zh, row.name_en = own
    row.staff_id = tx.caller.subject_id
    tx.session.flush()
    tx.audit("account_title.set", "account_title", row.id, code=code, number=own.number)


def _own(tx: Tx) -> dict[str, Own]:
    columns = (AccountTitle.code, AccountTitle.number, AccountTitle.name_zh, AccountTitle.name_en)
    return {code: Own(*rest) for code, *rest in tx.execute(select(*columns))}
