"""LessonService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from lianxiao.scheduling.v1 import lesson_pb2
from lianxiao.scheduling.v1 import lesson_service_pb2 as pb
from lianxiao.scheduling.v1 import lesson_service_pb2_grpc as pb_grpc
from services.scheduling.actions import lesson_changes, lessons, merges, moves, timetable
from services.scheduling.actions.moves import Target
from services.scheduling.actions.objections import Objection
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.resources import Collision
from services.scheduling.actions.timetable import Pattern
from services.scheduling.models import Lesson, LessonChange
from services.scheduling.rpc.calendar_service import day_off_to_pb
from services.scheduling.rules.scopes import ONE
from services.scheduling.rules.series import Slot
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import (
    enum_value,
    id_text,
    ids,
    instant,
    local_date,
    local_time,
    optional_id,
    optional_instant,
    stored_word,
    timestamp_pb,
)


class LessonService(Servicer, pb_grpc.LessonServiceServicer):
    """Lessons."""

    @command
    def CreateLesson(self, request: pb.CreateLessonRequest, tx: Tx) -> pb.CreateLessonResponse:
        lesson = timetable.create(
            tx,
            _wish(request.plan),
            start=instant(request.start_time),
            end=optional_instant(request, "end_time"),
            override_reason=request.override_reason,
        )
        return pb.CreateLessonResponse(lesson=_one(tx, lesson))

    @command
    def CreateSeries(self, request: pb.CreateSeriesRequest, tx: Tx) -> pb.CreateSeriesResponse:
        pattern = Pattern(
            slots=[
                Slot(slot.day_of_week, local_time(slot.start, f"slots[{n}].start"), slot.lesson_minutes)
                for n, slot in enumerate(request.slots)
            ],
            start_date=local_date(request.start_date, "start_date"),
            end_date=local_date(request.end_date, "end_date"),
            holiday_dates={local_date(day, f"holiday_dates[{n}]") for n, day in enumerate(request.holiday_dates)},
        )
        made = timetable.create_series(tx, _wish(request.plan), pattern, override_reason=request.override_reason)
        return pb.CreateSeriesResponse(
            series_id=str(made.series.id),
            lessons=_many(tx, made.lessons),
            days_off=[day_off_to_pb(each) for each in made.skipped],
            unknown_years=made.unknown_years,
        )

    @query
    def GetLesson(self, request: pb.GetLessonRequest, tx: Tx) -> pb.GetLessonResponse:
        return pb.GetLessonResponse(lesson=_one(tx, lessons.get(tx, as_uuid(request.lesson_id))))

    @query
    def ListLessons(self, request: pb.ListLessonsRequest, tx: Tx) -> pb.ListLessonsResponse:
        resources = (request.teacher_id, request.room_id, request.class_group_id, request.student_id)
        page = lessons.page(
            tx,
            request,
            campus_id=optional_id(request.campus_id),
            resource_ids=ids(each for each in resources if each),
            since=optional_instant(request, "start_time"),
            until=optional_instant(request, "end_time"),
        )
        return pb.ListLessonsResponse(lessons=_many(tx, page.rows), next_page_token=page.next_page_token)

    @command
    def MoveLesson(self, request: pb.MoveLessonRequest, tx: Tx) -> pb.MoveLessonResponse:
        target = Target(
            start=instant(request.start_time),
            end=optional_instant(request, "end_time"),
            room_id=optional_id(request.room_id),
            teacher_ids=ids(request.teacher_ids),
        )
        moved = moves.move_some(
            tx,
            as_uuid(request.lesson_id),
            target,
            scope=_scope(request.scope),
            reason=request.reason,
            override_reason=request.override_reason,
        )
        first, *others = _many(tx, moved)
        return pb.MoveLessonResponse(lesson=first, others=others)

    @command
    def CancelLesson(self, request: pb.CancelLessonRequest, tx: Tx) -> pb.CancelLessonResponse:
        cancelled = timetable.cancel_some(
            tx, as_uuid(request.lesson_id), reason=request.reason, scope=_scope(request.scope)
        )
        first, *others = _many(tx, cancelled)
        return pb.CancelLessonResponse(lesson=first, others=others)

    @query
    def ListLessonChanges(self, request: pb.ListLessonChangesRequest, tx: Tx) -> pb.ListLessonChangesResponse:
        found = lesson_changes.of_lesson(tx, as_uuid(request.lesson_id))
        return pb.ListLessonChangesResponse(lesson_changes=[change_to_pb(each) for each in found])

    @command
    def MergeLessons(self, request: pb.MergeLessonsRequest, tx: Tx) -> pb.MergeLessonsResponse:
        lesson = merges.merge(
            tx,
            as_uuid(request.lesson_id),
            as_uuid(request.other_lesson_id),
            reason=request.reason,
            override_reason=request.override_reason,
        )
        return pb.MergeLessonsResponse(lesson=_one(tx, lesson))

    @command
    def SplitLesson(self, request: pb.SplitLessonRequest, tx: Tx) -> pb.SplitLessonResponse:
        lesson = merges.split(
            tx, as_uuid(request.lesson_id), reason=request.reason, override_reason=request.override_reason
        )
        return pb.SplitLessonResponse(lesson=_one(tx, lesson))

    @query
    def PreviewConflicts(self, request: pb.PreviewConflictsRequest, tx: Tx) -> pb.PreviewConflictsResponse:
        found, against = timetable.preview(
            tx,
            _wish(request.plan),
            start=instant(request.start_time),
            end=optional_instant(request, "end_time"),
            moving_lesson_id=optional_id(request.moving_lesson_id),
        )
        return pb.PreviewConflictsResponse(
            conflicts=[_collision_to_pb(each) for each in found],
            objections=[_objection_to_pb(each) for each in against],
        )


def to_pb(row: Lesson, student_ids: Sequence[UUID]) -> lesson_pb2.Lesson:
    """Return the wire form with the students who are in without a class group."""
    return lesson_pb2.Lesson(
        lesson_id=str(row.id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        class_group_ids=[str(each) for each in row.class_group_ids],
        student_ids=[str(each) for each in student_ids],
        teacher_ids=[str(each) for each in row.teacher_ids],
        room_id=id_text(row.room_id),
        start_time=timestamp_pb(row.start_time),
        end_time=timestamp_pb(row.end_time),
        state=enum_value(lesson_pb2.LessonState, row.state),
        roll_call_state=enum_value(lesson_pb2.RollCallState, row.roll_call_state),
        lesson_hours_hundredths=row.lesson_hours_hundredths,
        seat_limit=row.seat_limit,
        seats_taken=row.seats_taken,
        series_id=id_text(row.series_id),
        cancel_reason=row.cancel_reason,
        override_reason=row.override_reason,
        create_time=timestamp_pb(row.create_time),
        update_time=timestamp_pb(row.update_time),
        original_start_time=row.original_start_time,
        merged_into_id=id_text(row.merged_into_id),
    )


def change_to_pb(row: LessonChange) -> lesson_pb2.LessonChange:
    """Return the wire form."""
    return lesson_pb2.LessonChange(
        lesson_change_id=str(row.id),
        command_id=str(row.command_id),
        kind=enum_value(lesson_pb2.LessonChangeKind, row.kind),
        before=_facts(row.before),
        after=_facts(row.after),
        reason=row.reason,
        actor_id=str(row.actor_id),
        create_time=row.create_time,
    )


def _facts(told: dict[str, Any]) -> lesson_pb2.LessonFacts:
    return lesson_pb2.LessonFacts(
        start_time=datetime.fromisoformat(told["start_time"]),
        end_time=datetime.fromisoformat(told["end_time"]),
        room_id=told["room_id"],
        teacher_ids=told["teacher_ids"],
        class_group_ids=told["class_group_ids"],
        state=enum_value(lesson_pb2.LessonState, told["state"]),
    )


def _scope(value: int) -> str:
    return stored_word(lesson_pb2.SeriesScope, value, "scope") if value else ONE


def _wish(plan: pb.LessonPlan) -> Wish:
    return Wish(
        campus_id=as_uuid(plan.campus_id),
        course_id=optional_id(plan.course_id),
        class_group_ids=ids(plan.class_group_ids),
        student_ids=ids(plan.student_ids),
        teacher_ids=ids(plan.teacher_ids),
        room_id=optional_id(plan.room_id),
    )


def _one(tx: Tx, lesson: Lesson) -> lesson_pb2.Lesson:
    return _many(tx, [lesson])[0]


def _many(tx: Tx, found: Sequence[Lesson]) -> list[lesson_pb2.Lesson]:
    tx.session.flush()
    assigned = lessons.assigned_students(tx, [lesson.id for lesson in found])
    return [to_pb(lesson, assigned.get(lesson.id, ())) for lesson in found]


def _collision_to_pb(each: Collision) -> lesson_pb2.LessonConflict:
    return lesson_pb2.LessonConflict(
        resource_kind=enum_value(lesson_pb2.ResourceKind, each.resource_kind),
        resource_id=str(each.resource_id),
        lesson_id=str(each.lesson_id),
        start_time=each.start_time,
        end_time=each.end_time,
        wanted_start_time=each.wanted_start_time,
    )


def _objection_to_pb(each: Objection) -> lesson_pb2.LessonObjection:
    return lesson_pb2.LessonObjection(
        reason=each.reason,
        resource_id=str(each.resource_id),
        wanted_start_time=each.wanted_start_time,
        limit=each.limit,
        source=each.source,
    )
