"""FamilyThreadService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import family_thread_pb2
from lianxiao.student.v1 import family_thread_service_pb2 as pb
from lianxiao.student.v1 import family_thread_service_pb2_grpc as pb_grpc
from services.student.actions import family_threads
from services.student.models import FamilyMessage, FamilyThread
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text


class FamilyThreadService(Servicer, pb_grpc.FamilyThreadServiceServicer):
    """Messages between staff and families."""

    @command
    def SendFamilyMessage(self, request: pb.SendFamilyMessageRequest, tx: Tx) -> pb.SendFamilyMessageResponse:
        row = family_threads.send(tx, as_uuid(request.student_id), as_uuid(request.guardian_id), body=request.body)
        return pb.SendFamilyMessageResponse(thread=to_pb(row))

    @query
    def ListFamilyThreads(self, request: pb.ListFamilyThreadsRequest, tx: Tx) -> pb.ListFamilyThreadsResponse:
        page = family_threads.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListFamilyThreadsResponse(threads=rows, next_page_token=page.next_page_token)

    @query
    def ListFamilyMessages(self, request: pb.ListFamilyMessagesRequest, tx: Tx) -> pb.ListFamilyMessagesResponse:
        found = family_threads.messages(tx, as_uuid(request.family_thread_id))
        return pb.ListFamilyMessagesResponse(messages=[_message_to_pb(tx, row) for row in found])

    @command
    def ReadFamilyThread(self, request: pb.ReadFamilyThreadRequest, tx: Tx) -> pb.ReadFamilyThreadResponse:
        row = family_threads.read_by_staff(tx, as_uuid(request.family_thread_id), request.number)
        return pb.ReadFamilyThreadResponse(thread=to_pb(row))

    @command
    def AssignFamilyThread(self, request: pb.AssignFamilyThreadRequest, tx: Tx) -> pb.AssignFamilyThreadResponse:
        row = family_threads.assign(tx, as_uuid(request.family_thread_id), owner_id=as_uuid(request.owner_id))
        return pb.AssignFamilyThreadResponse(thread=to_pb(row))

    @query
    def GetPublicThread(self, request: pb.GetPublicThreadRequest, tx: Tx) -> pb.GetPublicThreadResponse:
        row = family_threads.opened(tx, as_uuid(request.institution_id), request.token)
        return pb.GetPublicThreadResponse(page=_page(tx, row))

    @command
    def MarkPublicThread(self, request: pb.MarkPublicThreadRequest, tx: Tx) -> pb.MarkPublicThreadResponse:
        row = family_threads.opened(tx, as_uuid(request.institution_id), request.token, for_update=True)
        family_threads.read_by_family(tx, row, request.number)
        return pb.MarkPublicThreadResponse(page=_page(tx, row))

    @command
    def SendPublicMessage(self, request: pb.SendPublicMessageRequest, tx: Tx) -> pb.SendPublicMessageResponse:
        row = family_threads.opened(tx, as_uuid(request.institution_id), request.token, for_update=True)
        return pb.SendPublicMessageResponse(page=_page(tx, family_threads.reply(tx, row, body=request.body)))


def to_pb(row: FamilyThread) -> family_thread_pb2.FamilyThread:
    """Return a thread as staff see it."""
    return family_thread_pb2.FamilyThread(
        family_thread_id=str(row.id),
        student_id=str(row.student_id),
        guardian_id=str(row.guardian_id),
        campus_id=str(row.campus_id),
        owner_id=id_text(row.owner_id),
        message_count=row.message_count,
        unread_by_staff_count=row.unread_by_staff_count,
        unread_by_family_count=row.unread_by_family_count,
        last_message_time=row.last_message_time,
    )


def _message_to_pb(tx: Tx, row: FamilyMessage) -> family_thread_pb2.FamilyMessage:
    return family_thread_pb2.FamilyMessage(
        number=row.number,
        from_family=row.staff_id is None,
        staff_id=id_text(row.staff_id),
        body=FamilyMessage.body.reveal(tx, row) or "",
        create_time=row.create_time,
    )


def _page(tx: Tx, row: FamilyThread) -> family_thread_pb2.FamilyThreadPage:
    return family_thread_pb2.FamilyThreadPage(
        messages=[
            family_thread_pb2.FamilyThreadPageMessage(
                number=message.number,
                from_family=message.staff_id is None,
                body=FamilyMessage.body.reveal(tx, message) or "",
                create_time=message.create_time,
            )
            for message in family_threads.messages(tx, row.id)
        ]
    )
