"""ContactService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.lead.v1 import contact_pb2
from lianxiao.lead.v1 import contact_service_pb2 as pb
from lianxiao.lead.v1 import contact_service_pb2_grpc as pb_grpc
from lianxiao.lead.v1 import organisation_service_pb2 as organisation_pb
from services.lead.actions import contacts
from services.lead.actions.contacts import Changes, Details
from services.lead.models import Contact
from services.lead.rpc import leads_pb
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, stored_word


class ContactService(Servicer, pb_grpc.ContactServiceServicer):
    """Decision chains, and who is calling."""

    @command
    def CreateContact(self, request: pb.CreateContactRequest, tx: Tx) -> pb.CreateContactResponse:
        row = contacts.create(tx, as_uuid(request.lead_id), details(request))
        return pb.CreateContactResponse(contact=to_pb(tx, [row])[0])

    @query
    def ListContacts(self, request: pb.ListContactsRequest, tx: Tx) -> pb.ListContactsResponse:
        page = contacts.page(tx, as_uuid(request.lead_id), request)
        return pb.ListContactsResponse(contacts=to_pb(tx, page.rows), next_page_token=page.next_page_token)

    @command
    def UpdateContact(self, request: pb.UpdateContactRequest, tx: Tx) -> pb.UpdateContactResponse:
        row = contacts.update(tx, as_uuid(request.lead_id), as_uuid(request.contact_id), changes(request))
        return pb.UpdateContactResponse(contact=to_pb(tx, [row])[0])

    @command
    def SetOptOut(self, request: pb.SetOptOutRequest, tx: Tx) -> pb.SetOptOutResponse:
        lead = contacts.set_opt_out(tx, as_uuid(request.lead_id), opted_out=request.opted_out)
        return pb.SetOptOutResponse(lead=leads_pb.to_pb(tx, lead))

    @query
    def GetCaller(self, request: pb.GetCallerRequest, tx: Tx) -> pb.GetCallerResponse:
        found = contacts.caller(tx, request.phone)
        return pb.GetCallerResponse(
            leads=[leads_pb.to_pb(tx, lead) for lead in found.leads],
            contacts=to_pb(tx, found.contacts),
        )


def to_pb(tx: Tx, rows: Sequence[Contact]) -> list[contact_pb2.Contact]:
    """Return the wire form, one query for all."""
    learners = contacts.learners(tx, rows)
    return [
        contact_pb2.Contact(
            contact_id=str(row.id),
            lead_id=id_text(row.lead_id),
            organisation_id=id_text(row.organisation_id),
            learner_lead_id=id_text(learners.get(row.learner_lead_id) if row.learner_lead_id is not None else None),
            position=row.position,
            role=enum_value(contact_pb2.ContactRole, row.role),
            weight_percent=row.weight_percent,
            removed=row.removed,
            create_time=row.create_time,
            update_time=row.update_time,
            **contacts.told(tx, row),
        )
        for row in rows
    ]


def details(request: pb.CreateContactRequest | organisation_pb.CreateOrganisationContactRequest) -> Details:
    """Return the person that a request names."""
    return Details(
        name=request.name,
        phone=request.phone,
        role=stored_word(contact_pb2.ContactRole, request.role, "role"),
        weight_percent=request.weight_percent,
        position=request.position,
    )


def changes(request: pb.UpdateContactRequest | organisation_pb.UpdateOrganisationContactRequest) -> Changes:
    """Return what a request changes."""
    return Changes(
        role=stored_word(contact_pb2.ContactRole, request.role, "role"),
        weight_percent=request.weight_percent,
        position=request.position,
        removed=request.removed,
    )
