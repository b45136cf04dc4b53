"""Institution A, full of everything that an outsider must not see."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import timedelta
from uuid import uuid4

from tests.contract import families
from tests.journeys import spreadsheets, steps
from tests.journeys.api import Json, UnexpectedAnswer, eventually
from tests.journeys.chain import TODAY, YEAR_START, Chain, found
from tests.journeys.system import System

PHONE = "13977665544"
# Of families; staff are known by name in their chain.
PRIVATE = (
    PHONE,
    "司马机密",
    "司马保守",
    "欧阳小明",
    "诸葛秘婆",
    "secret.family",
    "对坚果严重过敏",
    "父亲下岗",
    "计算快",
    "上课老走神",
    *families.PRIVATE,
)


def furnish(system: System) -> Chain:
    """Found a chain with two campuses at work and a third that only has its principal."""
    chain = found(system)
    chain.ids["empty"] = chain.campus("空白校区")
    chain.hire("principal", "principal", chain.ids["empty"])
    _places_and_papers(chain)
    campaign = _campaign(chain)
    _travel(chain, campaign)
    _leads(chain, campaign)
    _import(chain)
    eventually("the family is told", lambda: chain.admin.get("/v1/messages")["messages"])
    eventually("the attendance is split", lambda: chain.admin.get("/v1/splitRows")["splitRows"])
    chain.admin.post("/v1/settlementRuns", {"date": {"year": TODAY.year, "month": TODAY.month, "day": TODAY.day}})
    eventually("the month is settled", lambda: chain.admin.get("/v1/settlements")["settlements"])
    _close(chain)
    _transfer(chain)
    # Last, so that every lot has been used before: one refund is paid, one waits for a decision.
    first, _waits = (_ask_refund(chain, chain.ids[name]) for name in ("order", "second_order"))
    chain.admin.post(f"/v1/refunds/{first}:approve")
    return chain


def _close(chain: Chain) -> None:
    """Export the vouchers of the year, and offset what campuses owe each other."""
    day = {"year": TODAY.year, "month": TODAY.month, "day": TODAY.day}
    wanted = {"startDate": day, "endDate": day, "grouping": "VOUCHER_GROUPING_DAY"}
    chain.admin.post("/v1/voucherBatches", wanted)
    chain.admin.post("/v1/nettings", {})
    chain.admin.post("/v1/custodyReleases", {"custodyAccountId": chain.ids["custody"]})


def _transfer(chain: Chain) -> None:
    """Move a part of an hour to a sister at the same campus."""
    lots = chain.admin.get("/v1/lots", filter=f'order_id = "{chain.ids["order"]}"')["lots"]
    lot = next(lot for lot in lots if int(lot["remainingHundredths"]) > 1)
    body = {
        "lotId": lot["lotId"],
        "hundredths": "1",
        "targetStudentId": str(uuid4()),
        "targetCourseId": lot["courseId"],
        "targetCampusId": lot["campusId"],
        "pricing": "TRANSFER_PRICING_KEPT_VALUE",
        "reason": "保密姐妹结转",
    }
    chain.people["finance"].post("/v1/transfers", body)


def _ask_refund(chain: Chain, order_id: str) -> str:
    body = {"orderId": order_id, "cause": "REFUND_CAUSE_MUTUAL", "reason": "搬离本市"}
    return steps.key(chain.people["finance"].post("/v1/refunds", body)["refund"], "refund")


def _places_and_papers(chain: Chain) -> None:
    admin = chain.admin
    admin.post("/v1/regions", {"region": {"name": "华东机密大区"}})
    field = {"subject": "lead", "code": "allergy", "label": "过敏史备注", "kind": "CUSTOM_FIELD_KIND_TEXT"}
    admin.post("/v1/customFields", {"customField": field})
    flow = {"subject": "refund", "name": "大额退费审批", "fromAmountFen": "100000", "steps": ["finance"]}
    admin.post("/v1/approvalFlows", {"approvalFlow": flow})
    account = {"name": "地推合作伙伴程序", "permissions": ["lead.capture"], "campusIds": [chain.selling]}
    admin.post("/v1/serviceAccounts", {"serviceAccount": account})
    role = {"code": "night_desk", "name": "晚班前台", "permissions": ["lead.read"], "defaultScope": "ROLE_SCOPE_CAMPUS"}
    admin.post("/v1/roles", {"role": role})
    price = {"courseId": chain.course, "campusId": chain.selling, "unitPriceFen": "20001", "startDate": YEAR_START}
    admin.post("/v1/prices", {"price": price})
    kept: Json = {"campusId": chain.selling, "name": "机密监管户", "bank": "机密银行", "mode": "CUSTODY_MODE_RELEASE"}
    kept |= {"bankAccountNumber": "6222021001122334455", "startDate": YEAR_START}
    made = admin.post("/v1/custodyAccounts", {"custodyAccount": kept})["custodyAccount"]
    chain.ids["custody"] = steps.key(made, "custodyAccount")
    _offers(chain)
    _words_and_lists(chain)
    text = {"subject": "【启明机密】课时变动", "body": "{student} 还剩 {remaining} 课时，请联系启明前台。"}
    admin.call("PUT", "/v1/messageTemplates/hours_consumed/zh", text)


def _offers(chain: Chain) -> None:
    """Leave a bundle, and a promotion that no offer of the story takes."""
    part = {"courseId": chain.course, "lessonHoursHundredths": "100"}
    bundle = {"code": "secret_start", "name": "保密入门组合", "priceFen": "9999", "items": [part]}
    chain.admin.post("/v1/bundles", {"bundle": bundle | {"campusId": chain.selling, "startDate": YEAR_START}})
    promotion: Json = {"code": "secret_spring", "name": "春季保密优惠", "effect": "PROMOTION_EFFECT_PERCENTAGE"}
    terms = {"offBasisPoints": 500, "audience": "PROMOTION_AUDIENCE_RETURNING", "minTotalFen": "100000000"}
    promotion |= terms | {"campusId": chain.selling, "startDate": YEAR_START}
    chain.admin.post("/v1/promotions", {"promotion": promotion})


def _words_and_lists(chain: Chain) -> None:
    """Leave a list of leads under a name, a segment, a tag and a draft of a contract's text."""
    admin = chain.admin
    saved = {"name": "机密跟进名单", "filter": 'source = "walk_in"', "sharing": "FILTER_SHARING_INSTITUTION"}
    admin.post("/v1/savedFilters", {"savedFilter": saved})
    admin.post("/v1/segments", {"segment": {"name": "保密人群", "filter": 'source = "walk_in"'}})
    admin.post("/v1/tags", {"tag": {"name": "机密高净值", "facet": "TAG_FACET_PARENT"}})
    template = {"code": "secret_terms", "name": "保密合同样本", "body": "# 保密协议"}
    admin.post("/v1/contractTemplates", {"contractTemplate": template})


