"""Grades by lines that a chain words itself: in order, explained, tried out, brought to all; and the stages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lianxiao.lead.v1 import grading_rule_pb2, grading_rule_service_pb2, lead_pb2, lead_service_pb2
from lianxiao.scheduling.v1.scheduling_events_pb2 import TrialBooked, TrialResultRecorded
from services.lead.actions import grades, grading_rules, leads, trials
from services.lead.models import GradeChange, GradingRule
from services.lead.rules import grading, stages
from services.lead.rules.grading import DEFAULT, Condition, Facts, Line, Rule
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import InvalidInput, NotAllowed
from shared.ids import uuid7
from tests.lead import factories, people
from tests.lead.people import Person

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ALL_B = Rule((Line("数学家庭", "a", (Condition("school_grade", ("三年级",)),)),), "b")


def _facts(stage: str = "enquiry", *, source: str = "web_form", days: int = 0, touches: int = 1, **more: Any) -> Facts:
    return Facts(stage, source, days, touches, int(touches > 1), **more)


@pytest.mark.parametrize(
    ("facts", "letter", "line"),
    [
        (_facts(), "c", ""),
        (_facts(source="walk_in"), "b", "warm_source"),
        (_facts(source="walk_in", touches=2), "a", "came_back"),
        (_facts("trial_booked", trial="booked"), "a", "trial_lately"),
        (_facts("trialled", trial="attended", days=40), "c", ""),
        (_facts("quoted", days=40), "b", "offered"),
        (_facts(decision_days=30), "a", "decides_within_30_days"),
        (_facts(decision_days=31), "b", "decides_within_6_months"),
        (_facts(decision_days=184), "c", ""),
        (_facts(decision_days=-31), "c", ""),
        (_facts(intent="high", days=30), "a", "high_intent"),
        (_facts(intent="high", days=31), "c", ""),
        (_facts("contacted", touches=2), "b", "knows_the_course"),
    ],
)
def test_grades_by_default(facts: Facts, letter: str, line: str) -> None:
    found = grading.grade(DEFAULT, facts)
    assert (found.letter, found.line) == (letter, line)


def test_a_grade_says_which_line_was_met_and_what_it_saw() -> None:
    result = grading.grade(DEFAULT, _facts("quoted", days=3))
    assert result.reasons == (("LINE", "offered_lately"), ("STAGE", "quoted"), ("QUIET_DAYS", 3))
    assert grading.grade(DEFAULT, _facts()).reasons == (("OTHERWISE", ""),)


_CONDITIONS = st.one_of(
    st.builds(
        Condition,
        st.sampled_from(sorted(grading.NUMBERS)),
        least=st.none() | st.integers(-5, 5),
        most=st.none() | st.integers(6, 9),
        negated=st.booleans(),
    ),
    st.builds(
        Condition,
        st.just("intent"),
        st.lists(st.sampled_from(grading.INTENTS), max_size=2).map(tuple),
        negated=st.booleans(),
    ),
)
_LINES = st.builds(
    Line,
    st.text(max_size=3),
    st.sampled_from(grading.LETTERS),
    st.lists(_CONDITIONS, min_size=1, max_size=3).map(tuple),
)
_RULES = st.builds(
    Rule, st.lists(_LINES, max_size=4, unique_by=lambda line: line.name).map(tuple), st.sampled_from(grading.LETTERS)
)
_NUMBER = st.none() | st.integers(-10, 10)
_FACTS = st.builds(
    Facts, st.just("enquiry"), st.just("web_form"), st.integers(0, 9), intent=st.sampled_from([None, *grading.INTENTS]),
    decision_days=_NUMBER, contact_days=_NUMBER, budget_fen=_NUMBER, age=_NUMBER,
)  # fmt: skip


@given(rule=_RULES, facts=_FACTS)
def test_a_rule_survives_storing_and_its_first_met_line_decides(rule: Rule, facts: Facts) -> None:
    grading.check(rule)
    assert Rule.of(rule.stored()) == rule
    found = grading.grade(rule, facts)
    met = [line for line in rule.lines if all(condition.met(facts) for condition in line.conditions)]
    assert found.letter == (met[0].grade if met else rule.otherwise)
    for condition in (each for line in rule.lines for each in line.conditions):
        opposite = Condition(condition.fact, condition.words, condition.least, condition.most, not condition.negated)
        assert condition.met(facts) != opposite.met(facts)


@pytest.mark.parametrize(
    "condition",
    [
        Condition("age", ("七岁",)),
        Condition("age", least=9, most=8),
        Condition("source", least=1),
        Condition("intent", ("very",)),
        Condition("stage", ("quoted", "sold")),
    ],
)
def test_a_condition_that_cannot_be_asked_is_refused(tx: Tx, condition: Condition) -> None:
    rule = Rule((Line("一", "a", (Condition("age"),)), Line("二", "b", (condition,))), "c")
    for refuse in (grading_rules.replace, grading_rules.preview):
        with pytest.raises(InvalidInput) as error:
            refuse(tx, rule)
        assert (error.value.reason, error.value.info["line"]) == ("GRADING_LINE_INVALID", "2")
    assert tx.session.scalars(select(GradingRule)).all() == []


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        ("", date(2026, 3, 1), None),
        ("2018", date(2026, 1, 1), 8),
        ("2018-03", date(2026, 2, 28), 7),
        ("2018-03", date(2026, 3, 1), 8),
        ("2018-03-02", date(2026, 3, 1), 7),
        ("2018-03-02", date(2026, 3, 2), 8),
        ("2020-02-29", date(2026, 2, 28), 5),
        ("2020-02-29", date(2026, 3, 1), 6),
        ("2027", date(2026, 3, 1), 0),
    ],
)
def test_age_as_far_as_the_birth_date_tells(born: str, today: date, years: int | None) -> None:
    assert grading.age(born, today) == years


def test_facts_of_a_lead_change_its_grade(tx: Tx) -> None:
    lead = leads.get_for_update(tx, factories.lead(tx, factories.campus(tx), source="web_form").id)
    seen = [lead.grade]
    for changes in (
        {"expected_close_date": (tx.now + timedelta(days=90)).date()},
        {"intent": "high"},
        {"intent": "", "expected_close_date": None},
    ):
        leads.update(tx, lead.id, changes)
        seen.append(lead.grade)
    assert seen == ["c", "b", "a", "c"]
    booked = TrialBooked(lead_id=str(lead.id), trial_id=str(uuid7()), lesson_id=str(uuid7()))
    booked.start_time.FromDatetime(tx.now)
    trials.on_booked(tx, booked)
    assert (lead.trial_state, lead.grade) == ("booked", "a")
    missed = TrialResultRecorded(lead_id=str(lead.id), trial_id=booked.trial_id, attended=False, result="absent")
    missed.lesson_start_time.FromDatetime(tx.now)
    trials.on_result_recorded(tx, missed)
    assert (lead.trial_state, lead.grade) == ("no_show", "c")


def test_a_saved_rule_comes_to_all_open_leads_but_not_to_those_graded_by_hand(tx: Tx) -> None:
    campus = factories.campus(tx)
    mine, third, other, lost = (
        leads.get_for_update(tx, factories.lead(tx, campus, source="web_form", **factories.stranger(n), **told).id)
        for n, told in enumerate(({}, {"school_grade": "三年级"}, {}, {}))
    )
    grades.by_hand(tx, mine.id, grade="a", reason="很想学")
    leads.lose(tx, lost.id, reason="price")
    preview = grading_rules.preview(tx, ALL_B)
    assert (preview.checked, preview.whole, preview.by_hand) == (3, True, 1)
    assert preview.moves == {("c", "a"): 1, ("c", "b"): 1}
    assert preview.lines == {"数学家庭": 1, "": 1}
    assert {(each.lead_id, each.would_be, each.line) for each in preview.examples} == {
        (third.id, "a", "数学家庭"),
        (other.id, "b", ""),
    }
    saved = grading_rules.replace(tx, ALL_B)
    while grading_rules.step(tx):
        pass
    tx.session.expire_all()
    assert [each.grade for each in (mine, third, other, lost)] == ["a", "a", "b", "c"]
    assert third.grade_reasons == [["LINE", "数学家庭"], ["SCHOOL_GRADE", "三年级"]]
    noted = tx.session.scalars(select(GradeChange).where(GradeChange.lead_id == third.id)).one()
    assert (noted.previous_grade, noted.grade, noted.by_hand) == ("c", "a", False)
    grades.by_hand(tx, mine.id, grade="", reason="交回规则")
    assert mine.grade == "b"
    assert tx.session.scalars(select(GradingRule.id)).all() == [saved.id]


def test_time_alone_changes_grades_at_night_and_only_then(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOW) as tx:
        lead_id: UUID = factories.lead(tx, factories.campus(tx), source="walk_in").id
    seen = []
    for days in (0, 29, 31, 31):
        with database.begin(caller, now=NOW + timedelta(days=days)) as tx:
            while grading_rules.step(tx):
                pass
            seen.append((leads.get(tx, lead_id).grade, leads.get(tx, lead_id).update_time))
    assert [letter for letter, _ in seen] == ["b", "b", "c", "c"]
    # That days have passed is no reason to write a lead.
    assert seen[0][1] == seen[1][1] == NOW
    assert seen[2][1] == seen[3][1] > NOW


def test_a_lead_that_somebody_works_on_is_graded_later_and_nobody_is_waited_for(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller, now=NOW) as tx:
        campus = factories.campus(tx)
        ids = [factories.lead(tx, campus, source="walk_in", **factories.stranger(n)).id for n in range(3)]
    later = NOW + timedelta(days=31)
    with database.begin(caller, now=later) as other:
        leads.get_for_update(other, ids[1])
        with database.begin(caller, now=later) as tx:
            assert not grading_rules.step(tx)
            assert [leads.get(tx, each).grade for each in ids] == ["c", "b", "c"]
    with database.begin(caller, now=later) as tx:
        while grading_rules.step(tx):
            pass
        assert [leads.get(tx, each).grade for each in ids] == ["c", "c", "c"]


def test_only_the_chain_says_how_leads_are_graded_and_a_person_says_why(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    with pytest.raises(InvalidInput) as error:
        grades.by_hand(tx, lead.id, grade="a", reason=" \u3000")
    assert error.value.reason == "GRADE_REASON_MISSING"
    tx.scope = Scope(frozenset({lead.campus_id}))
    with pytest.raises(NotAllowed):
        grading_rules.replace(tx, ALL_B)


def test_a_rule_and_a_models_score_on_the_wire(chief: Person, campus: UUID) -> None:
    shown = chief.grading.GetGradingRule(grading_rule_service_pb2.GetGradingRuleRequest()).grading_rule
    assert (shown.grading_rule_id, shown.lines[0].name) == ("", "decides_within_30_days")
    tried = grading_rule_service_pb2.PreviewGradingRuleRequest(lines=shown.lines, otherwise=shown.otherwise)
    lead_id = chief.capture(campus, source="web_form").lead.lead_id
    assert chief.grading.PreviewGradingRule(tried).changed_count == 0
    budget = grading_rule_pb2.GradingCondition(fact=grading_rule_pb2.GRADING_FACT_BUDGET_FEN, least=500_000)
    line = grading_rule_pb2.GradingLine(name="预算充足", grade=lead_pb2.LEAD_GRADE_A, conditions=[budget])
    wanted = grading_rule_service_pb2.SetGradingRuleRequest(lines=[line], otherwise=lead_pb2.LEAD_GRADE_C)
    saved = chief.grading.SetGradingRule(wanted).grading_rule
    assert list(saved.lines) == [line]
    assert chief.grading.GetGradingRule(grading_rule_service_pb2.GetGradingRuleRequest()).grading_rule == saved
    listed = chief.grading.ListGradingRules(grading_rule_service_pb2.ListGradingRulesRequest()).grading_rules
    assert [each.staff_id for each in listed] == [str(chief.id)]
    told = lead_pb2.Lead(lead_id=lead_id, expected_amount_fen=600_000, intent="medium")
    change = lead_service_pb2.UpdateLeadRequest(lead=told)
    change.update_mask.paths.extend(["expected_amount_fen", "intent"])
    chief.leads.UpdateLead(change)
    scored = lead_service_pb2.ScoreLeadRequest(lead_id=lead_id, probability=0.7, model_version="m1")
    scored.score_time.GetCurrentTime()
    lead = chief.leads.ScoreLead(scored).lead
    reasons = [(each.code, each.value) for each in lead.grade_reasons]
    assert (lead.grade, lead.intent, reasons) == (
        lead_pb2.LEAD_GRADE_A,
        "medium",
        [("LINE", "预算充足"), ("BUDGET_FEN", "600000")],
    )
    assert lead.score.probability == pytest.approx(0.7)
    line.conditions[0].words.append("很多")
    assert people.refused(lambda: chief.grading.PreviewGradingRule(
        grading_rule_service_pb2.PreviewGradingRuleRequest(lines=[line], otherwise=lead_pb2.LEAD_GRADE_C)
    )) == ("INVALID_ARGUMENT", "GRADING_LINE_INVALID")  # fmt: skip


def test_stages_only_move_forward_by_themselves() -> None:
    assert stages.advanced("enquiry", "trialled") == "trialled"
    assert stages.advanced("quoted", "trial_booked") == "quoted"
    assert stages.advanced("enrolled", "trialled") == "enrolled"
    assert stages.advanced("lost", "contacted") == "lost"


def test_each_stage_has_its_state() -> None:
    assert {stage: stages.state_of(stage) for stage in stages.STAGES} == {
        **dict.fromkeys(stages.OPEN_STAGES, "open"),
        "studying": "enrolled",
        "enrolled": "enrolled",
        "lost": "lost",
    }
