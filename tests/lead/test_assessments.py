"""A family takes an assessment once, reads its report, and nobody reads it without the link."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.lead.v1 import assessment_pb2, assessment_service_pb2, lead_pb2, lead_service_pb2
from services.lead.actions import assessments, leads, merges
from services.lead.models import Lead
from services.lead.rules import assessment as rules
from services.lead.rules.assessment import Band, Option, Question, Sheet
from shared.caller import NOBODY, Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from shared.testing.bus import published
from tests.lead import factories, people
from tests.lead.people import Person

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
QUESTIONS = (
    Question("能专注多久？", "专注力", (Option("五分钟", 0), Option("半小时", 3))),
    Question("一遍能记住几个词？", "记忆力", (Option("三个", 1), Option("七个", 2), Option("十个", 5))),
    Question("背过的古诗还记得吗？", "记忆力", (Option("不记得", 0), Option("记得", 1))),
)
BANDS = (Band("", 0, "建议从基础班开始"), Band("", 60, "可以直接进提高班"), Band("记忆力", 50, "记忆力不错"))
SHEET = Sheet(QUESTIONS, BANDS)


def test_points_become_percents_and_the_highest_band_speaks() -> None:
    whole, focus, memory = SHEET.score([1, 1, 1])
    assert (whole.points, whole.most_points, whole.percent, whole.comment) == (6, 9, 67, "可以直接进提高班")
    assert (focus.dimension, focus.percent, focus.comment) == ("专注力", 100, "")
    assert (memory.points, memory.most_points, memory.percent, memory.comment) == (3, 6, 50, "记忆力不错")
    assert rules.as_text([whole, focus, memory]) == "专注力 100%\n记忆力 50%：记忆力不错\n可以直接进提高班"


@given(st.lists(st.lists(st.integers(0, 100), min_size=2, max_size=5), min_size=1, max_size=8), st.data())
def test_the_dimensions_make_up_the_whole(points: list[list[int]], data: st.DataObject) -> None:
    names = st.sampled_from("甲乙丙")
    questions = tuple(
        Question("问", data.draw(names), tuple(Option("答", each) for each in (*one, 1))) for one in points
    )
    choices = [data.draw(st.integers(0, len(one))) for one in points]
    whole, *dimensions = Sheet(questions, ()).score(choices)
    assert whole.points == sum(each.points for each in dimensions)
    assert whole.most_points == sum(each.most_points for each in dimensions)
    assert all(0 <= each.percent <= 100 for each in (whole, *dimensions))
    assert min(each.percent for each in dimensions) <= whole.percent <= max(each.percent for each in dimensions)


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [
        (Sheet((), ()), "ASSESSMENT_EMPTY"),
        (Sheet((Question("问", "甲", (Option("a", 0), Option("b", 0))),), ()), "ASSESSMENT_POINTLESS"),
        (Sheet(QUESTIONS, (Band("胆量", 0, "好"),)), "BAND_UNKNOWN"),
        (Sheet(QUESTIONS, (Band("", 5, "好"), Band("", 5, "坏"))), "BAND_TAKEN"),
    ],
)
def test_what_cannot_be_scored_is_refused(database: Database, caller: Caller, sheet: Sheet, reason: str) -> None:
    with database.begin(caller) as tx, pytest.raises(DomainError) as refused:
        assessments.create(tx, name="学习力", introduction="", sheet=sheet)
    assert refused.value.reason == reason


class Family:
    """A lead that is invited, and strangers who may have the link."""

    def __init__(self, database: Database, caller: Caller) -> None:
        self.database, self.caller = database, caller
        with database.begin(caller, now=NOW) as tx:
            self.campus = factories.campus(tx)
            self.lead = factories.lead(tx, self.campus, guardian_email="wang@example.com").id
            self.assessment = assessments.create(tx, name="学习力测评", introduction="十分钟", sheet=SHEET).id
            tx.session.flush()
            self.token = assessments.invite(tx, self.lead, self.assessment).token

    def stranger(self, now: datetime = NOW) -> Any:
        """Open a transaction as the public boundary does."""
        return self.database.begin(Caller(NOBODY, NOBODY, "anonymous"), system=True, now=now)

    def submit(self, choices: list[int], *, token: str = "", days: int = 1) -> str:
        """Return the reason of a refusal, or nothing."""
        try:
            with self.stranger(NOW + timedelta(days=days)) as tx:
                assessments.submit(tx, self.caller.institution_id, token or self.token, choices)
        except DomainError as error:
            return error.reason
        return ""

    def events(self) -> list[dict[str, Any]]:
        """Return what was told of reports."""
        return published(self.database, self.caller.institution_id, "assessment_taken")

    def lead_row(self, tx: Tx) -> Lead:
        """Return the lead."""
        return tx.load(Lead, "lead", self.lead)


@pytest.fixture
def family(database: Database, caller: Caller) -> Family:
    return Family(database, caller)


def test_a_report_is_made_once_told_once_and_moves_the_lead(family: Family) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(lambda _: family.submit([1, 2, 0]), range(6)))
    assert answers == ["", *["ASSESSMENT_TAKEN"] * 5]
    (event,) = family.events()
    assert (event["percent"], event["lead_id"]) == (89, str(family.lead))
    assert not any(word in str(event) for word in ("wang@example.com", "王小明", "记忆力"))
    with family.database.begin(family.caller) as tx:
        assert family.lead_row(tx).stage == "contacted"
        (sitting,) = assessments.of_lead(tx, family.lead)
        assert sitting.report is not None
        assert [each.percent for each in assessments.scores(sitting.report)] == [89, 100, 83]


def test_wrong_answers_and_wrong_links_change_nothing(family: Family) -> None:
    assert family.submit([0, 0]) == "ANSWERS_INCOMPLETE"
    assert family.submit([0, 3, 0]) == "ANSWER_INVALID"
    assert family.submit([0, 0, 0], days=15) == "ASSESSMENT_EXPIRED"
    turned = family.token[:20] + ("A" if family.token[20] != "A" else "B") + family.token[21:]
    for token in ("x", family.token[:-8], turned):
        assert family.submit([0, 0, 0], token=token) == "ASSESSMENT_TOKEN_INVALID"
    other = uuid7()
    with family.stranger() as tx, pytest.raises(DomainError) as refused:
        assessments.show(tx, other, family.token)
    assert refused.value.reason == "ASSESSMENT_TOKEN_INVALID"
    assert family.events() == []
    with family.database.begin(family.caller) as tx:
        assert family.lead_row(tx).stage == "enquiry"


def test_the_link_shows_questions_and_then_the_report_also_later(family: Family) -> None:
    with family.stranger() as tx:
        assert assessments.show(tx, family.caller.institution_id, family.token).report is None
    assert family.submit([0, 0, 0]) == ""
    with family.stranger(NOW + timedelta(days=300)) as tx:
        shown = assessments.show(tx, family.caller.institution_id, family.token)
        assert shown.report is not None
        assert assessments.scores(shown.report)[0].comment == "建议从基础班开始"


def test_a_lead_that_was_merged_meanwhile_keeps_its_report_and_its_closed_stage(family: Family) -> None:
    with family.database.begin(family.caller) as tx:
        other = factories.lead(tx, family.campus, **factories.stranger(7))
        other_id = other.id
        tx.session.flush()
        merges.merge(tx, survivor=leads.get_for_update(tx, other_id), merged=leads.get_for_update(tx, family.lead))
    with family.database.begin(family.caller) as tx:
        leads.lose(tx, other_id, reason="price")
    assert family.submit([1, 1, 1]) == ""
    with family.database.begin(family.caller) as tx:
        assert tx.load(Lead, "lead", other_id).stage == "lost"
        assert [each.report is not None for each in assessments.of_lead(tx, other_id)] == [True]
    assert family.events()[0]["lead_id"] == str(other_id)


def test_on_the_wire_families_never_see_points(chief: Person, campus: UUID, caller: Caller) -> None:
    wanted = assessment_pb2.Assessment(
        name="学习力测评",
        questions=[
            assessment_pb2.AssessmentQuestion(
                text=each.text,
                dimension=each.dimension,
                options=[assessment_pb2.AssessmentOption(text=one.text, points=one.points) for one in each.options],
            )
            for each in QUESTIONS
        ],
        bands=[assessment_pb2.AssessmentBand(least_percent=0, comment="再接再厉")],
    )
    made = chief.assessments.CreateAssessment(
        assessment_service_pb2.CreateAssessmentRequest(assessment=wanted)
    ).assessment
    lead_id = chief.capture(campus).lead.lead_id
    invite = assessment_service_pb2.InviteToAssessmentRequest(lead_id=lead_id, assessment_id=made.assessment_id)
    token = chief.assessments.InviteToAssessment(invite).assessment_sitting.token
    public = {"institution_id": str(caller.institution_id), "token": token}
    shown = chief.assessments.GetPublicAssessment(assessment_service_pb2.GetPublicAssessmentRequest(**public))
    assert list(shown.questions[0].options) == ["五分钟", "半小时"]
    submit = assessment_service_pb2.SubmitPublicAssessmentRequest(**public, choices=[1, 2, 1])
    assert chief.assessments.SubmitPublicAssessment(submit).report.total.comment == "再接再厉"
    sittings = assessment_service_pb2.ListAssessmentSittingsRequest(lead_id=lead_id)
    (sitting,) = chief.assessments.ListAssessmentSittings(sittings).assessment_sittings
    assert sitting.report.total.percent == 100
    timeline = chief.leads.ListTimeline(lead_service_pb2.ListTimelineRequest(lead_id=lead_id)).entries
    assert [each.assessment_report.total.percent for each in timeline if each.HasField("assessment_report")] == [100]
    assert chief.get(lead_id).stage == lead_pb2.LEAD_STAGE_CONTACTED
    made.retired = True
    chief.assessments.UpdateAssessment(assessment_service_pb2.UpdateAssessmentRequest(assessment=made))
    assert people.refused(lambda: chief.assessments.InviteToAssessment(invite))[1] == "ASSESSMENT_RETIRED"
