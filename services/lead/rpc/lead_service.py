"""LeadService on the wire."""

from __future__ import annotations

from functools import partial
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.type.date_pb2 import Date

from lianxiao.lead.v1 import lead_pb2, timeline_pb2
from lianxiao.lead.v1 import lead_service_pb2 as pb
from lianxiao.lead.v1 import lead_service_pb2_grpc as pb_grpc
from services.lead.actions import (
    assignments,
    captures,
    follow_ups,
    grades,
    leads,
    saved_filters,
    searches,
    timelines,
)
from services.lead.actions.follow_ups import Contact
from services.lead.actions.intake import Arrival, Taken
from services.lead.models import GradeChange
from services.lead.rpc import grade_changes, leads_pb, saved_filter_service, timeline
from services.lead.rpc.guardian_consent_pb import consent_of
from services.lead.rules.matching import Verdict
from services.lead.rules.rows import Enquiry
from shared import file_cells
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import DEFAULT_SIZE, named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import (
    instant,
    optional_date,
    optional_id,
    optional_instant,
    stored_word,
)

_OUTCOMES = {
    Verdict.NEW: pb.CAPTURE_OUTCOME_CREATED,
    Verdict.ATTACH: pb.CAPTURE_OUTCOME_TOUCHED,
    Verdict.REVIEW: pb.CAPTURE_OUTCOME_IN_REVIEW,
}


