"""Public forms, event sign-ups, webhooks and batches: families get in, machines and repeats do not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from lianxiao.lead.v1 import lead_form_pb2, lead_form_service_pb2, lead_service_pb2
from services.lead.actions import assignments, follow_up_plans, follow_ups, lead_forms, leads, plan_runs, webhooks
from services.lead.actions.follow_ups import Contact
from services.lead.actions.lead_forms import Submission
from services.lead.models import FormVisit, Lead, LeadForm, PlanRun, Task, Touch, WebhookCall
from services.lead.rules import doors
from shared.caller import NOBODY, Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from shared.signatures import sign
from tests.lead import factories, people
from tests.lead.people import Person

FIELDS = [
    {"name": "guardian_phone", "label": "手机", "required": True},
    {"name": "child_name", "label": "孩子", "required": True},
    {"name": "remark", "label": "", "required": False},
]
ANSWERS = {"guardian_phone": "138 0013 8000", "child_name": "王小明", "remark": "周末", "stage": "lost"}
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Door:
    """A form, and strangers who fill it in."""

    def __init__(self, database: Database, caller: Caller, **details: Any) -> None:
        self.database, self.caller = database, caller
        told = {"name": "开放日", "fields": FIELDS, "consent_text": "同意联系", "consent_version": "v1"} | details
        rest: dict[str, Any] = {"kind": "event", "campaign_id": uuid7(), "source": ""}
        with database.begin(caller) as tx:
            self.campus = factories.campus(tx)
            self.form = lead_forms.create(tx, campus_id=self.campus, **rest, **told).id

    def stranger(self, now: datetime = NOW) -> Any:
        """Open a transaction as the public boundary does."""
        return self.database.begin(Caller(NOBODY, NOBODY, "anonymous"), system=True, now=now)

    def token(self) -> str:
        """Load the form."""
        with self.stranger() as tx:
            return lead_forms.show(tx, self.caller.institution_id, self.form)[1]

    def send(self, token: str = "", *, after: int = 10, **sent: Any) -> LeadForm:
        """Send the form so many seconds after it was loaded."""
        told = {"token": token or self.token(), "answers": ANSWERS, "consent_version": "v1", "address": "1.2.3.4"}
        with self.stranger(NOW + timedelta(seconds=after)) as tx:
            return lead_forms.submit(tx, self.caller.institution_id, self.form, Submission(**told | sent))

    def count(self, model: Any) -> int:
        """Return how many rows there are."""
        with self.database.begin(self.caller) as tx:
            return int(tx.scalar(select(func.count()).select_from(model)))


@pytest.fixture
def door(database: Database, caller: Caller) -> Door:
    return Door(database, caller)


def test_a_family_that_comes_again_has_replied(door: Door) -> None:
    door.send()
    with door.database.begin(door.caller) as tx:
        plan = follow_up_plans.create(tx, name="七天", steps=[{"title": "问候", "offset_minutes": 5, "channel": ""}])
        run = plan_runs.start(tx, tx.session.scalars(select(Lead.id)).one(), plan.id)
    door.send()
    with door.database.begin(door.caller) as tx:
        row = tx.session.get_one(PlanRun, (door.caller.institution_id, run.id))
        assert (row.state, row.stop_reason) == ("stopped", "reply")


@pytest.mark.parametrize("state", ["open", "lost", "enrolled"])
def test_a_known_family_that_comes_by_itself_is_answered(door: Door, state: str) -> None:
    """Once by whoever cares for it, in the working time of a first answer; not while the first answer is due anyway."""
    door.send()
    door.send()
    assert door.count(Task) == 0
    with door.database.begin(door.caller, now=NOW + timedelta(hours=1)) as tx:
        lead = tx.session.scalars(select(Lead).with_for_update()).one()
        advisor = factories.advisor(tx, door.campus)
        assignments.assign(tx, lead.id, owner_id=advisor)
        follow_ups.add(tx, lead.id, Contact("phone", "聊过"))
        if state != "open":
            leads.enter(tx, lead, state, reason="price" if state == "lost" else "")
    for hours in (14, 15):
        with door.stranger(NOW + timedelta(hours=hours - 1)) as tx:
            token = lead_forms.show(tx, door.caller.institution_id, door.form)[1]
        door.send(token, after=hours * 3600)
    with door.database.begin(door.caller, now=NOW + timedelta(hours=17)) as tx:
        task = tx.session.scalars(select(Task)).one()
        # Sent at six in the morning, the doors open at nine.
        assert (task.kind, task.owner_id, task.state) == ("reply", advisor, "open")
        assert task.due_time == datetime(2026, 3, 3, 1, 30, tzinfo=UTC)
        if state != "enrolled":
            follow_ups.add(tx, lead.id, Contact("phone", "又聊过"))
            tx.session.refresh(task)
            assert task.state == "done"


def test_a_form_becomes_a_touch_with_all_that_was_sent(door: Door) -> None:
    form = door.send(utm={"utm_source": "douyin"}, first_utm={"utm_source": "baidu"}, page="/open-day")
    assert (form.taken, form.spam) == (1, 0)
    with door.database.begin(door.caller) as tx:
        touch = tx.session.scalars(select(Touch)).one()
        assert touch.utm == {"utm_source": "douyin", "first_utm_source": "baidu"}
        payload = json.loads(Touch.payload.reveal(tx, touch) or "")
        assert (payload["answers"], payload["consent_version"], payload["page"]) == (ANSWERS, "v1", "/open-day")
        lead = tx.session.scalars(select(Lead)).one()
        assert (lead.source, lead.campus_id, lead.stage) == ("event", door.campus, "enquiry")
        visit = tx.session.scalars(select(FormVisit)).one()
        assert (visit.outcome, visit.lead_id, visit.consent_version) == ("accepted", lead.id, "v1")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"after": 1}, "FORM_TOO_FAST"),
        ({"after": 90_000}, "FORM_TOKEN_EXPIRED"),
        ({"token": "made up"}, "FORM_TOKEN_INVALID"),
        ({"consent_version": "v0"}, "CONSENT_OUTDATED"),
        ({"answers": {"child_name": "明"}}, "FORM_FIELD_INVALID"),
        ({"answers": ANSWERS | {"guardian_phone": "110"}}, "FORM_FIELD_INVALID"),
    ],
)
def test_what_no_person_sends_is_refused(door: Door, sent: dict[str, Any], reason: str) -> None:
    with pytest.raises(DomainError) as error:
        door.send(**sent)
    assert error.value.reason == reason
    assert door.count(Lead) == 0


def test_the_hidden_field_catches_machines_who_are_thanked(door: Door) -> None:
    assert door.send(website="http://spam.example").spam == 1
    assert (door.count(Lead), door.count(FormVisit)) == (0, 1)


def test_a_token_is_good_once_and_for_its_own_form(door: Door, database: Database, caller: Caller) -> None:
    token = door.token()
    door.send(token)
    for other, reason in ((door, "FORM_TOKEN_USED"), (Door(database, caller), "FORM_TOKEN_INVALID")):
        with pytest.raises(DomainError) as error:
            other.send(token)
        assert error.value.reason == reason
    assert door.count(Lead) == 1


def test_one_address_sends_so_often_an_hour(database: Database, caller: Caller) -> None:
    door = Door(database, caller, hourly_limit=2)
    for _ in range(2):
        door.send()
    with pytest.raises(DomainError) as error:
        door.send()
    assert error.value.reason == "FORM_LIMIT_REACHED"
    door.send(address="4.3.2.1")
    door.send(door.token(), after=3700)


def test_a_closed_form_is_closed(database: Database, caller: Caller) -> None:
    door = Door(database, caller, close_time=NOW + timedelta(seconds=5))
    with pytest.raises(DomainError) as error:
        door.send()
    assert error.value.reason == "FORM_CLOSED"
    with pytest.raises(DomainError) as unknown, door.stranger() as tx:
        lead_forms.show(tx, caller.institution_id, uuid7())
    assert unknown.value.reason == "LEAD_FORM_NOT_FOUND"


def test_the_last_places_are_taken_once(database: Database, caller: Caller) -> None:
    door = Door(database, caller, capacity=3, hourly_limit=100)
    tokens = [door.token() for _ in range(8)]

    def sign_up(number: int) -> str:
        told = factories.stranger(number)
        try:
            door.send(tokens[number], answers=told, address=str(number))
        except DomainError as refused:
            return refused.reason
        return "in"

    with ThreadPoolExecutor(8) as pool:
        said = sorted(pool.map(sign_up, range(8)))
    assert said == ["FORM_FULL"] * 5 + ["in"] * 3
    assert door.count(Lead) == 3
    with pytest.raises(DomainError) as error, database.begin(caller) as tx:
        lead_forms.update(tx, door.form, {"capacity": 2})
    assert error.value.reason == "FORM_FULL"


def test_forms_are_checked(tx: Tx) -> None:
    campus = factories.campus(tx)
    base: dict[str, Any] = {"campus_id": campus, "kind": "enquiry", "campaign_id": None, "source": ""}
    good: dict[str, Any] = {"name": "表", "fields": FIELDS, "consent_text": "", "consent_version": ""}
    for wrong, reason in (
        ({"campus_id": None}, "INVALID_FIELD"),
        ({"name": " "}, "NAME_MISSING"),
        ({"fields": FIELDS[:1]}, "FORM_FIELDS_MISSING"),
        ({"fields": [*FIELDS, FIELDS[2]]}, "FORM_FIELDS_MISSING"),
        ({"consent_text": "同意"}, "CONSENT_INCOMPLETE"),
    ):
        with pytest.raises(DomainError) as error:
            lead_forms.create(tx, **base | good | wrong)
        assert error.value.reason == reason


class Hook:
    """A webhook, and the program that knows its secret."""

    def __init__(self, database: Database, caller: Caller) -> None:
        self.database, self.caller = database, caller
        mapping = {"guardian_phone": "data.user.mobile", "child_name": "data.name"}
        rest: dict[str, Any] = {"campaign_id": None, "source": "", "mapping": mapping}
        with database.begin(caller) as tx:
            row, self.secret = webhooks.create(tx, name="商城", campus_id=factories.campus(tx), **rest)
            self.id: UUID = row.id

    def send(self, content: Any, *, nonce: str = "n1", seconds: int = 0, **wrong: Any) -> bool:
        """Send JSON, signed so many seconds ago."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        timestamp = str(int(NOW.timestamp()) - seconds)
        told: dict[str, Any] = {"body": body, "timestamp": timestamp, "nonce": nonce}
        signed = told | {"signature": sign(self.secret.encode(), **told)} | wrong
        with self.database.begin(Caller(NOBODY, NOBODY, "anonymous"), system=True, now=NOW) as tx:
            return webhooks.receive(tx, self.caller.institution_id, self.id, **signed)


