"""Who agreed to advertising, as the register of consents and the advisors tell it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.lead.v1.lead_events_pb2 import MarketingDeclined
from lianxiao.student.v1.student_events_pb2 import ConsentChanged, PurposeChanged
from services.notification.models import ConsentWord, PurposeSetting
from services.notification.rules.gate import ANY_CHANNEL
from shared.db import Tx
from shared.ids import as_uuid
from shared.tables import stamped
from shared.wire_values import instant, optional_instant

MARKETING = "marketing"


def remember(tx: Tx, event: ConsentChanged) -> None:
    """Keep the last word of a person on a purpose and channel, in whichever order they come."""
    word = (event.purpose, event.channel, event.granted, instant(event.decide_time))
    _keep(tx, as_uuid(event.person_id), *word)


def remember_refusal(tx: Tx, event: MarketingDeclined) -> None:
    """Know at once that a family wants no advertising, before the register tells it."""
    _keep(tx, as_uuid(event.customer_id), MARKETING, ANY_CHANNEL, False, instant(event.decide_time))  # noqa: FBT003 - the columns of a word


def remember_purpose(tx: Tx, event: PurposeChanged) -> None:
    """Know what the institution lets data be used for."""
    query = select(PurposeSetting).where(
        PurposeSetting.institution_id == tx.institution_id, PurposeSetting.purpose == event.purpose
    )
    row = tx.session.scalars(query).one_or_none() or PurposeSetting(purpose=event.purpose)
    row.enabled, row.valid_from_time = event.enabled, optional_instant(event, "valid_from_time")
    tx.session.add(row)


def _keep(  # noqa: PLR0917 - the columns of a word
    tx: Tx,
    person_id: UUID,
    purpose: str,
    channel: str,
    granted: bool,  # noqa: FBT001 - a column
    decide_time: datetime,
) -> None:
    told = {"granted": granted, "decide_time": decide_time}
    statement = insert(ConsentWord).values(stamped(tx, person_id=person_id, purpose=purpose, channel=channel, **told))
    # Of two words at once the refusal stays.
    is_newer = (ConsentWord.decide_time < decide_time) | (
        (ConsentWord.decide_time == decide_time) & ConsentWord.granted
    )
    told_anew = told | {"update_time": tx.now}
    tx.execute(statement.on_conflict_do_update(constraint="uq_consent_word_person", set_=told_anew, where=is_newer))
