"""ClassGroupService on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lianxiao.scheduling.v1 import class_group_pb2
from lianxiao.scheduling.v1 import class_group_service_pb2 as pb
from lianxiao.scheduling.v1 import class_group_service_pb2_grpc as pb_grpc
from services.scheduling.actions import class_groups, memberships, openings, prorations, students, transfers
from services.scheduling.models import ClassGroup, Lesson, Membership
from services.scheduling.rules.opening import Opening
from services.scheduling.rules.prorations import Proration
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import (
    date_pb,
    enum_value,
    id_text,
    optional_date,
    optional_id,
    optional_instant,
    stored_word,
)

_EDITABLE = (
    *("name", "teacher_id", "room_id", "capacity", "state"),
    *("min_members", "open_by_date", "needs_teacher", "offer_hours"),
)


class ClassGroupService(Servicer, pb_grpc.ClassGroupServiceServicer):
    """Class groups of the campuses."""

    @command
    def CreateClassGroup(self, request: pb.CreateClassGroupRequest, tx: Tx) -> pb.CreateClassGroupResponse:
        group = class_groups.create(
            tx,
            campus_id=as_uuid(request.campus_id),
            course_id=as_uuid(request.course_id),
            name=request.name,
            capacity=request.capacity,
            teacher_id=optional_id(request.teacher_id),
            room_id=optional_id(request.room_id),
            opening=Opening(request.min_members, optional_date(request, "open_by_date"), request.needs_teacher),
            override_reason=request.override_reason,
        )
        return pb.CreateClassGroupResponse(class_group=to_pb(tx, group))

    @query
    def GetClassGroup(self, request: pb.GetClassGroupRequest, tx: Tx) -> pb.GetClassGroupResponse:
        return pb.GetClassGroupResponse(class_group=to_pb(tx, class_groups.get(tx, as_uuid(request.class_group_id))))

    @query
    def ListClassGroups(self, request: pb.ListClassGroupsRequest, tx: Tx) -> pb.ListClassGroupsResponse:
        page = class_groups.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListClassGroupsResponse(class_groups=rows, next_page_token=page.next_page_token)

    @command
    def UpdateClassGroup(self, request: pb.UpdateClassGroupRequest, tx: Tx) -> pb.UpdateClassGroupResponse:
        changes = _changes(request.class_group, request.update_mask.paths)
        group = class_groups.update(
            tx, as_uuid(request.class_group.class_group_id), changes, override_reason=request.override_reason
        )
        return pb.UpdateClassGroupResponse(class_group=to_pb(tx, group))

    @command
    def JoinClassGroup(self, request: pb.JoinClassGroupRequest, tx: Tx) -> pb.JoinClassGroupResponse:
        joined = memberships.join(
            tx,
            as_uuid(request.class_group_id),
            student_id=as_uuid(request.student_id),
            join_time=optional_instant(request, "join_time"),
            override_reason=request.override_reason,
        )
        member, group = _answer(tx, joined.membership)
        late: Sequence[Lesson] = ()
        if joined.proration.remaining_lesson_count < joined.proration.total_lesson_count:
            late = prorations.catch_up(
                tx,
                student_id=joined.membership.student_id,
                class_group_id=joined.membership.class_group_id,
                course_id=as_uuid(group.course_id),
            )
        return pb.JoinClassGroupResponse(
            membership=member,
            class_group=group,
            proration=proration_to_pb(joined.proration),
            catch_up_lesson_ids=[str(row.id) for row in late],
        )

    @command
    def TransferStudent(self, request: pb.TransferStudentRequest, tx: Tx) -> pb.TransferStudentResponse:
        joined = transfers.transfer(
            tx,
            as_uuid(request.class_group_id),
            student_id=as_uuid(request.student_id),
            target_class_group_id=as_uuid(request.target_class_group_id),
            reason=request.reason,
            override_reason=request.override_reason,
        )
        member, group = _answer(tx, joined.membership)
        return pb.TransferStudentResponse(
            membership=member, class_group=group, proration=proration_to_pb(joined.proration)
        )

    @command
    def StartClassGroup(self, request: pb.StartClassGroupRequest, tx: Tx) -> pb.StartClassGroupResponse:
        group = openings.start(tx, as_uuid(request.class_group_id), override_reason=request.override_reason)
        return pb.StartClassGroupResponse(class_group=to_pb(tx, group))

    @command
    def FinishClassGroup(self, request: pb.FinishClassGroupRequest, tx: Tx) -> pb.FinishClassGroupResponse:
        group = openings.finish(tx, as_uuid(request.class_group_id))
        return pb.FinishClassGroupResponse(class_group=to_pb(tx, group))

    @command
    def CancelClassGroup(self, request: pb.CancelClassGroupRequest, tx: Tx) -> pb.CancelClassGroupResponse:
        group = openings.cancel(tx, as_uuid(request.class_group_id), reason=request.reason)
        return pb.CancelClassGroupResponse(class_group=to_pb(tx, group))

    @command
    def LeaveClassGroup(self, request: pb.LeaveClassGroupRequest, tx: Tx) -> pb.LeaveClassGroupResponse:
        membership = memberships.leave(
            tx, as_uuid(request.class_group_id), student_id=as_uuid(request.student_id), reason=request.reason
        )
        member, group = _answer(tx, membership)
        return pb.LeaveClassGroupResponse(membership=member, class_group=group)

    @query
    def ListMembers(self, request: pb.ListMembersRequest, tx: Tx) -> pb.ListMembersResponse:
        page = memberships.page(tx, request, as_uuid(request.class_group_id), include_past=request.include_past)
        names = students.names(tx, [row.student_id for row in page.rows])
        members = [member_to_pb(row, names) for row in page.rows]
        return pb.ListMembersResponse(members=members, next_page_token=page.next_page_token)


def proration_to_pb(proration: Proration) -> class_group_pb2.Proration:
    """Return the wire form."""
    return class_group_pb2.Proration(**proration._asdict())


def to_pb(tx: Tx, row: ClassGroup) -> class_group_pb2.ClassGroup:
    """Return the wire form."""
    return class_group_pb2.ClassGroup(
        class_group_id=str(row.id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        name=row.name,
        teacher_id=id_text(row.teacher_id),
        room_id=id_text(row.room_id),
        capacity=row.capacity,
        member_count=row.member_count,
        state=enum_value(class_group_pb2.ClassGroupState, row.state),
        create_time=row.create_time,
        update_time=row.update_time,
        stage=enum_value(class_group_pb2.ClassGroupStage, row.stage),
        min_members=row.min_members,
        open_by_date=date_pb(row.open_by_date),
        needs_teacher=row.needs_teacher,
        unmet_conditions=openings.missing(tx, row),
        offer_hours=row.offer_hours,
        held_count=row.held_count,
    )


def member_to_pb(row: Membership, names: Mapping[UUID, str]) -> class_group_pb2.Membership:
    """Return the wire form with the student's name."""
    return class_group_pb2.Membership(
        membership_id=str(row.id),
        class_group_id=str(row.class_group_id),
        student_id=str(row.student_id),
        display_name=names.get(row.student_id, ""),
        join_time=row.join_time,
        leave_time=row.leave_time,
        leave_reason=row.leave_reason,
        missing_course_ids=[str(each) for each in row.missing_course_ids or ()],
        override_reason=row.override_reason or "",
        override_by=id_text(row.override_by),
    )


def _answer(tx: Tx, membership: Membership) -> tuple[class_group_pb2.Membership, class_group_pb2.ClassGroup]:
    names = students.names(tx, [membership.student_id])
    return member_to_pb(membership, names), to_pb(tx, class_groups.get(tx, membership.class_group_id))


def _changes(wanted: class_group_pb2.ClassGroup, paths: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": lambda: wanted.name,
        "teacher_id": lambda: optional_id(wanted.teacher_id),
        "room_id": lambda: optional_id(wanted.room_id),
        "capacity": lambda: wanted.capacity,
        "min_members": lambda: wanted.min_members,
        "open_by_date": lambda: optional_date(wanted, "open_by_date", "class_group."),
        "needs_teacher": lambda: wanted.needs_teacher,
        "offer_hours": lambda: wanted.offer_hours or class_groups.OFFER_HOURS,
        "state": lambda: stored_word(class_group_pb2.ClassGroupState, wanted.state, "class_group.state"),
    }
    return {name: values[name]() for name in named_fields(paths, _EDITABLE)}
