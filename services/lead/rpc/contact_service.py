"""ContactService on the wire."""

from __future__ import annotations

import json

from lianxiao.lead.v1 import contact_pb2
from lianxiao.lead.v1 import contact_service_pb2 as pb
from lianxiao.lead.v1 import contact_service_pb2_grpc as pb_grpc
from services.lead.actions import contacts, leads
from services.lead.models import Contact
from services.lead.rpc import leads_pb
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, stored_word


class ContactService(Servicer, pb_grpc.ContactServiceServicer):
    """Decision chains, and who is calling."""

    @command
    def CreateContact(self, request: pb.CreateContactRequest, tx: Tx) -> pb.CreateContactResponse:
        row = contacts.create(
            tx,
            as_uuid(request.lead_id),
            name=request.name,
            phone=request.phone,
            role=stored_word(contact_pb2.ContactRole, request.role, "role"),
            weight_percent=request.weight_percent,
            position=request.position,
        )
        return pb.CreateContactResponse(contact=to_pb(tx, row))

    @query
    def ListContacts(self, request: pb.ListContactsRequest, tx: Tx) -> pb.ListContactsResponse:
        lead = leads.get(tx, as_uuid(request.lead_id))
        where = [Contact.lead_id == lead.id, Contact.removed.is_(False)]
        page = contacts.LISTING.page(tx, request, where=where)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListContactsResponse(contacts=rows, next_page_token=page.next_page_token)

    @command
    def UpdateContact(self, request: pb.UpdateContactRequest, tx: Tx) -> pb.UpdateContactResponse:
        row = contacts.update(
            tx,
            as_uuid(request.lead_id),
            as_uuid(request.contact_id),
            role=stored_word(contact_pb2.ContactRole, request.role, "role"),
            weight_percent=request.weight_percent,
            position=request.position,
            removed=request.removed,
        )
        return pb.UpdateContactResponse(contact=to_pb(tx, row))

    @query
    def GetCaller(self, request: pb.GetCallerRequest, tx: Tx) -> pb.GetCallerResponse:
        found = contacts.caller(tx, request.phone)
        return pb.GetCallerResponse(
            leads=[leads_pb.to_pb(tx, lead) for lead in found.leads],
            contacts=[to_pb(tx, row) for row in found.contacts],
        )


def to_pb(tx: Tx, row: Contact) -> contact_pb2.Contact:
    """Return the wire form."""
    person = json.loads(Contact.person.reveal(tx, row) or "{}")
    return contact_pb2.Contact(
        contact_id=str(row.id),
        lead_id=str(row.lead_id),
        position=row.position,
        role=enum_value(contact_pb2.ContactRole, row.role),
        weight_percent=row.weight_percent,
        removed=row.removed,
        create_time=row.create_time,
        update_time=row.update_time,
        **person,
    )
