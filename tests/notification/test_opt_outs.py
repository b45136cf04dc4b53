"""Opt-outs and refusals that arrive while messages wait are honoured by the very next claim (D15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import MarketingDeclined
from lianxiao.student.v1.student_events_pb2 import ConsentChanged, PurposeChanged
from services.notification.actions import claims, frequency_caps, messages, opt_outs
from services.notification.consumers import CONSUMERS
from services.notification.models import Message
from services.notification.rules.gate import FOLLOW_UP, MARKETING
from services.notification.rules.templates import Text
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput
from shared.ids import uuid7
from shared.settings import settings
from shared.testing.bus import deliver
from tests.notification import factories

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
PHONE = "+8613812345678"


def begin(database: Database, institution: UUID, *, later: timedelta = timedelta()) -> Any:
    return database.begin(Caller.system(institution), now=factories.noon() + later)


def put(tx: Tx, person: str, cause: str, *, purpose: str = MARKETING, email: str = "") -> Message:
    row = messages.new("plan_message", person, str(uuid7()), cause)
    row.purpose = purpose
    messages.queue_text(tx, row, Text("暑期班", "暑期班开始报名"), email=email, other="" if email else PHONE)
    return row


def agreed(person: str, *, granted: bool = True, time: datetime = YESTERDAY) -> ConsentChanged:
    return ConsentChanged(person_id=person, purpose="marketing", granted=granted, decide_time=time)


def reasons(database: Database, institution: UUID) -> list[tuple[str, str]]:
    with database.begin(Caller.system(institution)) as tx:
        rows = tx.session.scalars(select(Message).order_by(Message.id)).all()
        return [(row.state, row.reason) for row in rows]


def test_without_a_word_only_the_follow_up_of_an_enquiry_leaves(database: Database, institution: UUID) -> None:
    with begin(database, institution) as tx:
        put(tx, str(uuid7()), "1")
        put(tx, str(uuid7()), "2", purpose=FOLLOW_UP)
    with begin(database, institution) as tx:
        assert [letter.body for letter in claims.claim(tx, 10)] == ["暑期班开始报名 拒收请回复TD"]
    assert reasons(database, institution) == [("refused", "NO_CONSENT"), ("sending", "")]


@pytest.mark.parametrize(
    ("refuse", "reason"),
    [
        (lambda who: [agreed(who, granted=False, time=datetime.now(UTC))], "CONSENT_WITHDRAWN"),
        (lambda who: [MarketingDeclined(customer_id=who, decide_time=datetime.now(UTC))], "CONSENT_WITHDRAWN"),
        (lambda _: [PurposeChanged(purpose="marketing", enabled=False, version="1")], "PURPOSE_DISABLED"),
        (
            lambda _: [
                PurposeChanged(purpose="marketing", enabled=True, version="2", valid_from_time=datetime.now(UTC))
            ],
            "NO_CONSENT",
        ),
    ],
)
def test_a_refusal_that_comes_while_a_message_waits_holds_it_back(
    database: Database, institution: UUID, refuse: Callable[[str], list[Any]], reason: str
) -> None:
    person = str(uuid7())
    deliver(database, CONSUMERS, agreed(person), institution)
    with begin(database, institution) as tx:
        put(tx, person, "1")
    # An older yes that arrives late changes nothing.
    for event in (*refuse(person), agreed(person, time=YESTERDAY - timedelta(days=1))):
        deliver(database, CONSUMERS, event, institution)
    with begin(database, institution) as tx:
        assert claims.claim(tx, 10) == []
    assert reasons(database, institution) == [("refused", reason)]


def test_a_keyword_ends_advertising_to_a_number_whoever_it_stands_for(database: Database, institution: UUID) -> None:
    people = [str(uuid7()) for _ in range(2)]
    for person in people:
        deliver(database, CONSUMERS, agreed(person), institution)
    with begin(database, institution) as tx:
        for person in people:
            put(tx, person, person)
        assert not opt_outs.hear(tx, PHONE, "退订多少钱")
        assert opt_outs.hear(tx, PHONE, " ＴＤ ")
    with begin(database, institution) as tx:
        assert claims.claim(tx, 10) == []
    assert reasons(database, institution) == [("refused", "OPTED_OUT")] * 2


def test_the_link_of_a_mail_opts_out_and_back(
    database: Database, institution: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIANXIAO_PUBLIC_URL", "https://school.example")
    settings.cache_clear()
    person = str(uuid7())
    deliver(database, CONSUMERS, agreed(person), institution)
    with begin(database, institution) as tx:
        link = opt_outs.link_of(tx, put(tx, person, "1", email="Zhang@example.com").id)
    assert link.startswith(f"https://school.example/opt-out/{institution}/")
    token = link.rpartition("/")[2]
    for active in (True, True, False, True):
        with begin(database, institution) as tx:
            address = opt_outs.opened(tx, institution, token)
            opt_outs.put(tx, address, active=active, source="link")
        with begin(database, institution) as tx:
            assert opt_outs.is_out(tx, address) is active
            assert opt_outs.is_out(tx, opt_outs.index(tx, "zhang@EXAMPLE.com")) is active
    with begin(database, institution) as tx:
        assert claims.claim(tx, 10) == []
        with pytest.raises(InvalidInput) as refusal:
            opt_outs.opened(tx, uuid7(), token)
    assert refusal.value.reason == "OPT_OUT_LINK_INVALID"
    settings.cache_clear()


def test_caps_count_what_left_and_what_leaves_beside_it(database: Database, institution: UUID) -> None:
    person = str(uuid7())
    deliver(database, CONSUMERS, agreed(person), institution)
    with begin(database, institution) as tx:
        frequency_caps.create(tx, window_days=30, max_count=2)
        for cause in "123":
            put(tx, person, cause)
    with begin(database, institution) as tx:
        assert len(claims.claim(tx, 10)) == 1
    for days, left in ((2, 1), (4, 0)):
        with begin(database, institution, later=timedelta(days=days)) as tx:
            put(tx, person, f"later {days}")
            assert len(claims.claim(tx, 10)) == left
    said = [reason for _, reason in reasons(database, institution)]
    assert said == ["", "CAP_REACHED", "CAP_REACHED", "", "CAP_REACHED"]


def test_the_night_falls_while_a_message_waits(database: Database, institution: UUID) -> None:
    with begin(database, institution) as tx:
        put(tx, str(uuid7()), "1", purpose=FOLLOW_UP).any_hour = False
        row = messages.new("plan_message", str(uuid7()), str(uuid7()), "2")
        row.purpose, row.send_time = FOLLOW_UP, tx.now
        messages.queue_text(tx, row, Text("a", "b"), email="", other=PHONE)
    with begin(database, institution, later=timedelta(hours=11)) as tx:
        assert len(claims.claim(tx, 10)) == 1
    with begin(database, institution, later=timedelta(hours=21)) as tx:
        assert len(claims.claim(tx, 10)) == 1