def _campaign(chain: Chain) -> str:
    campaign = {"name": "金秋保密开放日", "channel": "open_day", "startDate": YEAR_START, "campusId": chain.selling}
    campaign_id = str(chain.admin.post("/v1/campaigns", campaign)["campaign"]["campaignId"])
    cost = {"amountFen": "12345", "spendDate": YEAR_START, "remark": "展架与传单印刷"}
    chain.admin.post(f"/v1/campaigns/{campaign_id}/costs", cost)
    return campaign_id


def _travel(chain: Chain, campaign: str) -> None:
    """Bring two children all the way into lessons; the second keeps a lesson that lies ahead."""
    group = chain.class_group("奥数冲刺保密班", capacity=6)
    trial_lesson, lesson, ahead = chain.lesson(group, -0.5), chain.lesson(group, -24), chain.lesson(group, 72)
    chain.people["teacher"].post(f"/v1/lessons/{trial_lesson}:clockIn", {})
    wanted = {"lessonIds": [ahead], "reason": "外出参加保密培训"}
    chain.people["teacher"].post(f"/v1/teachers/{chain.ids['teacher']}:requestSubstitutes", wanted)
    child, second = steps.enquire(chain, campaign), steps.enquire(chain, campaign)
    steps.try_out(chain, child, trial_lesson)
    for name, each in (("order", child), ("second_order", second)):
        chain.ids[name] = steps.sell(chain, each)
        steps.pay(chain, chain.ids[name], steps.TOTAL_FEN)
    for each in (child, second):
        steps.become_student(chain, each)
        steps.join(chain, each, group)
        guardian = {"name": "诸葛秘婆", "phone": f"1388{secrets.randbelow(10**7):07d}", "relation": "grandmother"}
        chain.admin.post(f"/v1/students/{each.customer_id}/guardians", {"guardian": guardian})
    for each in (child, second):
        steps.attend(chain, each, lesson)
    _record(chain, lesson, child.customer_id)
    _print(chain, child.customer_id)
    families.furnish(chain, child.customer_id)
    _examine(chain, group, child.customer_id)


