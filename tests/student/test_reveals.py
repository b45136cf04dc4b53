"""The list of what was shown in clear, by any service, and what is unusual in it (D8)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
import pytest

from lianxiao.common.v1 import reveal_pb2
from lianxiao.student.v1 import reveal_service_pb2 as pb
from lianxiao.student.v1.reveal_service_pb2_grpc import RevealServiceStub
from lianxiao.student.v1.student_events_pb2 import PersonalDataRevealed
from services.student.actions import guardians, reveals, subjects
from services.student.actions.guardians import Contact
from services.student.models import Reveal, RevealAlert
from services.student.server import SERVICERS
from shared import subjects as engine
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import NotFound, Refused
from shared.ids import uuid7
from shared.listing import ListRequest
from shared.reveals import Asked
from shared.subjects import Subject
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
PHONE = reveal_pb2.REVEAL_FIELD_PHONE
EMERGENCY = reveal_pb2.REVEAL_REASON_EMERGENCY


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def revealed(staff_id: UUID, when: datetime, *, campus_id: UUID | None = None, note: str = "") -> PersonalDataRevealed:
    """Return what a service says when it showed a phone."""
    event = PersonalDataRevealed(reveal_id=str(uuid7()), staff_id=str(staff_id), subject_kind="lead")
    event.subject_id, event.field, event.reason = str(uuid7()), "phone", "other" if note else "contact"
    event.campus_id, event.note = str(campus_id or uuid7()), note
    event.reveal_time.FromDatetime(when)
    return event


def listed(tx: Tx, wanted: str) -> list[Reveal]:
    """Return a page of what was shown."""
    request: ListRequest = pb.ListRevealsRequest(filter=wanted)
    return list(reveals.page(tx, request).rows)


def test_a_guardian_is_shown_on_record_and_the_family_learns_of_it(tx: Tx) -> None:
    child = factories.student(tx)
    father = guardians.add(tx, child.id, Contact("张伟", "13800000001"))[0]
    mother = guardians.add(tx, child.id, Contact("李娜", "13800000002"))[0]
    assert reveals.guardian(tx, child.id, father.id, Asked("phone", "contact")).value == "+8613800000001"
    reveals.guardian(tx, child.id, mother.id, Asked("name", "other", "接孩子的人自称李娜"))
    for event in factories.told(tx, PersonalDataRevealed):
        reveals.note(tx, event)
    rows = listed(tx, f'person_id = "{child.id}"')
    assert {(row.subject_id, row.field, row.reason) for row in rows} == {
        (father.id, "phone", "contact"),
        (mother.id, "name", "other"),
    }
    assert all(row.campus_id == child.campus_id for row in rows)
    copy = engine.collect(tx, subjects.HOLDINGS, Subject((str(child.id),), (str(father.id),), own_only=True))
    assert [each["subject_id"] for each in copy["reveal"]] == [father.id]


def test_a_guardian_of_another_child_is_not_shown(tx: Tx) -> None:
    child, other = factories.student(tx), factories.student(tx)
    stranger = factories.guardian(tx, other, phone="13900000001")
    with pytest.raises(NotFound):
        reveals.guardian(tx, child.id, stranger.id, Asked("phone", "contact"))


def test_a_list_leaves_out_who_may_not_be_contacted(tx: Tx) -> None:
    child = factories.student(tx)
    guardians.add(tx, child.id, Contact("张伟", "13800000001"))
    guardians.add(tx, child.id, Contact("李娜", "13800000002", may_contact=False))
    shown = reveals.of_students(tx, [child.id], Asked("phone", "contact"))
    assert [each.value for each in shown] == ["+8613800000001"]


def test_a_note_is_sealed_and_forgotten_with_the_person(tx: Tx) -> None:
    event = revealed(uuid7(), NOON, note="家长王建国来电")
    event.person_id = str(uuid7())
    reveals.note(tx, event)
    [row] = listed(tx, f'person_id = "{event.person_id}"')
    assert "王建国".encode() not in bytes(row.note_sealed or b"")
    engine.erase(tx, subjects.HOLDINGS, Subject((event.person_id,), ()))
    tx.session.expire_all()
    assert Reveal.note.reveal(tx, listed(tx, f'person_id = "{event.person_id}"')[0]) is None


def test_twenty_within_an_hour_raise_one_alert_a_day_and_more_open_it_again(tx: Tx) -> None:
    busy, calm = uuid7(), uuid7()
    for n in range(19):
        reveals.note(tx, revealed(busy, NOON + timedelta(minutes=n)))
        reveals.note(tx, revealed(calm, NOON + timedelta(minutes=10 * n)))
    assert not reveals.alerts(tx, pb.ListRevealAlertsRequest()).rows
    for n in range(19, 22):
        reveals.note(tx, revealed(busy, NOON + timedelta(minutes=n)))
    [alert] = reveals.alerts(tx, pb.ListRevealAlertsRequest()).rows
    assert (alert.staff_id, alert.most_in_hour, alert.settled) == (busy, 22, False)
    settled = reveals.settle(tx, alert.id, "电话回访日，已核实")
    assert RevealAlert.finding.reveal(tx, settled) == "电话回访日，已核实"
    tx.session.flush()
    reveals.note(tx, revealed(busy, NOON + timedelta(minutes=40)))
    tx.session.expire_all()
    assert not reveals.alerts(tx, pb.ListRevealAlertsRequest()).rows[0].settled


def test_nobody_settles_an_alert_about_themselves(database: Database, institution: UUID) -> None:
    person = staff(institution)
    with database.begin(Caller.system(institution)) as tx:
        for n in range(20):
            reveals.note(tx, revealed(person.subject_id, NOON + timedelta(minutes=n)))
    with database.begin(person, keep=False) as tx:
        [alert] = reveals.alerts(tx, pb.ListRevealAlertsRequest()).rows
        with pytest.raises(Refused) as error:
            reveals.settle(tx, alert.id, "没事")
        assert error.value.reason == "REVEAL_ALERT_OWN"


def test_a_campus_sees_what_was_shown_of_its_own(wire: Wire, database: Database, institution: UUID) -> None:
    here, there = uuid7(), uuid7()
    with database.begin(Caller.system(institution)) as tx:
        for campus in (here, there):
            reveals.note(tx, revealed(uuid7(), NOON, campus_id=campus))
    stub = RevealServiceStub(wire.channel)
    principal = Wire.metadata(staff(institution, ["reveal.read"], campuses=[here]))
    assert [each.campus_id for each in stub.ListReveals(pb.ListRevealsRequest(), metadata=principal).reveals] == [
        str(here)
    ]
    chain = Wire.metadata(staff(institution, ["reveal.read"]))
    assert len(stub.ListReveals(pb.ListRevealsRequest(), metadata=chain).reveals) == 2


def test_the_limit_holds_for_calls_at_the_same_time(wire: Wire, database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        child = factories.student(tx)
        father = factories.guardian(tx, child)
        student_id, guardian_id = str(child.id), str(father.id)
    stub, signed = RevealServiceStub(wire.channel), Wire.metadata(staff(institution))

    def ask(_: int) -> str:
        request = pb.RevealGuardianRequest(
            student_id=student_id, guardian_id=guardian_id, field=PHONE, reason=EMERGENCY
        )
        try:
            return stub.RevealGuardian(request, metadata=signed).revealed.value
        except grpc.RpcError as error:
            return refusal(error)[1]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(70)))
    assert answers.count("+8613812345678") == 60
    assert answers.count("REVEAL_LIMIT_REACHED") == 10
