"""Parts of the system die in the middle; nothing is lost, nothing happens twice."""

from __future__ import annotations

import pytest

from tests.journeys.chain import found
from tests.journeys.steps import TOTAL_FEN, attend, become_student, check_money, enquire, join, pay, sell
from tests.journeys.system import System

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_killed_worker_and_an_absent_broker_lose_nothing(system: System) -> None:
    chain = found(system)
    group = chain.class_group("不中断", capacity=5)
    child = enquire(chain)
    pay(chain, sell(chain, child), TOTAL_FEN)
    become_student(chain, child)
    lessons = [chain.lesson(group, -24 * n) for n in range(1, 7)]
    join(chain, child, group)
    worker = system.worker_of("billing")
    attend(chain, child, lessons[0])
    system.kill(worker)
    attend(chain, child, lessons[1])
    system.restart(worker)
    attend(chain, child, lessons[2])
    if system.broker is not None:
        system.broker.kill()
        attend(chain, child, lessons[3])
        assert chain.admin.get("/v1/leads")["leads"]
        system.broker.start()
    else:
        attend(chain, child, lessons[3])
    check_money(chain, child, lessons=4)
