"""Deliveries: twice is once, whatever arrives."""

from __future__ import annotations

from uuid import UUID

from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.billing.consumers import CONSUMERS
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing.bus import deliver, published
from tests.billing import factories
from tests.billing.books import broken


def test_an_attendance_that_is_delivered_twice_is_consumed_once(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx)
    deliver(database, CONSUMERS, factories.confirmed(bought), institution, times=2)
    assert len(published(database, institution, "hours_consumed")) == 1
    with database.begin(caller) as tx:
        assert tx.run("select sum(hundredths) from lot_entry").scalar() == 100
        assert broken(tx) == []


def test_one_that_is_published_again_under_another_id_is_consumed_once(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx)
    event = factories.confirmed(bought)
    for _ in range(2):
        deliver(database, CONSUMERS, event, institution)
    assert len(published(database, institution, "hours_consumed")) == 1


def test_taking_back_twice_restores_once(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx)
    event = factories.confirmed(bought)
    deliver(database, CONSUMERS, event, institution)
    for _ in range(2):
        deliver(database, CONSUMERS, factories.unconfirmed(event), institution, times=2)
    assert len(published(database, institution, "hours_restored")) == 1
    with database.begin(caller) as tx:
        assert tx.run("select sum(hundredths) from lot_entry").scalar() == 0
        assert broken(tx) == []


def test_an_attendance_without_cover_is_told(database: Database, institution: UUID) -> None:
    nobody = factories.Purchase(None, uuid7(), uuid7(), uuid7())  # type: ignore[arg-type]
    deliver(database, CONSUMERS, factories.confirmed(nobody), institution, times=2)
    told = published(database, institution, "hours_not_covered")
    assert [event["reason"] for event in told] == ["NO_LOT"]


def test_a_campus_is_known_as_org_last_described_it(database: Database, caller: Caller, institution: UUID) -> None:
    campus = str(uuid7())
    for name in ("Pudong", "Pudong East"):
        event = CampusChanged(campus_id=campus, name=name, time_zone="Asia/Shanghai", active=True)
        deliver(database, CONSUMERS, event, institution, times=2)
    with database.begin(caller) as tx:
        assert tx.run("select name from campus").scalars().all() == ["Pudong East"]


def test_billing_subscribes_to_lessons_seats_and_pauses_and_to_what_its_rules_are_about() -> None:
    assert {key for consumer in CONSUMERS for key in consumer.keys} == {
        "lead.customer_registered.v1",
        "lead.lead_merged.v1",
        "lead.lead_merge_undone.v1",
        "scheduling.attendance_confirmed.v1",
        "scheduling.attendance_unconfirmed.v1",
        "scheduling.class_group_joined.v1",
        "scheduling.class_group_left.v1",
        "scheduling.course_changed.v1",
        "scheduling.student_resumed.v1",
        "scheduling.student_suspended.v1",
        "scheduling.student_transferred.v1",
        "student.opening_balance_imported.v1",
        "student.referral_reward_due.v1",
        "student.student_import_undo_asked.v1",
        "student.subject_erasure_decided.v1",
        "student.subject_export_asked.v1",
        "org.campus_changed.v1",
        "org.approval_flow_changed.v1",
        "org.approval_decided.v1",
    }
