"""Channel partners register customers, see their own, and lose against whom the rule says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import select

from lianxiao.lead.v1 import claim_pb2, claim_service_pb2, partner_pb2, partner_service_pb2, policy_pb2
from lianxiao.lead.v1 import policy_service_pb2 as policy_service
from services.lead.models import Claim
from services.lead.rules import partners as rules
from services.lead.rules.partners import Known, Outcome
from shared.caller import Caller, Grant
from shared.db import Database
from shared.ids import uuid7
from shared.testing.wire import Wire
from tests.lead import factories, people
from tests.lead.people import Person

PHONE = "13800138000"
_MAY = ("registration.*", "support_request.create", "support_request.read")
_FREE, _WITH = Known(), Known(with_sales=True)


@pytest.mark.parametrize(
    ("rule", "known", "answer"),
    [
        (rules.FIRST, Known(is_new=True), (Outcome.GRANTED, "NEW_CUSTOMER")),
        (rules.FIRST, Known(own=True), (Outcome.KNOWN, "OWN_CLAIM")),
        (rules.PARTNER, Known(claimed=True), (Outcome.REFUSED, "CLAIMED")),
        (rules.PARTNER, Known(enrolled=True), (Outcome.REFUSED, "ENROLLED")),
        (rules.FIRST, Known(with_sales=True, worked=True), (Outcome.REFUSED, "WITH_SALES")),
        (rules.FIRST, _WITH, (Outcome.GRANTED, "FREE")),
        (rules.SALES, _WITH, (Outcome.REFUSED, "SALES_FIRST")),
        (rules.PARTNER, Known(with_sales=True, worked=True), (Outcome.GRANTED, "FREE")),
        (rules.SALES, _FREE, (Outcome.GRANTED, "FREE")),
    ],
)
def test_who_wins(rule: int, known: Known, answer: tuple[Outcome, str]) -> None:
    assert rules.decide(rule, known) == answer


def partner_program(wire: Wire, institution: UUID) -> Person:
    return Person(wire, Caller(institution, uuid7(), "partner", (Grant(_MAY),)))


def signed_partner(chief: Person, name: str, *programs: Person, stage: Any = partner_pb2.PARTNER_STAGE_SIGNED) -> str:
    partner = partner_pb2.Partner(
        name=name,
        kind=partner_pb2.PARTNER_KIND_AGENCY,
        stage=stage,
        contacts=[partner_pb2.PartnerContact(name="李四", phone=PHONE, position="负责人")],
        account_ids=[str(program.id) for program in programs],
    )
    request = partner_service_pb2.CreatePartnerRequest(partner=partner)
    return chief.partners.CreatePartner(request).partner.partner_id


def _register(program: Person, campus: UUID, phone: str = PHONE) -> partner_pb2.Registration:
    request = partner_service_pb2.RegisterCustomerRequest(
        campus_id=str(campus), child_name="王小明", guardian_phone=phone
    )
    return program.partners.RegisterCustomer(request).registration


def test_a_partner_registers_and_a_rival_and_sales_are_told(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    one, two = partner_program(wire, caller.institution_id), partner_program(wire, caller.institution_id)
    mine, theirs = signed_partner(chief, "甲渠道", one), signed_partner(chief, "乙渠道", two)
    first = _register(one, campus)
    assert (first.outcome, first.rule) == (partner_pb2.REGISTRATION_OUTCOME_GRANTED, "NEW_CUSTOMER")
    assert _register(one, campus).outcome == partner_pb2.REGISTRATION_OUTCOME_KNOWN
    rival = _register(two, campus)
    assert (rival.outcome, rival.rule, rival.owner_name, rival.end_time) == (
        partner_pb2.REGISTRATION_OUTCOME_REFUSED,
        "CLAIMED",
        "甲**",
        first.end_time,
    )
    assert (rival.lead_id, rival.owner_kind) == ("", claim_pb2.CLAIMANT_KIND_PARTNER)
    lists = partner_service_pb2.ListRegistrationsRequest()
    assert {each.partner_id for each in one.partners.ListRegistrations(lists).registrations} == {mine}
    assert [each.partner_id for each in two.partners.ListRegistrations(lists).registrations] == [theirs]
    assert len(chief.partners.ListRegistrations(lists).registrations) == 3
    with database.begin(caller) as tx:
        lead_id = str(tx.scalar(select(Claim.lead_id)))
    claim = claim_service_pb2.ClaimLeadRequest(lead_id=lead_id)
    assert people.refused(lambda: chief.claims.ClaimLead(claim)) == ("FAILED_PRECONDITION", "CUSTOMER_CLAIMED")
    figures = partner_service_pb2.GetPartnerFiguresRequest(partner_id=mine)
    counted = one.partners.GetPartnerFigures(figures).figures
    assert (counted.registrations, counted.granted, counted.refused) == (2, 1, 0)
    assert people.refused(lambda: two.partners.GetPartnerFigures(figures))[0] == "NOT_FOUND"


def test_the_rule_of_the_institution_decides_against_sales(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    program = partner_program(wire, caller.institution_id)
    signed_partner(chief, "甲渠道", program)
    with database.begin(caller) as tx:
        factories.lead(tx, campus, owner_id=factories.advisor(tx, campus))
    refused = _register(program, campus)
    assert (refused.rule, refused.owner_name, refused.HasField("end_time")) == ("WITH_SALES", "顾**", False)
    value = policy_pb2.LeadPolicyValue(setting=policy_pb2.LEAD_SETTING_PARTNER_RULE, value=rules.PARTNER)
    change = policy_service.ChangeLeadPolicyRequest(campus_id=str(campus), values=[value])
    changed = chief.policies.ChangeLeadPolicy(change).values
    assert {one.value for one in changed if one.of_campus} == {rules.PARTNER}
    asked = chief.policies.GetLeadPolicy(policy_service.GetLeadPolicyRequest(campus_id=str(campus)))
    assert [one.value for one in asked.values] == [one.value for one in changed]
    assert _register(program, campus).rule == "FREE"


def test_only_a_signed_partner_registers(wire: Wire, caller: Caller, campus: UUID, chief: Person) -> None:
    unknown, asked = partner_program(wire, caller.institution_id), partner_program(wire, caller.institution_id)
    assert people.refused(lambda: _register(unknown, campus))[1] == "PARTNER_UNKNOWN"
    partner_id = signed_partner(chief, "丙渠道", asked, stage=partner_pb2.PARTNER_STAGE_NEGOTIATING)
    assert people.refused(lambda: _register(asked, campus))[1] == "PARTNER_NOT_SIGNED"
    visit = partner_service_pb2.AddPartnerVisitRequest(
        partner_id=partner_id, content="谈妥", stage=partner_pb2.PARTNER_STAGE_SIGNED
    )
    assert chief.partners.AddPartnerVisit(visit).visit.stage == partner_pb2.PARTNER_STAGE_SIGNED
    assert _register(asked, campus).outcome == partner_pb2.REGISTRATION_OUTCOME_GRANTED
    visits = partner_service_pb2.ListPartnerVisitsRequest(partner_id=partner_id)
    assert [each.content for each in chief.partners.ListPartnerVisits(visits).visits] == ["谈妥"]
    nobody = partner_service_pb2.ListRegistrationsRequest()
    assert not unknown.partners.ListRegistrations(nobody).registrations


def test_partners_are_kept_and_looked_after(wire: Wire, caller: Caller, chief: Person) -> None:
    program = partner_program(wire, caller.institution_id)
    partner_id = signed_partner(chief, "甲渠道", program)
    assert people.refused(lambda: signed_partner(chief, "甲渠道"))[1] == "PARTNER_NAME_TAKEN"
    assert people.refused(lambda: signed_partner(chief, "乙渠道", program))[1] == "PARTNER_ACCOUNT_TAKEN"
    nobody = partner_service_pb2.UpdatePartnerRequest(
        partner=partner_pb2.Partner(
            partner_id=partner_id,
            name="甲渠道",
            kind=partner_pb2.PARTNER_KIND_AGENCY,
            stage=partner_pb2.PARTNER_STAGE_SIGNED,
            owner_id=str(uuid7()),
        )
    )
    assert people.refused(lambda: chief.partners.UpdatePartner(nobody))[1] == "STAFF_NOT_ASSIGNABLE"
    update = partner_service_pb2.UpdatePartnerRequest(
        partner=partner_pb2.Partner(
            partner_id=partner_id,
            name="只看掩码",
            kind=partner_pb2.PARTNER_KIND_SCHOOL,
            stage=partner_pb2.PARTNER_STAGE_PAUSED,
        ),
        update_mask=FieldMask(paths=["stage", "account_ids"]),
    )
    assert not chief.partners.UpdatePartner(update).partner.account_ids
    shown = chief.partners.GetPartner(partner_service_pb2.GetPartnerRequest(partner_id=partner_id)).partner
    assert (shown.name, shown.stage, shown.contacts[0].position) == (
        "甲渠道",
        partner_pb2.PARTNER_STAGE_PAUSED,
        "负责人",
    )
    other = partner_program(wire, caller.institution_id)
    signed_partner(chief, "丁渠道", other)
    ask = partner_service_pb2.CreateSupportRequestRequest(kind="material", content="请寄宣传册")
    asked = other.partners.CreateSupportRequest(ask).support_request
    answer = partner_service_pb2.AnswerSupportRequestRequest(
        support_request_id=asked.support_request_id, answer="已寄出"
    )
    assert chief.partners.AnswerSupportRequest(answer).support_request.answer == "已寄出"
    assert people.refused(lambda: chief.partners.AnswerSupportRequest(answer))[1] == "SUPPORT_REQUEST_ANSWERED"
    lists = partner_service_pb2.ListSupportRequestsRequest()
    assert len(other.partners.ListSupportRequests(lists).support_requests) == 1
    assert not program.partners.ListSupportRequests(lists).support_requests
