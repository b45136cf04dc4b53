"""FamilyCommentService on the wire."""

from __future__ import annotations

from lianxiao.student.v1 import family_comment_pb2
from lianxiao.student.v1 import family_comment_service_pb2 as pb
from lianxiao.student.v1 import family_comment_service_pb2_grpc as pb_grpc
from services.student.actions import articles, family_comments
from services.student.models import FamilyComment
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, id_text, optional_id


class FamilyCommentService(Servicer, pb_grpc.FamilyCommentServiceServicer):
    """What families let us show."""

    @query
    def ListFamilyComments(self, request: pb.ListFamilyCommentsRequest, tx: Tx) -> pb.ListFamilyCommentsResponse:
        page = family_comments.LISTING.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListFamilyCommentsResponse(comments=rows, next_page_token=page.next_page_token)

    @command
    def ReviewFamilyComment(self, request: pb.ReviewFamilyCommentRequest, tx: Tx) -> pb.ReviewFamilyCommentResponse:
        row = family_comments.review(
            tx, as_uuid(request.family_comment_id), is_published=request.is_published, reason=request.reason
        )
        return pb.ReviewFamilyCommentResponse(comment=to_pb(tx, row))

    @query
    def ListPublicComments(self, request: pb.ListPublicCommentsRequest, tx: Tx) -> pb.ListPublicCommentsResponse:
        articles.enter_help(tx, as_uuid(request.institution_id), request.token)
        found = family_comments.published(
            tx, teacher_id=optional_id(request.teacher_id), class_group_id=optional_id(request.class_group_id)
        )
        return pb.ListPublicCommentsResponse(comments=[_public_to_pb(tx, row) for row in found])


def to_pb(tx: Tx, row: FamilyComment) -> family_comment_pb2.FamilyComment:
    """Return a comment as staff see it."""
    return family_comment_pb2.FamilyComment(
        family_comment_id=str(row.id),
        campus_id=str(row.campus_id),
        teacher_id=id_text(row.teacher_id),
        class_group_id=id_text(row.class_group_id),
        text=FamilyComment.text.reveal(tx, row) or "",
        rating=row.rating or 0,
        state=enum_value(family_comment_pb2.FamilyCommentState, row.state),
        reason=row.reason,
        staff_id=id_text(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _public_to_pb(tx: Tx, row: FamilyComment) -> family_comment_pb2.PublicComment:
    text = FamilyComment.text.reveal(tx, row) or ""
    return family_comment_pb2.PublicComment(text=text, rating=row.rating or 0, create_time=row.create_time)
