"""A family with names, numbers and remarks that nobody else has, brought through every service by its public RPCs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.journeys import steps
from tests.journeys.api import Json, eventually
from tests.journeys.chain import Chain
from tests.journeys.steps import Child

CHILD, GUARDIAN, AUNT = "澹台金丝雀", "澹台守望", "澹台姑母"


@dataclass(slots=True)
class Family:
    """The traveller, and every word that tells of it."""

    child: Child
    phone: str
    words: list[str] = field(default_factory=list)

    def note(self) -> str:
        """Return a remark that stands nowhere else."""
        word = f"雀语{secrets.token_hex(4)}"
        self.words.append(word)
        return word


def enquire(chain: Chain) -> Family:
    """Take the enquiry in twice, so that it is a second touch of one lead; follow up, note, add people."""
    phone, mark = f"1882{secrets.randbelow(10**7):07d}", secrets.token_hex(4)
    body: Json = {
        "campusId": chain.selling,
        "source": "walk_in",
        "childName": CHILD,
        "guardianName": GUARDIAN,
        "guardianPhone": phone,
        "guardianEmail": f"canary{mark}@example.com",
        "guardianRelation": "father",
        "wechatId": f"canary-{mark}",
        "school": f"雀校{mark}",
        "schoolGrade": "三年级",
        "birthDate": {"year": 2009, "month": 2, "day": 3},
    }
    advisor = chain.people["advisor"]
    first_note = f"雀语{mark}"
    lead = advisor.post("/v1/leads", body | {"remark": first_note})["lead"]
    family = Family(Child(lead, body["guardianEmail"]), phone)
    family.words += [CHILD, GUARDIAN, phone, body["guardianEmail"], body["wechatId"], body["school"], first_note]
    advisor.post("/v1/leads", body | {"remark": family.note()})
    path = f"/v1/leads/{lead['leadId']}"
    advisor.post(f"{path}/followUps", {"channel": "FOLLOW_UP_CHANNEL_PHONE", "content": family.note()})
    due = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    advisor.post("/v1/tasks", {"leadId": lead["leadId"], "kind": "visit", "note": family.note(), "dueTime": due})
    aunt = {"name": AUNT, "phone": "13966550011", "position": family.note(), "role": "CONTACT_ROLE_INFLUENCER"}
    advisor.post(f"{path}/contacts", aunt)
    family.words += [AUNT, "13966550011"]
    return family


def teach(chain: Chain, family: Family) -> None:
    """Try out, buy, join, be taught: every remark on the way is one of the family's words."""
    child, group = family.child, chain.class_group("金丝雀班", capacity=6)
    trial_lesson, lesson, ahead = chain.lesson(group, -0.5), chain.lesson(group, -24), chain.lesson(group, 72)
    booking = {"leadId": child.lead_id, "customerId": child.customer_id, "lessonId": trial_lesson}
    trial = chain.admin.post("/v1/trials", booking)["trial"]["trialId"]
    result = {"attended": True, "result": "suitable", "feedback": family.note()}
    teacher, advisor = chain.people["teacher"], chain.people["advisor"]
    teacher.post(f"/v1/trials/{trial}:recordResult", result)
    opinion = f"/v1/leads/{child.lead_id}/trials/{trial}:recordOpinion"
    eventually("the lead knows the trial", lambda: _trial_known(chain, child))
    advisor.post(opinion, {"rating": 5, "feedback": family.note()})
    order_id = steps.sell(chain, child)
    steps.pay(chain, order_id, steps.TOTAL_FEN)
    eventually("the file is open", lambda: chain.admin.every("/v1/students", "students"))
    told = {"courseId": chain.course, "teacherId": chain.ids["teacher"], "goals": family.note()}
    advisor.post(f"/v1/leads/{child.lead_id}:handToTeaching", told | {"painPoints": family.note()})
    steps.join(chain, child, group)
    entry = {"studentId": child.customer_id, "code": "present", "remark": family.note()}
    teacher.post(f"/v1/lessons/{lesson}:confirmRollCall", {"entries": [entry]})
    remark = {"studentId": child.customer_id, "remark": family.note(), "rating": 3}
    teacher.post(
        f"/v1/lessons/{lesson}:saveRecord", {"content": {"content": "讲评"}, "remarks": [remark], "publish": True}
    )
    leave = {"lessonIds": [ahead], "code": "excused", "reason": family.note()}
    chain.admin.post(f"/v1/students/{child.customer_id}:requestLeave", leave)
    steps.wait_for_hours(chain, child, steps.HOURS + steps.GIFT - 100)
    refund = {"orderId": order_id, "cause": "REFUND_CAUSE_MUTUAL", "reason": family.note()}
    asked = chain.people["finance"].post("/v1/refunds", refund)["refund"]
    chain.admin.post(f"/v1/refunds/{steps.key(asked, 'refund')}:approve")


