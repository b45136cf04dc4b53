"""What happens around a lead: a plan that starts, a missed trial, the handover to teaching, an advisor who leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.journeys.api import Api, Json, eventually
from tests.journeys.chain import Chain
from tests.journeys.steps import Child

_TASKS = ("open", "done", "cancelled")


def plan_a_greeting(chain: Chain) -> None:
    """Save a plan that greets whoever has a trial from now on, at any hour of the day and whatever comes of it."""
    awake = [{"setting": f"LEAD_SETTING_QUIET_{end}_MINUTE", "value": 0} for end in ("START", "END")]
    chain.admin.post("/v1/leadPolicy:change", {"campusId": chain.selling, "values": awake})
    mail = {"channel": "STEP_MESSAGE_CHANNEL_EMAIL", "text": "{guardian}您好，{campus}欢迎{student}。"}
    plan = {
        "name": "欢迎",
        "steps": [{"title": "欢迎", "message": mail}],
        "trigger": {"stages": ["LEAD_STAGE_TRIAL_BOOKED", "LEAD_STAGE_TRIALLED"]},
        "continuesAfter": [f"PLAN_STOP_CAUSE_{cause}" for cause in ("REPLY", "BOOKING", "ENROLMENT")],
    }
    chain.admin.post("/v1/followUpPlans", {"followUpPlan": plan})


def check_greeting(chain: Chain, child: Child) -> None:
    """See that the family was greeted once, and that the lead's history says so."""
    of_child = f'template = "plan_message" AND student_id = "{child.customer_id}"'
    found = eventually("the family is greeted", lambda: chain.admin.get("/v1/messages", filter=of_child)["messages"])
    assert [(each["subject"], each["address"]) for each in found] == [("欢迎", child.email)]
    entries = chain.people["advisor"].get(f"/v1/leads/{child.lead_id}/timeline")["entries"]
    [said] = [entry["planMessage"]["text"] for entry in entries if "planMessage" in entry]
    # Notification adds the way out to whatever does not follow from a contract.
    assert found[0]["body"].startswith(f"{said}\n退订 / Unsubscribe: {chain.system.url}/opt-out/")


def miss_a_trial(chain: Chain, child: Child, class_group: str) -> str:
    """Invite, find a seat, book it, see the family reminded; nobody comes, and the advisor has to book anew."""
    who = {"leadId": child.lead_id, "customerId": child.customer_id}
    invite = who | {"campusId": chain.teaching, "courseId": chain.course}
    invited = chain.admin.post("/v1/trials:invite", invite)["trial"]
    # From now, not from the start of the tests: reminders are for what lies ahead.
    start = datetime.now(UTC) + timedelta(hours=20)
    plan = {"campusId": chain.teaching, "classGroupIds": [class_group]}
    body = {"plan": plan, "startTime": start.isoformat(), "overrideReason": "试听专场"}
    lesson = chain.admin.post("/v1/lessons", body)["lesson"]["lessonId"]
    seats = chain.admin.get("/v1/trialSeats", subject="math", filter=f'campus_id = "{chain.teaching}"')["trialSeats"]
    assert lesson in {seat["lessonId"] for seat in seats}
    booked = chain.admin.post("/v1/trials", who | {"lessonId": lesson})["trial"]
    assert (booked["trialId"], booked["state"]) == (invited["trialId"], "TRIAL_STATE_BOOKED")
    (reminder,) = eventually("the family is reminded", lambda: _reminders(chain, child))
    assert reminder["state"] != "MESSAGE_STATE_REFUSED", reminder
    # The lesson is brought forward, so that its day has come.
    earlier = {"startTime": (datetime.now(UTC) - timedelta(hours=30)).isoformat(), "overrideReason": "提前"}
    chain.admin.post(f"/v1/lessons/{lesson}:move", earlier)
    result = {"attended": False, "result": "no_show"}
    chain.people["teacher"].post(f"/v1/trials/{booked['trialId']}:recordResult", result)
    eventually("the advisor has to book anew", lambda: "trial_no_show" in _tasks(chain, child)["open"])
    return str(booked["trialId"])


def check_trials(chain: Chain, child: Child, missed: str) -> None:
    """See both trials with all their steps, and the two sides of the second one on the advisor's timeline."""
    trials = chain.admin.get("/v1/trials", filter=f"lead_id = {child.lead_id}", orderBy="create_time")["trials"]
    ways = [[step["state"].removeprefix("TRIAL_STATE_") for step in trial["steps"]] for trial in trials]
    assert ways == [["INVITED", "BOOKED", "NO_SHOW"], ["BOOKED", "ATTENDED"]]
    assert trials[1]["previousTrialId"] == missed
    assert trials[1]["steps"][-1]["staffId"] == chain.ids["teacher"]
    entries = chain.people["advisor"].get(f"/v1/leads/{child.lead_id}/timeline")["entries"]
    (shown,) = [entry["trial"] for entry in entries if entry.get("trial", {}).get("state") == "attended"]
    assert (shown["feedback"], shown["opinion"], shown["rating"]) == (
        "计算快，适合提高班",
        "孩子很喜欢，作业偏多",
        5,
    )
    assert {"trial_no_show", "trial_opinion"} <= _tasks(chain, child)["done"]


