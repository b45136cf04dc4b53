"""Texts in use: an institution's own, else the shipped ones."""

from __future__ import annotations

from sqlalchemy import select

from services.notification.models import OwnTemplate
from services.notification.rules.templates import SHIPPED, Text, check
from shared.db import Tx
from shared.ids import uuid7


def find(tx: Tx, code: str, language: str) -> Text:
    """Return the text to use."""
    own = _own(tx, code, language)
    return Text(own.subject, own.body) if own else SHIPPED[code, language]


def every(tx: Tx) -> dict[tuple[str, str], Text]:
    """Return all texts in use, by code and language."""
    texts = dict(SHIPPED)
    for own in tx.session.scalars(select(OwnTemplate).where(OwnTemplate.institution_id == tx.institution_id)):
        texts[own.code, own.language] = Text(own.subject, own.body)
    return texts


def put(tx: Tx, code: str, language: str, text: Text) -> Text:
    """Put an institution's own text in place; raises InvalidInput, or NotAllowed CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    check(code, text)
    own = _own(tx, code, language) or OwnTemplate(id=uuid7(), code=code, language=language)
    own.subject, own.body = text.subject, text.body
    tx.session.add(own)
    return text


def _own(tx: Tx, code: str, language: str) -> OwnTemplate | None:
    query = select(OwnTemplate).where(
        OwnTemplate.institution_id == tx.institution_id, OwnTemplate.code == code, OwnTemplate.language == language
    )
    return tx.session.scalars(query).one_or_none()
