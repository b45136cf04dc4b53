"""MessageService on the wire."""

from __future__ import annotations

from lianxiao.notification.v1 import message_pb2, message_service_pb2_grpc
from lianxiao.notification.v1 import message_service_pb2 as pb
from services.notification.actions import messages
from services.notification.models import Message
from shared.caller import NOBODY
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import Field, Listing
from shared.rpc import Servicer, query
from shared.wire_values import enum_value

_PREFIX = "MESSAGE_STATE_"
LISTING = Listing(
    Message,
    fields={
        "state": Field(Message.state, prefix=_PREFIX, sortable=False),
        "template": Field(Message.template, sortable=False),
        "channel": Field(Message.channel, sortable=False),
        "student_id": Field(Message.student_id, sortable=False),
        "campus_id": Field(Message.campus_id, sortable=False),
        "create_time": Field(Message.create_time),
    },
)


class MessageService(Servicer, message_service_pb2_grpc.MessageServiceServicer):
    """What was said to whom."""

    @query
    def GetMessage(self, request: pb.GetMessageRequest, tx: Tx) -> pb.GetMessageResponse:
        return pb.GetMessageResponse(message=to_pb(tx, messages.get(tx, as_uuid(request.message_id))))

    @query
    def ListMessages(self, request: pb.ListMessagesRequest, tx: Tx) -> pb.ListMessagesResponse:
        page = LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListMessagesResponse(messages=rows, next_page_token=page.next_page_token)


def to_pb(tx: Tx, row: Message) -> message_pb2.Message:
    """Return a message; address and text are personal and masked without `pii.read`."""
    message = message_pb2.Message(
        message_id=str(row.id),
        campus_id=str(row.campus_id),
        student_id=str(row.student_id),
        guardian_id="" if row.guardian_id == NOBODY else str(row.guardian_id),
        template=row.template,
        channel=row.channel,
        address=Message.address.reveal(tx, row) or "",
        subject=Message.subject.reveal(tx, row) or "",
        body=Message.body.reveal(tx, row) or "",
        state=enum_value(message_pb2.MessageState, _PREFIX, row.state),
        reason=row.reason,
    )
    message.create_time.FromDatetime(row.create_time)
    if row.finish_time:
        message.finish_time.FromDatetime(row.finish_time)
    return message
