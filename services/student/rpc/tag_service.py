"""TagService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import student_pb2, tag_pb2
from lianxiao.student.v1 import tag_service_pb2 as pb
from lianxiao.student.v1 import tag_service_pb2_grpc as pb_grpc
from services.student.actions import tag_computing, tags
from services.student.actions.tags import Borne
from services.student.models import StudentTag, Tag
from services.student.rules import tags as rules
from services.student.rules.tags import EventCondition, Rule
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, stored_word


class TagService(Servicer, pb_grpc.TagServiceServicer):
    """Tags and who bears them."""

    @command
    def CreateTag(self, request: pb.CreateTagRequest, tx: Tx) -> pb.CreateTagResponse:
        given = request.tag
        dimension = stored_word(tag_pb2.TagDimension, given.dimension, "tag.dimension") if given.dimension else ""
        row = tags.create(
            tx,
            name=given.name,
            facet=stored_word(tag_pb2.TagFacet, given.facet, "tag.facet"),
            dimension=dimension,
            rule=_rule(given.rule) if given.HasField("rule") else None,
            expire_days=given.expire_days,
        )
        return pb.CreateTagResponse(tag=to_pb(row))

    @query
    def ListTags(self, request: pb.ListTagsRequest, tx: Tx) -> pb.ListTagsResponse:
        page = tags.LISTING.page(tx, request)
        return pb.ListTagsResponse(tags=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)

    @command
    def StopTag(self, request: pb.StopTagRequest, tx: Tx) -> pb.StopTagResponse:
        return pb.StopTagResponse(tag=to_pb(tags.stop(tx, as_uuid(request.tag_id))))

    @query
    def PreviewTagRule(self, request: pb.PreviewTagRuleRequest, tx: Tx) -> pb.PreviewTagRuleResponse:
        return pb.PreviewTagRuleResponse(student_count=tag_computing.preview(tx, _rule(request.rule)))

    @command
    def AddStudentTag(self, request: pb.AddStudentTagRequest, tx: Tx) -> pb.AddStudentTagResponse:
        borne = tags.add(tx, as_uuid(request.student_id), as_uuid(request.tag_id), reason=request.reason)
        return pb.AddStudentTagResponse(student_tag=borne_to_pb(tx, borne))

    @command
    def RemoveStudentTag(self, request: pb.RemoveStudentTagRequest, tx: Tx) -> pb.RemoveStudentTagResponse:
        borne = tags.remove(tx, as_uuid(request.student_id), as_uuid(request.tag_id))
        return pb.RemoveStudentTagResponse(student_tag=borne_to_pb(tx, borne))

    @query
    def ListStudentTags(self, request: pb.ListStudentTagsRequest, tx: Tx) -> pb.ListStudentTagsResponse:
        found = tags.of_student(tx, as_uuid(request.student_id), ended=request.ended)
        return pb.ListStudentTagsResponse(student_tags=[borne_to_pb(tx, borne) for borne in found])


def to_pb(row: Tag) -> tag_pb2.Tag:
    """Return a tag as callers see it."""
    return tag_pb2.Tag(
        tag_id=str(row.id),
        name=row.name,
        facet=enum_value(tag_pb2.TagFacet, row.facet),
        dimension=enum_value(tag_pb2.TagDimension, row.dimension) if row.dimension else None,
        rule=_rule_to_pb(rules.from_stored(row.rule)) if row.rule is not None else None,
        expire_days=row.expire_days,
        state=enum_value(tag_pb2.TagState, row.state),
        compute_time=row.compute_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def borne_to_pb(tx: Tx, borne: Borne) -> tag_pb2.StudentTag:
    """Return a tag of a student as callers see it."""
    row, tag = borne
    return tag_pb2.StudentTag(
        student_tag_id=str(row.id),
        student_id=str(row.student_id),
        tag_id=str(row.tag_id),
        name=tag.name,
        source=enum_value(tag_pb2.TagSource, row.source),
        reason=StudentTag.reason.reveal(tx, row) or "",
        staff_id=id_text(row.staff_id),
        start_time=row.start_time,
        expire_time=row.expire_time,
        end_time=row.end_time,
        facet=enum_value(tag_pb2.TagFacet, tag.facet),
        dimension=enum_value(tag_pb2.TagDimension, tag.dimension) if tag.dimension else None,
    )


def _rule(given: tag_pb2.TagRule) -> Rule:
    events = tuple(
        EventCondition(
            each.kind,
            each.days,
            each.min_count,
            each.max_count if each.HasField("max_count") else None,
            each.min_amount_fen,
        )
        for each in given.events
    )
    bounds = ("min_age_years", "max_age_years", "min_enrolled_days", "max_enrolled_days")
    return Rule(
        states=tuple(stored_word(student_pb2.StudentState, state, "rule.states") for state in given.states),
        events=events,
        **{name: getattr(given, name) for name in bounds if given.HasField(name)},
    )


def _rule_to_pb(rule: Rule) -> tag_pb2.TagRule:
    return tag_pb2.TagRule(
        min_age_years=rule.min_age_years,
        max_age_years=rule.max_age_years,
        states=[enum_value(student_pb2.StudentState, state) for state in rule.states],
        min_enrolled_days=rule.min_enrolled_days,
        max_enrolled_days=rule.max_enrolled_days,
        events=[
            tag_pb2.TagEventCondition(
                kind=each.kind,
                days=each.days,
                min_count=each.min_count,
                max_count=each.max_count,
                min_amount_fen=each.min_amount_fen,
            )
            for each in rule.events
        ],
    )
