"""Enquiries for measurements: plausible, all different, as many as needed."""

from __future__ import annotations

import random
from uuid import UUID

from lianxiao.lead.v1.lead_service_pb2 import CaptureLeadRequest
from services.lead.actions import assignment_rules, intake
from services.lead.actions.intake import Arrival
from services.lead.rules.assignment import Candidate
from services.lead.rules.rows import Enquiry
from shared.caller import Caller
from shared.db import Database
from tests.lead import factories

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "子涵浩然梓轩雨欣宇航诗琪佳怡俊杰思远一诺明轩嘉豪欣怡博文天佑若曦语桐沐辰奕辰可馨乐瑶安宁书瑾承泽"
_SCHOOLS = ("实验小学", "光明小学", "第二小学", "外国语小学", "")
_BATCH = 500


def campus_with_rule(database: Database, caller: Caller) -> UUID:
    """Make a campus where leads go to five advisors in turn; return its id."""
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        people = tuple(Candidate(factories.advisor(tx, campus)) for _ in range(5))
        rule = assignment_rules.Details(name="in turn", campus_id=campus, strategy="round_robin", candidates=people)
        assignment_rules.create(tx, rule)
    return campus


def enquiry(number: int) -> Enquiry:
    """Return the enquiry of a number; each has its own phone."""
    chance = random.Random(number)
    surname = chance.choice(_SURNAMES)
    return Enquiry(
        guardian_phone=f"+86139{number:08}",
        child_name=surname + "".join(chance.choices(_GIVEN, k=2)),
        guardian_name=surname + "".join(chance.choices(_GIVEN, k=2)),
        birth_date=f"{chance.randint(2010, 2020)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        school=chance.choice(_SCHOOLS),
    )


def request(number: int, campus: UUID) -> CaptureLeadRequest:
    """Return the same as a request."""
    told = enquiry(number)
    year, month, day = (int(part) for part in told.birth_date.split("-"))
    message = CaptureLeadRequest(
        campus_id=str(campus),
        source="walk_in",
        child_name=told.child_name,
        guardian_name=told.guardian_name,
        guardian_phone=told.guardian_phone,
        school=told.school,
    )
    message.birth_date.year, message.birth_date.month, message.birth_date.day = year, month, day
    return message


def fill(database: Database, caller: Caller, campus: UUID, count: int) -> None:
    """Take in as many leads as an import would."""
    for start in range(0, count, _BATCH):
        batch = [
            Arrival(enquiry(number), campus, "import", payload={"line": number})
            for number in range(start, min(start + _BATCH, count))
        ]
        with database.begin(caller) as tx:
            intake.take_in(tx, batch)
    with database.begin(caller) as tx:
        tx.run("delete from outbox")