ORDER = {"data": {"user": {"mobile": 13800138000}, "name": "王小明"}, "school": "实验小学"}


def test_another_programs_enquiry_is_taken_in_once(database: Database, caller: Caller) -> None:
    hook = Hook(database, caller)
    assert hook.send(ORDER)
    assert not hook.send(ORDER, nonce="n2")
    with pytest.raises(DomainError) as error:
        hook.send(ORDER)
    assert error.value.reason == "WEBHOOK_REPLAYED"
    with database.begin(caller) as tx:
        touches = tx.session.scalars(select(Touch)).all()
        assert [json.loads(Touch.payload.reveal(tx, touch) or "") for touch in touches] == [ORDER] * 2
        assert tx.session.scalars(select(Lead)).one().school == "实验小学"


@pytest.mark.parametrize(
    ("content", "details", "reason"),
    [
        (ORDER, {"signature": "00"}, "WEBHOOK_SIGNATURE_WRONG"),
        (ORDER, {"seconds": 301}, "WEBHOOK_OUTSIDE_WINDOW"),
        (ORDER, {"seconds": -301}, "WEBHOOK_OUTSIDE_WINDOW"),
        (b"[1]", {}, "WEBHOOK_MALFORMED"),
        (b'{"x": "\\u0000"}', {}, "WEBHOOK_MALFORMED"),
        (b"[" * 60_000, {}, "WEBHOOK_MALFORMED"),
        ({}, {}, "FORM_FIELD_INVALID"),
    ],
)
def test_what_is_not_theirs_or_no_enquiry_is_refused(
    database: Database, caller: Caller, content: Any, details: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DomainError) as error:
        Hook(database, caller).send(content, **details)
    assert error.value.reason == reason
    with database.begin(caller) as tx:
        assert tx.scalar(select(func.count()).select_from(WebhookCall)) == 0