class LeadService(Servicer, pb_grpc.LeadServiceServicer):
    """Enquiries from the first touch to enrolment."""

    @command
    def CaptureLead(self, request: pb.CaptureLeadRequest, tx: Tx) -> pb.CaptureLeadResponse:
        verdict, lead, visible = captures.capture_at_desk(tx, _arrival(tx, request))
        shown = leads_pb.to_pb(tx, lead) if visible else leads_pb.ids_to_pb(lead)
        return pb.CaptureLeadResponse(lead=shown, created=verdict != Verdict.ATTACH, outcome=_OUTCOMES[verdict])

    @command
    def CaptureLeads(self, request: pb.CaptureLeadsRequest, tx: Tx) -> pb.CaptureLeadsResponse:
        told: list[Arrival | InvalidInput] = []
        for each in request.leads:
            try:
                told.append(_arrival(tx, each))
            except InvalidInput as wrong:
                told.append(wrong)
        taken = iter(captures.capture_all(tx, [each for each in told if isinstance(each, Arrival)]))
        results = [_rejected(each) if isinstance(each, InvalidInput) else _result(next(taken)) for each in told]
        return pb.CaptureLeadsResponse(results=results)

    @query
    def GetLead(self, request: pb.GetLeadRequest, tx: Tx) -> pb.GetLeadResponse:
        return pb.GetLeadResponse(lead=leads_pb.to_pb(tx, leads.get(tx, as_uuid(request.lead_id))))

    @query
    def ListLeads(self, request: pb.ListLeadsRequest, tx: Tx) -> pb.ListLeadsResponse:
        asked, saved = saved_filters.applied(tx, request)
        page = searches.page(tx, asked)
        return pb.ListLeadsResponse(
            leads=[leads_pb.to_pb(tx, row) for row in page.rows],
            next_page_token=page.next_page_token,
            stale_parts=saved_filter_service.stale_to_pb(tx, saved),
        )

    @query
    def GetLeadCount(self, request: pb.GetLeadCountRequest, tx: Tx) -> pb.GetLeadCountResponse:
        asked, saved = saved_filters.applied(tx, request)
        found = searches.count(tx, asked.filter)
        return pb.GetLeadCountResponse(
            lead_count=min(found, searches.MOST_COUNTED),
            more=found > searches.MOST_COUNTED,
            stale_parts=saved_filter_service.stale_to_pb(tx, saved),
        )

    @command
    def UpdateLead(self, request: pb.UpdateLeadRequest, tx: Tx) -> pb.UpdateLeadResponse:
        if not request.update_mask.paths:
            raise InvalidInput("update_mask", "name the fields to change", reason="MASK_INVALID")
        names = named_fields(request.update_mask.paths, sorted(leads.CHANGEABLE))
        changes = {name: _value(tx, request.lead, name) for name in names}
        lead = leads.update(tx, _id(request.lead.lead_id), changes, consent=consent_of(tx, request))
        tx.audit("lead.UpdateLead", "lead", lead.id, fields=names)
        return pb.UpdateLeadResponse(lead=leads_pb.to_pb(tx, lead))

    @command
    def AssignLead(self, request: pb.AssignLeadRequest, tx: Tx) -> pb.AssignLeadResponse:
        owner_id = optional_id(request.owner_id)
        lead = assignments.assign(tx, as_uuid(request.lead_id), owner_id=owner_id, reason=request.reason)
        return pb.AssignLeadResponse(lead=leads_pb.to_pb(tx, lead))

    @command
    def MoveLead(self, request: pb.MoveLeadRequest, tx: Tx) -> pb.MoveLeadResponse:
        lead = leads.move(tx, as_uuid(request.lead_id), stage=stored_word(lead_pb2.LeadStage, request.stage, "stage"))
        return pb.MoveLeadResponse(lead=leads_pb.to_pb(tx, lead))

    @command
    def LoseLead(self, request: pb.LoseLeadRequest, tx: Tx) -> pb.LoseLeadResponse:
        lead = leads.lose(tx, as_uuid(request.lead_id), reason=request.reason, detail=request.detail)
        return pb.LoseLeadResponse(lead=leads_pb.to_pb(tx, lead))

    @command
    def ReopenLead(self, request: pb.ReopenLeadRequest, tx: Tx) -> pb.ReopenLeadResponse:
        return pb.ReopenLeadResponse(lead=leads_pb.to_pb(tx, leads.reopen(tx, as_uuid(request.lead_id))))

    @query
    def ListTimeline(self, request: pb.ListTimelineRequest, tx: Tx) -> pb.ListTimelineResponse:
        size = request.page_size or DEFAULT_SIZE
        page = timelines.page(tx, as_uuid(request.lead_id), size=size, token=request.page_token)
        entries = [timeline.to_pb(tx, row) for row in page.rows]
        return pb.ListTimelineResponse(entries=entries, next_page_token=page.next_page_token)

    @command
    def AddFollowUp(self, request: pb.AddFollowUpRequest, tx: Tx) -> pb.AddFollowUpResponse:
        promised = optional_instant(request, "next_contact_time")
        row = follow_ups.add(tx, as_uuid(request.lead_id), _contact(request), next_contact_time=promised)
        return pb.AddFollowUpResponse(follow_up=timeline.follow_up_to_pb(tx, row))

    @command
    def GradeLead(self, request: pb.GradeLeadRequest, tx: Tx) -> pb.GradeLeadResponse:
        grade = stored_word(lead_pb2.LeadGrade, request.grade, "grade") if request.grade else ""
        lead = grades.by_hand(tx, as_uuid(request.lead_id), grade=grade, reason=request.reason)
        return pb.GradeLeadResponse(lead=leads_pb.to_pb(tx, lead))

    @query
    def ListGradeChanges(self, request: pb.ListGradeChangesRequest, tx: Tx) -> pb.ListGradeChangesResponse:
        lead = leads.get(tx, as_uuid(request.lead_id))
        page = grades.LISTING.page(tx, request, where=[GradeChange.lead_id == lead.id])
        rows = [grade_changes.to_pb(tx, row) for row in page.rows]
        return pb.ListGradeChangesResponse(grade_changes=rows, next_page_token=page.next_page_token)

    @command
    def ScoreLead(self, request: pb.ScoreLeadRequest, tx: Tx) -> pb.ScoreLeadResponse:
        lead = grades.score(
            tx,
            as_uuid(request.lead_id),
            probability=request.probability,
            model_version=request.model_version,
            time=instant(request.score_time),
        )
        return pb.ScoreLeadResponse(lead=leads_pb.to_pb(tx, lead))