def _examine(chain: Chain, group: str, customer_id: str) -> None:
    """Leave an exam of the group, as soon as its service has heard of the group, and a growth report."""
    exam: Json = {"classGroupId": group, "subject": "保密数学", "title": "机密期中", "kind": "EXAM_KIND_MIDTERM"}
    exam |= {"examDate": {"year": TODAY.year, "month": TODAY.month, "day": TODAY.day}, "fullHundredths": "10000"}

    def exam_made() -> Json | None:
        try:
            made: Json = chain.admin.post("/v1/exams", {"exam": exam})["exam"]
        except UnexpectedAnswer:
            return None
        return made

    exam_id = eventually("the class group is heard of", exam_made)["examId"]
    score = {"studentId": customer_id, "scoreHundredths": "8765"}
    chain.admin.post(f"/v1/exams/{exam_id}:recordScores", {"scores": [score]})
    days = [TODAY - timedelta(days=count) for count in (60, 1)]
    start, end = ({"year": day.year, "month": day.month, "day": day.day} for day in days)
    term: Json = {"studentIds": [customer_id], "period": "GROWTH_PERIOD_TERM", "startDate": start, "endDate": end}
    chain.admin.post("/v1/growthReports", term)


def _print(chain: Chain, customer_id: str) -> None:
    """Print a contract that nobody has signed."""
    line = {"courseId": chain.course, "lessonHoursHundredths": "100", "unitPriceFen": str(steps.UNIT_FEN)}
    quote = {"customerId": customer_id, "campusId": chain.selling, "lines": [line]}
    quote_id = steps.key(chain.admin.post("/v1/quotes", {"quote": quote})["quote"], "quote")
    chain.admin.post(f"/v1/quotes/{quote_id}:confirm")
    wanted = {"quoteId": quote_id, "giftPolicy": "GIFT_POLICY_ZERO"}
    contract_id = steps.key(chain.admin.post("/v1/contracts", wanted)["contract"], "contract")
    text = {"code": "secret", "name": "绝密合同文本", "body": "# 绝密合同文本\n乙方：{guardian_name}"}
    made = chain.admin.post("/v1/contractTemplates", {"contractTemplate": text})["contractTemplate"]
    template_id = made["contractTemplateId"]
    chain.admin.post(f"/v1/contractTemplates/{template_id}:publish")
    told = {"contractTemplateId": template_id, "values": [{"variable": "guardian_name", "value": "诸葛秘婆"}]}
    chain.admin.post(f"/v1/contracts/{contract_id}:render", told)


def _record(chain: Chain, lesson: str, student_id: str) -> None:
    """Write down what a lesson taught, and what the teacher thinks of a child."""
    points = {"text": "1\t分数的机密意义\t1.5\n2\t约分与通分"}
    syllabus = chain.admin.post(f"/v1/courses/{chain.course}:importSyllabus", points)["syllabus"]
    chain.people["teacher"].post(
        f"/v1/lessons/{lesson}:saveRecord",
        {
            "content": {"content": "讲评机密试卷", "syllabusPointIds": [syllabus["points"][0]["syllabusPointId"]]},
            "remarks": [{"studentId": student_id, "remark": "上课老走神", "rating": 3}],
            "publish": True,
        },
    )


