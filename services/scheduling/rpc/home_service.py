"""HomeService on the wire."""

from __future__ import annotations

from lianxiao.scheduling.v1 import home_service_pb2 as pb
from lianxiao.scheduling.v1 import home_service_pb2_grpc as pb_grpc
from lianxiao.scheduling.v1 import lesson_pb2
from services.scheduling.actions import campus_home, teacher_home
from services.scheduling.actions.campus_home import CampusHome
from services.scheduling.actions.home_lessons import HomeLesson, Some
from services.scheduling.actions.teacher_home import TeacherHome
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, query
from shared.wire_values import enum_value


class HomeService(Servicer, pb_grpc.HomeServiceServicer):
    """What people meet first in the morning."""

    @query
    def GetTeacherHome(self, request: pb.GetTeacherHomeRequest, tx: Tx) -> pb.GetTeacherHomeResponse:
        del request
        return _teacher_to_pb(teacher_home.of_caller(tx))

    @query
    def GetCampusHome(self, request: pb.GetCampusHomeRequest, tx: Tx) -> pb.GetCampusHomeResponse:
        return _campus_to_pb(campus_home.of(tx, as_uuid(request.campus_id)))


def _teacher_to_pb(home: TeacherHome) -> pb.GetTeacherHomeResponse:
    offers = [
        pb.HomeSubstituteOffer(
            substitute_offer_id=str(each.offer_id),
            substitute_request_id=str(each.request_id),
            lesson_id=str(each.lesson_id),
            campus_id=str(each.campus_id),
            lesson_start_time=each.start_time,
            lesson_end_time=each.end_time,
            expire_time=each.expire_time,
        )
        for each in home.substitute_offers.rows
    ]
    to_mark = [
        pb.HomeHomework(
            lesson_id=str(each.lesson_id), first_submit_time=each.first_submit_time, submission_count=each.count
        )
        for each in home.homework_to_mark.rows
    ]
    return pb.GetTeacherHomeResponse(
        today_lessons=[_lesson_to_pb(each) for each in home.today],
        next_lesson=_lesson_to_pb(home.next_lesson) if home.next_lesson else None,
        open_roll_calls=_lessons_to_pb(home.open_roll_calls),
        records_to_write=_lessons_to_pb(home.records_to_write),
        substitute_offers=offers,
        substitute_offer_count=home.substitute_offers.count,
        homework_to_mark=to_mark,
        homework_to_mark_count=home.homework_to_mark.count,
    )


def _campus_to_pb(home: CampusHome) -> pb.GetCampusHomeResponse:
    answer = pb.GetCampusHomeResponse(
        today_lessons=[_lesson_to_pb(each) for each in home.today],
        open_roll_calls=_lessons_to_pb(home.open_roll_calls),
        conflict_count=home.conflicts.count,
        makeup_due_count=home.makeups_due.count,
        place_offer_count=home.place_offers.count,
        month_hours=pb.HomeHours(
            planned_hundredths=home.hours.planned,
            over_hundredths=home.hours.over,
            taught_hundredths=home.hours.taught,
        ),
    )
    for conflict in home.conflicts.rows:
        answer.conflicts.add(
            lesson_id=str(conflict.lesson_id),
            lesson_start_time=conflict.start_time,
            kind=enum_value(pb.HomeConflictKind, conflict.kind),
            teacher_id=conflict.teacher_id or "",
        )
    for due in home.makeups_due.rows:
        answer.makeups_due.add(
            makeup_entitlement_id=str(due.row_id),
            course_id=str(due.subject_id),
            student_id=str(due.student_id),
            expire_time=due.expire_time,
        )
    for offer in home.place_offers.rows:
        answer.place_offers.add(
            waiting_entry_id=str(offer.row_id),
            class_group_id=str(offer.subject_id),
            student_id=str(offer.student_id),
            expire_time=offer.expire_time,
        )
    for group in home.not_ready:
        answer.class_groups_not_ready.add(class_group_id=str(group.class_group_id), name=group.name, unmet=group.unmet)
    return answer


def _lessons_to_pb(some: Some[HomeLesson]) -> pb.HomeLessons:
    return pb.HomeLessons(lessons=[_lesson_to_pb(each) for each in some.rows], count=some.count)


def _lesson_to_pb(lesson: HomeLesson) -> pb.HomeLesson:
    return pb.HomeLesson(
        lesson_id=str(lesson.lesson_id),
        campus_id=str(lesson.campus_id),
        course_id=str(lesson.course_id),
        course_name=lesson.course_name,
        class_group_ids=lesson.class_group_ids,
        teacher_id=lesson.teacher_id or "",
        room_id=lesson.room_id or "",
        room_name=lesson.room_name or "",
        start_time=lesson.start_time,
        end_time=lesson.end_time,
        state=enum_value(lesson_pb2.LessonState, lesson.state),
        roll_call_state=enum_value(lesson_pb2.RollCallState, lesson.roll_call_state),
        seats_taken=lesson.seats_taken,
        lesson_hours_hundredths=lesson.lesson_hours_hundredths,
    )
