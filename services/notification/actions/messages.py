"""Messages: queued once per cause and recipient, claimed before the call, never sent twice.

Between claim and outcome stands the outside world. A sender that dies there leaves `sending` behind, which becomes
`unknown` for a person to look at; nothing that may have gone out goes out again by itself (I-22).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.billing.v1.billing_events_pb2 import HoursBelowThreshold, HoursConsumed, InstalmentDue
from lianxiao.notification.v1.notification_events_pb2 import MessageFinished
from services.notification.actions import campuses, contacts, opt_outs, quiet_hours, templates
from services.notification.models import Contact, Message
from services.notification.rules.gate import SERVICE
from services.notification.rules.templates import (
    HOURS_CONSUMED,
    HOURS_LOW,
    INSTALMENT_LATE,
    INSTALMENT_NEAR,
    Text,
    fen_text,
    hours_text,
    render,
)
from shared.caller import NOBODY
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid, uuid7
from shared.listing import Field, Listing
from shared.wire_values import instant, local_date

EMAIL = "email"
SANDBOX = "sandbox"
WITHDRAWN = "WITHDRAWN"
FINAL = ("sent", "refused", "failed", "unknown")
_LANGUAGE = "zh"
_LOST_AFTER = timedelta(minutes=10)
LISTING: Listing[Message] = Listing(
    Message,
    fields={
        "state": Field(Message.state, prefix="MESSAGE_STATE_", sortable=False),
        "template": Field(Message.template, sortable=False),
        "channel": Field(Message.channel, sortable=False),
        "student_id": Field(Message.student_id, sortable=False, aliased=True),
        "staff_id": Field(Message.staff_id, sortable=False),
        "campus_id": Field(Message.campus_id, sortable=False),
        "create_time": Field(Message.create_time),
    },
)


def tell_consumption(tx: Tx, event: HoursConsumed) -> None:
    """Tell each guardian who may be contacted what a lesson has used and what is left."""
    start = instant(event.lesson_start_time).astimezone(campuses.zone(tx, as_uuid(event.campus_id)))
    values = {
        "consumed": hours_text(event.consumed_hundredths),
        "remaining": hours_text(event.remaining_hundredths),
        "lesson_time": f"{start:%Y-%m-%d %H:%M}",
    }
    tell_guardians(tx, HOURS_CONSUMED, event.student_id, event.campus_id, event.consumption_id, values)


def remind_of_renewal(tx: Tx, event: HoursBelowThreshold) -> None:
    """Remind each guardian once per order and threshold that few hours are left."""
    values = {"remaining": hours_text(event.remaining_hundredths)}
    cause = f"{event.order_id}:{event.course_id}:{event.threshold_hundredths}"
    tell_guardians(tx, HOURS_LOW, event.student_id, event.campus_id, cause, values)


def remind_of_instalment(tx: Tx, event: InstalmentDue) -> None:
    """Remind each guardian once per instalment and stage, with other words once its day is over."""
    values = {
        "number": str(event.number),
        "amount": fen_text(event.open_fen),
        "due_date": local_date(event.due_date, "due_date").isoformat(),
        "days": str(event.late_days),
    }
    late = event.late_days > 0
    if not late:
        del values["days"]
    cause = f"{event.instalment_id}:{event.stage_days}"
    template = INSTALMENT_LATE if late else INSTALMENT_NEAR
    tell_guardians(tx, template, event.customer_id, event.campus_id, cause, values)


def get(tx: Tx, message_id: UUID) -> Message:
    """Return a message; raises NotFound."""
    return tx.load(Message, "message", message_id)


def finish(tx: Tx, message_id: UUID, *, state: str, reason: str = "") -> None:
    """Write what became of a claimed message."""
    query = select(Message).where(Message.institution_id == tx.institution_id, Message.id == message_id)
    message = tx.session.scalars(query.with_for_update()).one()
    if message.state in FINAL:
        return
    message.state, message.reason, message.finish_time = state, reason, tx.now
    _announce(tx, message)


def give_up_lost(tx: Tx) -> None:
    """Turn claims without an outcome into `unknown`, for a person to look at."""
    query = select(Message).where(
        Message.institution_id == tx.institution_id,
        Message.state == "sending",
        Message.claim_time < tx.now - _LOST_AFTER,
    )
    for message in tx.session.scalars(query.with_for_update(skip_locked=True)):
        finish(tx, message.id, state="unknown", reason="SENDER_DIED")


def new(template: str, student_id: str, campus_id: str, cause: str) -> Message:
    """Return a message to a family that is not known by its guardians, neither queued nor refused yet."""
    return _row(template, student_id, campus_id, cause, NOBODY, "queued", "")


def queue(tx: Tx, row: Message, values: Mapping[str, str], *, email: str, phone: str) -> None:
    """Let a new message wait for its sender, unless its cause has one already."""
    told = {"guardian": values.get("guardian") or "家长"}
    text = render(templates.find(tx, row.template, _LANGUAGE), dict(values) | told)
    queue_text(tx, row, text, email=email, other=phone)


def queue_text(tx: Tx, row: Message, text: Text, *, email: str, other: str = "") -> None:
    """Do the same with a finished text; without a mail address the sandbox takes it for the other one."""
    address = email or other
    row.channel = EMAIL if email else SANDBOX
    row.address_index = opt_outs.index(tx, address) if address else None
    Message.address.seal(tx, row, address)
    Message.subject.seal(tx, row, text.subject)
    Message.body.seal(tx, row, text.body if row.purpose == SERVICE else opt_outs.told_of(tx, row, text.body))
    _insert(tx, row)


def withdraw(tx: Tx, template: str, customer_id: str, campus_id: str, causes: Collection[str]) -> None:
    """Refuse the messages to a family that still wait, and those that have not even come yet.

    One that a sender has claimed is on its way.
    """
    people = [NOBODY, *(contact.guardian_id for contact in contacts.of_student(tx, as_uuid(customer_id)))]
    for cause in causes:
        for guardian_id in people:
            # First, for it waits for whoever is writing the message that it is about; its place is taken then.
            refuse(tx, _row(template, customer_id, campus_id, cause, guardian_id, "queued", ""), WITHDRAWN)
    refuse_waiting(tx, template, causes)


def refuse_waiting(tx: Tx, template: str, causes: Collection[str]) -> None:
    """Refuse messages of these causes that no sender has claimed yet."""
    mine = (Message.institution_id == tx.institution_id, Message.template == template)
    waiting = (Message.business_key.in_(causes), Message.state == "queued")
    query = select(Message.id).where(*mine, *waiting).order_by(Message.id).with_for_update()
    for message_id in tx.session.scalars(query).all():
        finish(tx, message_id, state="refused", reason=WITHDRAWN)


def refuse(tx: Tx, row: Message, reason: str) -> None:
    """Put on record why there is no message."""
    row.state, row.reason = "refused", reason
    _insert(tx, row)


def tell_guardians(  # noqa: PLR0917 - the five facts of a message
    tx: Tx,
    template: str,
    student_id: str,
    campus_id: str,
    cause: str,
    values: Mapping[str, str],
    *,
    before: datetime | None = None,
    asked_for: bool = False,
    guardian_id: UUID | None = None,
) -> None:
    """Queue one message to each guardian of a student who may be contacted, or to one, outside the quiet hours.

    What a family has just asked for itself (`asked_for`) leaves at any hour. Why there is none is on record; one that
    could not leave `before` is refused.
    """
    everyone = contacts.of_student(tx, as_uuid(student_id))
    meant = [contact for contact in everyone if guardian_id in {None, contact.guardian_id}]
    wanted = [contact for contact in meant if contact.may_contact]
    if not wanted:
        reason = "NO_CONTACT" if not everyone else "CONTACT_NOT_WANTED"
        refuse(tx, new(template, student_id, campus_id, cause), reason)
        return
    student, campus = contacts.name_of_student(tx, as_uuid(student_id)), as_uuid(campus_id)
    at = None if asked_for else quiet_hours.send_time(tx, campus, campuses.zone(tx, campus))
    for contact in wanted:
        row = _row(template, student_id, campus_id, cause, contact.guardian_id, "queued", "")
        row.send_time, row.expire_time = at, before
        if before is not None and (at or tx.now) >= before:
            refuse(tx, row, "QUIET_HOURS" if tx.now < before else "TOO_LATE")
            continue
        told = dict(values) | {"student": student, "guardian": Contact.name.reveal(tx, contact) or ""}
        email, phone = Contact.email.reveal(tx, contact), Contact.phone.reveal(tx, contact)
        queue(tx, row, told, email=email or "", phone=phone or "")


def _row(  # noqa: PLR0917 - the columns of a new message
    template: str, student_id: str, campus_id: str, cause: str, guardian_id: UUID, state: str, reason: str
) -> Message:
    return Message(
        id=uuid7(),
        campus_id=as_uuid(campus_id),
        student_id=as_uuid(student_id),
        guardian_id=guardian_id,
        template=template,
        business_key=cause,
        channel=SANDBOX,
        purpose=SERVICE,
        state=state,
        reason=reason,
    )


_COLUMNS = tuple(column.key for column in Message.__table__.columns)
# Built once: naming two dozen values anew for every message would cost more than the rest of it.
_FRESH = insert(Message).on_conflict_do_nothing(constraint="uq_message_cause").returning(Message.id)


def _insert(tx: Tx, row: Message) -> None:
    """Insert a message unless its cause has one already for this recipient."""
    row.institution_id, row.create_time, row.update_time = tx.institution_id, tx.now, tx.now
    row.any_hour = row.send_time is None
    row.claim_time, row.finish_time = None, tx.now if row.state in FINAL else None
    if tx.scalar(_FRESH, {name: getattr(row, name) for name in _COLUMNS}) is not None and row.state in FINAL:
        _announce(tx, row)


def _announce(tx: Tx, message: Message) -> None:
    event = MessageFinished(
        message_id=str(message.id),
        campus_id=str(message.campus_id),
        student_id=str(message.student_id),
        template=message.template,
        channel=message.channel,
        state=message.state,
        reason=message.reason,
        finish_time=message.finish_time or tx.now,
    )
    publish(tx, event)


def unknown(tx: Tx) -> Sequence[Message]:
    """Return messages whose outcome nobody knows."""
    query = select(Message).where(Message.institution_id == tx.institution_id, Message.state == "unknown")
    return tx.session.scalars(query.order_by(Message.id)).all()