def test_a_repeat_at_the_same_moment_is_taken_in_once(database: Database, caller: Caller) -> None:
    hook = Hook(database, caller)

    def send(_number: int) -> str:
        try:
            hook.send(ORDER)
        except DomainError as refused:
            return refused.reason
        return "in"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(send, range(6))) == ["WEBHOOK_REPLAYED"] * 5 + ["in"]


def test_nonces_are_forgotten_after_a_day_and_a_door_can_be_closed(database: Database, caller: Caller) -> None:
    hook = Hook(database, caller)
    hook.send(ORDER)
    with database.begin(caller, now=NOW + timedelta(days=2)) as tx:
        webhooks.forget_nonces(tx)
        assert tx.scalar(select(func.count()).select_from(WebhookCall)) == 0
        webhooks.update(tx, hook.id, {"paused": True, "name": "旧", "mapping": {}})
    with pytest.raises(DomainError) as error:
        hook.send(ORDER)
    assert error.value.reason == "WEBHOOK_PAUSED"
    with pytest.raises(DomainError) as wrong, database.begin(caller) as tx:
        webhooks.update(tx, hook.id, {"mapping": {"stage": "x"}})
    assert wrong.value.reason == "MAPPING_INVALID"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.dictionaries(st.text(), st.text()))
def test_no_body_breaks_the_reader(body: bytes, mapping: dict[str, str]) -> None:
    try:
        answers, content = doors.read(body, mapping)
    except doors.Refusal as refusal:
        answers, content = {}, {"refused": refusal.reason}
    assert content.get("refused", "WEBHOOK_MALFORMED") == "WEBHOOK_MALFORMED"
    assert set(answers) <= set(doors.KNOWN)


