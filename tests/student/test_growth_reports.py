"""A family is told of a week once, as it was, by a link of its own; and who opens what is counted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from lianxiao.scheduling.v1 import scheduling_events_pb2 as scheduling
from lianxiao.student.v1 import growth_report_pb2
from lianxiao.student.v1 import growth_report_service_pb2 as pb
from lianxiao.student.v1.growth_report_service_pb2_grpc import GrowthReportServiceStub
from lianxiao.student.v1.student_events_pb2 import FamilyNoticeDue, GrowthReportOpened
from services.student.actions import (
    class_remarks,
    exams,
    growth_links,
    growth_reports,
    growth_settings,
    guardians,
    homework_works,
)
from services.student.actions.exams import Entry, Paper
from services.student.consumers import CONSUMERS
from services.student.models import Student
from services.student.rules import growth as rules
from services.student.server import SERVICERS
from shared import public_links
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput
from shared.ids import uuid7
from shared.testing.bus import deliver
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories, lessons

# Monday 15 June 2026, 19:00 in Shanghai; the week before is told of.
MONDAY = datetime(2026, 6, 15, 11, tzinfo=UTC)
WEEK = {"period": "week", "start": date(2026, 6, 8), "end": date(2026, 6, 14)}
LESSON = datetime(2026, 6, 10, 8, tzinfo=UTC)


def learned(tx: Tx, child: Student) -> None:
    """Let a child have a week: an exam, homework, a remark with a character that no printer has."""
    group_id = lessons.class_group(tx, child.campus_id, members=[child.id], joined=LESSON - timedelta(days=30))
    exam = exams.create(tx, Paper(group_id, "数学", "第六单元", "unit", WEEK["start"], 10_000))  # type: ignore[arg-type]
    exams.record(tx, exam.id, {child.id: Entry(8_650)})
    lesson_id = uuid7()
    homework_works.on_given(
        tx, lessons.homework_given(lesson_id, child.campus_id, [child.id], start=LESSON, due=LESSON)
    )
    remark = scheduling.StudentRemarkPublished(
        lesson_id=str(lesson_id),
        student_id=str(child.id),
        campus_id=str(child.campus_id),
        course_id=str(lesson_id),
        lesson_start_time=LESSON,
        rating=5,
        rating_highest=5,
        remark="解题有进步😀",
        revision=1,
    )
    class_remarks.project(tx, remark)


def text_of(content: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).replace("\n", "")


def test_a_report_stays_as_it_was_told(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=MONDAY) as tx:
        child = factories.student(tx, name="欧阳小明")
        learned(tx, child)
        [row] = growth_reports.create(tx, [child.id], **WEEK)  # type: ignore[arg-type]
        before = growth_reports.content_of(tx, row), growth_reports.file_of(tx, row)
        learned(tx, child)
        assert growth_reports.create(tx, [child.id], **WEEK) == [], "one report per student and period"  # type: ignore[arg-type]
        tx.session.expire_all()
        again = growth_reports.get(tx, row.id)
        assert (growth_reports.content_of(tx, again), growth_reports.file_of(tx, again)) == before
        assert rules.fingerprint(rules.stored(before[0])) == again.content_sha256
        assert "欧阳".encode() not in (again.content_sealed or b"")
    printed = text_of(before[1])
    for part in (
        "欧阳小明 学习周报",
        "2026-06-08 至 2026-06-14",
        "86.5%",
        "第六单元",
        "解题有进步〓",
        "1 次作业未按时提交",
    ):
        assert part in printed, part


def test_attendance_is_what_stands_confirmed_in_the_week_of_the_campus(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution), now=MONDAY) as tx:
        child = factories.student(tx)
    # Monday 00:30 and Sunday 23:30 in Shanghai are in, the next Monday is not, the fourth was taken back.
    starts = (
        "2026-06-07T16:30:00Z",
        "2026-06-14T15:30:00Z",
        "2026-06-14T16:30:00Z",
        "2026-06-10T08:00:00Z",
        "2026-06-11T08:00:00Z",
    )
    for number, (start, code) in enumerate(
        zip(starts, ("late", "excused", "present", "present", "online"), strict=True)
    ):
        event = scheduling.AttendanceConfirmed(
            attendance_id=str(uuid7()),
            lesson_id=str(UUID(int=number + 1)),
            student_id=str(child.id),
            campus_id=str(child.campus_id),
            code=code,
            counts_as_present=code != "excused",
            revision=1,
        )
        event.lesson_start_time.FromJsonString(start)
        deliver(database, CONSUMERS, event, institution)
    taken_back = scheduling.AttendanceUnconfirmed(
        attendance_id=str(uuid7()),
        lesson_id=str(UUID(int=4)),
        student_id=str(child.id),
        campus_id=str(child.campus_id),
        revision=1,
    )
    deliver(database, CONSUMERS, taken_back, institution)
    with database.begin(Caller.system(institution), now=MONDAY) as tx:
        [row] = growth_reports.create(tx, [child.id], **WEEK)  # type: ignore[arg-type]
        assert growth_reports.content_of(tx, row)["attendance"] == {
            "lesson_count": 3,
            "attended_count": 2,
            "late_count": 1,
            "attendance_basis_points": 6_667,
        }


def test_every_guardian_who_may_see_has_a_link_that_ends_with_the_right(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=MONDAY) as tx:
        child = factories.student(tx)
        mother, father, aunt = (factories.guardian(tx, child, phone=f"1381234567{number}") for number in range(3))
        guardians.set_rights(tx, child.id, father.id, may_see=False, may_contact=True)
        guardians.set_rights(tx, child.id, aunt.id, may_see=True, may_contact=False)
        learned(tx, child)
        growth_reports.create(tx, [child.id], **WEEK)  # type: ignore[arg-type]
        [notice] = factories.told(tx, FamilyNoticeDue)
        assert (notice.notice, notice.guardian_id) == ("growth_report", str(mother.id))
        token = notice.path.rsplit("/", 1)[1]
    with database.begin(caller, now=MONDAY + timedelta(hours=1)) as tx:
        for _ in range(2):
            growth_links.mark(tx, growth_links.opened(tx, tx.institution_id, token, for_update=True))
        [told] = factories.told(tx, GrowthReportOpened)
        assert (told.guardian_id, told.variant) == (str(mother.id), "full")
        assert growth_links.results(tx, "", start=MONDAY.date(), end=MONDAY.date()) == {"full": (1, 1)}
        assert growth_links.results(tx, "", start=None, end=MONDAY.date() - timedelta(days=1)) == {}
        guardians.set_rights(tx, child.id, mother.id, may_see=False, may_contact=True)
        with pytest.raises(InvalidInput, match="link"):
            growth_links.opened(tx, tx.institution_id, token)


def test_weeks_are_told_of_once_and_silent_ones_not_at_all(database: Database, institution: UUID) -> None:
    system = Caller.system(institution)
    with database.begin(system, now=MONDAY) as tx:
        child, _quiet = (factories.student(tx) for _ in range(2))
        learned(tx, child)
        assert growth_reports.step(tx) is False, "nothing goes out before somebody has set it"
        growth_settings.replace(tx, weekly=True, weekday=1, hour=19, experiment="", brief_basis_points=0)
    made = []
    for hours in (-1, 0, 1, 30):
        with database.begin(system, now=MONDAY + timedelta(hours=hours)) as tx:
            growth_reports.step(tx)
            made.append(len(growth_reports.LISTING.page(tx, pb.ListGrowthReportsRequest()).rows))
    assert made == [0, 1, 1, 1]


def test_two_who_make_the_same_report_make_one(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=MONDAY) as tx:
        child = factories.student(tx)
        factories.guardian(tx, child)

    def make(_turn: int) -> int:
        with database.begin(caller, now=MONDAY) as tx:
            growth_reports.create(tx, [child.id], **WEEK)  # type: ignore[arg-type]
            return len(factories.told(tx, FamilyNoticeDue))

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(make, range(2))) == [0, 1]


@given(st.uuids(), st.text(max_size=20), st.integers(0, 10_000))
def test_a_guardian_gets_the_same_layout_each_time(guardian_id: UUID, experiment: str, share: int) -> None:
    drawn = rules.variant(experiment, guardian_id, share)
    assert drawn == rules.variant(experiment, guardian_id, share)
    assert rules.variant(experiment, guardian_id, 0) == "full"
    assert rules.variant(experiment, guardian_id, 10_000) == "brief"
    if drawn == "brief":
        assert rules.variant(experiment, guardian_id, min(share + 1, 10_000)) == "brief"


def test_as_many_get_the_brief_layout_as_the_test_says() -> None:
    people = [UUID(int=number) for number in range(4_000)]
    brief = sum(rules.variant("video", each, 2_500) == "brief" for each in people)
    # 1,000 expected, standard deviation 27; the ids are fixed.
    assert 890 < brief < 1_110


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("week", date(2026, 6, 9), date(2026, 6, 15)),
        ("week", date(2026, 6, 8), date(2026, 6, 13)),
        ("week", date(2026, 6, 15), date(2026, 6, 21)),
        ("term", date(2026, 6, 8), date(2026, 6, 14)),
        ("term", date(2025, 1, 1), date(2026, 6, 1)),
    ],
)
def test_what_is_no_period_is_refused(period: str, start: date, end: date) -> None:
    with pytest.raises(DomainError) as wrong:
        rules.check_period(period, start, end, date(2026, 6, 16))
    assert wrong.value.reason == "PERIOD_INVALID"


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(1, 7))
def test_the_week_that_is_told_of_is_over_and_the_next_one_is_not_due(today: date, weekday: int) -> None:
    start, end = rules.week_before(today, weekday)
    rules.check_period("week", start, end, today)
    due = end + timedelta(days=weekday)
    assert due <= today < due + timedelta(days=7)


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


@pytest.fixture
def term(database: Database, institution: UUID) -> pb.CreateGrowthReportsRequest:
    """Return the wish for a report of a child who has learned something, in the brief layout."""
    with database.begin(Caller.system(institution), now=MONDAY) as tx:
        child = factories.student(tx)
        factories.guardian(tx, child)
        learned(tx, child)
    asked = pb.CreateGrowthReportsRequest(student_ids=[str(child.id)], period=growth_report_pb2.GROWTH_PERIOD_TERM)
    for day, month in ((asked.start_date, 2), (asked.end_date, 7)):
        day.year, day.month, day.day = 2026, month, 1
    return asked


def test_reports_over_the_wire(wire: Wire, institution: UUID, term: pb.CreateGrowthReportsRequest) -> None:
    signed = Wire.metadata(staff(institution))
    stub = GrowthReportServiceStub(wire.channel)
    setting = growth_report_pb2.GrowthReportSetting(experiment="简版", brief_basis_points=10_000)
    said = stub.SetGrowthReportSetting(pb.SetGrowthReportSettingRequest(setting=setting), metadata=signed).setting
    assert said == stub.GetGrowthReportSetting(pb.GetGrowthReportSettingRequest(), metadata=signed).setting
    [made] = stub.CreateGrowthReports(term, metadata=signed).reports
    assert [each.variant for each in made.deliveries] == [growth_report_pb2.GROWTH_VARIANT_BRIEF]
    [listed] = stub.ListGrowthReports(pb.ListGrowthReportsRequest(), metadata=signed).reports
    assert listed == made
    key = {"growth_report_id": made.growth_report_id}
    found = stub.GetGrowthReport(pb.GetGrowthReportRequest(**key), metadata=signed).report
    assert found.content.subjects[0].scores[0].share_basis_points == 8_650
    file = stub.GetGrowthReportFile(pb.GetGrowthReportFileRequest(**key), metadata=signed).file
    assert (file.content_type, file.data[:5]) == ("application/pdf", b"%PDF-")


def test_a_link_over_the_wire_opens_one_report(
    wire: Wire, database: Database, institution: UUID, term: pb.CreateGrowthReportsRequest
) -> None:
    signed = Wire.metadata(staff(institution))
    stub = GrowthReportServiceStub(wire.channel)
    [made] = stub.CreateGrowthReports(term, metadata=signed).reports
    key = UUID(made.growth_report_id)
    with database.begin(Caller.system(institution)) as tx:
        [sent] = growth_reports.deliveries_of(tx, [key])[key]
    token = public_links.path("publicGrowthReports", institution, growth_reports.LINK, sent.id).rsplit("/", 1)[1]
    at = {"institution_id": str(institution), "token": token}
    page = stub.GetPublicGrowthReport(pb.GetPublicGrowthReportRequest(**at)).page
    asked = pb.GetGrowthReportRequest(growth_report_id=made.growth_report_id)
    assert page.content == stub.GetGrowthReport(asked, metadata=signed).report.content
    assert stub.MarkPublicGrowthReport(pb.MarkPublicGrowthReportRequest(**at)).page == page
    file = stub.GetPublicGrowthReportFile(pb.GetPublicGrowthReportFileRequest(**at)).file
    assert file.data[:5] == b"%PDF-"
    results = stub.GetGrowthReportResults(pb.GetGrowthReportResultsRequest(), metadata=signed).results
    assert [(each.sent_count, each.opened_basis_points) for each in results] == [(1, 10_000)]
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetPublicGrowthReport(pb.GetPublicGrowthReportRequest(institution_id=str(uuid4()), token=token))
    assert refusal(caught.value)[1] == "FAMILY_LINK_INVALID"
