"""SubjectRequestService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.student.v1 import subject_request_pb2
from lianxiao.student.v1 import subject_request_service_pb2 as pb
from lianxiao.student.v1 import subject_request_service_pb2_grpc as pb_grpc
from services.student.actions import subject_archives, subject_requests
from services.student.models import SubjectPart, SubjectRequest
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, optional_id, stored_word

_FILE_NAME = "personal-data.zip"


class SubjectRequestService(Servicer, pb_grpc.SubjectRequestServiceServicer):
    """What people ask about their own data."""

    @command
    def CreateSubjectRequest(self, request: pb.CreateSubjectRequestRequest, tx: Tx) -> pb.CreateSubjectRequestResponse:
        row = SubjectRequest(
            person_id=as_uuid(request.person_id),
            guardian_id=optional_id(request.guardian_id),
            kind=stored_word(subject_request_pb2.SubjectRequestKind, request.kind, "kind"),
            subject=stored_word(subject_request_pb2.SubjectKind, request.subject, "subject"),
        )
        row = subject_requests.create(tx, row, request.request_text)
        return pb.CreateSubjectRequestResponse(subject_request=to_pb(tx, row))

    @command
    def VerifySubjectRequest(self, request: pb.VerifySubjectRequestRequest, tx: Tx) -> pb.VerifySubjectRequestResponse:
        means = stored_word(subject_request_pb2.IdentityMeans, request.identity_means, "identity_means")
        row = subject_requests.verify(tx, as_uuid(request.subject_request_id), means)
        return pb.VerifySubjectRequestResponse(subject_request=to_pb(tx, row))

    @command
    def GrantSubjectRequest(self, request: pb.GrantSubjectRequestRequest, tx: Tx) -> pb.GrantSubjectRequestResponse:
        row = subject_requests.grant(tx, as_uuid(request.subject_request_id))
        return pb.GrantSubjectRequestResponse(subject_request=to_pb(tx, row))

    @command
    def RefuseSubjectRequest(self, request: pb.RefuseSubjectRequestRequest, tx: Tx) -> pb.RefuseSubjectRequestResponse:
        row = subject_requests.refuse(tx, as_uuid(request.subject_request_id), request.answer_text)
        return pb.RefuseSubjectRequestResponse(subject_request=to_pb(tx, row))

    @command
    def CompleteSubjectRequest(
        self, request: pb.CompleteSubjectRequestRequest, tx: Tx
    ) -> pb.CompleteSubjectRequestResponse:
        row = subject_requests.complete(tx, as_uuid(request.subject_request_id), request.answer_text)
        return pb.CompleteSubjectRequestResponse(subject_request=to_pb(tx, row))

    @query
    def GetSubjectRequest(self, request: pb.GetSubjectRequestRequest, tx: Tx) -> pb.GetSubjectRequestResponse:
        row = subject_requests.get(tx, as_uuid(request.subject_request_id))
        return pb.GetSubjectRequestResponse(subject_request=to_pb(tx, row, subject_requests.parts_of(tx, row)))

    @query
    def ListSubjectRequests(self, request: pb.ListSubjectRequestsRequest, tx: Tx) -> pb.ListSubjectRequestsResponse:
        page = subject_requests.page(tx, request)
        rows = [to_pb(tx, row) for row in page.rows]
        return pb.ListSubjectRequestsResponse(subject_requests=rows, next_page_token=page.next_page_token)

    @command
    def IssueSubjectArchiveLink(
        self, request: pb.IssueSubjectArchiveLinkRequest, tx: Tx
    ) -> pb.IssueSubjectArchiveLinkResponse:
        path, expire_time = subject_archives.issue_link(tx, as_uuid(request.subject_request_id))
        return pb.IssueSubjectArchiveLinkResponse(path=path, expire_time=expire_time)

    @query
    def GetPublicSubjectArchive(
        self, request: pb.GetPublicSubjectArchiveRequest, tx: Tx
    ) -> pb.GetPublicSubjectArchiveResponse:
        content = subject_archives.opened(tx, as_uuid(request.institution_id), request.token)
        return pb.GetPublicSubjectArchiveResponse(file_name=_FILE_NAME, content=content)


def to_pb(tx: Tx, row: SubjectRequest, parts: Sequence[SubjectPart] = ()) -> subject_request_pb2.SubjectRequest:
    """Return a request as callers see it."""
    return subject_request_pb2.SubjectRequest(
        subject_request_id=str(row.id),
        person_id=str(row.person_id),
        guardian_id=id_text(row.guardian_id),
        kind=enum_value(subject_request_pb2.SubjectRequestKind, row.kind),
        subject=enum_value(subject_request_pb2.SubjectKind, row.subject),
        state=enum_value(subject_request_pb2.SubjectRequestState, row.state),
        identity_means=enum_value(subject_request_pb2.IdentityMeans, row.identity_means),
        request_text=SubjectRequest.request.reveal(tx, row) or "",
        answer_text=SubjectRequest.answer.reveal(tx, row) or "",
        due_date=date_pb(row.due_date),
        services=row.services,
        parts=[_part_to_pb(part) for part in parts],
        decide_time=row.decide_time,
        finish_time=row.finish_time,
        archive_expire_time=row.archive_expire_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _part_to_pb(row: SubjectPart) -> subject_request_pb2.SubjectRequestPart:
    tables = [
        subject_request_pb2.SubjectRequestTable(
            table=each["table"],
            title=each["title"],
            row_count=each["rows"],
            erasure=each["erasure"],
            hold=each["hold"],
        )
        for each in row.tables
    ]
    return subject_request_pb2.SubjectRequestPart(service=row.service, tables=tables, finish_time=row.create_time)