def test_forms_and_webhooks_on_the_wire(chief: Person, campus: UUID, institution: UUID) -> None:
    fields = [lead_form_pb2.FormField(name=name, required=True) for name in ("guardian_phone", "child_name")]
    wanted = lead_form_pb2.LeadForm(name="咨询", campus_id=str(campus), fields=fields, capacity=5)
    form = chief.forms.CreateLeadForm(lead_form_service_pb2.CreateLeadFormRequest(lead_form=wanted)).lead_form
    assert (form.source, form.least_seconds, form.hourly_limit) == ("web_form", 3, 10)
    form.least_seconds = 1
    change = lead_form_service_pb2.UpdateLeadFormRequest(lead_form=form)
    change.update_mask.paths.append("least_seconds")
    assert chief.forms.UpdateLeadForm(change).lead_form.least_seconds == 1
    assert len(chief.forms.ListLeadForms(lead_form_service_pb2.ListLeadFormsRequest()).lead_forms) == 1
    where: dict[str, Any] = {"institution_id": str(institution), "lead_form_id": form.lead_form_id}
    shown = chief.forms.GetPublicForm(lead_form_service_pb2.GetPublicFormRequest(**where))
    assert (list(shown.fields), shown.places_left) == (fields, 5)
    answers = [
        lead_form_service_pb2.FormAnswer(name="guardian_phone", text="13800138000"),
        lead_form_service_pb2.FormAnswer(name="child_name", text="明明"),
    ]
    early = lead_form_service_pb2.SubmitPublicFormRequest(**where, token=shown.token, answers=answers)
    assert people.refused(lambda: chief.forms.SubmitPublicForm(early))[1] == "FORM_TOO_FAST"


