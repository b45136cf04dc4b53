"""KnowledgeMapService on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from lianxiao.student.v1 import knowledge_map_pb2
from lianxiao.student.v1 import knowledge_map_service_pb2 as pb
from lianxiao.student.v1 import knowledge_map_service_pb2_grpc as pb_grpc
from services.student.actions import knowledge_maps
from services.student.rules.knowledge import Mastery, Point, Step
from shared.caller import NOBODY
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, ids


class KnowledgeMapService(Servicer, pb_grpc.KnowledgeMapServiceServicer):
    """What there is to know, and how far a child has come."""

    @command
    def SetKnowledgeMap(self, request: pb.SetKnowledgeMapRequest, tx: Tx) -> pb.SetKnowledgeMapResponse:
        subject = request.subject.strip()
        knowledge_maps.replace(tx, subject, _points(request.points), base_version=request.base_version)
        return pb.SetKnowledgeMapResponse(knowledge_map=_map(tx, subject))

    @query
    def ListKnowledgePoints(self, request: pb.ListKnowledgePointsRequest, tx: Tx) -> pb.ListKnowledgePointsResponse:
        return pb.ListKnowledgePointsResponse(knowledge_map=_map(tx, request.subject))

    @query
    def GetMasteryMap(self, request: pb.GetMasteryMapRequest, tx: Tx) -> pb.GetMasteryMapResponse:
        found = knowledge_maps.standing(tx, as_uuid(request.student_id), request.subject)
        return pb.GetMasteryMapResponse(
            points=[_mastery(point, known) for point, known in found.points],
            plan=[_step(number, step) for number, step in enumerate(found.plan, start=1)],
        )


def _points(given: Iterable[knowledge_map_pb2.KnowledgePoint]) -> list[Point]:
    return [
        Point(
            NOBODY,
            each.code,
            each.title.strip(),
            each.parent_code,
            tuple(each.prerequisite_codes),
            tuple(ids(each.syllabus_point_ids)),
        )
        for each in given
    ]


def _map(tx: Tx, subject: str) -> knowledge_map_pb2.KnowledgeMap:
    version, points = knowledge_maps.points_of(tx, subject)
    return knowledge_map_pb2.KnowledgeMap(
        subject=subject,
        version=version,
        points=[
            knowledge_map_pb2.KnowledgePoint(
                knowledge_point_id=str(each.id),
                code=each.code,
                title=each.title,
                parent_code=each.parent_code,
                prerequisite_codes=each.prerequisite_codes,
                syllabus_point_ids=[str(key) for key in each.syllabus_point_ids],
            )
            for each in points
        ],
    )


def _mastery(point: Point, known: Mastery) -> knowledge_map_pb2.PointMastery:
    return knowledge_map_pb2.PointMastery(
        knowledge_point_id=str(point.id),
        code=point.code,
        title=point.title,
        parent_code=point.parent_code,
        level=enum_value(knowledge_map_pb2.MasteryLevel, known.level),
        mastery_basis_points=known.share,
        evidence_count=known.evidence_count,
    )


def _step(number: int, step: Step) -> knowledge_map_pb2.PlanStep:
    return knowledge_map_pb2.PlanStep(
        number=number,
        knowledge_point_id=str(step.point.id),
        code=step.point.code,
        title=step.point.title,
        cause=enum_value(knowledge_map_pb2.PlanCause, step.cause),
        gap_codes=step.gap_codes,
    )