def _arrival(tx: Tx, request: pb.CaptureLeadRequest) -> Arrival:
    alternate = request.alternate_phone
    enquiry = Enquiry(
        guardian_phone=leads.phone(request.guardian_phone, "guardian_phone"),
        child_name=file_cells.clean(request.child_name),
        guardian_name=file_cells.clean(request.guardian_name),
        alternate_phone=leads.phone(alternate, "alternate_phone") if alternate else "",
        guardian_email=request.guardian_email,
        guardian_relation=file_cells.clean(request.guardian_relation),
        wechat_id=file_cells.clean(request.wechat_id),
        wechat_union_id=file_cells.clean(request.wechat_union_id),
        birth_date=_birth_date(tx, request.birth_date, "birth_date"),
        gender=request.gender,
        school=file_cells.clean(request.school),
        school_grade=file_cells.clean(request.school_grade),
        remark=request.remark,
    )
    told = MessageToDict(request)
    told.pop("requestId", None)
    return Arrival(
        enquiry=enquiry,
        campus_id=as_uuid(request.campus_id),
        source=request.source,
        payload=told,
        campaign_id=optional_id(request.campaign_id),
        courses=tuple(_course(course) for course in request.intended_courses),
        utm=dict(request.utm),
        owner_id=optional_id(request.owner_id),
        consent=consent_of(tx, request),
    )


def _result(taken: Taken | None) -> pb.CaptureResult:
    if taken is None:
        return pb.CaptureResult(reason="GUARDIAN_CONSENT_NEEDED", field="guardian_consent")
    lead = taken.lead
    return pb.CaptureResult(outcome=_OUTCOMES[taken.verdict], lead_id=str(lead.id), customer_id=str(lead.customer_id))


def _rejected(wrong: InvalidInput) -> pb.CaptureResult:
    return pb.CaptureResult(reason=wrong.reason, field=wrong.violations[0][0])


def _contact(request: pb.AddFollowUpRequest) -> Contact:
    direction = request.direction or timeline_pb2.FOLLOW_UP_DIRECTION_OUTBOUND
    return Contact(
        channel=stored_word(timeline_pb2.FollowUpChannel, request.channel, "channel"),
        content=request.content,
        direction=stored_word(timeline_pb2.FollowUpDirection, direction, "direction"),
        duration_seconds=request.duration_seconds,
        result=request.result,
        participants=request.participants,
        doubts=request.doubts,
        solution=request.solution,
        contact_time=optional_instant(request, "contact_time"),
    )


def _value(tx: Tx, lead: lead_pb2.Lead, name: str) -> Any:
    """Return a field of an update as the action takes it."""
    if name == "birth_date":
        return _birth_date(tx, lead.birth_date, "lead.birth_date")
    if name == "intended_courses":
        return [_course(course) for course in lead.intended_courses]
    if name == "next_contact_time":
        return optional_instant(lead, "next_contact_time")
    if name == "expected_close_date":
        return optional_date(lead, "expected_close_date", "lead.")
    convert: Any = _CONVERT.get(name, file_cells.clean)
    return convert(getattr(lead, name))


def _course(course: lead_pb2.IntendedCourse) -> dict[str, Any]:
    return leads.course(
        course.name, course_id=course.course_id, level=course.level, preferred_times=course.preferred_times
    )


def _birth_date(tx: Tx, value: Date, field: str) -> str:
    try:
        return file_cells.date_text(value.year, value.month, value.day, today=tx.now.date())
    except file_cells.Rejected as rejected:
        raise InvalidInput(field, "this cannot be a birth date", reason=rejected.reason) from rejected


def _id(text: str, field: str = "lead.lead_id") -> Any:
    if not text:
        raise InvalidInput(field, "an id is needed here")
    return as_uuid(text)


_CONVERT = {
    "campus_id": partial(_id, field="lead.campus_id"),
    "organisation_id": optional_id,
    "expected_amount_fen": int,
    "tags": lambda told: sorted({file_cells.clean(tag) for tag in told} - {""}),
}
