"""Substitutes: who may ask, what is seen by who is asked, and that one of them takes the lesson."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import grpc
import pytest
from sqlalchemy import select

from lianxiao.scheduling.v1 import lesson_pb2, substitute_pb2
from lianxiao.scheduling.v1 import lesson_service_pb2 as lesson_pb
from lianxiao.scheduling.v1 import substitute_service_pb2 as pb
from lianxiao.scheduling.v1.lesson_service_pb2_grpc import LessonServiceStub
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    AttendanceConfirmed,
    LessonNoticeDue,
    SubstituteAccepted,
    SubstituteOffered,
    SubstituteOfferEnded,
    SubstituteRequested,
    SubstituteRequestEnded,
)
from lianxiao.scheduling.v1.substitute_service_pb2_grpc import SubstituteServiceStub
from services.scheduling.actions import (
    absences,
    leaves,
    lesson_changes,
    lessons,
    moves,
    roll_calls,
    substitute_offers,
    substitutes,
    teachers,
    timetable,
)
from services.scheduling.actions.attendances import Mark
from services.scheduling.models import SubstituteOffer, SubstituteRequest, TeacherException
from services.scheduling.rules.availability import Range
from services.scheduling.rules.spans import Span
from services.scheduling.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.wire import Wire, refusal, serving
from tests.scheduling import factories as make
from tests.scheduling.crowd import OVERLAPS, count, rush
from tests.scheduling.factories import START, hours
from tests.scheduling.outbox import published
from tests.scheduling.staffroom import Staffroom, offered, staffroom

CALLERS = 20
TEACHING = ("substitute.request", "substitute.answer", "substitute.read", "substitute_offer.read", "lesson.read")


def reason_of(error: pytest.ExceptionInfo[DomainError]) -> str:
    return error.value.reason


@dataclass
class Asked:
    """A lesson of a sick teacher, offered to two colleagues."""

    room: Staffroom
    request_id: UUID
    teacher: Caller
    chosen: Caller
    other: Caller
    offers: dict[UUID, UUID]

    @property
    def scope(self) -> Scope:
        """What a teacher's grant reaches."""
        return Scope(frozenset({self.room.campus.id}), own=True)


@pytest.fixture
def asked(database: Database, institution: UUID) -> Asked:
    """Let a teacher ask for substitutes in an absence, and a scheduler offer the lesson to all."""
    with database.begin(Caller.system(institution)) as tx:
        room = staffroom(tx)
        absence = absences.add(tx, room.teacher.id, "sick", Span(START - hours(2), START + hours(8)))
        leave = leaves.ask_for_teacher(tx, [room.lesson.id], teacher_id=room.teacher.id, reason="发烧")[0]
        make.lesson(tx, room.campus, by=[room.teacher], start=START - hours(30))
    people = [
        callers.staff(institution, TEACHING, own=True, subject=each.id) for each in (room.teacher, *room.colleagues)
    ]
    it = Asked(room, uuid7(), people[0], people[1], people[2], {})
    with database.begin(it.teacher, scope=it.scope) as tx:
        with pytest.raises(NotFound):
            substitutes.request(
                tx, it.other.subject_id, lesson_ids=[room.lesson.id], teacher_exception_id=None, reason="想休息"
            )
        (row,) = substitutes.request(tx, room.teacher.id, lesson_ids=[], teacher_exception_id=absence.id, reason="发烧")
        assert (row.lesson_id, row.leave_request_id) == (room.lesson.id, leave.id)
        assert [each.teacher_id for each in published(tx, SubstituteRequested)] == [str(room.teacher.id)]
        it.request_id = row.id
    with database.begin(callers.staff(institution), scope=Scope(frozenset({room.campus.id}))) as tx:
        it.offers = {each.teacher_id: each.id for each in offered(tx, row)}
        assert set(it.offers) == {it.chosen.subject_id, it.other.subject_id}
        assert {each.teacher_id for each in published(tx, SubstituteOffered)} == {str(each) for each in it.offers}
    return it


