"""Steps of a child's way: enquiry, trial, contract, payment, lessons, split fees, reports, refund."""

from __future__ import annotations

import base64
import itertools
import json
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

import httpx

from shared.signatures import sign
from tests.journeys.api import Json, eventually
from tests.journeys.chain import TODAY, Chain
from tests.journeys.system import PAYMENT_SECRET

HOURS, GIFT, UNIT_FEN = 3000, 200, 20001
TOTAL_FEN = 30 * UNIT_FEN
_CHILDREN = itertools.count()


@dataclass(slots=True)
class Child:
    """The traveller."""

    lead: Json
    email: str

    @property
    def lead_id(self) -> str:
        """Id of the enquiry."""
        return str(self.lead["leadId"])

    @property
    def customer_id(self) -> str:
        """Id for life."""
        return str(self.lead["customerId"])


def enquire(chain: Chain, campaign_id: str = "") -> Child:
    """Take an enquiry in by the desk's form; it is assigned by rule."""
    email = f"family{secrets.token_hex(4)}@example.com"
    body = {
        "campusId": chain.selling,
        "source": "walk_in",
        "campaignId": campaign_id,
        "childName": "欧阳小明",
        "guardianName": "欧阳建国",
        "guardianPhone": f"199 1{secrets.randbelow(10**7):07d}",
        "guardianEmail": email,
        "guardianRelation": "father",
        "school": "实验小学",
        "schoolGrade": "三年级",
        "birthDate": birth_date(next(_CHILDREN)),
    }
    lead = chain.people["advisor"].post("/v1/leads", body)["lead"]
    assert lead["ownerId"] == chain.ids["advisor"]
    return Child(lead, email)


def birth_date(number: int) -> Json:
    """Return another day for each of 252 children: same name, parents, school and day would be the same child."""
    return {"year": 2009 + number % 9, "month": 1 + number * 5 % 12, "day": 1 + number * 11 % 28}


def try_out(chain: Chain, child: Child, lesson_id: str, previous_trial_id: str = "") -> None:
    """Follow up, book a seat in a real lesson; the teacher records the result."""
    advisor = chain.people["advisor"]
    follow_up = {"channel": "FOLLOW_UP_CHANNEL_PHONE", "content": "妈妈想先试听数学课"}
    advisor.post(f"/v1/leads/{child.lead_id}/followUps", follow_up)
    trial = chain.admin.post(
        "/v1/trials",
        {
            "leadId": child.lead_id,
            "customerId": child.customer_id,
            "lessonId": lesson_id,
            "previousTrialId": previous_trial_id,
        },
    )["trial"]
    result = {"attended": True, "result": "suitable", "feedback": "计算快，适合提高班"}
    chain.people["teacher"].post(f"/v1/trials/{trial['trialId']}:recordResult", result)
    stage = eventually(
        "the lead shows the trial",
        lambda: (got := advisor.get(f"/v1/leads/{child.lead_id}")["lead"])["stage"] == "LEAD_STAGE_TRIALLED" and got,
    )
    assert stage["leadId"] == child.lead_id
    entries = advisor.get(f"/v1/leads/{child.lead_id}/timeline")["entries"]
    kinds = {kind for entry in entries for kind in entry}
    assert {"touch", "followUp", "assignment", "trial"} <= kinds
    said = {"rating": 5, "feedback": "孩子很喜欢，作业偏多"}
    advisor.post(f"/v1/leads/{child.lead_id}/trials/{trial['trialId']}:recordOpinion", said)


def sell(chain: Chain, child: Child, hours: int = HOURS, gift: int = GIFT) -> str:
    """Quote, contract, order; return the order's id."""
    advisor = chain.people["advisor"]
    line = {
        "courseId": chain.course,
        "lessonHoursHundredths": str(hours),
        "giftHundredths": str(gift),
        "unitPriceFen": str(UNIT_FEN),
    }
    quote = {
        "customerId": child.customer_id,
        "leadId": child.lead_id,
        "campusId": chain.selling,
        "lines": [line],
    }
    quote_id = key(advisor.post("/v1/quotes", {"quote": quote})["quote"], "quote")
    advisor.post(f"/v1/quotes/{quote_id}:confirm")
    contract = {"quoteId": quote_id, "giftPolicy": "GIFT_POLICY_ZERO"}
    contract_id = key(advisor.post("/v1/contracts", contract)["contract"], "contract")
    advisor.post(f"/v1/contracts/{contract_id}:sign")
    return key(advisor.post("/v1/orders", {"contractId": contract_id})["order"], "order")


def key(row: Json, noun: str) -> str:
    """Return a resource's id."""
    return str(row.get(f"{noun}Id") or row["id"])


def pay_by_provider(chain: Chain, order_id: str, amount_fen: int) -> None:
    """Pay through the provider, whose notice arrives three times."""
    intent = {"orderId": order_id, "amountFen": str(amount_fen), "provider": "sandbox"}
    made = chain.people["finance"].post("/v1/paymentIntents", intent)["paymentIntent"]
    notice = {
        "transaction_id": f"tx-{secrets.token_hex(6)}",
        "reference": made["reference"],
        "amount_fen": amount_fen,
        "currency": "CNY",
        "status": "SUCCESS",
    }
    answers = [send_notice(chain, made["callbackPath"], json.dumps(notice).encode()) for _ in range(3)]
    assert [answer["isRepeat"] for answer in answers] == [False, True, True]
    assert len({answer["paymentId"] for answer in answers}) == 1


