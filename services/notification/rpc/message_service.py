"""MessageService on the wire."""

from __future__ import annotations

from lianxiao.notification.v1 import message_pb2
from lianxiao.notification.v1 import message_service_pb2 as pb
from lianxiao.notification.v1 import message_service_pb2_grpc as pb_grpc
from services.notification.actions import messages
from services.notification.models import Message
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, query
from shared.wire_values import enum_value, id_text


class MessageService(Servicer, pb_grpc.MessageServiceServicer):
    """What was said to whom."""

    @query
    def GetMessage(self, request: pb.GetMessageRequest, tx: Tx) -> pb.GetMessageResponse:
        return pb.GetMessageResponse(message=to_pb(tx, messages.get(tx, as_uuid(request.message_id))))

    @query
    def ListMessages(self, request: pb.ListMessagesRequest, tx: Tx) -> pb.ListMessagesResponse:
        page = messages.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListMessagesResponse(messages=rows, next_page_token=page.next_page_token)


def to_pb(tx: Tx, row: Message) -> message_pb2.Message:
    """Return a message; address and text are personal and masked without `pii.read`."""
    return message_pb2.Message(
        message_id=str(row.id),
        campus_id=str(row.campus_id),
        student_id=id_text(row.student_id),
        guardian_id=id_text(row.guardian_id),
        template=row.template,
        channel=row.channel,
        address=Message.address.reveal(tx, row) or "",
        subject=Message.subject.reveal(tx, row) or "",
        body=Message.body.reveal(tx, row) or "",
        state=enum_value(message_pb2.MessageState, row.state),
        reason=row.reason,
        finish_time=row.finish_time,
        create_time=row.create_time,
        update_time=row.update_time,
        send_time=row.send_time,
        staff_id=id_text(row.staff_id),
        purpose=enum_value(message_pb2.MessagePurpose, row.purpose),
    )
