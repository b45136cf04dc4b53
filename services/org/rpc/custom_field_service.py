"""Custom fields."""

from __future__ import annotations

from lianxiao.org.v1 import custom_field_pb2
from lianxiao.org.v1 import custom_field_service_pb2 as pb
from lianxiao.org.v1 import custom_field_service_pb2_grpc as pb_grpc
from services.org.actions import custom_fields
from services.org.models import CustomField
from shared.db import Tx
from shared.errors import InvalidInput
from shared.rpc import Servicer, command, query

_KINDS: dict[custom_field_pb2.CustomFieldKind, str] = {
    custom_field_pb2.CUSTOM_FIELD_KIND_TEXT: "text",
    custom_field_pb2.CUSTOM_FIELD_KIND_NUMBER: "number",
    custom_field_pb2.CUSTOM_FIELD_KIND_DATE: "date",
    custom_field_pb2.CUSTOM_FIELD_KIND_BOOLEAN: "boolean",
    custom_field_pb2.CUSTOM_FIELD_KIND_CHOICE: "choice",
}
_KINDS_TO_PB = {kind: number for number, kind in _KINDS.items()}


class CustomFieldService(Servicer, pb_grpc.CustomFieldServiceServicer):
    """Fields that the chain adds to its records."""

    @command
    def CreateCustomField(self, request: pb.CreateCustomFieldRequest, tx: Tx) -> pb.CreateCustomFieldResponse:
        wanted = request.custom_field
        kind = _KINDS.get(wanted.kind)
        if kind is None:
            raise InvalidInput("custom_field.kind", "say what the field holds")
        field = custom_fields.create(
            tx,
            subject=wanted.subject,
            code=wanted.code,
            label=wanted.label,
            kind=kind,
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
        kind=_KINDS_TO_PB[row.kind],
        choices=row.choices,
        required=row.required,
        create_time=row.create_time,
        update_time=row.update_time,
    )
