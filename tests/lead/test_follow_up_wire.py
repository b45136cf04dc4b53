"""Plans, hours, policy and figures on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.type.date_pb2 import Date
from google.type.timeofday_pb2 import TimeOfDay

from lianxiao.lead.v1 import (
    follow_up_plan_pb2,
    follow_up_plan_service_pb2,
    lead_service_pb2,
    policy_pb2,
    policy_service_pb2,
    sales_report_service_pb2,
    task_pb2,
    task_service_pb2,
    timeline_pb2,
    working_hours_pb2,
    working_hours_service_pb2,
)
from shared.db import Database
from shared.testing.bus import published
from tests.lead import people
from tests.lead.people import Person


def test_a_plan_goes_its_way(chief: Person, campus: UUID) -> None:
    step = follow_up_plan_pb2.PlanStep(title="首次电话", offset_minutes=30, channel="phone")
    wanted = follow_up_plan_pb2.FollowUpPlan(name="新客", steps=[step])
    made = chief.plans.CreateFollowUpPlan(
        follow_up_plan_service_pb2.CreateFollowUpPlanRequest(follow_up_plan=wanted)
    ).follow_up_plan
    assert list(made.steps) == [step]
    wanted.follow_up_plan_id, wanted.name = made.follow_up_plan_id, "新客三天"
    change = follow_up_plan_service_pb2.UpdateFollowUpPlanRequest(
        follow_up_plan=wanted, update_mask=FieldMask(paths=["name"])
    )
    assert chief.plans.UpdateFollowUpPlan(change).follow_up_plan.name == "新客三天"
    assert (
        len(chief.plans.ListFollowUpPlans(follow_up_plan_service_pb2.ListFollowUpPlansRequest()).follow_up_plans) == 1
    )

    lead_id = chief.capture(campus).lead.lead_id
    start = follow_up_plan_service_pb2.StartFollowUpPlanRequest(
        lead_id=lead_id, follow_up_plan_id=made.follow_up_plan_id
    )
    run = chief.plans.StartFollowUpPlan(start).plan_run
    assert run.state == follow_up_plan_pb2.PLAN_RUN_STATE_RUNNING
    assert people.refused(lambda: chief.plans.StartFollowUpPlan(start)) == ("FAILED_PRECONDITION", "PLAN_RUNNING")
    task = chief.tasks.ListTasks(task_service_pb2.ListTasksRequest(filter=f'lead_id = "{lead_id}"')).tasks[0]
    assert (task.plan_run_id, task.facts["title"]) == (run.plan_run_id, "首次电话")
    stopped = chief.plans.StopPlanRun(
        follow_up_plan_service_pb2.StopPlanRunRequest(plan_run_id=run.plan_run_id)
    ).plan_run
    assert (stopped.state, stopped.stop_reason) == (follow_up_plan_pb2.PLAN_RUN_STATE_STOPPED, "by_hand")
    runs = chief.plans.ListPlanRuns(follow_up_plan_service_pb2.ListPlanRunsRequest(lead_id=lead_id)).plan_runs
    assert list(runs) == [stopped]
    task = chief.tasks.ListTasks(task_service_pb2.ListTasksRequest(filter=f'lead_id = "{lead_id}"')).tasks[0]
    assert task.state == task_pb2.TASK_STATE_CANCELLED


def test_a_consultation_is_noted_whole_and_a_task_can_promise(chief: Person, campus: UUID) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    said = lead_service_pb2.AddFollowUpRequest(
        lead_id=lead_id,
        channel=timeline_pb2.FOLLOW_UP_CHANNEL_VISIT,
        content="到店咨询",
        direction=timeline_pb2.FOLLOW_UP_DIRECTION_INBOUND,
        duration_seconds=1800,
        result="reached",
        participants="爸爸、孩子",
        doubts="价格",
        solution="分期",
    )
    said.next_contact_time.FromDatetime(datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1))
    noted = chief.leads.AddFollowUp(said).follow_up
    assert (noted.participants, noted.doubts, noted.solution) == ("爸爸、孩子", "价格", "分期")
    assert noted.direction == timeline_pb2.FOLLOW_UP_DIRECTION_INBOUND
    lead = chief.get(lead_id)
    assert lead.HasField("first_response_minutes")
    assert not lead.response_breached
    task = chief.tasks.ListTasks(task_service_pb2.ListTasksRequest(filter=f'lead_id = "{lead_id}"')).tasks[0]
    done = task_service_pb2.CompleteTaskRequest(task_id=task.task_id, next_contact_time=said.next_contact_time)
    assert chief.tasks.CompleteTask(done).task.state == task_pb2.TASK_STATE_DONE
    waiting = f'lead_id = "{lead_id}" AND state = "TASK_STATE_OPEN"'
    assert len(chief.tasks.ListTasks(task_service_pb2.ListTasksRequest(filter=waiting)).tasks) == 1
    said.contact_time.FromDatetime(datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1))
    assert people.refused(lambda: chief.leads.AddFollowUp(said)) == ("INVALID_ARGUMENT", "TIME_FUTURE")


def test_hours_and_policy_are_set(database: Database, institution: UUID, chief: Person, campus: UUID) -> None:
    opening = working_hours_pb2.Opening(weekday=6, start_time=TimeOfDay(hours=9), end_time=TimeOfDay())
    holiday = Date(year=2026, month=10, day=1)
    wanted = working_hours_service_pb2.SetWorkingHoursRequest(
        campus_id=str(campus), openings=[opening], closed_dates=[holiday]
    )
    told = chief.hours.SetWorkingHours(wanted).working_hours
    assert (list(told.openings), list(told.closed_dates), told.time_zone) == ([opening], [holiday], "Asia/Shanghai")
    shown = chief.hours.GetWorkingHours(working_hours_service_pb2.GetWorkingHoursRequest(campus_id=str(campus)))
    assert list(shown.working_hours.openings) == [opening]
    (event,) = published(database, institution, "closed_dates_changed")
    assert (event["campus_id"], event["closed_dates"]) == (str(campus), [{"year": 2026, "month": 10, "day": 1}])
    limit = policy_pb2.LeadPolicyValue(setting=policy_pb2.LEAD_SETTING_RESPONSE_LIMIT_MINUTES, value=10)
    change = policy_service_pb2.ChangeLeadPolicyRequest(campus_id=str(campus), values=[limit])
    changed = {each.setting: each for each in chief.policies.ChangeLeadPolicy(change).values}
    assert changed[limit.setting].value == 10
    assert changed[limit.setting].of_campus
    whole = chief.policies.GetLeadPolicy(policy_service_pb2.GetLeadPolicyRequest()).values
    assert {each.setting: each.value for each in whole}[limit.setting] == 30


def test_the_figures_of_answers(chief: Person, campus: UUID) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    call = timeline_pb2.FOLLOW_UP_CHANNEL_PHONE
    chief.leads.AddFollowUp(lead_service_pb2.AddFollowUpRequest(lead_id=lead_id, channel=call, content="通话"))
    wanted = sales_report_service_pb2.GetResponseReportRequest(grouping=sales_report_service_pb2.REPORT_GROUPING_CAMPUS)
    now = datetime.now(UTC).replace(tzinfo=None)
    wanted.start_time.FromDatetime(now - timedelta(days=1))
    wanted.end_time.FromDatetime(now + timedelta(days=1))
    rows = chief.reports.GetResponseReport(wanted).rows
    assert [(row.campus_id, row.owner_id, row.leads, row.answered) for row in rows] == [(str(campus), "", 1, 1)]
