"""People signed in at the services of lead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import grpc
import pytest

from lianxiao.lead.v1 import (
    assessment_service_pb2_grpc,
    assignment_rule_service_pb2_grpc,
    claim_service_pb2_grpc,
    contact_service_pb2_grpc,
    duplicate_service_pb2_grpc,
    follow_up_plan_service_pb2_grpc,
    grading_rule_service_pb2_grpc,
    handover_service_pb2_grpc,
    import_service_pb2_grpc,
    lead_form_service_pb2_grpc,
    lead_pb2,
    lead_service_pb2,
    lead_service_pb2_grpc,
    organisation_service_pb2_grpc,
    partner_material_service_pb2_grpc,
    partner_service_pb2_grpc,
    pipeline_service_pb2_grpc,
    playbook_service_pb2_grpc,
    policy_service_pb2_grpc,
    pool_service_pb2_grpc,
    reveal_service_pb2_grpc,
    sales_report_service_pb2_grpc,
    sales_target_service_pb2_grpc,
    saved_filter_service_pb2_grpc,
    task_service_pb2_grpc,
    workbench_service_pb2_grpc,
    working_hours_service_pb2_grpc,
)
from shared.caller import Caller
from shared.db import Database
from shared.testing import callers
from shared.testing.wire import Wire, refusal
from tests.lead import factories

PHONE = "13800138000"


class Person:
    """Somebody signed in, with a stub for each service."""

    def __init__(self, wire: Wire, caller: Caller) -> None:
        self.id = caller.subject_id
        signed = wire.metadata(caller)
        self._channel = grpc.intercept_channel(wire.channel, _Signed(signed), _SignedStream(signed))
        self.leads = lead_service_pb2_grpc.LeadServiceStub(self._channel)
        self.reveals = reveal_service_pb2_grpc.LeadRevealServiceStub(self._channel)
        self.imports = import_service_pb2_grpc.ImportServiceStub(self._channel)
        self.duplicates = duplicate_service_pb2_grpc.DuplicateServiceStub(self._channel)
        self.rules = assignment_rule_service_pb2_grpc.AssignmentRuleServiceStub(self._channel)
        self.tasks = task_service_pb2_grpc.TaskServiceStub(self._channel)
        self.plans = follow_up_plan_service_pb2_grpc.FollowUpPlanServiceStub(self._channel)
        self.hours = working_hours_service_pb2_grpc.WorkingHoursServiceStub(self._channel)
        self.grading = grading_rule_service_pb2_grpc.GradingRuleServiceStub(self._channel)
        self.handovers = handover_service_pb2_grpc.HandoverServiceStub(self._channel)
        self.contacts = contact_service_pb2_grpc.ContactServiceStub(self._channel)
        self.assessments = assessment_service_pb2_grpc.AssessmentServiceStub(self._channel)
        self.forms = lead_form_service_pb2_grpc.LeadFormServiceStub(self._channel)
        self.pipeline = pipeline_service_pb2_grpc.PipelineServiceStub(self._channel)
        self.targets = sales_target_service_pb2_grpc.SalesTargetServiceStub(self._channel)
        self.reports = sales_report_service_pb2_grpc.SalesReportServiceStub(self._channel)
        self.claims = claim_service_pb2_grpc.ClaimServiceStub(self._channel)
        self.filters = saved_filter_service_pb2_grpc.SavedFilterServiceStub(self._channel)
        self.workbench = workbench_service_pb2_grpc.WorkbenchServiceStub(self._channel)
        self.playbooks = playbook_service_pb2_grpc.PlaybookServiceStub(self._channel)
        self.pool = pool_service_pb2_grpc.PoolServiceStub(self._channel)
        self.policies = policy_service_pb2_grpc.PolicyServiceStub(self._channel)
        self.organisations = organisation_service_pb2_grpc.OrganisationServiceStub(self._channel)
        self.partners = partner_service_pb2_grpc.PartnerServiceStub(self._channel)
        self.materials = partner_material_service_pb2_grpc.PartnerMaterialServiceStub(self._channel)

    def capture(self, campus: UUID, **told: Any) -> lead_service_pb2.CaptureLeadResponse:
        """Capture an enquiry."""
        request = {"source": "walk_in", "child_name": "王小明", "guardian_phone": PHONE} | told
        return self.leads.CaptureLead(lead_service_pb2.CaptureLeadRequest(campus_id=str(campus), **request))

    def get(self, lead_id: str) -> lead_pb2.Lead:
        """Return a lead."""
        return self.leads.GetLead(lead_service_pb2.GetLeadRequest(lead_id=lead_id)).lead


class _Signed(grpc.UnaryUnaryClientInterceptor):
    """Puts the token on every call."""

    def __init__(self, metadata: Sequence[Any]) -> None:
        self._metadata = metadata

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(details._replace(metadata=self._metadata), request)


class _SignedStream(grpc.StreamStreamClientInterceptor):
    """Puts the token on every stream."""

    def __init__(self, metadata: Sequence[Any]) -> None:
        self._metadata = metadata

    def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return continuation(details._replace(metadata=self._metadata), requests)


def advisor(wire: Wire, database: Database, caller: Caller, campus: UUID, *more: str) -> Person:
    """Return an advisor of a campus who sees only their own leads."""
    with database.begin(caller) as tx:
        who = factories.advisor(tx, campus)
    permissions = ["lead.*", "task.*", "claim.*", *more]
    return Person(wire, callers.staff(caller.institution_id, permissions, [campus], own=True, subject=who))


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return refusal(error.value)
