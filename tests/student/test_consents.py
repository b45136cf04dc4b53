"""Consents: what stands when, who may speak for a child, and the gate before files of children under fourteen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from lianxiao.lead.v1.lead_events_pb2 import LeadMerged, MarketingDeclined
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from lianxiao.student.v1 import consent_pb2
from lianxiao.student.v1 import consent_service_pb2 as pb
from lianxiao.student.v1 import purpose_service_pb2 as purpose_pb
from lianxiao.student.v1.consent_service_pb2_grpc import ConsentServiceStub
from lianxiao.student.v1.purpose_service_pb2_grpc import PurposeServiceStub
from services.student.actions import campuses, consents, customers, guardians, purposes, students
from services.student.actions.consents import Said
from services.student.actions.guardians import Contact
from services.student.actions.students import Profile
from services.student.consumers import CONSUMERS
from services.student.models import ConsentEntry, Household, Student
from services.student.rules import consents as rules
from services.student.rules.consents import Purpose, Word
from services.student.server import SERVICERS
from shared.birthdays import Birth
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
PROOF = "ab" * 32
YOUNG = (2016, 3, 1)


def child(tx: Tx, birth: tuple[int, int, int] = YOUNG, *, campus_id: UUID | None = None) -> Student:
    """Open the file of a child."""
    return students.enrol(tx, uuid7(), campus_id=campus_id or uuid7(), profile=Profile("张小明", *birth))


def guardian_of(tx: Tx, student: Student) -> UUID:
    """Add a guardian."""
    contact = Contact(name="张伟", phone="13812345678", relation="father")
    return guardians.add(tx, student.id, contact)[0].id


def paper(guardian_id: UUID | None = None, channel: str = "") -> Said:
    """Return what was signed on paper."""
    return Said("paper", channel, PROOF, guardian_id)


def purpose(basis: str = "consent", *, contact: bool = True, valid_from: datetime | None = None) -> Purpose:
    """Return a purpose that is enabled."""
    return Purpose(
        purpose="marketing", name_zh="", name_en="", basis=basis, separate=True, high_risk=False, contact=contact,
        keep_days=365, notice_zh="", notice_en="", enabled=True, version="1", valid_from_time=valid_from,
    )  # fmt: skip


YES = Word(granted=True, decide_time=NOON, by_guardian=False)
NO = YES._replace(granted=False)
GUARDIAN = YES._replace(by_guardian=True)


@pytest.mark.parametrize(
    ("basis", "words", "channel", "young", "allowed"),
    [
        ("consent", {}, "", False, False),
        ("consent", {"": YES}, "", False, True),
        ("consent", {"": YES}, "sms", False, True),
        ("consent", {"": NO}, "", False, False),
        ("consent", {"": NO}, "sms", False, False),
        ("consent", {"sms": YES}, "sms", False, True),
        ("consent", {"sms": YES}, "email", False, False),
        ("consent", {"sms": YES}, "", False, False),
        ("consent", {"": YES, "sms": NO}, "sms", False, False),
        ("consent", {"": YES, "sms": NO}, "email", False, True),
        ("consent", {"": NO, "sms": YES}, "sms", False, True),
        ("consent", {"": NO, "sms": YES}, "email", False, False),
        ("consent", {"": YES}, "", True, False),
        ("consent", {"": GUARDIAN}, "", True, True),
        ("consent", {"": GUARDIAN, "sms": YES}, "sms", True, False),
        ("consent", {"": GUARDIAN}, "sms", False, True),
        ("contract", {}, "sms", True, True),
        ("contract", {"": NO}, "sms", False, False),
        ("contract", {"sms": NO}, "sms", False, False),
        ("contract", {"sms": NO}, "email", False, True),
        ("contract", {"": NO, "sms": YES}, "sms", False, True),
        ("legal_duty", {}, "", True, True),
    ],
)
def test_what_was_said_decides_by_channel_and_age(
    *, basis: str, words: dict[str, Word], channel: str, young: bool, allowed: bool
) -> None:
    assert rules.permits(purpose(basis), words, channel, under_fourteen=young) is allowed


def test_what_was_agreed_before_the_new_text_stands_no_more() -> None:
    later = purpose(valid_from=NOON + timedelta(microseconds=1))
    assert not rules.permits(later, {"": YES}, "", under_fourteen=False)
    assert rules.permits(purpose(valid_from=NOON), {"": YES}, "", under_fourteen=False)


@pytest.mark.parametrize(
    ("birth", "today", "young"),
    [
        ((2012, 6, 15), (2026, 6, 15), True),
        ((2012, 6, 15), (2026, 6, 16), False),
        ((2012, 0, 0), (2026, 12, 31), True),
        ((2012, 0, 0), (2027, 1, 1), False),
        ((2012, 2, 0), (2026, 2, 28), True),
        ((2012, 2, 0), (2026, 3, 1), False),
        ((2012, 2, 29), (2026, 2, 28), True),
        ((2012, 2, 29), (2026, 3, 1), False),
        ((0, 0, 0), (2026, 6, 15), False),
    ],
)
def test_fourteen_is_over_when_the_birthday_is(
    *, birth: tuple[int, int, int], today: tuple[int, int, int], young: bool
) -> None:
    assert rules.is_under_fourteen(Birth(*birth), date(*today)) is young


_DAYS = st.dates(date(2008, 1, 1), date(2020, 12, 31))


@given(born=_DAYS, hidden=st.sampled_from(["", "day", "month"]), today=st.dates(date(2020, 1, 1), date(2036, 12, 31)))
def test_what_is_unknown_never_makes_a_child_older(born: date, hidden: str, today: date) -> None:
    known = Birth(born.year, 0 if hidden == "month" else born.month, 0 if hidden else born.day)
    assert rules.is_under_fourteen(known, today) >= rules.is_under_fourteen(Birth(*born.timetuple()[:3]), today)


def test_the_database_counts_years_as_the_rule_does(database: Database, caller: Caller) -> None:
    births = [(2012, 6, 14), (2012, 6, 15), (2012, 6, 16), (2012, 0, 0), (2011, 0, 0), (2012, 5, 0), (2012, 6, 0)]
    births += [(2012, 2, 29), (2012, 12, 31), (0, 0, 0)]
    with database.begin(caller, now=NOON) as tx:
        purposes.set_enabled(tx, "child_file", enabled=True)
        tx.session.flush()
    for birth in births:
        young = rules.is_under_fourteen(Birth(*birth), NOON.date())
        with ExitStack() as stack:
            if young:
                stack.enter_context(pytest.raises(IntegrityError, match="under fourteen"))
            tx = stack.enter_context(database.begin(caller, now=NOON))
            tx.session.add(_raw(tx, birth))


def _raw(tx: Tx, birth: tuple[int, int, int]) -> Student:
    household = uuid7()
    tx.session.add(Household(id=household))
    tx.session.flush()
    year, month, day = birth
    return Student(
        id=uuid7(), household_id=household, campus_id=uuid7(), owner_id=None, birth_year=year, birth_month=month,
        birth_day=day, gender="", school="", school_grade="", state="enrolled", lead_id=None, enrol_time=tx.now,
    )  # fmt: skip


def test_no_file_of_a_young_child_without_a_guardians_word(database: Database, caller: Caller) -> None:
    """The gate is closed when the purpose is enabled, opens with the word, and closes again when it is taken back."""
    with database.begin(caller, now=NOON) as tx:
        known = child(tx)
        guardian_id = guardian_of(tx, known)
        purposes.set_enabled(tx, "child_file", enabled=True)
        with pytest.raises(Refused, match="guardian"):
            child(tx)
        with pytest.raises(Refused, match="guardian"):
            students.update(tx, known.id, {"school": "实验小学"})
        assert child(tx, (2008, 1, 1)).state == "enrolled"
        consents.give(tx, known.id, "child_file", version="1", said=paper(guardian_id))
        assert students.update(tx, known.id, {"school": "实验小学"}).school == "实验小学"
    with database.begin(caller, now=NOON + timedelta(hours=1)) as tx:
        consents.withdraw(tx, known.id, "child_file", Said("portal"))
        with pytest.raises(Refused):
            students.update(tx, known.id, {"school": "第二小学"})


def test_a_word_before_the_file_opens_the_gate_and_finds_the_survivor_of_a_merge(
    database: Database, caller: Caller
) -> None:
    customer, survivor = uuid7(), uuid7()
    with database.begin(caller, now=NOON) as tx:
        purposes.set_enabled(tx, "child_file", enabled=True)
        consents.give(tx, customer, "child_file", version="1", said=paper(uuid7()))
        customers.merged(
            tx, LeadMerged(customer_id=str(customer), survivor_customer_id=str(survivor), merge_id=str(uuid7()))
        )
        tx.session.flush()
        students.enrol(tx, survivor, campus_id=uuid7(), profile=Profile("李雷", *YOUNG))
        assert consents.permits(tx, customer, "child_file")
        assert [state.stands for state in consents.current(tx, survivor)] == [True]


def test_a_child_cannot_agree_for_itself_nor_can_a_strangers_guardian(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        mine, other = child(tx), child(tx)
        stranger = guardian_of(tx, other)
        purposes.set_enabled(tx, "marketing", enabled=True)
        with pytest.raises(Refused, match="guardian"):
            consents.give(tx, mine.id, "marketing", version="1", said=paper())
        with pytest.raises(InvalidInput, match="no guardian of the child"):
            consents.give(tx, mine.id, "marketing", version="1", said=paper(stranger))
        grown = child(tx, (2008, 1, 1))
        assert consents.give(tx, grown.id, "marketing", version="1", said=paper()).granted


def test_the_day_of_the_campus_decides(database: Database, caller: Caller) -> None:
    """17:00 UTC on 15 June is the 16th in Shanghai, when the child is fourteen, and still the 15th in Berlin."""
    with database.begin(caller, now=datetime(2026, 6, 15, 17, tzinfo=UTC)) as tx:
        shanghai, berlin = uuid7(), uuid7()
        for campus_id, zone in ((shanghai, "Asia/Shanghai"), (berlin, "Europe/Berlin")):
            campuses.project(tx, CampusChanged(campus_id=str(campus_id), name=zone, time_zone=zone, active=True))
        purposes.set_enabled(tx, "child_file", enabled=True)
        assert child(tx, (2012, 6, 15), campus_id=shanghai).campus_id == shanghai
        with pytest.raises(Refused):
            child(tx, (2012, 6, 15), campus_id=berlin)


def test_withdrawing_all_takes_every_channel_along_and_stays_on_record(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        purposes.set_enabled(tx, "marketing", enabled=True)
        grown = child(tx, (2000, 1, 1))
        for channel in ("", "sms", "email"):
            consents.give(tx, grown.id, "marketing", version="1", said=paper(channel=channel))
        assert consents.permits(tx, grown.id, "marketing", "sms")
    with database.begin(caller, now=NOON + timedelta(days=1)) as tx:
        taken = consents.withdraw(tx, grown.id, "marketing", Said("reply"))
        assert sorted(entry.channel for entry in taken) == ["", "email", "sms"]
        assert not any(
            consents.permits(tx, grown.id, "marketing", channel) for channel in ("", "sms", "email", "phone")
        )
        entries = tx.session.query(ConsentEntry).filter(ConsentEntry.person_id == grown.id).count()
        assert entries == 6


def test_of_a_yes_and_a_no_at_once_the_no_stays(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        purposes.set_enabled(tx, "marketing", enabled=True)
        grown = child(tx, (2000, 1, 1))
        consents.withdraw(tx, grown.id, "marketing", Said("reply", "sms"))
        consents.give(tx, grown.id, "marketing", version="1", said=paper(channel="sms"))
        assert not consents.permits(tx, grown.id, "marketing", "sms")


def test_a_new_text_asks_again_and_an_old_version_is_refused(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        purposes.set_enabled(tx, "marketing", enabled=True)
        grown = child(tx, (2000, 1, 1))
        consents.give(tx, grown.id, "marketing", version="1", said=paper())
    with database.begin(caller, now=NOON + timedelta(days=1)) as tx:
        purposes.publish_notice(tx, "marketing", version="2", text_zh="新的告知", text_en="", ask_again=True)
        assert not consents.permits(tx, grown.id, "marketing")
        with pytest.raises(Refused, match="read and agree again"):
            consents.give(tx, grown.id, "marketing", version="1", said=paper())
        consents.give(tx, grown.id, "marketing", version="2", said=paper())
        assert consents.permits(tx, grown.id, "marketing")
        with pytest.raises(AlreadyExists, match="was shown already"):
            purposes.publish_notice(tx, "marketing", version="2", text_zh="再次", text_en="", ask_again=False)


def test_high_risk_begins_with_an_assessment_of_its_own(database: Database, caller: Caller) -> None:
    told = {
        "purpose": "profiling", "title": "课程推荐", "necessity": "按学习记录推荐", "risks": "误判",
        "measures": "人工复核", "assess_date": date(2026, 6, 1), "keep_until_date": None,
    }  # fmt: skip
    with database.begin(caller, now=NOON) as tx:
        with pytest.raises(Refused, match="impact assessment"):
            purposes.set_enabled(tx, "profiling", enabled=True)
        row = purposes.assess(tx, told)
        assert row.keep_until_date == date(2029, 6, 1)
        other = purposes.assess(tx, told | {"purpose": "portrait"})
        with pytest.raises(InvalidInput, match="about portrait"):
            purposes.set_enabled(tx, "profiling", enabled=True, assessment_id=other.id)
        assert purposes.set_enabled(tx, "profiling", enabled=True, assessment_id=row.id).enabled
        with pytest.raises(InvalidInput, match="three years"):
            purposes.assess(tx, told | {"keep_until_date": date(2029, 5, 31)})
        with pytest.raises(InvalidInput, match="yet to come"):
            purposes.assess(tx, told | {"assess_date": date(2026, 6, 16)})


def test_another_campus_neither_reads_nor_speaks(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller, now=NOON) as tx:
        purposes.set_enabled(tx, "marketing", enabled=True)
        there = child(tx, (2000, 1, 1))
    elsewhere = Scope(frozenset({uuid7()}))
    for speak in (
        lambda tx: consents.give(tx, there.id, "marketing", version="1", said=paper()),
        lambda tx: consents.withdraw(tx, there.id, "marketing", Said("reply")),
    ):
        with database.begin(staff(institution), scope=elsewhere, now=NOON) as tx, pytest.raises(NotFound):
            speak(tx)
    with database.begin(staff(institution), scope=elsewhere, now=NOON) as tx, pytest.raises(NotAllowed):
        consents.current(tx, there.id)


@pytest.mark.parametrize("birth", [(9998, 1, 1), (2026, 6, 17), (2016, 2, 30), (2016, 13, 1)])
def test_a_birth_date_that_cannot_be_is_refused(
    database: Database, caller: Caller, birth: tuple[int, int, int]
) -> None:
    with database.begin(caller, now=NOON) as tx:
        known = child(tx)
        with pytest.raises(InvalidInput, match=r"no such day|yet to come"):
            students.update(tx, known.id, dict(zip(("birth_year", "birth_month", "birth_day"), birth, strict=True)))


def test_the_digest_changes_with_every_part() -> None:
    parts = ["marketing", "", True, "1", "paper", None, PROOF, NOON.isoformat()]
    whole = rules.digest("告知", *parts)
    changed = [rules.digest("告知", *parts[:place], "x", *parts[place + 1 :]) for place in range(len(parts))]
    assert len({whole, rules.digest("告知书", *parts), *changed}) == len(parts) + 2


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def test_consents_over_the_wire(wire: Wire, institution: UUID) -> None:
    signed = Wire.metadata(staff(institution))
    offered, register = PurposeServiceStub(wire.channel), ConsentServiceStub(wire.channel)
    offered.SetPurpose(purpose_pb.SetPurposeRequest(purpose="marketing", enabled=True), metadata=signed)
    found = offered.ListPurposes(purpose_pb.ListPurposesRequest(), metadata=signed).purposes
    going = {each.purpose for each in found if each.enabled}
    working = {"teaching", "service_notice", "enquiry", "employment", "partner_relations", "books", "security"}
    assert going == working | {"marketing"}
    person = str(uuid7())
    give = pb.GiveConsentRequest(
        person_id=person, purpose="marketing", version="1", means=consent_pb2.CONSENT_MEANS_FORM, evidence_sha256=PROOF
    )
    assert register.GiveConsent(give, metadata=signed).consent_entry.granted
    [state] = register.ListConsents(pb.ListConsentsRequest(person_id=person), metadata=signed).consents
    assert (state.purpose, state.stands) == ("marketing", True)
    no = pb.WithdrawConsentRequest(person_id=person, purpose="marketing", means=consent_pb2.CONSENT_MEANS_REPLY)
    register.WithdrawConsent(no, metadata=signed)
    asked = pb.ListConsentEntriesRequest(person_id=person)
    entries = register.ListConsentEntries(asked, metadata=signed).consent_entries
    assert [entry.granted for entry in entries] == [False, True]
    give.purpose = "books"
    with pytest.raises(grpc.RpcError) as caught:
        register.GiveConsent(give, metadata=signed)
    assert refusal(caught.value) == ("FAILED_PRECONDITION", "PURPOSE_NOT_BY_CONSENT")


def test_a_no_that_an_advisor_heard_is_on_record(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller, now=NOON) as tx:
        student = child(tx, (2008, 1, 1))
        consents.give(tx, student.id, "marketing", version=purposes.get(tx, "marketing").version, said=paper())
    event = MarketingDeclined(customer_id=str(student.id), lead_id=str(uuid7()))
    deliver(database, CONSUMERS, event, institution)
    with database.begin(caller) as tx:
        assert not consents.permits(tx, student.id, "marketing")
        last = tx.session.query(ConsentEntry).order_by(ConsentEntry.create_time.desc()).first()
        assert last is not None
        assert (last.granted, last.means) == (False, "call")
