"""PartnerService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict

from lianxiao.lead.v1 import claim_pb2, partner_pb2
from lianxiao.lead.v1 import partner_service_pb2 as pb
from lianxiao.lead.v1 import partner_service_pb2_grpc as pb_grpc
from services.lead.actions import leads, partners, registrations
from services.lead.actions.intake import Arrival
from services.lead.models import Partner, PartnerVisit, Registration, SupportRequest
from services.lead.rpc.guardian_consent_pb import consent_of
from services.lead.rules.rows import Enquiry
from shared import file_cells
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query, stream
from shared.wire_values import (
    date_pb,
    enum_value,
    id_text,
    ids,
    optional_date,
    optional_id,
    optional_instant,
    stored_word,
)


class PartnerService(Servicer, pb_grpc.PartnerServiceServicer):
    """Channel partners, and what partners do themselves."""

    @command
    def CreatePartner(self, request: pb.CreatePartnerRequest, tx: Tx) -> pb.CreatePartnerResponse:
        row = partners.create(tx, _values(request.partner))
        return pb.CreatePartnerResponse(partner=partners_to_pb(tx, [row])[0])

    @query
    def GetPartner(self, request: pb.GetPartnerRequest, tx: Tx) -> pb.GetPartnerResponse:
        row = partners.get(tx, as_uuid(request.partner_id))
        return pb.GetPartnerResponse(partner=partners_to_pb(tx, [row])[0])

    @query
    def ListPartners(self, request: pb.ListPartnersRequest, tx: Tx) -> pb.ListPartnersResponse:
        page = partners.LISTING.page(tx, request)
        return pb.ListPartnersResponse(partners=partners_to_pb(tx, page.rows), next_page_token=page.next_page_token)

    @command
    def UpdatePartner(self, request: pb.UpdatePartnerRequest, tx: Tx) -> pb.UpdatePartnerResponse:
        names = named_fields(request.update_mask.paths, partners.EDITABLE)
        try:
            values = _values(request.partner)
            row = partners.update(tx, as_uuid(request.partner.partner_id), values, names)
        except ValueError as error:
            raise InvalidInput("partner", "an id in it is no UUID") from error
        return pb.UpdatePartnerResponse(partner=partners_to_pb(tx, [row])[0])

    @command
    def AddPartnerVisit(self, request: pb.AddPartnerVisitRequest, tx: Tx) -> pb.AddPartnerVisitResponse:
        row = partners.visit(
            tx,
            as_uuid(request.partner_id),
            content=request.content,
            next_action=request.next_action,
            next_time=optional_instant(request, "next_time"),
            stage=stored_word(partner_pb2.PartnerStage, request.stage, "stage") if request.stage else "",
        )
        return pb.AddPartnerVisitResponse(visit=visit_to_pb(tx, row))

    @query
    def ListPartnerVisits(self, request: pb.ListPartnerVisitsRequest, tx: Tx) -> pb.ListPartnerVisitsResponse:
        partner = partners.get(tx, as_uuid(request.partner_id))
        page = partners.VISITS.page(tx, request, where=[PartnerVisit.partner_id == partner.id])
        rows = [visit_to_pb(tx, row) for row in page.rows]
        return pb.ListPartnerVisitsResponse(visits=rows, next_page_token=page.next_page_token)

    @query
    def GetPartnerFigures(self, request: pb.GetPartnerFiguresRequest, tx: Tx) -> pb.GetPartnerFiguresResponse:
        counts = partners.figures(tx, as_uuid(request.partner_id))
        return pb.GetPartnerFiguresResponse(figures=partner_pb2.PartnerFigures(**counts))

    @command
    def RegisterCustomer(self, request: pb.RegisterCustomerRequest, tx: Tx) -> pb.RegisterCustomerResponse:
        row = registrations.register(tx, _arrival(tx, request))
        return pb.RegisterCustomerResponse(registration=registrations_to_pb(tx, [row])[0])

    @stream
    def RegisterCustomers(self, request: pb.RegisterCustomersRequest, tx: Tx) -> pb.RegisterCustomersResponse:
        row = registrations.register(tx, _arrival(tx, request))
        return pb.RegisterCustomersResponse(registration=registrations_to_pb(tx, [row])[0])

    @query
    def ListRegistrations(self, request: pb.ListRegistrationsRequest, tx: Tx) -> pb.ListRegistrationsResponse:
        page = registrations.page(tx, request)
        found = registrations_to_pb(tx, page.rows)
        return pb.ListRegistrationsResponse(registrations=found, next_page_token=page.next_page_token)

    @command
    def CreateSupportRequest(self, request: pb.CreateSupportRequestRequest, tx: Tx) -> pb.CreateSupportRequestResponse:
        row = partners.ask(tx, kind=request.kind, content=request.content)
        return pb.CreateSupportRequestResponse(support_request=support_to_pb(tx, row))

    @query
    def ListSupportRequests(self, request: pb.ListSupportRequestsRequest, tx: Tx) -> pb.ListSupportRequestsResponse:
        page = partners.SUPPORT.page(tx, request, where=partners.visible(tx, SupportRequest.partner_id))
        rows = [support_to_pb(tx, row) for row in page.rows]
        return pb.ListSupportRequestsResponse(support_requests=rows, next_page_token=page.next_page_token)

    @command
    def AnswerSupportRequest(self, request: pb.AnswerSupportRequestRequest, tx: Tx) -> pb.AnswerSupportRequestResponse:
        row = partners.answer(tx, as_uuid(request.support_request_id), request.answer)
        return pb.AnswerSupportRequestResponse(support_request=support_to_pb(tx, row))


def partners_to_pb(tx: Tx, found: Sequence[Partner]) -> list[partner_pb2.Partner]:
    """Return the wire form of partners with their accounts, one query for all of them."""
    accounts = partners.accounts(tx, [row.id for row in found])
    return [
        partner_pb2.Partner(
            partner_id=str(row.id),
            name=row.name,
            kind=enum_value(partner_pb2.PartnerKind, row.kind),
            stage=enum_value(partner_pb2.PartnerStage, row.stage),
            region_id=id_text(row.region_id),
            contract_number=row.contract_number,
            contract_start_date=date_pb(row.contract_start),
            contract_end_date=date_pb(row.contract_end),
            contacts=[
                partner_pb2.PartnerContact(name=name, phone=phone, position=position)
                for name, phone, position in partners.contacts(tx, row)
            ],
            account_ids=[str(account_id) for account_id in accounts[row.id]],
            owner_id=id_text(row.owner_id),
            create_time=row.create_time,
            update_time=row.update_time,
        )
        for row in found
    ]


def visit_to_pb(tx: Tx, row: PartnerVisit) -> partner_pb2.PartnerVisit:
    """Return the wire form."""
    return partner_pb2.PartnerVisit(
        visit_id=str(row.id),
        partner_id=str(row.partner_id),
        staff_id=id_text(row.staff_id),
        content=PartnerVisit.content.reveal(tx, row) or "",
        next_action=PartnerVisit.next_action.reveal(tx, row) or "",
        next_time=row.next_time,
        stage=enum_value(partner_pb2.PartnerStage, row.stage),
        create_time=row.create_time,
    )


def support_to_pb(tx: Tx, row: SupportRequest) -> partner_pb2.SupportRequest:
    """Return the wire form."""
    return partner_pb2.SupportRequest(
        support_request_id=str(row.id),
        partner_id=str(row.partner_id),
        kind=row.kind,
        content=SupportRequest.content.reveal(tx, row) or "",
        answer=SupportRequest.answer.reveal(tx, row) or "",
        answer_time=row.answer_time,
        create_time=row.create_time,
    )


def registrations_to_pb(tx: Tx, found: Sequence[Registration]) -> list[partner_pb2.Registration]:
    """Return the wire form; partners hear nothing of the lead but where it stands."""
    inside = tx.caller.kind != "partner"
    states = registrations.states(tx, found)
    return [
        partner_pb2.Registration(
            registration_id=str(row.id),
            partner_id=str(row.partner_id),
            customer_id=str(row.customer_id),
            lead_id=str(row.lead_id) if inside else "",
            campus_id=str(row.campus_id),
            outcome=enum_value(partner_pb2.RegistrationOutcome, row.outcome),
            rule=row.rule,
            owner_name=row.owner_name,
            owner_kind=enum_value(claim_pb2.ClaimantKind, row.owner_kind),
            end_time=row.end_time,
            create_time=row.create_time,
            lead_state=states.get(row.lead_id, ""),
        )
        for row in found
    ]


def _values(partner: partner_pb2.Partner) -> dict[str, Any]:
    # An update that does not name them may leave kind and stage out.
    kind = stored_word(partner_pb2.PartnerKind, partner.kind, "partner.kind") if partner.kind else ""
    stage = stored_word(partner_pb2.PartnerStage, partner.stage, "partner.stage") if partner.stage else ""
    return {
        "name": partner.name.strip(),
        "kind": kind,
        "stage": stage,
        "region_id": optional_id(partner.region_id),
        "contract_number": partner.contract_number,
        "contract_start_date": optional_date(partner, "contract_start_date", "partner."),
        "contract_end_date": optional_date(partner, "contract_end_date", "partner."),
        "contacts": [[contact.name, contact.phone, contact.position] for contact in partner.contacts],
        "account_ids": ids(partner.account_ids),
        "owner_id": optional_id(partner.owner_id),
    }


def _arrival(tx: Tx, request: pb.RegisterCustomerRequest | pb.RegisterCustomersRequest) -> Arrival:
    born = request.birth_date
    try:
        birth_date = file_cells.date_text(born.year, born.month, born.day, today=tx.now.date())
    except file_cells.Rejected as rejected:
        raise InvalidInput("birth_date", "this cannot be a birth date", reason=rejected.reason) from rejected
    enquiry = Enquiry(
        guardian_phone=leads.phone(request.guardian_phone, "guardian_phone"),
        child_name=file_cells.clean(request.child_name),
        guardian_name=file_cells.clean(request.guardian_name),
        birth_date=birth_date,
        remark=request.remark,
    )
    told = MessageToDict(request)
    told.pop("requestId", None)
    return Arrival(
        enquiry, as_uuid(request.campus_id), registrations.SOURCE, payload=told, consent=consent_of(tx, request)
    )