def send_notice(chain: Chain, path: str, body: bytes) -> Json:
    """Call back as the provider does."""
    stamp, nonce = str(int(time.time())), secrets.token_hex(8)
    signature = sign(PAYMENT_SECRET.encode(), timestamp=stamp, nonce=nonce, body=body)
    payload = {
        "body": base64.b64encode(body).decode(),
        "signature": signature,
        "timestamp": stamp,
        "nonce": nonce,
    }
    answer = httpx.post(f"{chain.system.url}{path}", json=payload, timeout=30)
    assert answer.status_code == httpx.codes.OK, answer.text
    result: Json = answer.json()
    return result


def pay(chain: Chain, order_id: str, total_fen: int) -> None:
    """Pay in two parts: cash, then by the provider."""
    first = {"orderId": order_id, "amountFen": str(total_fen // 3), "method": "cash"}
    chain.people["finance"].post("/v1/payments", first)
    pay_by_provider(chain, order_id, total_fen - total_fen // 3)
    order = chain.people["finance"].get(f"/v1/orders/{order_id}")["order"]
    assert int(order["paidFen"]) == total_fen


def become_student(chain: Chain, child: Child) -> None:
    """Wait for the file that the event opens; nothing is typed again."""
    student = eventually(
        "the student's file is open", lambda: _optional(chain, f"/v1/students/{child.customer_id}", "student")
    )
    assert (student["name"], student["school"]) == ("欧阳小明", "实验小学")
    eventually("scheduling knows the student", lambda: _optional(chain, f"/v1/students/{child.customer_id}", "student"))
    lead = eventually(
        "the lead is enrolled",
        lambda: (
            (got := chain.admin.get(f"/v1/leads/{child.lead_id}")["lead"])["stage"] == "LEAD_STAGE_ENROLLED" and got
        ),
    )
    assert lead["customerId"] == student["studentId"]


def _optional(chain: Chain, path: str, name: str) -> Json | None:
    answer = chain.admin.client.get(path, headers={"authorization": f"Bearer {chain.admin.token}"})
    return answer.json()[name] if answer.is_success else None


def join(chain: Chain, child: Child, class_group: str) -> None:
    """Take a place as soon as scheduling knows the student."""
    path = f"/v1/classGroups/{class_group}:join"

    def attempt() -> bool:
        headers = {"authorization": f"Bearer {chain.admin.token}"}
        body = {"studentId": child.customer_id, "joinTime": (TODAY - timedelta(days=30)).isoformat()}
        answer = chain.admin.client.post(path, json=body, headers=headers)
        assert answer.is_success or answer.json()["reason"] == "STUDENT_NOT_FOUND", answer.text
        return answer.is_success

    eventually("the student has a place", attempt)


def attend(chain: Chain, child: Child, lesson_id: str) -> None:
    """Confirm the roll call as the teacher."""
    entries = {"entries": [{"studentId": child.customer_id, "code": "present"}]}
    chain.people["teacher"].post(f"/v1/lessons/{lesson_id}:confirmRollCall", entries)


def check_charge(chain: Chain, child: Child, lesson_id: str, left: int) -> float:
    """Wait until the sheet tells the teacher what was charged and what is left; return the seconds that took."""
    began = time.monotonic()

    def charge() -> Json | None:
        rows = chain.people["teacher"].get(f"/v1/lessons/{lesson_id}/rollCall")["rollCall"]["rows"]
        (mine,) = [row for row in rows if row["studentId"] == child.customer_id]
        said: Json = mine["attendance"]["charge"]
        return said if said["state"] != "ATTENDANCE_CHARGE_STATE_PENDING" else None

    said = eventually("billing's word stands on the sheet", charge)
    assert said["state"] == "ATTENDANCE_CHARGE_STATE_CHARGED"
    assert (said["consumedHundredths"], said["remainingHundredths"]) == ("100", str(left))
    return time.monotonic() - began


def hours_left(chain: Chain, child: Child) -> int:
    """Return the remaining hundredths of the course."""
    path = f"/v1/students/{child.customer_id}/hourAccounts/{chain.course}"
    return int(chain.admin.get(path)["hourAccount"]["remainingHundredths"])


def wait_for_hours(chain: Chain, child: Child, hundredths: int) -> None:
    """Wait until so much is left."""
    eventually(f"{hundredths} hundredths are left", lambda: hours_left(chain, child) == hundredths)


def check_money(chain: Chain, child: Child, lessons: int) -> None:
    """Check revenue, splits and the payable between campuses to the fen."""
    wait_for_hours(chain, child, HOURS + GIFT - 100 * lessons)
    rows = split_rows(chain, "SPLIT_BASE_CONSUMPTION_RECOGNISED")
    assert sum(int(row["amountFen"]) for row in rows) == lessons * UNIT_FEN
    by_party: dict[str, int] = {}
    for row in rows:
        by_party[row["party"]] = by_party.get(row["party"], 0) + int(row["amountFen"])
    assert set(by_party) == {
        "SPLIT_PARTY_TEACHING_CAMPUS",
        "SPLIT_PARTY_SELLING_CAMPUS",
        "SPLIT_PARTY_HEADQUARTERS",
    }
    assert abs(by_party["SPLIT_PARTY_TEACHING_CAMPUS"] - lessons * UNIT_FEN * 0.7) <= lessons
    balances = chain.admin.get("/v1/interCampusBalances")["balances"]
    owed = {(b["debtorCampusId"], b["creditorCampusId"]): int(b["amountFen"]) for b in balances}
    assert owed[chain.selling, chain.teaching] == by_party["SPLIT_PARTY_TEACHING_CAMPUS"]
    assert owed[chain.selling, ""] == by_party["SPLIT_PARTY_HEADQUARTERS"]
    balanced(chain)


def split_rows(chain: Chain, base: str) -> list[Json]:
    """Return the split rows of one base."""
    return [row for row in chain.admin.every("/v1/splitRows", "splitRows") if row["base"] == base]


def take_back_and_repeat(chain: Chain, child: Child, lesson_id: str) -> None:
    """Take the confirmation back: hours and splits stand as before it, to the fen; then confirm again."""
    before = split_rows(chain, "SPLIT_BASE_CONSUMPTION_RECOGNISED")
    (attendance,) = chain.admin.get("/v1/attendances", filter=f'lesson_id = "{lesson_id}"')["attendances"]
    chain.admin.post(f"/v1/attendances/{attendance['attendanceId']}:unconfirm", {"reason": "点错名"})
    wait_for_hours(chain, child, HOURS + GIFT)
    after = split_rows(chain, "SPLIT_BASE_CONSUMPTION_RECOGNISED")
    undone = {row["reversesId"]: int(row["amountFen"]) for row in after if row["reversesId"]}
    assert undone == {row["splitRowId"]: -int(row["amountFen"]) for row in before}
    attend(chain, child, lesson_id)
    wait_for_hours(chain, child, HOURS + GIFT - 100)


def balanced(chain: Chain) -> None:
    """Check that the ledger sums to zero."""
    balance = chain.admin.get("/v1/ledger/trialBalance")
    assert balance["accounts"]
    assert sum(int(account["balanceFen"]) for account in balance["accounts"]) == 0
    assert balance["totalFen"] == "0"


def report(chain: Chain, campaign_id: str) -> None:
    """Check that the child counts in every stage, and that the campaign's cost per enrolment is its cost."""
    period: dict[str, str | int] = {
        "startDate.year": TODAY.year,
        "startDate.month": TODAY.month,
        "startDate.day": 1,
        "endDate.year": TODAY.year + 1,
        "endDate.month": 1,
        "endDate.day": 1,
        "campaignId": campaign_id,
    }

    def counts() -> list[int]:
        headers = {"authorization": f"Bearer {chain.admin.token}"}
        answer = chain.admin.client.get("/v1/reports/funnel", params=period, headers=headers)
        assert answer.is_success, answer.text
        return [int(stage["children"]) for stage in answer.json()["stages"]]

    eventually("the funnel counts the child in each stage", lambda: counts() == [1] * 5)
    (figure,) = chain.admin.get("/v1/reports/campaigns")["campaigns"]
    assert (figure["costPerEnrolmentFen"], int(figure["enrolments"])) == ("12345", 1)


def refund(chain: Chain, child: Child, order_id: str) -> None:
    """Give back what was paid and not consumed; the ledger still sums to zero."""
    finance = chain.people["finance"]
    asked = finance.post("/v1/refunds", {"orderId": order_id, "cause": "REFUND_CAUSE_MUTUAL", "reason": "搬家"})[
        "refund"
    ]
    lines = {line["kind"]: int(line["amountFen"]) for line in asked["lines"]}
    assert (lines["paid"], lines["consumed"]) == (TOTAL_FEN, -UNIT_FEN)
    assert sum(lines.values()) == int(asked["amountFen"]) == TOTAL_FEN - UNIT_FEN
    chain.admin.post(f"/v1/refunds/{key(asked, 'refund')}:approve")
    for payout in finance.get("/v1/refundPayouts", filter=f"refund_id = {key(asked, 'refund')}")["refundPayouts"]:
        finance.post(f"/v1/refundPayouts/{key(payout, 'refundPayout')}:settle")
    assert hours_left(chain, child) == 0
    cash = split_rows(chain, "SPLIT_BASE_CASH_RECEIVED")
    assert sum(int(row["amountFen"]) for row in cash) == UNIT_FEN, "of the cash, only what was kept stays split"
    balanced(chain)
    finance.post(
        "/v1/refunds",
        {"orderId": order_id, "cause": "REFUND_CAUSE_MUTUAL", "reason": "再退一次"},
        expect=409,
    )
