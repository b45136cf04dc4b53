"""Whoever leaves or moves hands everything over in one transaction; nothing is left without an owner or a pool."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.lead.v1 import workload_service_pb2, workload_service_pb2_grpc
from lianxiao.org.v1.org_events_pb2 import Handover, StaffChanged, StaffRole
from services.lead.actions import assignments, claims, leads, tasks
from services.lead.actions.claims import Claimant
from services.lead.actions.tasks import Work
from services.lead.consumers import CONSUMERS
from services.lead.models import Assignment, Lead, Staff, Task
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.bus import deliver, published
from shared.testing.wire import Wire
from tests.lead import factories


def _change(
    who: UUID, receivers: Sequence[UUID] = (), *, active: bool = False, campus: UUID | None = None
) -> StaffChanged:
    plan = Handover(
        handover_id=str(uuid7()),
        campus_id=str(campus) if campus else "",
        lead_receiver_ids=[str(each) for each in receivers],
    )
    event = StaffChanged(staff_id=str(who), display_name="顾问", active=active, handover=plan)
    if active:
        event.roles.append(StaffRole(role="course_advisor"))
    return event


def _orphans(tx: Tx) -> int:
    """Count open leads and tasks whose owner is not active."""
    gone = select(Staff.id).where(~Staff.active)
    found = 0
    for model in (Lead, Task):
        query = select(func.count()).select_from(model).where(model.state == "open", model.owner_id.in_(gone))
        found += int(tx.scalar(query))
    return found


def _in_hand(tx: Tx, who: UUID, campus: UUID, number: int, first: int = 0) -> list[UUID]:
    """Give somebody leads with a task and a claim each, and one task without a lead."""
    found = []
    for n in range(first, first + number):
        lead = factories.lead(tx, campus, owner_id=who, **factories.stranger(n))
        locked = leads.get_for_update(tx, lead.id)
        tasks.create(tx, Work("call", factories.later(tx, 1), campus, lead=locked), owner_id=who)
        claims.register(tx, locked, Claimant(who))
        found.append(lead.id)
    tasks.create(tx, Work("report", factories.later(tx, 1), campus), owner_id=who)
    return found


def test_everything_goes_to_the_receivers_in_turn_and_the_report_says_so(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        leaver, one, two = (factories.advisor(tx, campus) for _ in range(3))
        mine = _in_hand(tx, leaver, campus, 4)
    deliver(database, CONSUMERS, _change(leaver, [one, two]), caller.institution_id, times=3)
    with database.begin(caller) as tx:
        rows = tx.session.scalars(select(Lead).order_by(Lead.id)).all()
        assert [row.owner_id for row in rows] == [one, two, one, two]
        assert _orphans(tx) == 0
        for row in rows:
            assert tx.session.scalars(select(Task.owner_id).where(Task.lead_id == row.id)).all() == [row.owner_id]
            live = claims.live_of(tx, row.customer_id)
            assert live is not None
            assert live.claimant_id == row.owner_id
        reasons = select(Assignment.reason).where(Assignment.lead_id.in_(mine), Assignment.previous_owner_id == leaver)
        assert tx.session.scalars(reasons).all() == ["staff_left"] * 4
    (report,) = (
        each for each in published(database, caller.institution_id) if each["type"] == "lead.leads_handed_over.v1"
    )
    items = {(item["kind"], item["receiver_id"]): item["count"] for item in report["items"]}
    assert {key: count for key, count in items.items() if key[0] != "task"} == {
        ("lead", str(one)): 2, ("lead", str(two)): 2, ("claim", str(one)): 2, ("claim", str(two)): 2,
    }  # fmt: skip
    assert sum(count for (kind, _), count in items.items() if kind == "task") == 5


def test_without_a_plan_or_with_receivers_who_cannot_everything_goes_to_the_pool(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        leaver, elsewhere = factories.advisor(tx, campus), factories.advisor(tx, factories.campus(tx))
        gone = factories.advisor(tx, campus, active=False)
        _in_hand(tx, leaver, campus, 2)
    deliver(database, CONSUMERS, _change(leaver, [elsewhere, gone, uuid7()]), caller.institution_id)
    with database.begin(caller) as tx:
        rows = tx.session.scalars(select(Lead)).all()
        assert {(row.owner_id, row.pool, row.pool_time is not None) for row in rows} == {(None, "campus", True)}
        assert [claims.live_of(tx, row.customer_id) for row in rows] == [None, None]
        assert set(tx.session.scalars(select(Task.owner_id))) == {None}


def test_moving_hands_over_one_campus_and_keeps_the_rest(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        here, there = factories.campus(tx), factories.campus(tx)
        mover, stays = factories.advisor(tx, here, there), factories.advisor(tx, here)
        left, kept = _in_hand(tx, mover, here, 2), _in_hand(tx, mover, there, 1, first=5)
    deliver(database, CONSUMERS, _change(mover, [stays], active=True, campus=here), caller.institution_id)
    with database.begin(caller) as tx:
        owners = {row.id: row.owner_id for row in tx.session.scalars(select(Lead))}
        assert owners == dict.fromkeys(left, stays) | dict.fromkeys(kept, mover)
        live = claims.live_of(tx, leads.get(tx, kept[0]).customer_id)
        assert live is not None
        assert live.claimant_id == mover


def test_what_is_given_while_somebody_leaves_is_not_left_behind(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        leaver = factories.advisor(tx, campus)
        some = [factories.lead(tx, campus, **factories.stranger(n)).id for n in range(12)]
    gate = Barrier(13)

    def give(lead_id: UUID) -> str:
        gate.wait(timeout=30)
        try:
            with database.begin(caller) as tx:
                return str(assignments.assign(tx, lead_id, owner_id=leaver).state)
        except Refused as refused:
            return refused.reason

    def leave() -> None:
        gate.wait(timeout=30)
        deliver(database, CONSUMERS, _change(leaver), caller.institution_id)

    with ThreadPoolExecutor(13) as pool:
        leaving = pool.submit(leave)
        answers = set(pool.map(give, some))
        leaving.result()
    assert answers <= {"open", "STAFF_NOT_ASSIGNABLE"}
    with database.begin(caller) as tx:
        assert _orphans(tx) == 0


def test_a_workload_counts_what_somebody_has_in_hand(
    wire: Wire, database: Database, caller: Caller, campus: UUID
) -> None:
    with database.begin(caller) as tx:
        who = factories.advisor(tx, campus)
        _in_hand(tx, who, campus, 2)
    chief = callers.staff(caller.institution_id)
    stub = workload_service_pb2_grpc.WorkloadServiceStub(wire.channel)
    request = workload_service_pb2.GetWorkloadRequest(staff_id=str(who))
    items = stub.GetWorkload(request, metadata=wire.metadata(chief)).items
    assert {(item.kind, item.campus_id, item.count) for item in items} == {
        ("lead", str(campus), 2), ("task", str(campus), 3), ("claim", str(campus), 2),
    }  # fmt: skip
