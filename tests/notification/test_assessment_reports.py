"""A family gets its report once, word for word, unless it does not want to hear from us."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import AssessmentTaken
from services.notification.actions import assessment_reports, claims
from services.notification.models import Message
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from tests.notification import factories


def taken(**family: Any) -> AssessmentTaken:
    ids = ("assessment_sitting_id", "lead_id", "customer_id", "campus_id")
    return AssessmentTaken(
        **{name: str(uuid7()) for name in ids},
        assessment_name="学习力测评",
        percent=67,
        report="专注力 100%\n{建议}从基础班开始",
        family=factories.family(**family),
    )


def test_the_report_arrives_once_and_braces_in_it_are_only_text(database: Database, institution: UUID) -> None:
    event = taken()
    for _ in range(3):
        with database.begin(Caller.system(institution)) as tx:
            assessment_reports.send(tx, event)
    with database.begin(Caller.system(institution)) as tx:
        (letter,) = claims.claim(tx, 10)
    assert (letter.address, letter.subject) == ("wang@example.com", "王小明 的学习力测评报告")
    assert letter.body == "王建国您好：王小明 完成了学习力测评，得分 67%。\n专注力 100%\n{建议}从基础班开始"


@pytest.mark.parametrize(
    ("family", "reason"),
    [({"may_contact": False}, "CONTACT_NOT_WANTED"), ({"guardian_email": "", "guardian_phone": ""}, "NO_CONTACT")],
)
def test_why_there_is_no_message_is_on_record(
    database: Database, institution: UUID, family: dict[str, Any], reason: str
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        assessment_reports.send(tx, taken(**family))
    with database.begin(Caller.system(institution)) as tx:
        assert [(row.state, row.reason) for row in tx.session.scalars(select(Message))] == [("refused", reason)]