def contract(chain: Chain, family: Family) -> None:
    """Print a contract in the guardian's name; the law keeps it."""
    line = {"courseId": chain.course, "lessonHoursHundredths": "100", "unitPriceFen": str(steps.UNIT_FEN)}
    quote = {"customerId": family.child.customer_id, "campusId": chain.selling, "lines": [line]}
    quote_id = steps.key(chain.admin.post("/v1/quotes", {"quote": quote})["quote"], "quote")
    chain.admin.post(f"/v1/quotes/{quote_id}:confirm")
    wanted = {"quoteId": quote_id, "giftPolicy": "GIFT_POLICY_ZERO"}
    contract_id = steps.key(chain.admin.post("/v1/contracts", wanted)["contract"], "contract")
    text = {"code": "canary", "name": "合同", "body": "# 合同\n乙方：{guardian_name}"}
    template = chain.admin.post("/v1/contractTemplates", {"contractTemplate": text})["contractTemplate"]
    chain.admin.post(f"/v1/contractTemplates/{template['contractTemplateId']}:publish")
    values = [{"variable": "guardian_name", "value": GUARDIAN}]
    told = {"contractTemplateId": template["contractTemplateId"], "values": values}
    chain.admin.post(f"/v1/contracts/{contract_id}:render", told)


def serve(chain: Chain, family: Family) -> None:
    """Complain, be called, written to, tagged; the words of it all stay with the student's file."""
    student, admin = family.child.customer_id, chain.admin
    ticket = {"studentId": student, "kind": "TICKET_KIND_COMPLAINT", "subject": family.note(), "text": family.note()}
    admin.post("/v1/tickets", {"ticket": ticket})
    call = {"studentId": student, "occasion": family.note(), "dueTime": "2030-01-01T02:00:00Z"}
    made = admin.post("/v1/callTasks", {"callTask": call})["callTask"]
    admin.post(
        f"/v1/callTasks/{made['callTaskId']}:record", {"outcome": "CALL_OUTCOME_NOT_REACHED", "note": family.note()}
    )
    (guardian,) = admin.get(f"/v1/students/{student}/guardians")["guardians"]
    said = {"guardianId": guardian["guardianId"], "body": family.note()}
    admin.post(f"/v1/students/{student}/familyMessages:send", said)
    tag = admin.post("/v1/tags", {"tag": {"name": f"雀{secrets.token_hex(3)}", "facet": "TAG_FACET_PARENT"}})["tag"]
    admin.post(f"/v1/students/{student}/tags", {"tagId": tag["tagId"], "reason": family.note()})
    eventually("the family is told", lambda: admin.get("/v1/messages", filter=f'student_id = "{student}"')["messages"])


def _trial_known(chain: Chain, child: Child) -> bool:
    entries = chain.people["advisor"].get(f"/v1/leads/{child.lead_id}/timeline")["entries"]
    return any(entry.get("trial", {}).get("state") == "attended" for entry in entries)
