"""Rules that look at schools, subjects and results; what they would do; and many leads at once."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1 import assignment_rule_pb2
from lianxiao.lead.v1 import assignment_rule_service_pb2 as pb
from services.lead.actions import assignment_rules, assignments, leads, rule_previews
from services.lead.actions.assignment_rules import Details
from services.lead.models import AdvisorConversion, Assignment, Lead
from services.lead.rules import stages
from services.lead.rules.assignment import BEST_MATCH, ROUND_ROBIN, Candidate
from shared.db import Tx
from shared.ids import uuid7
from tests.lead import factories
from tests.lead.people import Person

MATHS = {"name": "小学数学", "course_id": "", "level": "", "preferred_times": []}


def _closed(tx: Tx, campus: UUID, who: UUID, number: int, *, won: bool) -> None:
    lead = factories.lead(tx, campus, owner_id=who, **factories.stranger(number))
    row = leads.get_for_update(tx, lead.id)
    row.intended_courses = [MATHS]
    leads.enter(tx, row, stages.ENROLLED if won else stages.LOST, reason="" if won else "price")


def test_the_one_who_enrols_more_gets_the_next_and_the_decision_replays(tx: Tx) -> None:
    campus = factories.campus(tx)
    good, other = factories.advisor(tx, campus), factories.advisor(tx, campus)
    for number in range(3):
        _closed(tx, campus, good, number, won=True)
        _closed(tx, campus, other, number + 10, won=False)
    _closed(tx, campus, good, 20, won=False)
    leads.invalidate(tx, factories.lead(tx, campus, owner_id=good, **factories.stranger(21)).id, reason="test_data")
    rule_previews.refresh_conversions(tx)
    rows = {(row.staff_id, row.subject): (row.won, row.closed) for row in tx.session.scalars(select(AdvisorConversion))}
    assert rows == {
        (good, "小学数学"): (3, 4), (other, "小学数学"): (0, 3), (good, ""): (3, 4), (other, ""): (0, 3),
    }  # fmt: skip
    people = (Candidate(other), Candidate(good))
    rule = assignment_rules.create(tx, Details(name="擅长", strategy=BEST_MATCH, candidates=people))
    lead = factories.lead(tx, campus, **factories.stranger(30))
    assert lead.owner_id == good
    (row,) = tx.session.scalars(select(Assignment).where(Assignment.rule_id == rule.id)).all()
    assert row.inputs["conversions"] == {str(good): [3, 4], str(other): [0, 3]}
    assert assignments.replay(row) == good


def test_field_leads_are_tagged_and_go_to_the_expert_of_their_district(tx: Tx) -> None:
    campus = factories.campus(tx)
    expert, anybody = factories.advisor(tx, campus), factories.advisor(tx, campus)
    rule_previews.set_district(tx, "浦东", ["明珠小学", "福山外国语小学"])
    rule_previews.set_district(tx, "浦东", ["明珠小学"])
    first = Details(
        name="地推数学", strategy=ROUND_ROBIN, candidates=(Candidate(expert),), priority=1,
        sources=("field",), school_districts=("浦东",), school_grades=("三年级",),
    )  # fmt: skip
    assignment_rules.create(tx, first)
    assignment_rules.create(
        tx, Details(name="其余", strategy=ROUND_ROBIN, candidates=(Candidate(anybody),), priority=2)
    )
    told = {"school": "明珠小学", "school_grade": "三年级"}
    lead = factories.lead(tx, campus, source="field", **factories.stranger(1), **told)
    assert (lead.owner_id, lead.school_district, lead.tags) == (expert, "浦东", ["district:浦东", "grade:三年级"])
    desk = factories.lead(tx, campus, **factories.stranger(2), **told)
    assert (desk.owner_id, desk.school_district, desk.tags) == (anybody, "浦东", [])
    away = factories.lead(tx, campus, source="field", **factories.stranger(3), school="福山外国语小学")
    assert (away.owner_id, away.school_district, away.tags) == (anybody, "", [])


def test_a_preview_says_who_would_have_got_what_and_changes_nothing(tx: Tx) -> None:
    campus = factories.campus(tx)
    one, two = factories.advisor(tx, campus), factories.advisor(tx, campus)
    rule = assignment_rules.create(tx, Details(name="现行", strategy=ROUND_ROBIN, candidates=(Candidate(one),)))
    made = [factories.lead(tx, campus, **factories.stranger(n)).id for n in range(4)]
    draft = Details(name="草案", strategy=ROUND_ROBIN, candidates=(Candidate(one), Candidate(two)), priority=-1)
    found = rule_previews.preview(tx, draft, None, 3)
    assert [(each.owner_id, each.would_be) for each in found] == [(one, one), (one, two), (one, one)]
    assert {each.lead_id for each in found} == set(sorted(made)[1:])
    behind = Details(name="草案", strategy=ROUND_ROBIN, candidates=(Candidate(two),), priority=0)
    assert {each.would_be for each in rule_previews.preview(tx, behind, None, 9)} == {one}
    instead = rule_previews.preview(tx, behind, rule.id, 9)
    assert {(each.would_be, each.rule_id) for each in instead} == {(two, rule.id)}
    tx.session.refresh(rule)
    assert rule.turn == 4
    assert set(tx.session.scalars(select(Lead.owner_id))) == {one}


def test_many_leads_are_given_at_once_and_each_is_answered_for(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    who, elsewhere = factories.advisor(tx, here), factories.advisor(tx, there)
    mine = [factories.lead(tx, here, **factories.stranger(n)).id for n in range(3)]
    leads.lose(tx, mine[2], reason="price")
    missing = uuid7()
    answers = assignments.assign_many(tx, [*mine, missing], owner_id=who, choose=False)
    assert list(answers.values()) == ["assigned", "assigned", "closed", "missing"]
    assert set(assignments.assign_many(tx, mine[:2], owner_id=elsewhere, choose=False).values()) == {"not_assignable"}
    assert set(assignments.assign_many(tx, mine[:2], owner_id=None, choose=True).values()) == {"no_rule"}
    colleague = factories.advisor(tx, here)
    assignment_rules.create(tx, Details(name="规则", strategy=ROUND_ROBIN, candidates=(Candidate(colleague),)))
    assert set(assignments.assign_many(tx, mine[:2], owner_id=None, choose=True).values()) == {"assigned"}
    assert {leads.get(tx, lead_id).owner_id for lead_id in mine[:2]} == {colleague}
    for row in tx.session.scalars(select(Assignment).where(Assignment.rule_id.is_not(None))):
        assert assignments.replay(row) == row.owner_id


def test_matching_on_the_wire(campus: UUID, chief: Person) -> None:
    district = assignment_rule_pb2.SchoolDistrict(name="徐汇", schools=["实验小学"])
    chief.rules.SetSchoolDistrict(pb.SetSchoolDistrictRequest(school_district=district))
    listed = chief.rules.ListSchoolDistricts(pb.ListSchoolDistrictsRequest()).school_districts
    assert [(one.name, list(one.schools)) for one in listed] == [("徐汇", ["实验小学"])]
    lead = chief.capture(campus, source="field", school="实验小学").lead
    assert (lead.school_district, list(lead.tags)) == ("徐汇", ["district:徐汇"])
    rule = assignment_rule_pb2.AssignmentRule(
        name="草案",
        strategy=assignment_rule_pb2.ASSIGNMENT_STRATEGY_BEST_MATCH,
        candidates=[assignment_rule_pb2.RuleCandidate(staff_id=str(chief.id))],
        subjects=["数学"],
    )
    (shown,) = chief.rules.PreviewAssignmentRule(pb.PreviewAssignmentRuleRequest(assignment_rule=rule)).previews
    assert (shown.lead_id, shown.owner_id, shown.would_be_owner_id) == (lead.lead_id, "", "")
    given = chief.rules.AssignLeads(pb.AssignLeadsRequest(lead_ids=[lead.lead_id], by_rule=True)).outcomes
    assert [one.outcome for one in given] == ["no_rule"]
