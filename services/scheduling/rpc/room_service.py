"""RoomService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import room_pb2
from lianxiao.scheduling.v1 import room_service_pb2 as pb
from lianxiao.scheduling.v1 import room_service_pb2_grpc as pb_grpc
from services.scheduling.actions import rooms
from services.scheduling.models import Room
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query


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
