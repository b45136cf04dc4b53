"""TeacherService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from google.type import timeofday_pb2

from lianxiao.scheduling.v1 import teacher_pb2
from lianxiao.scheduling.v1 import teacher_service_pb2 as pb
from lianxiao.scheduling.v1 import teacher_service_pb2_grpc as pb_grpc
from services.scheduling.actions import teachers
from services.scheduling.models import Teacher
from services.scheduling.rules.availability import Place, Range
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import optional_id


class TeacherService(Servicer, pb_grpc.TeacherServiceServicer):
    """Staff who teach."""

    @query
    def GetTeacher(self, request: pb.GetTeacherRequest, tx: Tx) -> pb.GetTeacherResponse:
        return pb.GetTeacherResponse(teacher=_loaded(tx, teachers.get(tx, as_uuid(request.teacher_id))))

    @query
    def ListTeachers(self, request: pb.ListTeachersRequest, tx: Tx) -> pb.ListTeachersResponse:
        page = teachers.page(tx, request, campus_id=optional_id(request.campus_id))
        places = teachers.availabilities(tx, [row.id for row in page.rows])
        rows = [to_pb(row, places[row.id]) for row in page.rows]
        return pb.ListTeachersResponse(teachers=rows, next_page_token=page.next_page_token)

    @command
    def SetTeacherSkills(self, request: pb.SetTeacherSkillsRequest, tx: Tx) -> pb.SetTeacherSkillsResponse:
        skills = [(skill.subject, skill.level) for skill in request.skills]
        return pb.SetTeacherSkillsResponse(
            teacher=_loaded(tx, teachers.set_skills(tx, as_uuid(request.teacher_id), skills))
        )

    @command
    def SetAvailability(self, request: pb.SetAvailabilityRequest, tx: Tx) -> pb.SetAvailabilityResponse:
        ranges = [_range(each) for each in request.ranges]
        teacher_id: UUID = as_uuid(request.teacher_id)
        teacher = teachers.set_availability(tx, teacher_id, campus_id=as_uuid(request.campus_id), ranges=ranges)
        return pb.SetAvailabilityResponse(teacher=_loaded(tx, teacher))


def to_pb(row: Teacher, places: Sequence[Place]) -> teacher_pb2.Teacher:
    """Return the wire form with the weekly ranges of all campuses."""
    return teacher_pb2.Teacher(
        teacher_id=str(row.id),
        display_name=row.display_name,
        campus_ids=[str(campus_id) for campus_id in row.campus_ids],
        skills=[teacher_pb2.TeacherSkill(**skill) for skill in row.skills],
        availabilities=[
            teacher_pb2.Availability(
                campus_id=str(place.campus_id),
                range=teacher_pb2.WeeklyRange(
                    day_of_week=place.range.weekday,
                    start=_time_of_day(place.range.start_minute),
                    end=_time_of_day(place.range.end_minute),
                ),
            )
            for place in places
        ],
        active=row.active,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _loaded(tx: Tx, row: Teacher) -> teacher_pb2.Teacher:
    tx.session.flush()
    return to_pb(row, teachers.availabilities(tx, [row.id])[row.id])


def _range(value: teacher_pb2.WeeklyRange) -> Range:
    # Days and minutes that do not exist are refused with the ranges as a whole.
    return Range(value.day_of_week, _minute(value.start), _minute(value.end))


def _minute(value: timeofday_pb2.TimeOfDay) -> int:
    return int(value.hours * 60 + value.minutes)


def _time_of_day(minute: int) -> timeofday_pb2.TimeOfDay:
    return timeofday_pb2.TimeOfDay(hours=minute // 60, minutes=minute % 60)