def _leads(chain: Chain, campaign: str) -> None:
    """Leave open leads, one claimed, one with a task, two that may be the same child."""
    advisor = chain.people["advisor"]
    body: Json = {
        "campusId": chain.selling,
        "source": "walk_in",
        "campaignId": campaign,
        "childName": "司马机密",
        "guardianName": "司马保守",
        "guardianPhone": PHONE,
        "guardianEmail": f"secret.family@{chain.code}.example",
        "wechatId": f"secret-{chain.code}",
        "school": "保密附属小学",
        "remark": "对坚果严重过敏，请勿外传",
    }
    lead = advisor.post("/v1/leads", body)["lead"]
    advisor.post(f"/v1/leads/{lead['leadId']}:claim", {})
    _organisation(chain, lead["leadId"])
    advisor.post(
        f"/v1/leads/{lead['leadId']}/followUps",
        {"channel": "FOLLOW_UP_CHANNEL_PHONE", "content": "父亲下岗，预算紧张，勿外传"},
    )
    task = {"leadId": lead["leadId"], "kind": "visit", "note": "上门带合同原件", "dueTime": _later(2)}
    advisor.post("/v1/tasks", task)
    other = {"guardianPhone": "13977665533", "guardianName": "司马夫人", "guardianEmail": ""}
    advisor.post("/v1/leads", body | other)
    eventually("the pair is found", lambda: chain.admin.get("/v1/duplicates")["duplicates"])
    pair = chain.admin.get("/v1/duplicates")["duplicates"][0]
    advisor.post("/v1/leads", body | other | {"guardianPhone": "13977665522", "childName": "司马机要"})
    assert pair["duplicateId"]
    eventually("the clocks of first answers run", lambda: _clocks_run(chain), 60)


def _organisation(chain: Chain, lead_id: str) -> None:
    """Let a lead belong to an organisation with a learner."""
    admin = chain.admin
    told = {"name": "启明机密仪表厂", "remark": "年底续签，请勿外传"}
    organisation = admin.post("/v1/organisations", told)["organisation"]["organisationId"]
    learner = {"name": "宇文秘工", "phone": "13966554433", "role": "CONTACT_ROLE_LEARNER"}
    admin.post(f"/v1/organisations/{organisation}/contacts", learner)
    lead = {"guardianPhone": PHONE, "organisationId": organisation}
    admin.call("PATCH", f"/v1/leads/{lead_id}", lead, updateMask="organisation_id")


def _clocks_run(chain: Chain) -> bool:
    """Say whether every open lead has been looked at by the jobs that watch them."""
    leads = chain.admin.get("/v1/leads?pageSize=200")["leads"]
    waiting = [lead for lead in leads if lead["state"] == "LEAD_STATE_OPEN" and not lead.get("lastContactTime")]
    return all(lead.get("responseDueTime") for lead in waiting)


def _import(chain: Chain) -> None:
    content = spreadsheets.enquiries(seed=7).content
    options = json.dumps({"campusId": chain.selling, "source": "field", "dryRun": True})
    started = chain.admin.upload(content, "客户名单机密.xlsx", options)
    path = f"/v1/imports/{started['importId']}"
    eventually("the import ends", lambda: _ended(chain, path), 120)
    students = "学员姓名,家长手机\n司马机密,13977665511\n,1".encode()
    sent = {"campusId": chain.selling, "fileName": "在读名单机密.csv", "data": base64.b64encode(students).decode()}
    made = chain.admin.post("/v1/studentImports", sent)["studentImport"]
    rows = f"/v1/studentImports/{made['studentImportId']}/rows"
    eventually("the students are taken in", lambda: chain.admin.get(rows)["rows"])


def _ended(chain: Chain, path: str) -> bool:
    return str(chain.admin.get(path)["leadImport"]["state"]) in {"IMPORT_STATE_DONE", "IMPORT_STATE_FAILED"}


def _later(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()
