"""Many want what only one can have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.journeys.chain import found
from tests.journeys.steps import UNIT_FEN, Child, become_student, enquire, sell
from tests.journeys.system import System

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_the_last_seat_has_one_winner(system: System) -> None:
    chain = found(system)
    group = chain.class_group("一个名额", capacity=1)
    children = []
    for _ in range(20):
        child = enquire(chain)
        order_id = sell(chain, child, hours=100, gift=0)
        body = {"orderId": order_id, "amountFen": str(UNIT_FEN), "method": "cash"}
        chain.people["finance"].post("/v1/payments", body)
        children.append(child)
    for child in children:
        become_student(chain, child)
    headers = {"authorization": f"Bearer {chain.admin.token}"}

    def attempt(child: Child) -> tuple[int, str]:
        body = {"studentId": child.customer_id}
        while True:
            answer = httpx.post(
                f"{chain.system.url}/v1/classGroups/{group}:join", json=body, headers=headers, timeout=60
            )
            reason = answer.json().get("reason", "")
            if reason != "STUDENT_NOT_FOUND" and not answer.json().get("retryable"):
                return answer.status_code, reason

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(attempt, children))
    assert sorted(answers) == [(200, "")] + [(409, "CLASS_GROUP_FULL")] * 19
