"""Third-party providers of signatures: one interface, where their keys come from, which one an institution takes."""

from __future__ import annotations

import json
from typing import Protocol
from uuid import UUID

from sqlalchemy import select

from services.billing.actions.esign import Esign
from services.billing.models import SignatureChoice
from services.billing.rules import esign
from services.billing.rules.callbacks import Callback
from services.billing.rules.signature_flows import Flow
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import uuid7
from shared.settings import settings

BUILT_IN = "builtin"
ESIGN = "esign"
_CHOOSE = """
insert into signature_choice (institution_id, id, create_time, update_time, provider)
values (%(institution)s, %(id)s, %(now)s, %(now)s, %(provider)s)
on conflict (institution_id) do update set provider = excluded.provider, update_time = excluded.update_time"""


class SignatureProvider(Protocol):
    """Somebody whom families sign at. All but `flow_of` go over the network and raise ProviderFailed."""

    def flow_of(self, callback: Callback) -> str:
        """Verify a notice and return the flow that it is about, empty for other news."""
        ...

    def upload(self, flow: Flow) -> str:
        """Bring a file there and return its id."""
        ...

    def is_ready(self, file_id: str) -> bool:
        """Say whether a file can be signed yet."""
        ...

    def draft(self, flow: Flow) -> str:
        """Make a flow that reaches nobody yet and return its id."""
        ...

    def start(self, flow_id: str) -> None:
        """Let a draft be signed."""
        ...

    def link(self, flow: Flow) -> str:
        """Return the address where the family signs."""
        ...

    def state(self, flow_id: str) -> str:
        """Ask what became of a flow."""
        ...

    def revoke(self, flow_id: str) -> None:
        """Call a flow off."""
        ...

    def signed(self, flow_id: str) -> bytes:
        """Return the signed file."""
        ...


def of(institution_id: UUID, code: str) -> SignatureProvider:
    """Return a provider of an institution; without keys there is none. Raises SIGNATURE_PROVIDER_UNKNOWN.

    Keys lie in <signing_keys_dir>/<institution id>.<provider>.json.
    """
    folder = settings().signing_keys_dir
    path = folder / f"{institution_id}.{ESIGN}.json" if folder else None
    if code != ESIGN or path is None or not path.is_file():
        raise InvalidInput("provider", f"{code} is not set up here", reason="SIGNATURE_PROVIDER_UNKNOWN", provider=code)
    return Esign(esign.account(json.loads(path.read_text(encoding="utf-8"))))


def chosen(tx: Tx) -> str:
    """Return where contracts of the institution are signed: on the page of the house unless it was said otherwise."""
    return tx.scalar(select(SignatureChoice.provider)) or BUILT_IN


def choose(tx: Tx, provider: str) -> str:
    """Say where contracts that are sent from now on are signed; what is under way goes on where it is.

    Raises InvalidInput SIGNATURE_PROVIDER_UNKNOWN, NotAllowed CHAIN_SCOPE_NEEDED.
    """
    tx.check_chain()
    if provider != BUILT_IN:
        of(tx.institution_id, provider)
    tx.run(_CHOOSE, {"institution": tx.institution_id, "id": uuid7(), "now": tx.now, "provider": provider})
    tx.audit("signature_provider.update", "institution", tx.institution_id, provider=provider)
    return provider
