"""CustomFieldService on the wire."""

from __future__ import annotations

from lianxiao.org.v1 import custom_field_pb2
from lianxiao.org.v1 import custom_field_service_pb2 as pb
from lianxiao.org.v1 import custom_field_service_pb2_grpc as pb_grpc
from services.org.actions import custom_fields
from services.org.models import CustomField
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, stored_word


class CustomFieldService(Servicer, pb_grpc.CustomFieldServiceServicer):
    """Fields that the chain adds to its records."""

    @command
    def CreateCustomField(self, request: pb.CreateCustomFieldRequest, tx: Tx) -> pb.CreateCustomFieldResponse:
        wanted = request.custom_field
        field = custom_fields.create(
            tx,
            subject=wanted.subject,
            code=wanted.code,
            label=wanted.label,
            kind=stored_word(custom_field_pb2.CustomFieldKind, wanted.kind, "custom_field.kind"),
            choices=wanted.choices,
            required=wanted.required,
        )
        return pb.CreateCustomFieldResponse(custom_field=to_pb(field))

    @query
    def ListCustomFields(self, request: pb.ListCustomFieldsRequest, tx: Tx) -> pb.ListCustomFieldsResponse:
        page = custom_fields.LISTING.page(tx, request)
        return pb.ListCustomFieldsResponse(
            custom_fields=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token
        )


def to_pb(row: CustomField) -> custom_field_pb2.CustomField:
    """Return the wire form."""
    return custom_field_pb2.CustomField(
        custom_field_id=str(row.id),
        subject=row.subject,
        code=row.code,
        label=row.label,
        kind=enum_value(custom_field_pb2.CustomFieldKind, row.kind),
        choices=row.choices,
        required=row.required,
        create_time=row.create_time,
        update_time=row.update_time,
    )
