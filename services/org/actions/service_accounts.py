"""Service accounts: programs that call with a name and a secret of their own."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from services.org.actions import campuses
from services.org.actions.access import call_back, check_gives
from services.org.models import ServiceAccount
from services.org.rules.secrets import digest
from shared.caller import Caller, Grant
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput
from shared.listing import Field, Listing

_NOBODYS_DIGEST = bytes(32)

LISTING: Listing[ServiceAccount] = Listing(
    ServiceAccount,
    fields={
        "name": Field(ServiceAccount.name),
        "active": Field(ServiceAccount.active, sortable=False),
        "create_time": Field(ServiceAccount.create_time),
    },
    default_order="name",
)


def create(
    tx: Tx,
    *,
    name: str,
    permissions: Iterable[str],
    campus_ids: Iterable[UUID] = (),
    platform_operator: bool = False,
) -> tuple[ServiceAccount, str]:
    """Make an account; return it with its secret, of which only a digest is kept. No campus means the whole chain.

    Raises AlreadyExists SERVICE_ACCOUNT_NAME_TAKEN, NotAllowed ROLE_OUT_OF_REACH, NotFound CAMPUS_NOT_FOUND.
    `platform_operator` opens institutions; no RPC sets it.
    """
    held, places = sorted(set(permissions)), sorted(set(campus_ids))
    if not name.strip():
        raise InvalidInput("service_account.name", "a service account has a name")
    if not held:
        raise InvalidInput("service_account.permissions", "name what the program may do")
    campuses.check_all(tx, places)
    check_gives(tx, _grant(held, places or None))
    secret = secrets.token_urlsafe(32)
    account = ServiceAccount(
        name=name.strip(),
        secret_hash=digest(secret.encode()),
        permissions=held,
        campus_ids=places or None,
        platform_operator=platform_operator,
        active=True,
        last_use_time=None,
    )
    taken = AlreadyExists("SERVICE_ACCOUNT_NAME_TAKEN", f"there is a service account {name} already", name=name)
    with tx.translating({"uq_service_account_name": lambda: taken}):
        tx.session.add(account)
    return account, secret


def get(tx: Tx, account_id: UUID, *, for_update: bool = False) -> ServiceAccount:
    """Return an account, with its row lock where it is going to be changed."""
    return tx.load(ServiceAccount, "service_account", account_id, for_update=for_update)


def disable(tx: Tx, account_id: UUID) -> ServiceAccount:
    """Close an account; its tokens die. Idempotent."""
    account = get(tx, account_id, for_update=True)
    if account.active:
        check_gives(tx, _grant(account.permissions, account.campus_ids))
        account.active = False
        call_back(tx, account.id)
    return account


def authenticate(tx: Tx, account_id: UUID, secret: str) -> Caller | None:
    """Return who the program is, or None; the secret is compared in constant time, also for unknown accounts."""
    account = tx.session.get(ServiceAccount, (tx.institution_id, account_id))
    known = _NOBODYS_DIGEST if account is None else account.secret_hash
    is_right = hmac.compare_digest(known, digest(secret.encode()))
    if account is None or not account.active or not is_right:
        return None
    account.last_use_time = tx.now
    return Caller(tx.institution_id, account.id, "partner", (_grant(account.permissions, account.campus_ids),))


def access_until(tx: Tx, lifetime_seconds: int) -> datetime:
    """Return when an access token that is issued now ends."""
    return tx.now + timedelta(seconds=lifetime_seconds)


def _grant(permissions: Iterable[str], campus_ids: Iterable[UUID] | None) -> Grant:
    return Grant(tuple(permissions), None if campus_ids is None else frozenset(campus_ids))
