"""RegulationService on the wire."""

from __future__ import annotations

from uuid import UUID

from lianxiao.scheduling.v1 import course_pb2
from lianxiao.scheduling.v1 import regulation_service_pb2 as pb
from lianxiao.scheduling.v1 import regulation_service_pb2_grpc as pb_grpc
from services.scheduling.actions import regulations
from services.scheduling.rules.regulations import Regulation
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_date, stored_word


class RegulationService(Servicer, pb_grpc.RegulationServiceServicer):
    """What the law asks of lessons."""

    @query
    def ListRegulations(self, request: pb.ListRegulationsRequest, tx: Tx) -> pb.ListRegulationsResponse:  # noqa: ARG002 - the shape of every RPC
        return pb.ListRegulationsResponse(regulations=[_to_pb(key, rule) for key, rule in regulations.every(tx)])

    @command
    def SetRegulation(self, request: pb.SetRegulationRequest, tx: Tx) -> pb.SetRegulationResponse:
        rule = _rule(request.regulation)
        return pb.SetRegulationResponse(regulation=_to_pb(regulations.put(tx, rule).id, rule))


def _to_pb(key: UUID | None, rule: Regulation) -> pb.Regulation:
    return pb.Regulation(
        regulation_id=id_text(key),
        kind=enum_value(pb.RegulationKind, rule.kind),
        category=enum_value(course_pb2.CourseCategory, rule.category),
        delivery=enum_value(pb.LessonDelivery, rule.delivery),
        city=rule.city,
        minutes=rule.minutes,
        source=rule.source,
        effective_date=date_pb(rule.effective_date),
        end_date=date_pb(rule.end_date),
    )


def _rule(value: pb.Regulation) -> Regulation:
    return Regulation(
        kind=stored_word(pb.RegulationKind, value.kind, "regulation.kind"),
        category=stored_word(course_pb2.CourseCategory, value.category, "regulation.category"),
        delivery=stored_word(pb.LessonDelivery, value.delivery, "regulation.delivery"),
        city=value.city,
        minutes=value.minutes,
        source=value.source,
        effective_date=local_date(value.effective_date, "regulation.effective_date"),
        end_date=optional_date(value, "end_date", "regulation."),
    )
