"""RoomService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import room_pb2
from lianxiao.scheduling.v1 import room_service_pb2 as pb
from lianxiao.scheduling.v1 import room_service_pb2_grpc as pb_grpc
from services.scheduling.actions import absences, rooms
from services.scheduling.models import Room, RoomBlock
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import instant


class RoomService(Servicer, pb_grpc.RoomServiceServicer):
    """Rooms of the campuses."""

    @command
    def CreateRoom(self, request: pb.CreateRoomRequest, tx: Tx) -> pb.CreateRoomResponse:
        room = rooms.create(
            tx,
            campus_id=as_uuid(request.campus_id),
            name=request.name,
            capacity=request.capacity,
            equipment=request.equipment,
        )
        return pb.CreateRoomResponse(room=to_pb(room))

    @query
    def GetRoom(self, request: pb.GetRoomRequest, tx: Tx) -> pb.GetRoomResponse:
        return pb.GetRoomResponse(room=to_pb(rooms.get(tx, as_uuid(request.room_id))))

    @query
    def ListRooms(self, request: pb.ListRoomsRequest, tx: Tx) -> pb.ListRoomsResponse:
        page = rooms.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListRoomsResponse(rooms=rows, next_page_token=page.next_page_token)

    @command
    def BlockRoom(self, request: pb.BlockRoomRequest, tx: Tx) -> pb.BlockRoomResponse:
        span = absences.check_span(instant(request.start_time), instant(request.end_time))
        row = absences.block(tx, as_uuid(request.room_id), span, request.reason)
        return pb.BlockRoomResponse(room_block=_block(row))

    @command
    def UnblockRoom(self, request: pb.UnblockRoomRequest, tx: Tx) -> pb.UnblockRoomResponse:
        return pb.UnblockRoomResponse(room_block=_block(absences.unblock(tx, as_uuid(request.room_block_id))))


def to_pb(row: Room) -> room_pb2.Room:
    """Return the wire form."""
    return room_pb2.Room(
        room_id=str(row.id),
        campus_id=str(row.campus_id),
        name=row.name,
        capacity=row.capacity,
        equipment=row.equipment,
        active=row.active,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _block(row: RoomBlock) -> room_pb2.RoomBlock:
    return room_pb2.RoomBlock(
        room_block_id=str(row.id),
        room_id=str(row.room_id),
        start_time=row.start_time,
        end_time=row.end_time,
        reason=row.reason,
        ended=row.ended,
    )
