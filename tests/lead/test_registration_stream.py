"""A partner's stream: answered in order, resumed after a break, its own and nobody else's."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Event
from typing import Any
from uuid import UUID

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2

from lianxiao.lead.v1 import partner_pb2
from lianxiao.lead.v1 import partner_service_pb2 as pb
from shared.caller import Caller, Grant
from shared.db import Database
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal
from tests.lead.people import Person

GRANTED = partner_pb2.REGISTRATION_OUTCOME_GRANTED


@pytest.fixture
def program(wire: Wire, caller: Caller, chief: Person) -> Person:
    """Return the account of a signed partner."""
    return partner(wire, caller, chief, "甲渠道")


def partner(wire: Wire, caller: Caller, chief: Person, name: str) -> Person:
    """Sign a partner; return its account."""
    who = Caller(caller.institution_id, uuid7(), "partner", (Grant(("registration.*",)),))
    stage, kind = partner_pb2.PARTNER_STAGE_SIGNED, partner_pb2.PARTNER_KIND_AGENCY
    told = partner_pb2.Partner(name=name, kind=kind, stage=stage, account_ids=[str(who.subject_id)])
    chief.partners.CreatePartner(pb.CreatePartnerRequest(partner=told))
    return Person(wire, who)


def customers(campus: UUID, count: int, **told: Any) -> list[pb.RegisterCustomersRequest]:
    """Return messages about children who have nothing in common."""
    return [
        pb.RegisterCustomersRequest(
            **{
                "campus_id": str(campus),
                "child_name": chr(0x5B50 + number) * 2,
                "guardian_phone": f"1391000{number:04}",
                "request_id": str(uuid7()),
            }
            | told
        )
        for number in range(count)
    ]


def answers(person: Person, messages: Any) -> Any:
    """Open a stream."""
    return person.partners.RegisterCustomers(iter(messages), timeout=30)


def outcome(answer: pb.RegisterCustomersResponse) -> str:
    """Return the outcome or the reason of a refusal."""
    if not answer.refusal.code:
        return partner_pb2.RegistrationOutcome.Name(answer.registration.outcome)
    info = error_details_pb2.ErrorInfo()
    answer.refusal.details[0].Unpack(info)
    return f"{code_pb2.Code.Name(answer.refusal.code)} {info.reason}"


def registered(person: Person) -> list[str]:
    """Return the customers that a partner sees, oldest first."""
    page = person.partners.ListRegistrations(pb.ListRegistrationsRequest(order_by="create_time"))
    return [row.registration_id for row in page.registrations]


def test_each_message_is_answered_in_its_turn_and_a_refusal_stops_nothing(
    wire: Wire, caller: Caller, campus: UUID, chief: Person, program: Person
) -> None:
    one, bad, nowhere, two = customers(campus, 4)
    bad.guardian_phone, nowhere.campus_id = "12345", str(uuid7())
    told = list(answers(program, [one, bad, nowhere, two]))
    assert [answer.request_id for answer in told] == [each.request_id for each in (one, bad, nowhere, two)]
    assert [outcome(answer) for answer in told] == [
        "REGISTRATION_OUTCOME_GRANTED",
        "INVALID_ARGUMENT PHONE_INVALID",
        "NOT_FOUND CAMPUS_NOT_FOUND",
        "REGISTRATION_OUTCOME_GRANTED",
    ]
    assert registered(program) == [told[0].registration.registration_id, told[3].registration.registration_id]
    rival = partner(wire, caller, chief, "乙渠道")
    assert [outcome(answer) for answer in answers(rival, customers(campus, 1))] == ["REGISTRATION_OUTCOME_REFUSED"]
    assert len(registered(rival)) == 1


def test_after_a_break_everything_is_sent_again_and_counts_once(campus: UUID, program: Person) -> None:
    messages, over = customers(campus, 6), Event()

    def endless() -> Iterator[Any]:
        yield from messages[:4]
        # The line is open, and nothing more comes.
        over.wait()

    broken = answers(program, endless())
    first = [next(broken) for _ in range(2)]
    broken.cancel()
    over.set()
    again = list(answers(program, messages))
    assert [answer.request_id for answer in again] == [each.request_id for each in messages]
    assert [answer.registration.registration_id for answer in again[:2]] == [
        answer.registration.registration_id for answer in first
    ]
    assert {answer.registration.outcome for answer in again} == {GRANTED}
    assert registered(program) == [answer.registration.registration_id for answer in again]
    other = customers(campus, 1, request_id=messages[0].request_id, guardian_phone="13877776666")
    assert [outcome(answer) for answer in answers(program, other)] == ["ABORTED REQUEST_ID_REUSED"]


def test_a_second_stream_of_an_account_ends_the_first(campus: UUID, program: Person) -> None:
    one, two = customers(campus, 2)
    over = Event()

    def resting() -> Iterator[Any]:
        yield one
        over.wait()

    older = answers(program, resting())
    assert next(older).registration.outcome == GRANTED
    assert [answer.registration.outcome for answer in answers(program, [two])] == [GRANTED]
    with pytest.raises(grpc.RpcError) as ended:
        next(older)
    over.set()
    assert ended.value.code() == grpc.StatusCode.CANCELLED


def test_who_may_not_register_is_turned_away_before_anything_is_read(
    wire: Wire, caller: Caller, campus: UUID, program: Person
) -> None:
    stranger = Person(wire, Caller(caller.institution_id, uuid7(), "partner", (Grant(("lead.*",)),)))
    with pytest.raises(grpc.RpcError) as refused:
        next(answers(stranger, customers(campus, 1)))
    assert refusal(refused.value) == ("PERMISSION_DENIED", "PERMISSION_MISSING")
    nobody = Person(wire, staff(caller.institution_id, ["registration.*"]))
    assert [outcome(answer) for answer in answers(nobody, customers(campus, 1))] == [
        "PERMISSION_DENIED PARTNER_UNKNOWN"
    ]
    assert registered(program) == []


def test_a_session_that_is_ended_ends_its_stream(
    database: Database, caller: Caller, campus: UUID, program: Person
) -> None:
    bad = customers(campus, 1, guardian_phone="12345")[0]

    def many() -> Iterator[Any]:
        while True:
            yield bad

    stream = answers(program, many())
    assert outcome(next(stream)) == "INVALID_ARGUMENT PHONE_INVALID"
    with database.begin(Caller.system(caller.institution_id)) as tx:
        tx.run(
            "insert into access_revocation values (%s, %s, %s, now() + interval '1 minute')",
            (str(caller.institution_id), str(program.id), str(UUID(int=0))),
        )
    with pytest.raises(grpc.RpcError) as ended:
        deque(stream, maxlen=0)
    assert refusal(ended.value) == ("UNAUTHENTICATED", "TOKEN_REVOKED")
