"""TimetableRunService on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from google.type import timeofday_pb2

from lianxiao.scheduling.v1 import timetable_run_pb2
from lianxiao.scheduling.v1 import timetable_run_service_pb2 as pb
from lianxiao.scheduling.v1 import timetable_run_service_pb2_grpc as pb_grpc
from services.scheduling.actions import timetable_acceptance, timetable_file_imports
from services.scheduling.actions import timetable_files as files
from services.scheduling.actions import timetable_proposals as proposals
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.models import TimetableProposal, TimetableProposalChange, TimetableRun
from services.scheduling.rules.placement import Window
from services.scheduling.rules.timetabling.fet_problem import Unsupported
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, ids, local_date, local_time, optional_id

# A file may claim more than the wire can carry.
_MOST_SEATS = 2**31 - 1


class TimetableRunService(Servicer, pb_grpc.TimetableRunServiceServicer):
    """Plans the weekly timetable of class groups."""

    @command
    def CreateTimetableRun(self, request: pb.CreateTimetableRunRequest, tx: Tx) -> pb.CreateTimetableRunResponse:
        return pb.CreateTimetableRunResponse(timetable_run=to_pb(runs.create(tx, _wanted(request))))

    @query
    def GetTimetableRun(self, request: pb.GetTimetableRunRequest, tx: Tx) -> pb.GetTimetableRunResponse:
        return pb.GetTimetableRunResponse(timetable_run=to_pb(runs.get(tx, as_uuid(request.timetable_run_id))))

    @query
    def ListTimetableRuns(self, request: pb.ListTimetableRunsRequest, tx: Tx) -> pb.ListTimetableRunsResponse:
        page = runs.LISTING.page(tx, request)
        rows = [to_pb(row, with_unplaced=False) for row in page.rows]
        return pb.ListTimetableRunsResponse(timetable_runs=rows, next_page_token=page.next_page_token)

    @command
    def CancelTimetableRun(self, request: pb.CancelTimetableRunRequest, tx: Tx) -> pb.CancelTimetableRunResponse:
        return pb.CancelTimetableRunResponse(timetable_run=to_pb(runs.cancel(tx, as_uuid(request.timetable_run_id))))

    @query
    def ListTimetableProposals(
        self, request: pb.ListTimetableProposalsRequest, tx: Tx
    ) -> pb.ListTimetableProposalsResponse:
        run = runs.get(tx, as_uuid(request.timetable_run_id))
        page = proposals.LISTING.page(tx, request, where=[TimetableProposal.run_id == run.id])
        changed = proposals.changes(tx, [row.id for row in page.rows])
        rows = [proposal_to_pb(row, changed.get(row.id, ())) for row in page.rows]
        return pb.ListTimetableProposalsResponse(timetable_proposals=rows, next_page_token=page.next_page_token)

    @command
    def AdjustTimetableProposal(
        self, request: pb.AdjustTimetableProposalRequest, tx: Tx
    ) -> pb.AdjustTimetableProposalResponse:
        row = proposals.adjust(
            tx,
            as_uuid(request.timetable_proposal_id),
            weekday=request.day_of_week,
            start=local_time(request.start, "start"),
            reason=request.reason,
            teacher_id=optional_id(request.teacher_id),
            room_id=optional_id(request.room_id),
        )
        tx.session.flush()
        changed = proposals.changes(tx, [row.id]).get(row.id, ())
        return pb.AdjustTimetableProposalResponse(timetable_proposal=proposal_to_pb(row, changed))

    @command
    def AcceptTimetableProposals(
        self, request: pb.AcceptTimetableProposalsRequest, tx: Tx
    ) -> pb.AcceptTimetableProposalsResponse:
        done = timetable_acceptance.accept(
            tx,
            as_uuid(request.timetable_run_id),
            ids(request.timetable_proposal_ids),
            override_reason=request.override_reason,
        )
        return pb.AcceptTimetableProposalsResponse(
            accepted_count=done.accepted,
            created_lesson_count=done.created,
            moved_lesson_count=done.moved,
            cancelled_lesson_count=done.cancelled,
        )

    @query
    def PreviewTimetableFile(self, request: pb.PreviewTimetableFileRequest, tx: Tx) -> pb.PreviewTimetableFileResponse:
        found = files.preview(tx, as_uuid(request.campus_id), request.content)
        return pb.PreviewTimetableFileResponse(
            day_count=len(found.file.days),
            hour_count=len(found.file.hours),
            weekly_lesson_count=len(found.file.activities),
            teachers=[_entry_to_pb(each) for each in found.teachers],
            rooms=[_entry_to_pb(each) for each in found.rooms],
            class_groups=[_entry_to_pb(each) for each in found.class_groups],
            unsupported_constraints=_lacks_to_pb(found.unsupported),
            taken_constraints=_lacks_to_pb(found.taken),
        )

    @command
    def ImportTimetableFile(self, request: pb.ImportTimetableFileRequest, tx: Tx) -> pb.ImportTimetableFileResponse:
        campus_id, minutes = as_uuid(request.campus_id), request.hour_minutes
        made = timetable_file_imports.take_over(tx, campus_id, request.content, hour_minutes=minutes)
        return pb.ImportTimetableFileResponse(
            room_ids=[str(each) for each in made.room_ids],
            course_ids=[str(each) for each in made.course_ids],
            class_group_ids=[str(each) for each in made.class_group_ids],
            demands=[
                pb.WeeklyDemand(class_group_id=str(key), lessons_per_week=lessons)
                for key, lessons in made.demands.items()
            ],
            unknown_teachers=made.unknown_teachers,
            left_out_lesson_count=made.left_out_lessons,
            left_out_constraints=_lacks_to_pb(made.left_out_constraints),
            taken_constraints=_lacks_to_pb(made.taken_constraints),
        )


def _lacks_to_pb(found: Iterable[Unsupported]) -> list[pb.UnsupportedTimetableConstraint]:
    return [pb.UnsupportedTimetableConstraint(kind=each.kind, count=each.count, hard_count=each.hard) for each in found]


def _entry_to_pb(entry: files.Entry) -> pb.TimetableFileEntry:
    return pb.TimetableFileEntry(
        name=entry.name,
        id=id_text(entry.id),
        weekly_lesson_count=entry.weekly_lessons,
        size=max(0, min(entry.size, _MOST_SEATS)),
    )


def to_pb(row: TimetableRun, *, with_unplaced: bool = True) -> timetable_run_pb2.TimetableRun:
    """Return the wire form."""
    return timetable_run_pb2.TimetableRun(
        timetable_run_id=str(row.id),
        campus_ids=[str(each) for each in row.campus_ids],
        class_group_ids=list(row.demands),
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        kept_class_group_ids=[str(each) for each in row.kept_class_group_ids],
        weights=timetable_run_pb2.TimetableWeights(**row.weights),
        time_limit_seconds=row.time_limit_seconds,
        improve_seconds=row.improve_seconds,
        state=enum_value(timetable_run_pb2.TimetableRunState, row.state),
        progress_percent=row.progress_percent,
        meeting_count=row.meeting_count,
        placed_count=row.placed_count,
        best_cost=row.best_cost,
        moved_count=row.moved_count,
        unplaced=[_unplaced(each) for each in row.unplaced] if with_unplaced else [],
        error_reason=row.error_reason,
        staff_id=id_text(row.staff_id),
        start_time=row.start_time,
        finish_time=row.finish_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def proposal_to_pb(
    row: TimetableProposal, changed: Sequence[TimetableProposalChange]
) -> timetable_run_pb2.TimetableProposal:
    """Return the wire form with what was changed by hand."""
    return timetable_run_pb2.TimetableProposal(
        timetable_proposal_id=str(row.id),
        timetable_run_id=str(row.run_id),
        campus_id=str(row.campus_id),
        class_group_id=str(row.class_group_id),
        lesson_number=row.lesson_number,
        kind=enum_value(timetable_run_pb2.TimetableProposalKind, row.kind),
        state=enum_value(timetable_run_pb2.TimetableProposalState, row.state),
        place=_place(row.place),
        old_place=_place(row.old_place) if row.old_place else None,
        series_id=id_text(row.series_id),
        exceptions=[_exception(each) for each in row.exceptions],
        changes=[
            timetable_run_pb2.TimetableProposalChange(
                old_place=_place(each.old_place),
                place=_place(each.place),
                staff_id=id_text(each.staff_id),
                reason=each.reason,
                change_time=each.create_time,
            )
            for each in changed
        ],
        update_time=row.update_time,
    )


def _wanted(request: pb.CreateTimetableRunRequest) -> runs.Wanted:
    return runs.Wanted(
        campus_ids=ids(request.campus_ids),
        start_date=local_date(request.start_date, "start_date"),
        end_date=local_date(request.end_date, "end_date"),
        class_group_ids=ids(request.class_group_ids),
        lessons_per_week=request.lessons_per_week,
        demands={UUID(each.class_group_id): each.lessons_per_week for each in request.demands},
        kept_class_group_ids=ids(request.kept_class_group_ids),
        weekdays=list(request.days_of_week),
        day_start_minute=_minute(request, "day_start", runs.DAY_START_MINUTE),
        day_end_minute=_minute(request, "day_end", runs.DAY_END_MINUTE),
        weights={goal: getattr(request.weights, goal) for goal in runs.GOALS} if request.HasField("weights") else {},
        time_limit_seconds=request.time_limit_seconds,
        improve_seconds=request.improve_seconds if request.HasField("improve_seconds") else runs.IMPROVE_SECONDS,
        preferred_times=[
            Window(each.day_of_week, each.start_minute, each.end_minute) for each in request.preferred_times
        ],
    )


def _minute(request: pb.CreateTimetableRunRequest, name: Any, otherwise: int) -> int:
    if not request.HasField(name):
        return otherwise
    moment = local_time(getattr(request, name), name)
    return moment.hour * 60 + moment.minute


def _place(value: dict[str, Any]) -> timetable_run_pb2.TimetablePlace:
    minute = value["start_minute"]
    return timetable_run_pb2.TimetablePlace(
        day_of_week=value["weekday"],
        start=timeofday_pb2.TimeOfDay(hours=minute // 60, minutes=minute % 60),
        lesson_minutes=value["lesson_minutes"],
        teacher_id=value["teacher_id"],
        room_id=value["room_id"],
    )


def _exception(value: dict[str, Any]) -> timetable_run_pb2.TimetableException:
    day = date.fromisoformat(value["date"])
    return timetable_run_pb2.TimetableException(
        date=date_pb(day), reason=value["reason"], resource_id=value["resource_id"]
    )


def _unplaced(value: dict[str, Any]) -> timetable_run_pb2.UnplacedMeeting:
    return timetable_run_pb2.UnplacedMeeting(
        class_group_id=value["class_group_id"],
        lesson_number=value["lesson_number"],
        clashes=[timetable_run_pb2.TimetableClash(**clash) for clash in value["clashes"]],
    )
