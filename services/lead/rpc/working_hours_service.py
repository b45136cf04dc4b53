"""WorkingHoursService on the wire."""

from __future__ import annotations

from datetime import date

from lianxiao.lead.v1 import working_hours_pb2
from lianxiao.lead.v1 import working_hours_service_pb2 as pb
from lianxiao.lead.v1 import working_hours_service_pb2_grpc as pb_grpc
from services.lead.actions import working_hours
from services.lead.models import WorkingHours
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, local_date, local_time, time_of_day_pb
from shared.working_hours import Opening


class WorkingHoursService(Servicer, pb_grpc.WorkingHoursServiceServicer):
    """Opening hours of campuses."""

    @query
    def GetWorkingHours(self, request: pb.GetWorkingHoursRequest, tx: Tx) -> pb.GetWorkingHoursResponse:
        row = working_hours.get(tx, as_uuid(request.campus_id))
        return pb.GetWorkingHoursResponse(working_hours=to_pb(tx, row))

    @command
    def SetWorkingHours(self, request: pb.SetWorkingHoursRequest, tx: Tx) -> pb.SetWorkingHoursResponse:
        row = working_hours.replace(
            tx,
            as_uuid(request.campus_id),
            openings=[_opening(each) for each in request.openings],
            closed=[local_date(day, "closed_dates") for day in request.closed_dates],
        )
        return pb.SetWorkingHoursResponse(working_hours=to_pb(tx, row))


def to_pb(tx: Tx, row: WorkingHours) -> working_hours_pb2.WorkingHours:
    """Return the wire form; weekdays count from Monday, 1."""
    return working_hours_pb2.WorkingHours(
        campus_id=str(row.campus_id),
        time_zone=working_hours.zone(tx, row.campus_id).key,
        openings=[
            working_hours_pb2.Opening(
                weekday=weekday + 1, start_time=time_of_day_pb(start), end_time=time_of_day_pb(end)
            )
            for weekday, start, end in row.openings
        ],
        closed_dates=[date_pb(date.fromisoformat(day)) for day in row.closed_dates],
        update_time=row.update_time,
    )


def _opening(opening: working_hours_pb2.Opening) -> Opening:
    start = local_time(opening.start_time, "openings.start_time")
    return Opening(int(opening.weekday) - 1, start, local_time(opening.end_time, "openings.end_time"))
