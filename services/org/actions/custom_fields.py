"""Fields that an institution adds to its records."""

from __future__ import annotations

from collections.abc import Iterable

from services.org.models import CustomField
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput
from shared.listing import Field, Listing

LISTING: Listing[CustomField] = Listing(
    CustomField,
    fields={
        "subject": Field(CustomField.subject),
        "code": Field(CustomField.code, sortable=False),
        "create_time": Field(CustomField.create_time),
    },
    default_order="subject, create_time",
)


def create(
    tx: Tx, *, subject: str, code: str, label: str, kind: str, choices: Iterable[str] = (), required: bool = False
) -> CustomField:
    """Add a field to a kind of record. Raises AlreadyExists CUSTOM_FIELD_CODE_TAKEN."""
    tx.check_chain()
    if not subject or not code:
        raise InvalidInput("custom_field.code", "a field says which records it belongs to, and has a code")
    offered = [choice.strip() for choice in choices]
    if (kind == "choice") != bool(offered):
        raise InvalidInput("custom_field.choices", "a field of kind choice, and no other, lists its choices")
    if not all(offered) or len(set(offered)) != len(offered):
        raise InvalidInput("custom_field.choices", "choices are different from one another and not empty")
    if not label.strip():
        raise InvalidInput("custom_field.label", "a field has a label")
    field = CustomField(subject=subject, code=code, label=label.strip(), kind=kind, choices=offered, required=required)
    taken = AlreadyExists("CUSTOM_FIELD_CODE_TAKEN", f"{subject} has a field {code} already", code=code)
    with tx.translating({"uq_custom_field_code": lambda: taken}):
        tx.session.add(field)
    return field
