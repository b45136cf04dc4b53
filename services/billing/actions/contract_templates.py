"""Texts that contracts are made from: drafted, published, retired by the next version."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from services.billing.models import ContractTemplate
from services.billing.rules import contract_templates as rules
from shared import printing
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing

# Examples; a lawyer must check them, and the file says so.
_SHIPPED = Path(__file__).resolve().parents[1] / "data" / "contract_templates.json"
# Writers of one institution's templates wait for each other here: versions have no gaps.
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(institution)s::text, 20262604))"
LISTING: Listing[ContractTemplate] = Listing(
    ContractTemplate,
    fields={
        "code": Field(ContractTemplate.code),
        "state": Field(ContractTemplate.state, prefix="CONTRACT_TEMPLATE_STATE_", sortable=False),
        "create_time": Field(ContractTemplate.create_time),
    },
)


class Example(NamedTuple):
    """A shipped text."""

    code: str
    name: str
    body: str


@cache
def notice() -> str:
    """Return what the shipped examples say of themselves: a lawyer must check them."""
    return str(json.loads(_SHIPPED.read_text(encoding="utf-8"))["notice"])


@cache
def examples() -> tuple[Example, ...]:
    """Return the shipped texts."""
    shipped = json.loads(_SHIPPED.read_text(encoding="utf-8"))["templates"]
    return tuple(Example(each["code"], each["name"], "\n".join(each["body"])) for each in shipped)


def create(tx: Tx, *, code: str, name: str, body: str) -> ContractTemplate:
    """Add a draft, the next version of its code. Raises CHAIN_SCOPE_NEEDED, InvalidInput NAME_MISSING."""
    tx.check_chain()
    for field, value in (("code", code), ("name", name), ("body", body)):
        if not value.strip():
            raise InvalidInput(f"contract_template.{field}", "it is missing", "NAME_MISSING")
    tx.run(_LOCK, {"institution": tx.institution_id})
    newest = tx.scalar(select(func.max(ContractTemplate.version)).where(ContractTemplate.code == code.strip()))
    template = ContractTemplate(
        code=code.strip(), version=(newest or 0) + 1, name=name.strip(), body=body, state="draft", publish_time=None
    )
    tx.session.add(template)
    tx.session.flush()
    return template


def get(tx: Tx, contract_template_id: UUID, *, for_update: bool = False) -> ContractTemplate:
    """Return one version."""
    return tx.load(ContractTemplate, "contract_template", contract_template_id, for_update=for_update)


def publish(tx: Tx, contract_template_id: UUID) -> ContractTemplate:
    """Put a version to use and retire the one before; a second time changes nothing.

    Raises CHAIN_SCOPE_NEEDED, Refused CONTRACT_TEMPLATE_RETIRED, InvalidInput TEMPLATE_BRACES,
    TEMPLATE_VARIABLE_UNKNOWN, PRINT_CHARACTER_UNKNOWN.
    """
    tx.check_chain()
    tx.run(_LOCK, {"institution": tx.institution_id})
    template = get(tx, contract_template_id, for_update=True)
    if template.state == "published":
        return template
    if template.state == "retired":
        raise Refused("CONTRACT_TEMPLATE_RETIRED", "a newer version took its place", version=template.version)
    rules.check(template.body)
    printing.check([template.name, template.body.replace("\r", "").replace("\n", "")])
    before = select(ContractTemplate).where(
        ContractTemplate.code == template.code, ContractTemplate.state == "published"
    )
    for old in tx.session.scalars(before):
        old.state = "retired"
    tx.session.flush()
    template.state, template.publish_time = "published", tx.now
    tx.session.flush()
    tx.audit("contract_template.published", "contract_template", template.id, version=template.version)
    return template
