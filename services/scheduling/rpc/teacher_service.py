"""TeacherService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from lianxiao.scheduling.v1 import teacher_pb2
from lianxiao.scheduling.v1 import teacher_service_pb2 as pb
from lianxiao.scheduling.v1 import teacher_service_pb2_grpc as pb_grpc
from services.scheduling.actions import absences, teachers
from services.scheduling.models import Teacher, TeacherException
from services.scheduling.rpc.weekly_ranges import range_of, range_to_pb
from services.scheduling.rules.availability import Place
from services.scheduling.rules.levels import Level
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, instant, optional_id, stored_word


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
    def SetTeacherLevels(self, request: pb.SetTeacherLevelsRequest, tx: Tx) -> pb.SetTeacherLevelsResponse:
        levels = [Level(each.subject, optional_id(each.course_id), each.level) for each in request.levels]
        teacher = teachers.set_levels(tx, as_uuid(request.teacher_id), levels)
        return pb.SetTeacherLevelsResponse(teacher=_loaded(tx, teacher))

    @command
    def SetTeacherStyles(self, request: pb.SetTeacherStylesRequest, tx: Tx) -> pb.SetTeacherStylesResponse:
        teacher = teachers.set_styles(tx, as_uuid(request.teacher_id), request.styles)
        return pb.SetTeacherStylesResponse(teacher=_loaded(tx, teacher))

    @command
    def SetAvailability(self, request: pb.SetAvailabilityRequest, tx: Tx) -> pb.SetAvailabilityResponse:
        ranges = [range_of(each) for each in request.ranges]
        teacher_id: UUID = as_uuid(request.teacher_id)
        teacher = teachers.set_availability(tx, teacher_id, campus_id=as_uuid(request.campus_id), ranges=ranges)
        return pb.SetAvailabilityResponse(teacher=_loaded(tx, teacher))

    @command
    def SetTeacherLoad(self, request: pb.SetTeacherLoadRequest, tx: Tx) -> pb.SetTeacherLoadResponse:
        teacher = teachers.set_load(
            tx,
            as_uuid(request.teacher_id),
            most_day_minutes=request.most_day_minutes,
            most_week_minutes=request.most_week_minutes,
        )
        return pb.SetTeacherLoadResponse(teacher=_loaded(tx, teacher))

    @command
    def AddTeacherException(self, request: pb.AddTeacherExceptionRequest, tx: Tx) -> pb.AddTeacherExceptionResponse:
        span = absences.check_span(instant(request.start_time), instant(request.end_time))
        kind = stored_word(teacher_pb2.TeacherExceptionKind, request.kind, "kind")
        row = absences.add(tx, as_uuid(request.teacher_id), kind, span)
        return pb.AddTeacherExceptionResponse(teacher_exception=_exception(row))

    @command
    def EndTeacherException(self, request: pb.EndTeacherExceptionRequest, tx: Tx) -> pb.EndTeacherExceptionResponse:
        row = absences.end(tx, as_uuid(request.teacher_exception_id), reason=request.reason)
        return pb.EndTeacherExceptionResponse(teacher_exception=_exception(row))

    @query
    def ListTeacherExceptions(
        self, request: pb.ListTeacherExceptionsRequest, tx: Tx
    ) -> pb.ListTeacherExceptionsResponse:
        found = absences.of_teacher(tx, as_uuid(request.teacher_id))
        return pb.ListTeacherExceptionsResponse(teacher_exceptions=[_exception(row) for row in found])

    @command
    def SetCampusTravel(self, request: pb.SetCampusTravelRequest, tx: Tx) -> pb.SetCampusTravelResponse:
        absences.set_travel(tx, as_uuid(request.campus_id), as_uuid(request.other_campus_id), request.minutes)
        return pb.SetCampusTravelResponse()


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
                range=range_to_pb(place.range),
            )
            for place in places
        ],
        active=row.active,
        create_time=row.create_time,
        update_time=row.update_time,
        most_day_minutes=row.most_day_minutes or 0,
        most_week_minutes=row.most_week_minutes or 0,
        levels=[teacher_pb2.TeacherLevel(**level) for level in row.levels or ()],
        styles=row.styles or (),
    )


def _exception(row: TeacherException) -> teacher_pb2.TeacherException:
    return teacher_pb2.TeacherException(
        teacher_exception_id=str(row.id),
        teacher_id=str(row.teacher_id),
        kind=enum_value(teacher_pb2.TeacherExceptionKind, row.kind),
        start_time=row.start_time,
        end_time=row.end_time,
        ended=row.ended,
    )


def _loaded(tx: Tx, row: Teacher) -> teacher_pb2.Teacher:
    tx.session.flush()
    return to_pb(row, teachers.availabilities(tx, [row.id])[row.id])