def test_who_is_asked_sees_the_offer_and_nothing_else(database: Database, asked: Asked) -> None:
    room = asked.room
    with database.begin(asked.chosen, scope=asked.scope) as tx:
        (mine,) = tx.session.scalars(select(SubstituteOffer))
        assert (mine.id, mine.lesson_start_time) == (asked.offers[asked.chosen.subject_id], START)
        assert substitute_offers.places(tx, [mine]) == {room.lesson.id: (room.course.id, room.lesson.room_id)}
        for hidden in (
            lambda: lessons.get(tx, room.lesson.id),
            lambda: tx.load(SubstituteRequest, "substitute_request", asked.request_id),
            lambda: roll_calls.get(tx, room.lesson.id),
            lambda: substitute_offers.accept(tx, asked.offers[asked.other.subject_id], remark=""),
        ):
            with pytest.raises(NotFound):
                hidden()
    with database.begin(asked.chosen, scope=asked.scope, read_only=True) as tx:
        assert len(substitute_offers.places(tx, tx.session.scalars(select(SubstituteOffer)).all())) == 1
        with pytest.raises(NotFound):
            lessons.get(tx, room.lesson.id)
    elsewhere = Scope(frozenset({uuid7()}))
    with database.begin(callers.staff(asked.teacher.institution_id), scope=elsewhere) as tx:
        assert tx.session.scalars(select(SubstituteOffer)).all() == []
        assert tx.session.scalars(select(SubstituteRequest)).all() == []


def test_who_accepts_teaches_and_is_who_taught(database: Database, institution: UUID, asked: Asked) -> None:
    lesson_id, teacher_id, chosen_id = asked.room.lesson.id, asked.teacher.subject_id, asked.chosen.subject_id
    with database.begin(asked.chosen, scope=asked.scope) as tx:
        accepted = substitute_offers.accept(tx, asked.offers[chosen_id], remark="没问题")
        assert SubstituteOffer.remark.reveal(tx, accepted) == "没问题"
        (event,) = published(tx, SubstituteAccepted)
        assert (event.old_teacher_id, event.teacher_id) == (str(teacher_id), str(chosen_id))
        assert [list(each.student_ids) for each in published(tx, LessonNoticeDue)] == [[str(asked.room.child)]]
        ended = [(each.teacher_id, each.state) for each in published(tx, SubstituteOfferEnded)]
        assert ended == [(str(asked.other.subject_id), "taken")]
    with database.begin(asked.chosen, scope=asked.scope) as tx:
        assert lessons.get(tx, lesson_id).teacher_ids == [chosen_id]
    with database.begin(asked.teacher, scope=asked.scope) as tx, pytest.raises(NotFound):
        lessons.get(tx, lesson_id)
    with database.begin(Caller.system(institution)) as tx:
        (change,) = lesson_changes.of_lesson(tx, lesson_id)
        assert (change.kind, change.reason, change.actor_id) == ("substituted", "发烧", chosen_id)
        sides = [side["teacher_ids"] for side in (change.before, change.after)]
        assert sides == [[str(teacher_id)], [str(chosen_id)]]
        filled = tx.load(SubstituteRequest, "substitute_request", asked.request_id)
        assert (filled.state, filled.substitute_id) == ("filled", chosen_id)
        lesson = lessons.get(tx, lesson_id)
        lesson.start_time, lesson.end_time = tx.now - hours(2), tx.now - hours(1)
        roll_calls.confirm(tx, lesson.id, {asked.room.child: Mark("present")})
        assert [each.teacher_id for each in published(tx, AttendanceConfirmed)] == [str(chosen_id)]


