"""SyllabusService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from lianxiao.scheduling.v1 import syllabus_pb2
from lianxiao.scheduling.v1 import syllabus_service_pb2 as pb
from lianxiao.scheduling.v1 import syllabus_service_pb2_grpc as pb_grpc
from services.scheduling.actions import syllabi
from services.scheduling.actions.syllabi import Edition
from services.scheduling.models import Syllabus, SyllabusPoint
from services.scheduling.rules.syllabi import Draft
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, optional_id


class SyllabusService(Servicer, pb_grpc.SyllabusServiceServicer):
    """What courses teach."""

    @command
    def SetSyllabus(self, request: pb.SetSyllabusRequest, tx: Tx) -> pb.SetSyllabusResponse:
        made = syllabi.put(
            tx,
            as_uuid(request.course_id),
            [_draft(each) for each in request.points],
            base_version=request.base_version,
            reason=request.reason,
        )
        return pb.SetSyllabusResponse(syllabus=_edition_to_pb(made))

    @command
    def ImportSyllabus(self, request: pb.ImportSyllabusRequest, tx: Tx) -> pb.ImportSyllabusResponse:
        course_id = as_uuid(request.course_id)
        drafts = syllabi.draft(tx, course_id, request.text)
        if request.validate_only:
            return pb.ImportSyllabusResponse(syllabus=_drafts_to_pb(course_id, drafts))
        made = syllabi.put(tx, course_id, drafts, base_version=request.base_version, reason=request.reason)
        return pb.ImportSyllabusResponse(syllabus=_edition_to_pb(made))

    @query
    def GetSyllabus(self, request: pb.GetSyllabusRequest, tx: Tx) -> pb.GetSyllabusResponse:
        found = syllabi.get(tx, as_uuid(request.syllabus_id))
        return pb.GetSyllabusResponse(syllabus=_edition_to_pb(found))

    @query
    def ListSyllabi(self, request: pb.ListSyllabiRequest, tx: Tx) -> pb.ListSyllabiResponse:
        page = syllabi.LISTING.page(tx, request)
        rows = [_to_pb(row) for row in page.rows]
        return pb.ListSyllabiResponse(syllabi=rows, next_page_token=page.next_page_token)

    @command
    def AssignSyllabus(self, request: pb.AssignSyllabusRequest, tx: Tx) -> pb.AssignSyllabusResponse:
        found = syllabi.assign(
            tx, as_uuid(request.class_group_id), syllabus_id=as_uuid(request.syllabus_id), reason=request.reason
        )
        return pb.AssignSyllabusResponse(syllabus=_edition_to_pb(found))


def point_to_pb(row: SyllabusPoint) -> syllabus_pb2.SyllabusPoint:
    """Return the wire form of a point."""
    return syllabus_pb2.SyllabusPoint(
        syllabus_point_id=str(row.point_id),
        title=row.title,
        lesson_number=row.lesson_number,
        lesson_hours_hundredths=row.lesson_hours_hundredths,
    )


def _draft(said: pb.SyllabusPointDraft) -> Draft:
    return Draft(said.title, said.lesson_number, said.lesson_hours_hundredths, optional_id(said.syllabus_point_id))


def _drafts_to_pb(course_id: UUID, drafts: Sequence[Draft]) -> syllabus_pb2.Syllabus:
    points = [
        syllabus_pb2.SyllabusPoint(
            syllabus_point_id=id_text(each.point_id),
            title=each.title,
            lesson_number=each.lesson_number,
            lesson_hours_hundredths=each.lesson_hours_hundredths,
        )
        for each in drafts
    ]
    return syllabus_pb2.Syllabus(course_id=str(course_id), points=points)


def _edition_to_pb(edition: Edition) -> syllabus_pb2.Syllabus:
    made = _to_pb(edition.syllabus)
    made.points.extend(point_to_pb(each) for each in edition.points)
    return made


def _to_pb(row: Syllabus) -> syllabus_pb2.Syllabus:
    return syllabus_pb2.Syllabus(
        syllabus_id=str(row.id),
        course_id=str(row.course_id),
        version=row.version,
        reason=row.reason,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
    )