def check_nothing_typed_twice(chain: Chain, child: Child) -> None:
    """See that the student's file holds what the lead held."""
    lead = chain.people["advisor"].get(f"/v1/leads/{child.lead_id}")["lead"]
    student = chain.admin.get(f"/v1/students/{child.customer_id}")["student"]
    (guardian,) = chain.admin.get(f"/v1/students/{child.customer_id}/guardians")["guardians"]
    same = {"name": "childName", "birthDate": "birthDate", "school": "school", "schoolGrade": "schoolGrade"}
    assert {ours: student[ours] for ours in same} == {ours: lead[theirs] for ours, theirs in same.items()}
    theirs = [lead[f"guardian{name}"] for name in ("Name", "Phone", "Email", "Relation")]
    assert [guardian[name] for name in ("name", "phone", "email", "relation")] == theirs
    assert (student["ownerId"], student["leadId"]) == (chain.ids["advisor"], child.lead_id)


def hand_to_teaching(chain: Chain, child: Child) -> None:
    """Write the handover that enrolment asked for; the teacher answers with a plan for the first lesson."""
    advisor, teacher = chain.people["advisor"], chain.people["teacher"]
    eventually("the advisor is asked for it", lambda: "teaching_handover" in _tasks(chain, child)["open"])
    told = {"courseId": chain.course, "teacherId": chain.ids["teacher"], "goals": "期末 90 分"}
    path = f"/v1/leads/{child.lead_id}:handToTeaching"
    assert advisor.call("POST", path, told | {"painPoints": " "}, expect=422)["reason"] == "TEXT_MISSING"
    made = advisor.post(path, told | {"painPoints": "应用题丢分"})["teachingHandover"]
    (waiting,) = teacher.get("/v1/teachingHandovers", filter='state = "waiting"')["teachingHandovers"]
    assert (waiting["painPoints"], waiting["goals"]) == ("应用题丢分", "期末 90 分")
    answer = f"/v1/teachingHandovers/{made['teachingHandoverId']}:acknowledge"
    done = teacher.post(answer, {"firstLessonPlan": "先摸底，再讲画图法"})["teachingHandover"]
    assert done["state"] == "HANDOVER_STATE_ACKNOWLEDGED"
    assert {"teaching_handover", "first_lesson_plan"} <= _tasks(chain, child, chain.admin)["done"]


def leave(chain: Chain, open_: Child) -> None:
    """Let the advisor leave with an open lead and a student; the successor gets all, and the report says so."""
    gone, successor = chain.ids["advisor"], chain.people["successor"]
    promised = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    follow_up = {"channel": "FOLLOW_UP_CHANNEL_PHONE", "content": "再考虑", "nextContactTime": promised}
    chain.people["advisor"].post(f"/v1/leads/{open_.lead_id}/followUps", follow_up)
    invite = {"leadId": open_.lead_id, "customerId": open_.customer_id, "campusId": chain.selling}
    chain.people["advisor"].post("/v1/trials:invite", invite | {"courseId": chain.course})
    eventually("lead knows of the trial", lambda: _sees_trial(chain.people["advisor"], open_))
    before = _counts(chain.admin.get(f"/v1/staff/{gone}/handoverPreview")["items"])
    assert (before["lead"], before["student"]) == (1, 1)
    to = [chain.ids["successor"]]
    plan = {"leaving": True, "leadReceiverIds": to, "studentReceiverIds": to}
    handover_id = chain.admin.post(f"/v1/staff/{gone}:handOver", plan)["handover"]["handoverId"]
    path = f"/v1/handovers/{handover_id}"
    report = eventually(
        "every service has answered",
        lambda: (got := chain.admin.get(path)["handover"])["state"] == "HANDOVER_STATE_DONE" and got,
    )
    assert _counts(report["items"]) == before
    assert {item["receiverId"] for item in report["items"]} == {chain.ids["successor"]}
    for path, name in (("/v1/leads", "leads"), ("/v1/tasks", "tasks")):
        state = {"leads": "LEAD_STATE_OPEN", "tasks": "TASK_STATE_OPEN"}[name]
        assert not chain.admin.every(path, name, filter=f'owner_id = "{gone}" AND state = "{state}"')
    assert not [each for each in chain.admin.every("/v1/students", "students") if each["ownerId"] == gone]
    assert [lead["leadId"] for lead in successor.every("/v1/leads", "leads")] == [open_.lead_id]
    assert successor.get(f"/v1/leads/{open_.lead_id}/timeline")["entries"]
    assert len(successor.every("/v1/tasks", "tasks", filter='state = "TASK_STATE_OPEN"')) == before["task"]
    trials = f"lead_id = {open_.lead_id}"
    eventually("the trial follows its lead", lambda: successor.get("/v1/trials", filter=trials)["trials"])


def _counts(items: list[Json]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        found[item["kind"]] = found.get(item["kind"], 0) + item["count"]
    return found


def _sees_trial(who: Api, child: Child) -> bool:
    return any("trial" in entry for entry in who.get(f"/v1/leads/{child.lead_id}/timeline")["entries"])


def _reminders(chain: Chain, child: Child) -> list[Json]:
    of_child = f'template = "trial_reminder" AND student_id = "{child.customer_id}"'
    return list(chain.admin.get("/v1/messages", filter=of_child)["messages"])


def _tasks(chain: Chain, child: Child, who: Api | None = None) -> dict[str, set[str]]:
    """Return the kinds of a lead's tasks by state, as the advisor sees them."""
    rows = (who or chain.people["advisor"]).every("/v1/tasks", "tasks", filter=f'lead_id = "{child.lead_id}"')
    found: dict[str, set[str]] = {state: set() for state in _TASKS}
    for row in rows:
        found[row["state"].removeprefix("TASK_STATE_").lower()].add(row["kind"])
    return found
