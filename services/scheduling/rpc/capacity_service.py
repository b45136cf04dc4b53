"""CapacityService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import capacity_service_pb2 as pb
from lianxiao.scheduling.v1 import capacity_service_pb2_grpc as pb_grpc
from services.scheduling.actions import capacity
from services.scheduling.actions.capacity import Hours, TeacherLoad
from services.scheduling.rules.capacity import Hour
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, query
from shared.wire_values import date_pb, instant, optional_date, optional_id


class CapacityService(Servicer, pb_grpc.CapacityServiceServicer):
    """What a campus could still teach."""

    @query
    def GetFreeResources(self, request: pb.GetFreeResourcesRequest, tx: Tx) -> pb.GetFreeResourcesResponse:
        rooms, teachers = capacity.free(
            tx,
            as_uuid(request.campus_id),
            Span(instant(request.start_time), instant(request.end_time)),
            course_id=optional_id(request.course_id),
            least_capacity=request.least_capacity,
        )
        return pb.GetFreeResourcesResponse(
            rooms=[pb.FreeRoom(room_id=str(room.id), name=room.name, capacity=room.capacity) for room in rooms],
            teachers=[pb.FreeTeacher(teacher_id=str(each.id), display_name=each.display_name) for each in teachers],
        )

    @query
    def GetCampusLoad(self, request: pb.GetCampusLoadRequest, tx: Tx) -> pb.GetCampusLoadResponse:
        found = capacity.load(tx, as_uuid(request.campus_id), _hours(request))
        return pb.GetCampusLoadResponse(
            start_date=date_pb(found.week.first),
            open_minutes=found.week.open_minutes,
            rooms=[
                pb.RoomLoad(room_id=str(room.id), name=room.name, taken_minutes=taken) for room, taken in found.rooms
            ],
            teachers=[_teacher_to_pb(each) for each in found.teachers],
        )

    @query
    def GetHourlyCapacity(self, request: pb.GetHourlyCapacityRequest, tx: Tx) -> pb.GetHourlyCapacityResponse:
        week, found = capacity.hourly(tx, as_uuid(request.campus_id), _hours(request), subject=request.subject)
        return pb.GetHourlyCapacityResponse(start_date=date_pb(week.first), hours=[_hour_to_pb(each) for each in found])


def _hours(request: pb.GetCampusLoadRequest | pb.GetHourlyCapacityRequest) -> Hours:
    return Hours(optional_date(request, "start_date"), request.first_hour, request.end_hour)


def _teacher_to_pb(each: TeacherLoad) -> pb.TeacherLoad:
    return pb.TeacherLoad(
        teacher_id=str(each.teacher.id),
        display_name=each.teacher.display_name,
        taught_here_minutes=each.here,
        taught_minutes=each.taught,
        available_minutes=each.available,
    )


def _hour_to_pb(each: Hour) -> pb.HourlyCapacity:
    return pb.HourlyCapacity(
        day_of_week=each.day.isoweekday(),
        hour=each.hour,
        subject=each.subject,
        lesson_count=each.lessons,
        available_teacher_count=each.available,
        free_teacher_count=each.free,
        free_room_count=each.rooms,
        short_of_supply=each.short,
    )
