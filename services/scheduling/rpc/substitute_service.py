"""SubstituteService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.scheduling.v1 import substitute_pb2
from lianxiao.scheduling.v1 import substitute_service_pb2 as pb
from lianxiao.scheduling.v1 import substitute_service_pb2_grpc as pb_grpc
from services.scheduling.actions import substitute_offers, substitutes
from services.scheduling.models import SubstituteOffer, SubstituteRequest
from services.scheduling.rules.substitutes import Ranked
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, ids, optional_id


class SubstituteService(Servicer, pb_grpc.SubstituteServiceServicer):
    """Teachers who stand in for others."""

    @command
    def RequestSubstitutes(self, request: pb.RequestSubstitutesRequest, tx: Tx) -> pb.RequestSubstitutesResponse:
        rows = substitutes.request(
            tx,
            as_uuid(request.teacher_id),
            lesson_ids=ids(request.lesson_ids),
            teacher_exception_id=optional_id(request.teacher_exception_id),
            reason=request.reason,
        )
        return pb.RequestSubstitutesResponse(substitute_requests=[to_pb(row) for row in rows])

    @query
    def ListSubstituteRequests(
        self, request: pb.ListSubstituteRequestsRequest, tx: Tx
    ) -> pb.ListSubstituteRequestsResponse:
        page = substitutes.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListSubstituteRequestsResponse(substitute_requests=rows, next_page_token=page.next_page_token)

    @command
    def WithdrawSubstituteRequest(
        self, request: pb.WithdrawSubstituteRequestRequest, tx: Tx
    ) -> pb.WithdrawSubstituteRequestResponse:
        row = substitute_offers.withdraw(tx, as_uuid(request.substitute_request_id))
        return pb.WithdrawSubstituteRequestResponse(substitute_request=to_pb(row))

    @query
    def ListSubstituteCandidates(
        self, request: pb.ListSubstituteCandidatesRequest, tx: Tx
    ) -> pb.ListSubstituteCandidatesResponse:
        found = substitute_offers.candidates(tx, as_uuid(request.substitute_request_id))
        return pb.ListSubstituteCandidatesResponse(candidates=[_candidate_to_pb(each) for each in found])

    @command
    def OfferSubstitution(self, request: pb.OfferSubstitutionRequest, tx: Tx) -> pb.OfferSubstitutionResponse:
        rows = substitute_offers.offer(
            tx,
            as_uuid(request.substitute_request_id),
            teacher_ids=ids(request.teacher_ids),
            valid_minutes=request.valid_minutes,
        )
        return pb.OfferSubstitutionResponse(substitute_offers=_offers(tx, rows))

    @query
    def ListSubstituteOffers(self, request: pb.ListSubstituteOffersRequest, tx: Tx) -> pb.ListSubstituteOffersResponse:
        page = substitute_offers.LISTING.page(tx, request)
        return pb.ListSubstituteOffersResponse(
            substitute_offers=_offers(tx, page.rows), next_page_token=page.next_page_token
        )

    @command
    def AcceptSubstitution(self, request: pb.AcceptSubstitutionRequest, tx: Tx) -> pb.AcceptSubstitutionResponse:
        row = substitute_offers.accept(tx, as_uuid(request.substitute_offer_id), remark=request.remark)
        return pb.AcceptSubstitutionResponse(substitute_offer=_offers(tx, [row])[0])

    @command
    def DeclineSubstitution(self, request: pb.DeclineSubstitutionRequest, tx: Tx) -> pb.DeclineSubstitutionResponse:
        row = substitute_offers.decline(tx, as_uuid(request.substitute_offer_id), remark=request.remark)
        return pb.DeclineSubstitutionResponse(substitute_offer=_offers(tx, [row])[0])


def to_pb(row: SubstituteRequest) -> substitute_pb2.SubstituteRequest:
    """Return the wire form of a request."""
    return substitute_pb2.SubstituteRequest(
        substitute_request_id=str(row.id),
        lesson_id=str(row.lesson_id),
        campus_id=str(row.campus_id),
        teacher_id=str(row.teacher_id),
        requested_by=id_text(row.requested_by),
        leave_request_id=id_text(row.leave_request_id),
        reason=row.reason,
        state=enum_value(substitute_pb2.SubstituteRequestState, row.state),
        substitute_id=id_text(row.substitute_id),
        lesson_start_time=row.lesson_start_time,
        create_time=row.create_time,
        end_time=row.end_time,
    )


def _offers(tx: Tx, rows: Sequence[SubstituteOffer]) -> list[substitute_pb2.SubstituteOffer]:
    places = substitute_offers.places(tx, rows)
    return [
        substitute_pb2.SubstituteOffer(
            substitute_offer_id=str(row.id),
            substitute_request_id=str(row.substitute_request_id),
            lesson_id=str(row.lesson_id),
            campus_id=str(row.campus_id),
            teacher_id=str(row.teacher_id),
            course_id=str(places[row.lesson_id][0]),
            room_id=id_text(places[row.lesson_id][1]),
            lesson_start_time=row.lesson_start_time,
            lesson_end_time=row.lesson_end_time,
            state=enum_value(substitute_pb2.SubstituteOfferState, row.state),
            expire_time=row.expire_time,
            remark=SubstituteOffer.remark.reveal(tx, row),
            answer_time=row.answer_time,
        )
        for row in rows
    ]


def _candidate_to_pb(each: Ranked) -> substitute_pb2.SubstituteCandidate:
    return substitute_pb2.SubstituteCandidate(
        teacher_id=str(each.teacher_id),
        score=each.score,
        reasons=[
            substitute_pb2.SubstituteReason(code=one.code, number=one.number, total=one.total) for one in each.reasons
        ],
        obstacles=[substitute_pb2.SubstituteObstacle(code=code, limit=limit) for code, limit in each.obstacles],
    )
