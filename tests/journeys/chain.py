"""A small chain to travel through: two campuses, their people, a course, a class, prices and a split rule."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.journeys.api import Api, Json, eventually
from tests.journeys.system import PASSWORD, System

TODAY = datetime.now(UTC)
YEAR_START = {"year": TODAY.year - 1, "month": 1, "day": 1}


@dataclass(slots=True)
class Chain:
    """Ids and signed-in people of one institution."""

    system: System
    code: str
    admin: Api
    selling: str = ""
    teaching: str = ""
    course: str = ""
    people: dict[str, Api] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def hire(self, key: str, role: str, campus: str) -> str:
        """Create a staff member with one role and sign in; return the id."""
        email = f"{key}@{self.code}.example"
        person = {"displayName": f"老师{key}", "email": email, "campusId": campus}
        made = self.admin.post("/v1/staff", {"staff": person, "password": PASSWORD})["staff"]
        self.admin.post("/v1/roleAssignments", {"staffId": made["staffId"], "role": role})
        self.ids[key] = made["staffId"]
        self.people[key] = self.system.sign_in(self.code, email)
        return str(made["staffId"])

    def campus(self, name: str) -> str:
        """Open a campus."""
        body = {"campus": {"code": secrets.token_hex(3).upper(), "name": name, "timeZone": "Asia/Shanghai"}}
        return str(self.admin.post("/v1/campuses", body)["campus"]["campusId"])

    def class_group(self, name: str, capacity: int) -> str:
        """Open a class of the course at the teaching campus, in a room of its own."""
        body = {"campusId": self.teaching, "name": f"教室{secrets.token_hex(3)}", "capacity": 40}
        room = self.admin.post("/v1/rooms", body)["room"]["roomId"]
        group = {
            "campusId": self.teaching,
            "courseId": self.course,
            "name": name,
            "teacherId": self.ids["teacher"],
            "roomId": room,
            "capacity": capacity,
        }
        return str(self.admin.post("/v1/classGroups", group)["classGroup"]["classGroupId"])

    def lesson(self, class_group: str, hours_from_now: float) -> str:
        """Put a lesson of a class into the timetable."""
        start = TODAY + timedelta(hours=hours_from_now)
        plan = {"campusId": self.teaching, "classGroupIds": [class_group]}
        body: Json = {"plan": plan, "startTime": start.isoformat(), "overrideReason": "试运行"}
        return str(self.admin.post("/v1/lessons", body)["lesson"]["lessonId"])


def found(system: System) -> Chain:
    """Found a chain: selling and teaching campus, advisors, teacher, finance, course and split rule."""
    code, admin = system.new_institution()
    chain = Chain(system, code, admin)
    chain.selling, chain.teaching = chain.campus("浦东校区"), chain.campus("徐汇校区")
    chain.hire("advisor", "course_advisor", chain.selling)
    chain.hire("stranger", "course_advisor", chain.teaching)
    chain.hire("teacher", "teacher", chain.teaching)
    chain.hire("finance", "finance", chain.selling)
    course = {
        "name": "数学思维",
        "kind": "COURSE_KIND_CLASS",
        "subject": "math",
        "lessonMinutes": 60,
        "lessonHoursHundredths": "100",
        "totalLessonHoursHundredths": "3000",
    }
    chain.course = admin.post("/v1/courses", course)["course"]["courseId"]
    _set_rules(chain)
    eventually("the teacher is known to scheduling", lambda: _knows_teacher(chain))
    return chain


def _set_rules(chain: Chain) -> None:
    # Tests run at any hour, and the families of this chain may always be told.
    never = [{"setting": f"LEAD_SETTING_QUIET_{edge}_MINUTE", "value": 0} for edge in ("START", "END")]
    chain.admin.post("/v1/leadPolicy:change", {"values": never})
    shares = [
        {"party": "SPLIT_PARTY_TEACHING_CAMPUS", "basisPoints": 7000},
        {"party": "SPLIT_PARTY_SELLING_CAMPUS", "basisPoints": 2000},
        {"party": "SPLIT_PARTY_HEADQUARTERS", "remainder": True},
    ]
    rule = {
        "name": "课消分账",
        "base": "SPLIT_BASE_CONSUMPTION_RECOGNISED",
        "shares": shares,
        "startDate": YEAR_START,
    }
    chain.admin.post("/v1/splitRules", {"splitRule": rule})
    cash = [
        {"party": "SPLIT_PARTY_ADVISOR", "basisPoints": 300},
        {"party": "SPLIT_PARTY_SELLING_CAMPUS", "remainder": True},
    ]
    rule |= {"name": "收款分账", "base": "SPLIT_BASE_CASH_RECEIVED", "shares": cash}
    chain.admin.post("/v1/splitRules", {"splitRule": rule})
    assignment = {
        "name": "浦东轮流",
        "campusId": chain.selling,
        "strategy": "ASSIGNMENT_STRATEGY_ROUND_ROBIN",
        "candidates": [{"staffId": chain.ids["advisor"]}],
    }
    eventually("lead knows the advisor", lambda: _try_rule(chain, assignment))


def _try_rule(chain: Chain, rule: Json) -> bool:
    headers = {"authorization": f"Bearer {chain.admin.token}"}
    return chain.admin.client.post("/v1/assignmentRules", json=rule, headers=headers).is_success


def _knows_teacher(chain: Chain) -> bool:
    teachers = chain.admin.get("/v1/teachers")["teachers"]
    return chain.ids["teacher"] in {teacher["teacherId"] for teacher in teachers}
