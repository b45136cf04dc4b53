"""The gate before children under fourteen: no way in goes round it, and a guardian's word opens each."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.date_pb2 import Date
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lianxiao.lead.v1 import lead_pb2, lead_service_pb2, partner_service_pb2
from lianxiao.student.v1.student_events_pb2 import ConsentChanged, PurposeChanged
from services.lead.actions import (
    bulk,
    captures,
    contacts,
    guardian_consents,
    import_files,
    imports,
    intake,
    lead_forms,
    leads,
    webhooks,
)
from services.lead.actions.guardian_consents import GuardianConsent
from services.lead.actions.imports import Details
from services.lead.actions.lead_forms import Submission
from services.lead.consumers import CONSUMERS
from services.lead.models import ImportRow, Lead
from shared.caller import NOBODY, Caller
from shared.db import Database
from shared.errors import DomainError, Refused
from shared.signatures import sign
from shared.testing.bus import deliver, published
from shared.testing.wire import Wire
from tests.lead import factories, people, sheets
from tests.lead.people import Person
from tests.lead.test_doors import FIELDS
from tests.lead.test_partners import partner_program, signed_partner

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
BORN = "2016-03-08"
DAY = Date(year=2016, month=3, day=8)
NEEDED = "GUARDIAN_CONSENT_NEEDED"
WORD = GuardianConsent("v1", "paper", "ab" * 32, NOW)
SPOKEN = lead_pb2.GuardianConsent(version="v1", means="paper", evidence_sha256="ab" * 32)
STRANGER = Caller(NOBODY, NOBODY, "anonymous")


@pytest.fixture
def gated(database: Database, institution: UUID) -> UUID:
    """Return an institution that has enabled the purpose."""
    deliver(database, CONSUMERS, PurposeChanged(purpose="child_file", enabled=True, version="v1"), institution)
    return institution


def reason(call: Callable[[], Any]) -> str:
    """Return why a call is refused, by its answer or its error; empty when it is not."""
    try:
        return str(call() or "")
    except DomainError as error:
        return error.reason


def door(database: Database, caller: Caller, kind: str, *, consent: bool) -> Callable[[], Any]:
    """Return the sending of a public form, whose text makes the consent."""
    text = {"consent_text": "同意为孩子建档", "consent_version": "v1"} if consent else {}
    fields = [*FIELDS, {"name": "birth_date", "label": "生日", "required": False}]
    with database.begin(caller) as tx:
        rest: dict[str, Any] = {"consent_text": "", "consent_version": ""} | text
        form = lead_forms.create(tx, campus_id=factories.campus(tx), kind=kind, name="开放日", fields=fields, **rest).id
    with database.begin(STRANGER, system=True, now=NOW) as tx:
        token = lead_forms.show(tx, caller.institution_id, form)[1]
    answers = {"guardian_phone": "13800138000", "child_name": "王小明", "birth_date": BORN}
    sent = Submission(token, answers, consent_version=rest["consent_version"], address="1.2.3.4")

    def send() -> None:
        with database.begin(STRANGER, system=True, now=NOW + timedelta(seconds=9)) as tx:
            lead_forms.submit(tx, caller.institution_id, form, sent)

    return send


def hook(database: Database, caller: Caller, *, consent: bool) -> Callable[[], Any]:
    """Return the call of a webhook of another program."""
    with database.begin(caller) as tx:
        row, secret = webhooks.create(
            tx, name="商城", campus_id=factories.campus(tx), campaign_id=None, source="", mapping={}
        )
        hook_id = row.id
    content = {"guardian_phone": "13800138000", "child_name": "王小明", "birth_date": BORN}
    content |= {"guardian_consent": "v1"} if consent else {}
    told: dict[str, Any] = {"body": json.dumps(content).encode(), "timestamp": str(int(NOW.timestamp())), "nonce": "n1"}

    def call() -> None:
        with database.begin(STRANGER, system=True, now=NOW) as tx:
            signature = sign(secret.encode(), **told)
            webhooks.receive(tx, caller.institution_id, hook_id, signature=signature, **told)

    return call


def imported(database: Database, caller: Caller, *, consent: bool, dry_run: bool = False) -> Callable[[], Any]:
    """Return the import of a file of one row; the reason stands with the row."""

    def run() -> str:
        header = ["学员姓名", "家长电话", "出生日期", "监护人同意"]
        data = sheets.csv_of([header, ["王小明", "13800138000", BORN, "v1" if consent else "否"]])
        with database.begin(caller) as tx:
            row = imports.create(tx, Details(file_name="名单.csv", campus_id=factories.campus(tx), dry_run=dry_run))
            imports.append(tx, row.id, offset=0, data=data)
            imports.start(tx, row.id, mapping={})
            while import_files.step(tx):
                pass
            return tx.session.scalars(select(ImportRow.reason).where(ImportRow.import_id == row.id)).one()

    return run


def bare(database: Database, caller: Caller, *, consent: bool) -> Callable[[], Any]:
    """Return an INSERT that goes by all actions."""

    def write() -> str:
        try:
            with database.begin(caller) as tx:
                arrival = factories.arrival(factories.campus(tx), birth_date=BORN)
                row = intake.fresh(tx, arrival)
                row.guardian_consent_time = NOW if consent else None
                bulk.insert(tx, {Lead: [row]})
                tx.run("select 1")
        except IntegrityError as error:
            return NEEDED if "under fourteen" in str(error) else str(error)
        return ""

    return write


WAYS: dict[str, Callable[..., Callable[[], Any]]] = {
    "enquiry form": lambda database, caller, *, consent: door(database, caller, "enquiry", consent=consent),
    "event of a campaign": lambda database, caller, *, consent: door(database, caller, "event", consent=consent),
    "webhook": hook,
    "import": imported,
    "dry run of an import": lambda database, caller, *, consent: imported(
        database, caller, consent=consent, dry_run=True
    ),
    "database": bare,
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_goes_round_the_gate(database: Database, caller: Caller, gated: UUID, way: str) -> None:
    assert caller.institution_id == gated
    assert reason(WAYS[way](database, caller, consent=False)) == NEEDED
    assert reason(WAYS[way](database, caller, consent=True)) == ""


def test_at_the_desk_in_batches_and_through_partners(gated: UUID, campus: UUID, chief: Person, wire: Wire) -> None:
    batch = lead_service_pb2.CaptureLeadRequest(
        campus_id=str(campus), source="walk_in", child_name="王小明", guardian_phone="13800138000", birth_date=DAY
    )
    agency = partner_program(wire, gated)
    signed_partner(chief, "甲渠道", agency)
    told = {"campus_id": str(campus), "child_name": "王小明", "guardian_phone": "13800138000", "birth_date": DAY}
    register = partner_service_pb2.RegisterCustomerRequest(**told)
    whole = lead_service_pb2.CaptureLeadsRequest(leads=[batch, batch])
    assert people.refused(lambda: chief.capture(campus, birth_date=DAY))[1] == NEEDED
    assert people.refused(lambda: agency.partners.RegisterCustomer(register))[1] == NEEDED
    whole.leads[1].birth_date.year = 2008
    answers = chief.leads.CaptureLeads(whole).results
    assert [(each.reason, bool(each.lead_id)) for each in answers] == [(NEEDED, False), ("", True)]

    assert chief.capture(campus, birth_date=DAY, guardian_consent=SPOKEN).lead.lead_id
    register.guardian_consent.CopyFrom(SPOKEN)
    register.guardian_phone = "13900139000"
    assert agency.partners.RegisterCustomer(register).registration.registration_id


def test_a_known_child_is_added_to_only_with_a_word(
    chief: Person, campus: UUID, institution: UUID, database: Database
) -> None:
    """The lead was there before the gate; neither a change nor another enquiry adds to it until a guardian agrees."""
    lead = chief.capture(campus, birth_date=DAY).lead
    deliver(database, CONSUMERS, PurposeChanged(purpose="child_file", enabled=True, version="v1"), institution)
    change = lead_service_pb2.UpdateLeadRequest(
        lead=lead_pb2.Lead(lead_id=lead.lead_id, school="实验小学"), update_mask=FieldMask(paths=["school"])
    )
    assert people.refused(lambda: chief.leads.UpdateLead(change))[1] == NEEDED
    assert people.refused(lambda: chief.capture(campus, birth_date=DAY))[1] == NEEDED
    assert people.refused(lambda: chief.capture(campus))[1] == NEEDED, "the known birth date counts"
    own = lead_service_pb2.UpdateLeadRequest(
        lead=lead_pb2.Lead(lead_id=lead.lead_id, sales_form="phone"), update_mask=FieldMask(paths=["sales_form"])
    )
    assert chief.leads.UpdateLead(own).lead.lead_id == lead.lead_id
    assert chief.capture(campus, guardian_consent=SPOKEN).lead.lead_id == lead.lead_id
    assert chief.leads.UpdateLead(change).lead.school == "实验小学"
    assert chief.capture(campus, birth_date=DAY).lead.lead_id == lead.lead_id


def test_the_register_closes_the_gate_again_and_stops_messages(database: Database, caller: Caller, gated: UUID) -> None:
    with database.begin(caller, now=NOW) as tx:
        arrival = factories.arrival(factories.campus(tx), birth_date=BORN)
        lead = captures.capture(tx, _with_word(arrival))[1]

    def tell(purpose: str, *, granted: bool) -> None:
        event = ConsentChanged(person_id=str(lead.customer_id), purpose=purpose, granted=granted, version="v1")
        event.decide_time.FromDatetime(NOW + timedelta(days=1))
        deliver(database, CONSUMERS, event, gated)

    def state() -> tuple[bool, bool]:
        with database.begin(caller, now=NOW) as tx:
            row = leads.get(tx, lead.id)
            return row.guardian_consent_time is not None, row.opt_out_time is not None

    assert state() == (True, False)
    tell("child_file", granted=False)
    tell("marketing", granted=False)
    assert state() == (False, True)
    tell("child_file", granted=True)
    tell("marketing", granted=True)
    assert state() == (True, False)


def test_a_no_to_an_advisor_is_told_to_the_register_and_comes_back_silently(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller, now=NOW) as tx:
        lead = captures.capture(tx, factories.arrival(factories.campus(tx)))[1]
        for opted_out in (True, True):
            contacts.set_opt_out(tx, lead.id, opted_out=opted_out)
    event = ConsentChanged(person_id=str(lead.customer_id), purpose="marketing", granted=False, version="v1")
    event.decide_time.FromDatetime(NOW)
    deliver(database, CONSUMERS, event, institution)
    [told] = published(database, institution, "marketing_declined")
    assert told["customer_id"] == str(lead.customer_id)


def test_a_word_before_the_new_text_counts_no_more(database: Database, caller: Caller, gated: UUID) -> None:
    event = PurposeChanged(purpose="child_file", enabled=True, version="v2")
    event.valid_from_time.FromDatetime(NOW + timedelta(seconds=1))
    deliver(database, CONSUMERS, event, gated)
    with database.begin(caller, now=NOW) as tx:
        arrival = _with_word(factories.arrival(factories.campus(tx), birth_date=BORN))
        with pytest.raises(Refused, match="guardian"):
            captures.capture(tx, arrival)


@pytest.mark.parametrize("said", ["", "否", "未同意", "No"])
def test_a_no_is_no_consent(said: str) -> None:
    assert guardian_consents.told(said, "paper", {}, NOW) is None


def test_the_child_is_young_until_the_birthday_is_over_everywhere() -> None:
    over = datetime(2030, 3, 9, 12, tzinfo=UTC)
    assert guardian_consents.is_young(BORN, over - timedelta(seconds=1))
    assert not guardian_consents.is_young(BORN, over)
    assert not guardian_consents.is_young("", over)


def _with_word(arrival: Any) -> Any:
    return dataclasses.replace(arrival, consent=WORD)
