"""PlacementService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.scheduling.v1 import placement_pb2
from lianxiao.scheduling.v1 import placement_service_pb2 as pb
from lianxiao.scheduling.v1 import placement_service_pb2_grpc as pb_grpc
from services.scheduling.actions import placements, student_times, students
from services.scheduling.actions.placements import Choice
from services.scheduling.actions.student_times import Time
from services.scheduling.models import Placement
from services.scheduling.rpc.weekly_ranges import range_of, range_to_pb
from services.scheduling.rules.placement import Newcomer, Proposal, Window
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, optional_id


class PlacementService(Servicer, pb_grpc.PlacementServiceServicer):
    """Placing new students."""

    @query
    def PreviewPlacements(self, request: pb.PreviewPlacementsRequest, tx: Tx) -> pb.PreviewPlacementsResponse:
        found = placements.proposals(
            tx,
            campus_id=as_uuid(request.campus_id),
            course_id=as_uuid(request.course_id),
            newcomers=[_newcomer(each) for each in request.students],
        )
        return pb.PreviewPlacementsResponse(proposals=[_proposal_to_pb(each) for each in found])

    @command
    def AcceptPlacements(self, request: pb.AcceptPlacementsRequest, tx: Tx) -> pb.AcceptPlacementsResponse:
        choices = [
            Choice(
                as_uuid(each.student_id),
                as_uuid(each.class_group_id),
                optional_id(each.proposed_class_group_id),
                each.reason,
                each.override_reason,
            )
            for each in request.choices
        ]
        return pb.AcceptPlacementsResponse(placements=[_to_pb(row) for row in placements.accept(tx, choices)])

    @query
    def GetStudentTimes(self, request: pb.GetStudentTimesRequest, tx: Tx) -> pb.GetStudentTimesResponse:
        return pb.GetStudentTimesResponse(times=_times_to_pb(student_times.of(tx, as_uuid(request.student_id))))

    @command
    def SetStudentTimes(self, request: pb.SetStudentTimesRequest, tx: Tx) -> pb.SetStudentTimesResponse:
        times = [Time(range_of(each.range), each.preferred) for each in request.times]
        kept = student_times.put(tx, as_uuid(request.student_id), times)
        return pb.SetStudentTimesResponse(times=_times_to_pb(kept))

    @query
    def ListPlacements(self, request: pb.ListPlacementsRequest, tx: Tx) -> pb.ListPlacementsResponse:
        page = placements.LISTING.page(tx, request)
        rows = [_to_pb(row) for row in page.rows]
        return pb.ListPlacementsResponse(placements=rows, next_page_token=page.next_page_token)

    @command
    def SetWishedStyles(self, request: pb.SetWishedStylesRequest, tx: Tx) -> pb.SetWishedStylesResponse:
        student = students.set_styles(tx, as_uuid(request.student_id), request.styles)
        return pb.SetWishedStylesResponse(styles=student.wished_styles)

    @query
    def GetWishedStyles(self, request: pb.GetWishedStylesRequest, tx: Tx) -> pb.GetWishedStylesResponse:
        return pb.GetWishedStylesResponse(styles=students.get(tx, as_uuid(request.student_id)).wished_styles)


def _newcomer(said: pb.StudentToPlace) -> Newcomer:
    windows = [Window(each.day_of_week, each.start_minute, each.end_minute) for each in said.wished_times]
    return Newcomer(as_uuid(said.student_id), said.level, windows)


def _times_to_pb(times: Sequence[Time]) -> list[placement_pb2.StudentTime]:
    return [placement_pb2.StudentTime(range=range_to_pb(each.range), preferred=each.preferred) for each in times]


def _proposal_to_pb(proposal: Proposal) -> placement_pb2.PlacementProposal:
    candidates = [
        placement_pb2.PlacementCandidate(
            class_group_id=str(each.class_group_id), score=each.score, reasons=each.reasons
        )
        for each in proposal.candidates
    ]
    return placement_pb2.PlacementProposal(
        student_id=str(proposal.student_id),
        class_group_id=id_text(proposal.class_group_id),
        candidates=candidates,
        obstacle=proposal.obstacle,
    )


def _to_pb(row: Placement) -> placement_pb2.Placement:
    return placement_pb2.Placement(
        placement_id=str(row.id),
        student_id=str(row.student_id),
        class_group_id=str(row.class_group_id),
        proposed_class_group_id=id_text(row.proposed_class_group_id),
        manual=row.manual,
        reason=row.reason,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
    )
