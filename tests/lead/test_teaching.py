"""Trials end with both sides' word, families are handed to teaching, people decide, grades are noted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.lead.v1 import (
    assignment_rule_service_pb2,
    contact_pb2,
    contact_service_pb2,
    handover_pb2,
    handover_service_pb2,
    lead_pb2,
    lead_service_pb2,
    task_service_pb2,
)
from lianxiao.scheduling.v1.scheduling_events_pb2 import TrialBooked, TrialCancelled, TrialResultRecorded
from services.lead.actions import contacts, grades, leads, teaching, trials
from services.lead.actions.contacts import Changes, Details
from services.lead.actions.teaching import Told
from services.lead.models import GradeChange, Task, Trial
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.wire import Wire
from tests.lead import factories, people
from tests.lead.people import Person

TOLD = Told("应用题丢分", "期末 90 分", "送两节")


def _booked(tx: Tx, lead: Any, hours: int = 48) -> tuple[UUID, dict[str, Any]]:
    trial_id = uuid7()
    who: dict[str, Any] = {
        "trial_id": str(trial_id),
        "lead_id": str(lead.id),
        "customer_id": str(lead.customer_id),
        "campus_id": str(lead.campus_id),
    }
    trials.on_booked(tx, TrialBooked(**who, lesson_id=str(uuid7()), start_time=tx.now + timedelta(hours=hours)))
    return trial_id, who


def _result(tx: Tx, who: dict[str, Any], result: str) -> TrialResultRecorded:
    came = result != "no_show"
    return TrialResultRecorded(**who, attended=came, result=result, lesson_start_time=tx.now)


def _tasks(tx: Tx) -> list[tuple[str, str]]:
    tx.session.expire_all()
    return [(task.kind, task.state) for task in tx.session.scalars(select(Task).order_by(Task.kind))]


def test_a_trial_reminds_and_who_did_not_come_is_a_task(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    _, who = _booked(tx, lead)
    task = tx.session.scalars(select(Task)).one()
    assert (task.kind, task.due_time) == ("trial_reminder", tx.now + timedelta(days=1))
    trials.on_result_recorded(tx, _result(tx, who, "no_show"))
    assert _tasks(tx) == [("trial_no_show", "open"), ("trial_reminder", "cancelled")]


def test_a_cancelled_trial_asks_for_nothing_any_more(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    trial_id, who = _booked(tx, lead)
    trials.on_cancelled(tx, TrialCancelled(**who, reason="生病"))
    assert _tasks(tx) == [("trial_reminder", "cancelled")]
    assert tx.session.get_one(Trial, (tx.institution_id, trial_id)).state == "cancelled"


def test_the_family_has_its_say_when_the_trial_took_place(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    trial_id, who = _booked(tx, lead)
    with pytest.raises(DomainError) as error:
        teaching.opine(tx, lead.id, trial_id, rating=5, feedback="")
    assert error.value.reason == "TRIAL_NOT_ATTENDED"
    trials.on_result_recorded(tx, _result(tx, who, "suitable"))
    assert _tasks(tx) == [("trial_opinion", "open"), ("trial_reminder", "cancelled")]
    row = teaching.opine(tx, lead.id, trial_id, rating=4, feedback="孩子喜欢")
    assert (row.rating, Trial.opinion.reveal(tx, row)) == (4, "孩子喜欢")
    assert _tasks(tx) == [("trial_opinion", "done"), ("trial_reminder", "cancelled")]
    other = factories.lead(tx, lead.campus_id, **factories.stranger(1))
    with pytest.raises(DomainError) as wrong:
        teaching.opine(tx, other.id, trial_id, rating=4, feedback="")
    assert wrong.value.reason == "TRIAL_NOT_FOUND"


def test_only_the_named_teacher_answers_a_handover_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        teacher = factories.advisor(tx, campus)
        lead = factories.lead(tx, campus)
    what: dict[str, Any] = {"course_id": uuid7(), "teacher_id": teacher, "told": TOLD}
    with pytest.raises(DomainError) as early, database.begin(caller) as tx:
        teaching.hand_over(tx, lead.id, **what)
    assert early.value.reason == "HANDOVER_TOO_EARLY"
    with database.begin(caller) as tx:
        leads.move(tx, lead.id, stage="signed")
        handover = teaching.hand_over(tx, lead.id, **what)
    with pytest.raises(DomainError) as again, database.begin(caller) as tx:
        teaching.hand_over(tx, lead.id, **what)
    assert again.value.reason == "HANDOVER_EXISTS"
    with pytest.raises(DomainError) as other, database.begin(caller) as tx:
        teaching.acknowledge(tx, handover.id, plan="摸底")
    assert other.value.reason == "HANDOVER_NOT_YOURS"
    person = callers.staff(caller.institution_id, subject=teacher)
    with database.begin(person) as tx:
        assert teaching.acknowledge(tx, handover.id, plan="摸底").state == "acknowledged"
        assert _tasks(tx) == [("first_lesson_plan", "done")]
    with pytest.raises(DomainError) as twice, database.begin(person) as tx:
        teaching.acknowledge(tx, handover.id, plan="摸底")
    assert twice.value.reason == "HANDOVER_ACKNOWLEDGED"


def test_a_phone_finds_leads_by_family_and_by_contact(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus)
    boss: dict[str, Any] = {"role": "decision_maker", "weight_percent": 80}
    contact = contacts.create(tx, lead.id, Details("爷爷", "139 1111 2222", **boss))
    tx.session.flush()
    for phone, named in (("13911112222", [contact.id]), (factories.PHONE, [])):
        found = contacts.caller(tx, phone)
        assert ([row.id for row in found.leads], [row.id for row in found.contacts]) == ([lead.id], named)
    contacts.update(tx, lead.id, contact.id, Changes(**boss, removed=True))
    tx.session.flush()
    assert not contacts.caller(tx, "13911112222").leads
    with pytest.raises(DomainError) as error:
        contacts.update(tx, lead.id, uuid7(), Changes(**boss, removed=True))
    assert error.value.reason == "CONTACT_NOT_FOUND"


def test_every_change_of_a_grade_is_noted_and_a_person_keeps_the_rule_out(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus, source="web_form")
    leads.move(tx, lead.id, stage="quoted")
    grades.by_hand(tx, lead.id, grade="c", reason="只是问问")
    leads.move(tx, lead.id, stage="signed")
    factories.lead(tx, campus)
    tx.session.flush()
    assert leads.get(tx, lead.id).grade == "c"
    grades.by_hand(tx, lead.id, grade="", reason="又来了")
    tx.session.flush()
    changes = tx.session.scalars(select(GradeChange)).all()
    noted = sorted((row.previous_grade, row.grade, row.by_hand) for row in changes)
    assert ("a", "c", True) in noted
    assert ("c", "a", True) in noted
    assert any(not row.by_hand and row.reasons for row in changes)


def test_the_newest_score_stays(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    score: dict[str, Any] = {"probability": 0.4, "model_version": "v1"}
    grades.score(tx, lead.id, **score, time=tx.now)
    for time, reason in ((tx.now - timedelta(days=1), "SCORE_OUTDATED"), (tx.now + timedelta(days=1), "TIME_FUTURE")):
        with pytest.raises(DomainError) as error:
            grades.score(tx, lead.id, **score, time=time)
        assert error.value.reason == reason


def test_contacts_grades_and_scores_on_the_wire(chief: Person, campus: UUID) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    wanted = contact_service_pb2.CreateContactRequest(
        lead_id=lead_id, name="李总", phone="13911112222", role=contact_pb2.CONTACT_ROLE_HR_BUYER, weight_percent=60
    )
    made = chief.contacts.CreateContact(wanted).contact
    assert (made.name, made.phone) == ("李总", "139****2222")
    listed = chief.contacts.ListContacts(contact_service_pb2.ListContactsRequest(lead_id=lead_id)).contacts
    assert list(listed) == [made]
    found = chief.contacts.GetCaller(contact_service_pb2.GetCallerRequest(phone="13911112222"))
    assert [lead.lead_id for lead in found.leads] == [lead_id]
    gone = contact_service_pb2.UpdateContactRequest(
        lead_id=lead_id, contact_id=made.contact_id, role=made.role, removed=True
    )
    assert chief.contacts.UpdateContact(gone).contact.removed
    grade = lead_service_pb2.GradeLeadRequest(lead_id=lead_id, grade=lead_pb2.LEAD_GRADE_C, reason="只是问问")
    assert chief.leads.GradeLead(grade).lead.graded_by_hand
    changes = chief.leads.ListGradeChanges(lead_service_pb2.ListGradeChangesRequest(lead_id=lead_id)).grade_changes
    assert [(change.by_hand, change.reason) for change in changes] == [(True, "只是问问")]
    score = lead_service_pb2.ScoreLeadRequest(lead_id=lead_id, probability=0.25, model_version="v1")
    score.score_time.FromDatetime(datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1))
    assert chief.leads.ScoreLead(score).lead.score.probability == 0.25
    assert chief.get(lead_id).grade == lead_pb2.LEAD_GRADE_C


def test_a_handover_on_the_wire(wire: Wire, database: Database, caller: Caller, chief: Person, campus: UUID) -> None:
    with database.begin(caller) as tx:
        elsewhere = factories.campus(tx)
        who = factories.advisor(tx, elsewhere)
    does = ["teaching_handover.*", "task.*", "pii.read"]
    teacher = Person(wire, callers.staff(caller.institution_id, does, [elsewhere], own=True, subject=who))
    advisor = people.advisor(wire, database, caller, campus, "teaching_handover.create", "pii.read")
    lead_id = advisor.capture(campus).lead.lead_id
    assign = assignment_rule_service_pb2.AssignLeadsRequest(lead_ids=[lead_id], owner_id=str(advisor.id))
    chief.rules.AssignLeads(assign)
    wanted = handover_service_pb2.CreateTeachingHandoverRequest(
        lead_id=lead_id, course_id=str(uuid7()), teacher_id=str(who), pain_points="丢分", goals="90 分"
    )
    assert people.refused(lambda: advisor.handovers.CreateTeachingHandover(wanted))[1] == "HANDOVER_TOO_EARLY"
    chief.leads.MoveLead(lead_service_pb2.MoveLeadRequest(lead_id=lead_id, stage=lead_pb2.LEAD_STAGE_SIGNED))
    made = advisor.handovers.CreateTeachingHandover(wanted).teaching_handover
    mine = teacher.handovers.ListTeachingHandovers(handover_service_pb2.ListTeachingHandoversRequest())
    assert [row.goals for row in mine.teaching_handovers] == ["90 分"]
    assert len(teacher.tasks.ListTasks(task_service_pb2.ListTasksRequest()).tasks) == 1
    answer = handover_service_pb2.AcknowledgeTeachingHandoverRequest(
        teaching_handover_id=made.teaching_handover_id, first_lesson_plan="先摸底"
    )
    done = teacher.handovers.AcknowledgeTeachingHandover(answer).teaching_handover
    assert (done.state, done.first_lesson_plan) == (handover_pb2.HANDOVER_STATE_ACKNOWLEDGED, "先摸底")
    trial = handover_service_pb2.RecordTrialOpinionRequest(lead_id=lead_id, trial_id=str(uuid7()), rating=5)
    assert people.refused(lambda: chief.handovers.RecordTrialOpinion(trial))[1] == "TRIAL_NOT_FOUND"
