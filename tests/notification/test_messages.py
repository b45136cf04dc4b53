"""Messages: once per cause and recipient, sent at most once, always with an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import InstalmentDue
from services.notification.actions import claims, messages, sending
from services.notification.actions.claims import Letter
from services.notification.consumers import CONSUMERS
from services.notification.models import Message
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.mail import Mailbox
from shared.testing.bus import deliver, published
from shared.testing.mail import smtp_server
from tests.notification import factories


def every(database: Database, institution: UUID) -> list[tuple[str, str, str]]:
    """Return (state, reason, body) of all messages."""
    with database.begin(Caller.system(institution)) as tx:
        rows = tx.session.scalars(select(Message).order_by(Message.id)).all()
        return [(row.state, row.reason, Message.body.reveal(tx, row) or "") for row in rows]


def prepare(database: Database, institution: UUID, *, may_contact: bool = True) -> str:
    """Make one student with one guardian known."""
    student = str(uuid7())
    deliver(database, CONSUMERS, factories.enrolled(student), institution)
    deliver(database, CONSUMERS, factories.contact(student, may_contact=may_contact), institution)
    deliver(database, CONSUMERS, factories.quiet(institution, 0, 0), institution)
    return student


def test_a_consumption_makes_one_message_with_the_remaining_hours(database: Database, institution: UUID) -> None:
    student = prepare(database, institution)
    event = factories.consumed(student)
    deliver(database, CONSUMERS, event, institution, times=3)
    deliver(database, CONSUMERS, event, institution)
    ((state, _, body),) = every(database, institution)
    assert state == "queued"
    assert body == "张伟您好：张小明 于 2026-03-02 18:00 上课，消耗 1.5 课时，剩余 28.5 课时。"


def test_at_night_families_are_left_in_peace(database: Database, institution: UUID) -> None:
    """The place and its settings decide: those of the campus before those of the institution, each from its time on."""
    student, order = prepare(database, institution), str(uuid7())
    far, near = factories.consumed(student), factories.low(student, order)
    night = datetime(2030, 3, 4, 15, tzinfo=UTC)
    said = (
        factories.zone(far.campus_id, "Asia/Urumqi"),
        factories.zone(near.campus_id, "America/New_York"),
        factories.quiet(institution, 22 * 60, 7 * 60),
        factories.quiet(institution, 21 * 60, None, far.campus_id),
        factories.quiet(institution, 0, 0, since=night + timedelta(days=1)),
    )
    for event in said:
        deliver(database, CONSUMERS, event, institution)
    found = {}
    for now in (night, night + timedelta(days=2)):
        with database.begin(Caller.system(institution), now=now, keep=False) as tx:
            messages.tell_consumption(tx, far)
            messages.remind_of_renewal(tx, near)
            rows = tx.session.scalars(select(Message).order_by(Message.template)).all()
            found[now] = [row.send_time for row in rows]
            first = Message.body.reveal(tx, rows[0]) or ""
    # In Urumqi it is 21:00, in New York ten in the morning; then the campus alone keeps a night, until midnight.
    assert found[night] == [datetime(2030, 3, 5, 1, tzinfo=UTC), night]
    assert found[night + timedelta(days=2)] == [datetime(2030, 3, 6, 18, tzinfo=UTC), night + timedelta(days=2)]
    assert "2026-03-02 16:00 上课" in first


def test_few_hours_make_one_reminder_per_order_and_threshold(database: Database, institution: UUID) -> None:
    student, order = prepare(database, institution), str(uuid7())
    event = factories.low(student, order)
    deliver(database, CONSUMERS, event, institution)
    event.remaining_hundredths = 100
    deliver(database, CONSUMERS, event, institution)
    assert len(every(database, institution)) == 1


def test_an_instalment_is_told_once_per_stage_with_other_words_when_it_is_late(
    database: Database, institution: UUID
) -> None:
    student = prepare(database, institution)
    event = InstalmentDue(
        instalment_id=str(uuid7()), customer_id=student, campus_id=str(uuid7()), number=2, open_fen=333_350
    )
    event.due_date.year, event.due_date.month, event.due_date.day = 2026, 3, 31
    for stage, late in ((-3, -3), (7, 8)):
        event.stage_days, event.late_days = stage, late
        deliver(database, CONSUMERS, event, institution, times=2)
    late_words = "请尽快付款或联系课程顾问。"
    assert sorted(body for _, _, body in every(database, institution)) == [
        "张伟您好：张小明 的第 2 期学费 3,333.50 元将于 2026-03-31 到期，请按时付款。",
        "张伟您好：张小明 的第 2 期学费尚有 3,333.50 元未付，已于 2026-03-31 到期，逾期 8 天，" + late_words,
    ]


@pytest.mark.parametrize(("known", "reason"), [(True, "CONTACT_NOT_WANTED"), (False, "NO_CONTACT")])
def test_who_cannot_or_must_not_be_told_is_on_record(
    database: Database, institution: UUID, *, known: bool, reason: str
) -> None:
    student = prepare(database, institution, may_contact=False) if known else str(uuid7())
    deliver(database, CONSUMERS, factories.consumed(student), institution)
    assert [(state, why) for state, why, _ in every(database, institution)] == [("refused", reason)]


def test_the_sandbox_takes_what_is_due_and_each_message_ends_once(database: Database, institution: UUID) -> None:
    student = prepare(database, institution)
    deliver(database, CONSUMERS, factories.consumed(student), institution)
    assert sending.send_due(database, institution) is False
    assert sending.send_due(database, institution) is False
    assert [state for state, _, _ in every(database, institution)] == ["sent"]
    assert len(published(database, institution, "message_finished")) == 1


def test_a_mail_goes_out_in_a_real_conversation() -> None:
    letter = Letter(uuid7(), "email", "zhang@example.com", "课时通知", "剩余 28.5 课时")
    with smtp_server() as box:
        assert sending.hand_over(letter, Mailbox.parse(box.url)) == ("sent", "")
    (mail,) = box.mails
    assert (mail.to, mail.body) == ("zhang@example.com", "剩余 28.5 课时")
    assert str(letter.message_id) in mail.message_id


def test_an_unreachable_server_is_a_failure_with_its_reason() -> None:
    with smtp_server() as box:
        mailbox = Mailbox.parse(box.url)
    letter = Letter(uuid7(), "email", "zhang@example.com", "a", "b")
    assert sending.hand_over(letter, mailbox) == ("failed", "PROVIDER_UNREACHABLE")


def test_a_claim_without_an_outcome_becomes_unknown_and_is_not_sent_again(
    database: Database, institution: UUID
) -> None:
    student = prepare(database, institution)
    deliver(database, CONSUMERS, factories.consumed(student), institution)
    caller = Caller.system(institution)
    with database.begin(caller) as tx:
        assert len(claims.claim(tx, 10)) == 1
        later = tx.now + timedelta(minutes=11)
    with database.begin(caller, now=later) as tx:
        assert claims.claim(tx, 10) == []
        messages.give_up_lost(tx)
    with database.begin(caller) as tx:
        assert [row.reason for row in messages.unknown(tx)] == ["SENDER_DIED"]
        assert claims.claim(tx, 10) == []