def test_twenty_who_accept_at_once_have_one_winner_and_the_others_are_told(
    database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        room = staffroom(tx, CALLERS)
        offers = [each.id for each in offered(tx, room.want(tx))]
    works = [lambda tx, key=each: substitute_offers.accept(tx, key, remark="") for each in offers]
    outcomes = [error.reason if error else "" for error in rush(database, institution, works)]
    assert sorted(outcomes) == ["", *["SUBSTITUTE_TAKEN"] * (CALLERS - 1)]
    with database.begin(Caller.system(institution)) as tx:
        states = {each.id: each.state for each in tx.session.scalars(select(SubstituteOffer))}
        assert sorted(states.values()) == ["accepted", *["taken"] * (CALLERS - 1)]
        winner = tx.session.scalars(select(SubstituteOffer).where(SubstituteOffer.state == "accepted")).one()
        assert states[offers[outcomes.index("")]] == "accepted"
        assert lessons.get(tx, room.lesson.id).teacher_ids == [winner.teacher_id]
        assert len(lesson_changes.of_lesson(tx, room.lesson.id)) == 1
    assert count(database, institution, OVERLAPS) == 0
    live = "select count(*) from lesson_resource where resource_kind = 'teacher' and state = 'live'"
    assert count(database, institution, live) == 1


def test_who_got_another_lesson_meanwhile_is_refused_and_the_offer_stands(
    database: Database, institution: UUID
) -> None:
    with database.begin(Caller.system(institution)) as tx:
        room = staffroom(tx, 1)
        row = room.want(tx)
        (one,) = offered(tx, row)
        make.lesson(tx, room.campus, by=room.colleagues, start=START + hours(1))
    with (
        pytest.raises(Refused) as busy,
        database.begin(Caller.system(institution)) as tx,
    ):
        substitute_offers.accept(tx, one.id, remark="")
    assert reason_of(busy) == "LESSON_CONFLICT"
    with database.begin(Caller.system(institution)) as tx:
        assert tx.load(SubstituteOffer, "substitute_offer", one.id).state == "offered"
        assert lessons.get(tx, room.lesson.id).teacher_ids == [room.teacher.id]


def test_what_is_accepted_beyond_the_weekly_times_is_kept_as_extra(tx: Tx) -> None:
    room = staffroom(tx, 1)
    (colleague,) = room.colleagues
    teachers.set_availability(tx, colleague.id, campus_id=room.campus.id, ranges=[Range(2, 600, 1200)])
    (one,) = offered(tx, room.want(tx))
    substitute_offers.accept(tx, one.id, remark="可以加班")
    (extra,) = tx.session.scalars(select(TeacherException))
    assert (extra.kind, extra.start_time, extra.end_time) == ("extra", START, room.lesson.end_time)
    assert (room.lesson.teacher_ids, room.lesson.override_reason) == ([colleague.id], "")


def test_a_co_teacher_is_replaced_in_place_and_asked_for_once(tx: Tx) -> None:
    room = staffroom(tx)
    first, second = room.colleagues
    both = make.lesson(tx, room.campus, by=[room.teacher, first], taught=room.course, start=START + hours(24))
    (row,) = substitutes.request(tx, first.id, lesson_ids=[both.id], teacher_exception_id=None, reason="出差")
    with pytest.raises(AlreadyExists) as again, tx.session.begin_nested():
        substitutes.request(tx, first.id, lesson_ids=[both.id], teacher_exception_id=None, reason="出差")
    assert reason_of(again) == "SUBSTITUTE_REQUESTED"
    (one,) = offered(tx, row)
    substitute_offers.accept(tx, one.id, remark="")
    assert both.teacher_ids == [room.teacher.id, second.id]
    assert both.teacher_id == room.teacher.id


def test_odd_requests_and_offers_are_refused(tx: Tx) -> None:
    room = staffroom(tx)
    first, second = room.colleagues
    over = make.lesson(tx, room.campus, by=[room.teacher], start=tx.now - hours(5))
    off = make.lesson(tx, room.campus, by=[room.teacher], start=START + hours(24))
    timetable.cancel(tx, off.id, reason="停课")
    extra = absences.add(tx, room.teacher.id, "extra", Span(START, START + hours(8)))

    def ask(teacher_id: UUID, *lesson_ids: UUID, absence: UUID | None = None) -> object:
        return substitutes.request(tx, teacher_id, lesson_ids=lesson_ids, teacher_exception_id=absence, reason="出差")

    row = room.want(tx)
    absences.add(tx, second.id, "leave", Span(START, START + hours(8)))
    cases = [
        ("INVALID_FIELD", lambda: ask(room.teacher.id)),
        ("INVALID_FIELD", lambda: ask(room.teacher.id, off.id, off.id)),
        ("LESSON_CANCELLED", lambda: ask(room.teacher.id, off.id)),
        ("LESSON_OVER", lambda: ask(room.teacher.id, over.id)),
        ("TEACHER_NOT_OF_LESSON", lambda: ask(first.id, room.lesson.id)),
        ("TEACHER_NOT_FOUND", lambda: ask(uuid7(), room.lesson.id)),
        ("TEACHER_EXCEPTION_NOT_FOUND", lambda: ask(room.teacher.id, absence=extra.id)),
        ("TEACHER_ABSENT", lambda: offered(tx, row, first.id, second.id)),
        ("TEACHER_NOT_FOUND", lambda: offered(tx, row, room.teacher.id)),
    ]
    for reason, attempt in cases:
        with pytest.raises((Refused, InvalidInput, NotFound)) as error:
            attempt()  # type: ignore[no-untyped-call]
        assert error.value.reason == reason
    (one,) = offered(tx, row)
    with pytest.raises(Refused) as nobody:
        offered(tx, row)
    substitute_offers.decline(tx, one.id, remark="有事")
    with pytest.raises(Refused) as declined:
        substitute_offers.accept(tx, one.id, remark="")
    (one,) = offered(tx, row, first.id)
    assert SubstituteOffer.remark.reveal(tx, one) is None
    substitute_offers.withdraw(tx, row.id)
    with pytest.raises(Refused) as withdrawn:
        substitute_offers.accept(tx, one.id, remark="")
    with pytest.raises(Refused) as ended:
        offered(tx, row)
    reasons = [reason_of(each) for each in (nobody, declined, withdrawn, ended)]
    assert reasons == [
        "SUBSTITUTE_NOBODY",
        "SUBSTITUTE_OFFER_ENDED",
        "SUBSTITUTE_OFFER_ENDED",
        "SUBSTITUTE_REQUEST_ENDED",
    ]
    assert [each.state for each in published(tx, SubstituteOfferEnded)] == ["declined", "withdrawn"]
    assert [each.state for each in published(tx, SubstituteRequestEnded)] == ["withdrawn"]


def test_offers_end_in_time_with_their_lesson_and_when_it_changes(tx: Tx) -> None:
    room = staffroom(tx)
    first, second = room.colleagues
    row = room.want(tx)
    late, standing = offered(tx, row, first.id), offered(tx, row, second.id)
    late[0].expire_time = tx.now
    tx.session.flush()
    with pytest.raises(Refused) as expired:
        substitute_offers.accept(tx, late[0].id, remark="")
    assert not substitute_offers.expire(tx)
    assert [each.state for each in (*late, *standing)] == ["expired", "offered"]
    moves.move(tx, room.lesson.id, start=START + hours(3))
    with pytest.raises(Refused) as changed:
        substitute_offers.accept(tx, standing[0].id, remark="")
    substitute_offers.expire(tx)
    assert (standing[0].state, row.state) == ("expired", "open")
    again = offered(tx, row)
    assert {each.lesson_start_time for each in again} == {START + hours(3)}
    # Somebody else teaches it by hand: nobody is wanted any more.
    moves.move(tx, room.lesson.id, start=START + hours(3), teacher_ids=[second.id])
    substitute_offers.expire(tx)
    assert (row.state, {each.state for each in again}) == ("expired", {"expired"})
    assert [reason_of(each) for each in (expired, changed)] == ["SUBSTITUTE_OFFER_EXPIRED", "SUBSTITUTE_LESSON_CHANGED"]
    assert [each.state for each in published(tx, SubstituteRequestEnded)] == ["expired"]


def test_the_whole_way_by_the_wire(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        room = staffroom(tx)
    signed = Wire.metadata(callers.staff(institution))
    with serving("scheduling", SERVICERS, database) as wire:
        stub, lesson_stub = SubstituteServiceStub(wire.channel), LessonServiceStub(wire.channel)
        ask = pb.RequestSubstitutesRequest(
            teacher_id=str(room.teacher.id), lesson_ids=[str(room.lesson.id)], reason="发烧"
        )
        (row,) = stub.RequestSubstitutes(ask, metadata=signed).substitute_requests
        assert row.state == substitute_pb2.SUBSTITUTE_REQUEST_STATE_OPEN
        which = {"substitute_request_id": row.substitute_request_id}
        first, second = stub.ListSubstituteCandidates(
            pb.ListSubstituteCandidatesRequest(**which), metadata=signed
        ).candidates
        assert {each.code for each in first.reasons} == {"SUBSTITUTE_TEACHES_COURSE", "SUBSTITUTE_AVAILABLE"}
        stub.OfferSubstitution(pb.OfferSubstitutionRequest(**which, valid_minutes=30), metadata=signed)
        found = stub.ListSubstituteOffers(pb.ListSubstituteOffersRequest(), metadata=signed).substitute_offers
        offers = {each.teacher_id: each.substitute_offer_id for each in found}
        assert {(each.course_id, each.room_id) for each in found} == {(str(room.course.id), str(room.lesson.room_id))}
        no = pb.DeclineSubstitutionRequest(substitute_offer_id=offers[second.teacher_id], remark="有事")
        assert stub.DeclineSubstitution(no, metadata=signed).substitute_offer.remark == "有事"
        yes = pb.AcceptSubstitutionRequest(substitute_offer_id=offers[first.teacher_id])
        accepted = stub.AcceptSubstitution(yes, metadata=signed).substitute_offer
        assert accepted.state == substitute_pb2.SUBSTITUTE_OFFER_STATE_ACCEPTED
        with pytest.raises(grpc.RpcError) as late:
            stub.WithdrawSubstituteRequest(pb.WithdrawSubstituteRequestRequest(**which), metadata=signed)
        assert refusal(late.value)[1] == "SUBSTITUTE_REQUEST_ENDED"
        (filled,) = stub.ListSubstituteRequests(
            pb.ListSubstituteRequestsRequest(filter="state = SUBSTITUTE_REQUEST_STATE_FILLED"), metadata=signed
        ).substitute_requests
        assert filled.substitute_id == first.teacher_id
        changes = lesson_pb.ListLessonChangesRequest(lesson_id=row.lesson_id)
        (change,) = lesson_stub.ListLessonChanges(changes, metadata=signed).lesson_changes
        assert change.kind == lesson_pb2.LESSON_CHANGE_KIND_SUBSTITUTED
