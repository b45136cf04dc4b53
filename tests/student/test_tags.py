"""Tags: given by hand or computed, each for as long as it holds, and what was stays on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from lianxiao.student.v1 import student_service_pb2, tag_pb2
from lianxiao.student.v1 import tag_service_pb2 as pb
from lianxiao.student.v1.student_service_pb2_grpc import StudentServiceStub
from lianxiao.student.v1.tag_service_pb2_grpc import TagServiceStub
from services.student.actions import campuses, students, tag_computing, tags
from services.student.actions.students import Profile
from services.student.consumers import CONSUMERS
from services.student.models import Student, Tag
from services.student.rules import tags as rules
from services.student.rules.tags import EventCondition, Rule
from services.student.server import SERVICERS
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)


def born(tx: Tx, year: int, month: int, day: int, *, campus_id: UUID | None = None) -> Student:
    """Open the file of a child with a birthday."""
    return students.enrol(tx, uuid7(), campus_id=campus_id or uuid7(), profile=Profile("张小明", year, month, day))


def computed(tx: Tx, rule: Rule, name: str = "幼儿段") -> Tag:
    """Add a tag with a rule and compute it for everybody."""
    tag = tags.create(tx, name=name, facet="student", rule=rule)
    while tag_computing.step(tx):
        pass
    return tag


def bearers(tx: Tx, tag: Tag) -> set[UUID]:
    """Return who bears a tag."""
    rows = tx.run("select student_id from student_tag where tag_id = %s and end_time is null", (str(tag.id),))
    return {row.student_id for row in rows}


@pytest.mark.parametrize(
    ("birthday", "count"),
    [
        ((2023, 6, 15), 1),  # three today
        ((2023, 6, 16), 0),  # three tomorrow
        ((2019, 6, 16), 1),  # seven tomorrow
        ((2019, 6, 15), 0),  # seven today
        ((2023, 0, 0), 1),  # the year alone: as if born on its first day
        ((2020, 2, 29), 1),
        ((0, 0, 0), 0),
    ],
)
def test_the_band_of_three_to_six_changes_on_birthdays(
    database: Database, caller: Caller, birthday: tuple[int, int, int], count: int
) -> None:
    with database.begin(caller, now=NOON) as tx:
        born(tx, *birthday)
        assert len(bearers(tx, computed(tx, Rule(min_age_years=3, max_age_years=6)))) == count


def test_a_birthday_begins_by_the_clock_of_the_campus(database: Database, caller: Caller) -> None:
    """17:00 UTC on 14 June is 15 June in Shanghai, and still the 14th in Berlin."""
    shanghai, berlin = uuid7(), uuid7()
    with database.begin(caller, now=datetime(2026, 6, 14, 17, tzinfo=UTC)) as tx:
        for campus_id, zone in ((shanghai, "Asia/Shanghai"), (berlin, "Europe/Berlin")):
            campuses.project(tx, CampusChanged(campus_id=str(campus_id), name=zone, time_zone=zone, active=True))
        here, there = (born(tx, 2023, 6, 15, campus_id=campus) for campus in (shanghai, berlin))
        assert bearers(tx, computed(tx, Rule(min_age_years=3))) == {here.id}
        assert there.birth_year == 2023


def test_a_round_gives_takes_and_keeps_what_was(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = born(tx, 2019, 6, 16)
        tag = computed(tx, Rule(max_age_years=6))
        assert bearers(tx, tag) == {child.id}
    with database.begin(caller, now=NOON + timedelta(days=1)) as tx:
        assert tag_computing.step(tx)
        assert not tag_computing.step(tx), "once a day is enough"
        [(row, _)] = tags.of_student(tx, child.id, ended=True)
        assert (row.source, row.end_time) == ("rule", NOON + timedelta(days=1))
        assert list(tags.of_student(tx, child.id)) == []


def test_a_round_that_ends_in_the_middle_goes_on_where_it_was(
    database: Database, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag_computing, "_PART", 2)
    with database.begin(caller, now=NOON) as tx:
        children = [born(tx, 2020, 1, 1) for _ in range(5)]
        tag = tags.create(tx, name="在读", facet="student", rule=Rule(states=("enrolled",)))
    for done in (2, 4, 5):
        with database.begin(caller, now=NOON) as tx:
            assert tag_computing.step(tx)
            assert len(bearers(tx, tag)) == done
    with database.begin(caller, now=NOON) as tx:
        assert not tag_computing.step(tx)
        assert bearers(tx, tag) == {child.id for child in children}


def test_spending_of_the_last_days_makes_a_tag(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller) as tx:
        rich, poor, long_ago = (born(tx, 2016, 1, 1) for _ in range(3))
    paid = {rich: (datetime.now(UTC), 600_000), poor: (datetime.now(UTC), 599_999)}
    for child, (time, amount) in {**paid, long_ago: (datetime.now(UTC) - timedelta(days=31), 900_000)}.items():
        event = PaymentReceived(order_id=str(uuid7()), customer_id=str(child.id), campus_id=str(child.campus_id))
        event.amount_fen = amount
        event.receive_time.FromDatetime(time)
        deliver(database, CONSUMERS, event, institution)
    rule = Rule(events=(EventCondition("payment_received", days=30, min_amount_fen=600_000),))
    never = Rule(events=(EventCondition("payment_received", days=30, max_count=0),))
    with database.begin(caller) as tx:
        assert bearers(tx, computed(tx, rule)) == {rich.id}
        assert bearers(tx, computed(tx, never, "近期未付款")) == {long_ago.id}
        assert tag_computing.preview(tx, rule) == 1


def test_a_preview_counts_only_what_its_reader_sees(database: Database, caller: Caller, institution: UUID) -> None:
    with database.begin(caller, now=NOON) as tx:
        here = born(tx, 2020, 1, 1)
        born(tx, 2020, 1, 1)
        assert tag_computing.preview(tx, Rule(min_age_years=6)) == 2
    with database.begin(staff(institution), scope=Scope(frozenset({here.campus_id})), now=NOON) as tx:
        assert tag_computing.preview(tx, Rule(min_age_years=6)) == 1


def test_a_tag_by_hand_ends_by_itself_and_can_be_renewed_and_taken_away(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = factories.student(tx)
        tag = tags.create(tx, name="续费敏感型", facet="parent", dimension="spending", expire_days=30)
        tags.add(tx, child.id, tag.id, reason="价格比较多")
    with database.begin(caller, now=NOON + timedelta(days=20)) as tx:
        renewed, _ = tags.add(tx, child.id, tag.id, reason="再次比价")
        assert renewed.expire_time == NOON + timedelta(days=50)
        assert "比价".encode() not in (renewed.reason_sealed or b"")
    with database.begin(caller, now=NOON + timedelta(days=50)) as tx:
        assert list(tags.of_student(tx, child.id)) == [], "over, though the job has not been by"
        tags.expire(tx)
        [(row, _)] = tags.of_student(tx, child.id, ended=True)
        assert row.end_time == NOON + timedelta(days=50)
        tags.add(tx, child.id, tag.id)
        tags.remove(tx, child.id, tag.id)
        with pytest.raises(NotFound):
            tags.remove(tx, child.id, tag.id)
        assert len(tags.of_student(tx, child.id, ended=True)) == 2


def test_what_a_rule_gives_no_hand_gives_or_takes(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        child = born(tx, 2020, 1, 1)
        tag = computed(tx, Rule(min_age_years=3))
        for change in (tags.add, tags.remove):
            with pytest.raises(Refused, match="computed"):
                change(tx, child.id, tag.id)
        tags.stop(tx, tag.id)
        assert bearers(tx, tag) == set()
        with pytest.raises(Refused, match="stopped"):
            tags.stop(tx, tag.id)
        again = tags.create(tx, name=tag.name, facet="student")
        assert again.id != tag.id, "the name of a stopped tag is free"


def test_two_active_tags_never_share_a_name(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        tags.create(tx, name="少儿英语启蒙需求", facet="parent")
        with pytest.raises(AlreadyExists, match="already"):
            tags.create(tx, name="少儿英语启蒙需求", facet="student")


def test_only_who_serves_the_whole_chain_makes_tags(database: Database, institution: UUID) -> None:
    scope = Scope(frozenset({uuid7()}))
    with database.begin(staff(institution), scope=scope) as tx, pytest.raises(NotAllowed):
        tags.create(tx, name="本校标签", facet="student")


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (Rule(), "TAG_RULE_EMPTY"),
        (Rule(min_age_years=7, max_age_years=6), "TAG_RULE_CONTRADICTION"),
        (Rule(min_enrolled_days=2, max_enrolled_days=1), "TAG_RULE_CONTRADICTION"),
        (Rule(events=(EventCondition("payment_made", 30, 1),)), "TAG_KIND_UNKNOWN"),
        (Rule(events=(EventCondition("payment_received", 30),)), "TAG_RULE_EMPTY"),
        (Rule(events=(EventCondition("payment_received", 30, 3, 2),)), "TAG_RULE_CONTRADICTION"),
    ],
)
def test_a_rule_that_fits_all_or_nobody_is_refused(rule: Rule, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check(rule)
    assert caught.value.reason == reason


_BOUND = st.none() | st.integers(0, 120)
_EVENTS = st.builds(
    EventCondition,
    st.sampled_from(["payment_received", "hours_consumed"]),
    st.integers(1, 400),
    st.integers(0, 9),
    st.none() | st.integers(0, 9),
    st.integers(0, 10**9),
)


@given(
    st.builds(
        Rule,
        _BOUND,
        _BOUND,
        st.lists(st.sampled_from(["enrolled", "paused"])).map(tuple),
        _BOUND,
        _BOUND,
        st.lists(_EVENTS, max_size=3).map(tuple),
    )
)
def test_a_rule_comes_back_as_it_was_kept(rule: Rule) -> None:
    assert rules.from_stored(rule.stored()) == rule


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def test_tags_are_made_given_listed_and_found_over_the_wire(wire: Wire, database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        child = factories.student(tx)
        factories.student(tx, name="李雷")
    stub, signed = TagServiceStub(wire.channel), Wire.metadata(staff(institution))
    asked = tag_pb2.Tag(name="高意向", facet="TAG_FACET_PARENT", dimension="TAG_DIMENSION_SOCIAL", expire_days=7)
    made = stub.CreateTag(pb.CreateTagRequest(tag=asked), metadata=signed).tag
    rule = tag_pb2.TagRule(states=["STUDENT_STATE_ENROLLED"], min_enrolled_days=0)
    by_rule = tag_pb2.Tag(name="新生", facet="TAG_FACET_STUDENT", rule=rule)
    assert stub.CreateTag(pb.CreateTagRequest(tag=by_rule), metadata=signed).tag.rule == rule
    assert stub.PreviewTagRule(pb.PreviewTagRuleRequest(rule=rule), metadata=signed).student_count == 2

    given_tag = stub.AddStudentTag(
        pb.AddStudentTagRequest(student_id=str(child.id), tag_id=made.tag_id, reason="来电三次"), metadata=signed
    ).student_tag

    assert (given_tag.name, given_tag.reason, given_tag.source) == ("高意向", "来电三次", tag_pb2.TAG_SOURCE_MANUAL)
    assert [tag.name for tag in stub.ListTags(pb.ListTagsRequest(), metadata=signed).tags] == ["新生", "高意向"]
    borne = stub.ListStudentTags(pb.ListStudentTagsRequest(student_id=str(child.id)), metadata=signed).student_tags
    assert [tag.tag_id for tag in borne] == [made.tag_id]
    asked_for = student_service_pb2.ListStudentsRequest(tag_id=made.tag_id)
    found = StudentServiceStub(wire.channel).ListStudents(asked_for, metadata=signed).students
    assert [student.student_id for student in found] == [str(child.id)]
    with pytest.raises(grpc.RpcError) as caught:
        stub.CreateTag(pb.CreateTagRequest(tag=asked), metadata=signed)
    assert refusal(caught.value) == ("ALREADY_EXISTS", "TAG_TAKEN")
