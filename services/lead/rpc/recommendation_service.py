"""RecommendationService on the wire."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc

from lianxiao.billing.v1 import price_service_pb2
from lianxiao.billing.v1.price_service_pb2_grpc import PriceServiceStub
from lianxiao.lead.v1 import recommendation_service_pb2 as pb
from lianxiao.lead.v1 import recommendation_service_pb2_grpc as pb_grpc
from lianxiao.scheduling.v1 import course_service_pb2
from lianxiao.scheduling.v1.course_service_pb2_grpc import CourseServiceStub
from services.lead.actions import recommendations
from services.lead.rules import recommendation as rules
from services.lead.rules.recommendation import Course, Recommendation
from shared.client import ask, stub
from shared.errors import NotAllowed
from shared.ids import as_uuid
from shared.rpc import Call, Servicer, call_of

_PAGE = 200


class RecommendationService(Servicer, pb_grpc.RecommendationServiceServicer):
    """What to offer a family."""

    def ListRecommendedCourses(
        self, request: pb.ListRecommendedCoursesRequest, context: grpc.ServicerContext
    ) -> pb.ListRecommendedCoursesResponse:
        call = call_of(context)
        needs = call.query(self.database, lambda tx: recommendations.needs(tx, as_uuid(request.lead_id)))
        if not needs.wishes:
            return pb.ListRecommendedCoursesResponse()
        prices = _prices(call, needs.campus_id)
        courses = [rules.priced(each, prices) for each in _courses(call)]
        found = rules.recommend(needs.wishes, courses, budget_fen=needs.budget_fen)
        return pb.ListRecommendedCoursesResponse(courses=[to_pb(each) for each in found])


def to_pb(found: Recommendation) -> pb.RecommendedCourse:
    """Return the wire form."""
    course = found.course
    return pb.RecommendedCourse(
        course_id=str(course.course_id),
        name=course.name,
        subject=course.subject,
        level=course.level,
        lesson_hours_hundredths=course.hours,
        unit_price_fen=course.unit_price_fen,
        price_fen=course.price_fen,
        reasons=[pb.RecommendationReason(code=each.code, value=each.value) for each in found.reasons],
    )


def _courses(call: Call) -> list[Course]:
    service: Any = stub(CourseServiceStub, "scheduling")
    found, token = [], ""
    while True:
        wanted = course_service_pb2.ListCoursesRequest(page_size=_PAGE, page_token=token, filter="active = true")
        answer = ask(service.ListCourses, wanted, call)
        found += [
            Course(as_uuid(one.course_id), one.name, one.subject, one.level, one.total_lesson_hours_hundredths)
            for one in answer.courses
        ]
        token = answer.next_page_token
        if not token:
            return found


def _prices(call: Call, campus_id: UUID) -> dict[UUID, int]:
    """Return fen for one lesson hour by course; nothing for a caller who may not see prices."""
    service: Any = stub(PriceServiceStub, "billing")
    wanted = price_service_pb2.ListCurrentPricesRequest(campus_id=str(campus_id))
    try:
        answer = ask(service.ListCurrentPrices, wanted, call)
    except NotAllowed:
        return {}
    return {as_uuid(price.course_id): price.unit_price_fen for price in answer.prices}
