"""OrganisationService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.lead.v1 import organisation_pb2
from lianxiao.lead.v1 import organisation_service_pb2 as pb
from lianxiao.lead.v1 import organisation_service_pb2_grpc as pb_grpc
from services.lead.actions import organisations, timelines
from services.lead.actions.organisations import Counts
from services.lead.models import Organisation
from services.lead.rpc import contact_service, leads_pb, timeline
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import DEFAULT_SIZE, named_fields
from shared.rpc import Servicer, command, query


class OrganisationService(Servicer, pb_grpc.OrganisationServiceServicer):
    """Enterprise customers."""

    @command
    def CreateOrganisation(self, request: pb.CreateOrganisationRequest, tx: Tx) -> pb.CreateOrganisationResponse:
        row = organisations.create(tx, _values(request.organisation))
        return pb.CreateOrganisationResponse(organisation=to_pb(tx, [row])[0])

    @query
    def GetOrganisation(self, request: pb.GetOrganisationRequest, tx: Tx) -> pb.GetOrganisationResponse:
        row = organisations.get(tx, as_uuid(request.organisation_id))
        return pb.GetOrganisationResponse(organisation=to_pb(tx, [row])[0])

    @query
    def ListOrganisations(self, request: pb.ListOrganisationsRequest, tx: Tx) -> pb.ListOrganisationsResponse:
        page = organisations.page(tx, request)
        found = to_pb(tx, page.rows)
        return pb.ListOrganisationsResponse(organisations=found, next_page_token=page.next_page_token)

    @command
    def UpdateOrganisation(self, request: pb.UpdateOrganisationRequest, tx: Tx) -> pb.UpdateOrganisationResponse:
        told = request.organisation
        if not told.organisation_id:
            raise InvalidInput("organisation.organisation_id", "an id is needed here")
        fields = named_fields(request.update_mask.paths, organisations.EDITABLE)
        row = organisations.update(tx, as_uuid(told.organisation_id), _values(told), fields)
        return pb.UpdateOrganisationResponse(organisation=to_pb(tx, [row])[0])

    @command
    def CreateOrganisationContact(
        self, request: pb.CreateOrganisationContactRequest, tx: Tx
    ) -> pb.CreateOrganisationContactResponse:
        person = contact_service.details(request)
        row = organisations.add_person(tx, as_uuid(request.organisation_id), person)
        return pb.CreateOrganisationContactResponse(contact=contact_service.to_pb(tx, [row])[0])

    @query
    def ListOrganisationContacts(
        self, request: pb.ListOrganisationContactsRequest, tx: Tx
    ) -> pb.ListOrganisationContactsResponse:
        page = organisations.people(tx, as_uuid(request.organisation_id), request)
        found = contact_service.to_pb(tx, page.rows)
        return pb.ListOrganisationContactsResponse(contacts=found, next_page_token=page.next_page_token)

    @command
    def UpdateOrganisationContact(
        self, request: pb.UpdateOrganisationContactRequest, tx: Tx
    ) -> pb.UpdateOrganisationContactResponse:
        changes = contact_service.changes(request)
        ids = as_uuid(request.organisation_id), as_uuid(request.contact_id)
        row = organisations.change_person(tx, *ids, changes)
        return pb.UpdateOrganisationContactResponse(contact=contact_service.to_pb(tx, [row])[0])

    @command
    def CaptureLearner(self, request: pb.CaptureLearnerRequest, tx: Tx) -> pb.CaptureLearnerResponse:
        ids = as_uuid(request.organisation_id), as_uuid(request.contact_id)
        lead, visible = organisations.capture_learner(tx, *ids, campus_id=as_uuid(request.campus_id))
        return pb.CaptureLearnerResponse(lead=leads_pb.to_pb(tx, lead) if visible else leads_pb.ids_to_pb(lead))

    @query
    def ListOrganisationTimeline(
        self, request: pb.ListOrganisationTimelineRequest, tx: Tx
    ) -> pb.ListOrganisationTimelineResponse:
        row = organisations.get_within_reach(tx, as_uuid(request.organisation_id))
        size, token = request.page_size or DEFAULT_SIZE, request.page_token
        page = timelines.over(tx, organisations.lead_ids(tx, row.id), subject=row.id, size=size, token=token)
        entries = [timeline.to_pb(tx, each) for each in page.rows]
        return pb.ListOrganisationTimelineResponse(entries=entries, next_page_token=page.next_page_token)


def to_pb(tx: Tx, rows: Sequence[Organisation]) -> list[organisation_pb2.Organisation]:
    """Return the wire form, one query for all counts."""
    counts = organisations.counts(tx, [row.id for row in rows])
    return [
        organisation_pb2.Organisation(
            organisation_id=str(row.id),
            name=row.name,
            registration_code=row.registration_code,
            industry=row.industry,
            remark=Organisation.remark.reveal(tx, row) or "",
            lead_count=counts.get(row.id, Counts()).leads,
            enrolled_count=counts.get(row.id, Counts()).enrolled,
            create_time=row.create_time,
            update_time=row.update_time,
        )
        for row in rows
    ]


def _values(told: organisation_pb2.Organisation) -> dict[str, str]:
    return {field: getattr(told, field) for field in organisations.EDITABLE}