def test_a_webhook_on_the_wire(chief: Person, campus: UUID, institution: UUID) -> None:
    wanted = lead_form_pb2.Webhook(name="商城", campus_id=str(campus), mapping={"child_name": "name"})
    made = chief.forms.CreateWebhook(lead_form_service_pb2.CreateWebhookRequest(webhook=wanted))
    assert chief.forms.ListWebhooks(lead_form_service_pb2.ListWebhooksRequest()).webhooks[0] == made.webhook
    told: dict[str, Any] = {
        "body": json.dumps({"guardian_phone": "13800138000", "name": "明明"}).encode(),
        "timestamp": str(int(datetime.now(UTC).timestamp())),
        "nonce": "n1",
    }
    request = lead_form_service_pb2.ReceiveWebhookRequest(
        institution_id=str(institution),
        webhook_id=made.webhook.webhook_id,
        signature=sign(made.secret.encode(), **told),
        **told,
    )
    assert chief.forms.ReceiveWebhook(request).created
    assert people.refused(lambda: chief.forms.ReceiveWebhook(request))[1] == "WEBHOOK_REPLAYED"
    made.webhook.paused = True
    change = lead_form_service_pb2.UpdateWebhookRequest(webhook=made.webhook)
    assert chief.forms.UpdateWebhook(change).webhook.paused


def test_a_batch_tells_of_each_enquiry_what_became_of_it(chief: Person, campus: UUID) -> None:
    def told(name: str, phone: str) -> lead_service_pb2.CaptureLeadRequest:
        return lead_service_pb2.CaptureLeadRequest(
            campus_id=str(campus), source="partner", child_name=name, guardian_phone=phone
        )

    batch = [
        told("王小明", "13800138000"),
        told("李雷", "110"),
        told("王小明", "13800138000"),
        told("韩梅梅", "13900139000"),
    ]
    results = chief.leads.CaptureLeads(lead_service_pb2.CaptureLeadsRequest(leads=batch)).results
    assert [result.outcome for result in results] == [
        lead_service_pb2.CAPTURE_OUTCOME_CREATED,
        lead_service_pb2.CAPTURE_OUTCOME_UNSPECIFIED,
        lead_service_pb2.CAPTURE_OUTCOME_TOUCHED,
        lead_service_pb2.CAPTURE_OUTCOME_CREATED,
    ]
    assert (results[1].reason, results[1].field) == ("PHONE_INVALID", "guardian_phone")
    assert results[0].lead_id == results[2].lead_id
    batch[3].campus_id = str(uuid7())
    assert people.refused(lambda: chief.leads.CaptureLeads(lead_service_pb2.CaptureLeadsRequest(leads=batch))) == (
        "NOT_FOUND",
        "CAMPUS_NOT_FOUND",
    )


@pytest.mark.parametrize(
    ("marks", "code"),
    [
        ({"referral_code": " abcdefg2 "}, "ABCDEFG2"),
        ({"first_referral_code": "ABCDEFG2"}, "ABCDEFG2"),
        ({"referral_code": "张三介绍"}, ""),
        ({"referral_code": "ABC"}, ""),
        ({"utm_source": "wechat"}, ""),
    ],
)
def test_a_link_names_the_family_that_brought_another(marks: dict[str, str], code: str) -> None:
    assert doors.referral_code(marks) == code
