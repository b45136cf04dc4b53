"""Files of contracts: printed from a template, kept by their SHA-256, never changed.

A file names people: it and all that it was filled with are sealed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.billing.actions import campuses, contract_templates, contracts, quotes, refund_rules
from services.billing.models import Contract, ContractDocument, QuoteLine
from services.billing.rules import contract_templates as rules
from services.billing.rules import print_texts
from services.billing.rules.contract_templates import Filling
from services.billing.rules.figures import amount_in_words, day_text, fen_text, hours_text
from shared import printing
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[ContractDocument] = Listing(
    ContractDocument,
    fields={
        "contract_id": Field(ContractDocument.contract_id),
        "campus_id": Field(ContractDocument.campus_id),
        "kind": Field(ContractDocument.kind, prefix="CONTRACT_DOCUMENT_KIND_", sortable=False),
        "sha256": Field(ContractDocument.sha256, sortable=False),
        "create_time": Field(ContractDocument.create_time),
    },
)
_INSTITUTION = "select name from institution where institution_id = %(institution)s"


def render(tx: Tx, contract_id: UUID, contract_template_id: UUID, values: Mapping[str, str]) -> ContractDocument:
    """Print an unsigned contract; the same values give the same file, which is kept once.

    Raises Refused CONTRACT_NOT_DRAFT, CONTRACT_TEMPLATE_NOT_PUBLISHED, InvalidInput CONTRACT_VALUE_MISSING,
    CONTRACT_VALUE_UNKNOWN, PRINT_CHARACTER_UNKNOWN.
    """
    contract = contracts.get_draft(tx, contract_id)
    template = contract_templates.get(tx, contract_template_id)
    if template.state != "published":
        raise Refused("CONTRACT_TEMPLATE_NOT_PUBLISHED", f"the version is {template.state}", state=template.state)
    rules.check_told(template.body, values)
    filling = _filling(tx, contract, {name: value.strip() for name, value in values.items()})
    title, blocks = template.name, rules.blocks(template.body, filling)
    foot = f"{filling.values['contract_number']}  {template.code}-{template.version}"
    return store(
        tx, contract, printing.pdf(title, blocks, foot=foot), kind="rendered", template_id=template.id, filling=filling
    )


def store(
    tx: Tx,
    contract: Contract,
    content: bytes,
    *,
    kind: str,
    media_type: str = printing.MEDIA_TYPE,
    template_id: UUID | None = None,
    filling: Filling | None = None,
) -> ContractDocument:
    """Keep a file of a contract that is locked; the same file is kept once."""
    sha256 = hashlib.sha256(content).hexdigest()
    same = select(ContractDocument).where(
        ContractDocument.contract_id == contract.id, ContractDocument.kind == kind, ContractDocument.sha256 == sha256
    )
    kept = tx.session.scalars(same).one_or_none()
    if kept is not None:
        return kept
    document = ContractDocument(
        id=uuid7(),
        campus_id=contract.campus_id,
        owner_id=contract.owner_id,
        contract_id=contract.id,
        contract_template_id=template_id,
        kind=kind,
        sha256=sha256,
        media_type=media_type,
        size_bytes=len(content),
    )
    ContractDocument.content.seal(tx, document, base64.b64encode(content).decode())
    ContractDocument.inputs.seal(tx, document, _written(filling) if filling else None)
    tx.session.add(document)
    tx.session.flush()
    return document


def check_current(tx: Tx, contract: Contract, document: ContractDocument) -> None:
    """Raise Refused CONTRACT_DOCUMENT_OUTDATED when a file says something else than what is agreed by now."""
    said = json.loads(ContractDocument.inputs.reveal(tx, document) or "{}")
    told = {name: value for name, value in said.get("values", {}).items() if name in rules.TOLD}
    if json.loads(_written(_filling(tx, contract, told))) != said:
        raise Refused("CONTRACT_DOCUMENT_OUTDATED", "what is agreed changed since; print the contract again")


def get(tx: Tx, contract_document_id: UUID) -> ContractDocument:
    """Return a file within reach."""
    return tx.load(ContractDocument, "contract_document", contract_document_id)


def content(tx: Tx, document: ContractDocument) -> bytes:
    """Return the bytes of a file."""
    return base64.b64decode(ContractDocument.content.reveal(tx, document) or "")


def latest(tx: Tx, contract_id: UUID, kind: str) -> ContractDocument | None:
    """Return the newest file of a kind."""
    query = select(ContractDocument).where(ContractDocument.contract_id == contract_id, ContractDocument.kind == kind)
    return tx.session.scalars(query.order_by(ContractDocument.create_time.desc(), ContractDocument.id.desc())).first()


def number(contract: Contract) -> str:
    """Return what people call a contract by."""
    return contract.id.hex[-12:].upper()


def institution_name(tx: Tx) -> str:
    """Return the name of the institution, as it was last heard."""
    return str(tx.run(_INSTITUTION, {"institution": tx.institution_id}).scalar() or "")


def _written(filling: Filling) -> str:
    return json.dumps(asdict(filling), ensure_ascii=False)


def _filling(tx: Tx, contract: Contract, told: Mapping[str, str]) -> Filling:
    campus = campuses.check(tx, contract.campus_id)
    quote = contracts.quote_of(tx, contract)
    lines = quotes.lines_of(tx, [quote.id])[quote.id]
    terms = refund_rules.to_terms(refund_rules.agreed(tx, contract.id))
    known = {
        "contract_number": number(contract),
        "contract_date": day_text(contract.create_time.astimezone(ZoneInfo(campus.time_zone)).date()),
        "institution_name": institution_name(tx),
        "campus_name": campus.name,
        "expire_date": day_text(contract.expire_date) if contract.expire_date else "不限",
        "refund_terms": print_texts.refund_clause(terms),
        "total_hours": hours_text(sum(line.lesson_hours_hundredths + line.gift_hundredths for line in lines)),
        "gift_hours": hours_text(sum(line.gift_hundredths for line in lines)),
        "gross_amount": fen_text(quote.gross_fen),
        "discount_amount": fen_text(quote.discount_fen),
        "total_amount": fen_text(contract.total_fen),
        "total_in_words": amount_in_words(contract.total_fen),
    }
    return Filling(known | dict(told), [print_texts.line_head("zh"), *(row("zh", line) for line in lines)])


def row(language: str, line: QuoteLine) -> list[str]:
    """Return the cells of a line of a quote."""
    return print_texts.line_row(
        language,
        title=line.title,
        kind=line.kind,
        hundredths=line.lesson_hours_hundredths,
        gift=line.gift_hundredths,
        unit_fen=line.unit_price_fen,
        net_fen=line.net_fen,
    )
