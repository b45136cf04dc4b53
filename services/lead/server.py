"""What the gRPC server process of lead serves."""

from __future__ import annotations

from lianxiao.lead.v1 import assessment_service_pb2_grpc as assessment
from lianxiao.lead.v1 import assignment_rule_service_pb2_grpc as assignment_rule
from lianxiao.lead.v1 import claim_service_pb2_grpc as claim
from lianxiao.lead.v1 import contact_service_pb2_grpc as contact
from lianxiao.lead.v1 import duplicate_service_pb2_grpc as duplicate
from lianxiao.lead.v1 import follow_up_plan_service_pb2_grpc as follow_up_plan
from lianxiao.lead.v1 import grading_rule_service_pb2_grpc as grading_rule
from lianxiao.lead.v1 import handover_service_pb2_grpc as handover
from lianxiao.lead.v1 import import_service_pb2_grpc as lead_import
from lianxiao.lead.v1 import lead_form_service_pb2_grpc as lead_form
from lianxiao.lead.v1 import lead_service_pb2_grpc as lead
from lianxiao.lead.v1 import organisation_service_pb2_grpc as organisation
from lianxiao.lead.v1 import partner_material_service_pb2_grpc as partner_material
from lianxiao.lead.v1 import partner_service_pb2_grpc as partner
from lianxiao.lead.v1 import pipeline_service_pb2_grpc as pipeline
from lianxiao.lead.v1 import playbook_service_pb2_grpc as playbook
from lianxiao.lead.v1 import policy_service_pb2_grpc as policy
from lianxiao.lead.v1 import pool_service_pb2_grpc as pool
from lianxiao.lead.v1 import recommendation_service_pb2_grpc as recommendation
from lianxiao.lead.v1 import reveal_service_pb2_grpc as lead_reveal
from lianxiao.lead.v1 import sales_report_service_pb2_grpc as sales_report
from lianxiao.lead.v1 import sales_target_service_pb2_grpc as sales_target
from lianxiao.lead.v1 import saved_filter_service_pb2_grpc as saved_filter
from lianxiao.lead.v1 import task_service_pb2_grpc as task
from lianxiao.lead.v1 import workbench_service_pb2_grpc as workbench
from lianxiao.lead.v1 import working_hours_service_pb2_grpc as working_hours
from lianxiao.lead.v1 import workload_service_pb2_grpc as workload
from services.lead.rpc.assessment_service import AssessmentService
from services.lead.rpc.assignment_rule_service import AssignmentRuleService
from services.lead.rpc.claim_service import ClaimService
from services.lead.rpc.contact_service import ContactService
from services.lead.rpc.duplicate_service import DuplicateService
from services.lead.rpc.follow_up_plan_service import FollowUpPlanService
from services.lead.rpc.grading_rule_service import GradingRuleService
from services.lead.rpc.handover_service import HandoverService
from services.lead.rpc.import_service import ImportService
from services.lead.rpc.lead_form_service import LeadFormService
from services.lead.rpc.lead_reveal_service import LeadRevealService
from services.lead.rpc.lead_service import LeadService
from services.lead.rpc.organisation_service import OrganisationService
from services.lead.rpc.partner_material_service import PartnerMaterialService
from services.lead.rpc.partner_service import PartnerService
from services.lead.rpc.pipeline_service import PipelineService
from services.lead.rpc.playbook_service import PlaybookService
from services.lead.rpc.policy_service import PolicyService
from services.lead.rpc.pool_service import PoolService
from services.lead.rpc.recommendation_service import RecommendationService
from services.lead.rpc.sales_report_service import SalesReportService
from services.lead.rpc.sales_target_service import SalesTargetService
from services.lead.rpc.saved_filter_service import SavedFilterService
from services.lead.rpc.task_service import TaskService
from services.lead.rpc.workbench_service import WorkbenchService
from services.lead.rpc.working_hours_service import WorkingHoursService
from services.lead.rpc.workload_service import WorkloadService
from shared.server import Registration

SERVICERS: list[Registration] = [
    (lead.add_LeadServiceServicer_to_server, LeadService),
    (lead_import.add_ImportServiceServicer_to_server, ImportService),
    (duplicate.add_DuplicateServiceServicer_to_server, DuplicateService),
    (assignment_rule.add_AssignmentRuleServiceServicer_to_server, AssignmentRuleService),
    (task.add_TaskServiceServicer_to_server, TaskService),
    (claim.add_ClaimServiceServicer_to_server, ClaimService),
    (follow_up_plan.add_FollowUpPlanServiceServicer_to_server, FollowUpPlanService),
    (working_hours.add_WorkingHoursServiceServicer_to_server, WorkingHoursService),
    (sales_report.add_SalesReportServiceServicer_to_server, SalesReportService),
    (policy.add_PolicyServiceServicer_to_server, PolicyService),
    (pool.add_PoolServiceServicer_to_server, PoolService),
    (partner.add_PartnerServiceServicer_to_server, PartnerService),
    (partner_material.add_PartnerMaterialServiceServicer_to_server, PartnerMaterialService),
    (pipeline.add_PipelineServiceServicer_to_server, PipelineService),
    (sales_target.add_SalesTargetServiceServicer_to_server, SalesTargetService),
    (saved_filter.add_SavedFilterServiceServicer_to_server, SavedFilterService),
    (workbench.add_WorkbenchServiceServicer_to_server, WorkbenchService),
    (playbook.add_PlaybookServiceServicer_to_server, PlaybookService),
    (workload.add_WorkloadServiceServicer_to_server, WorkloadService),
    (lead_form.add_LeadFormServiceServicer_to_server, LeadFormService),
    (grading_rule.add_GradingRuleServiceServicer_to_server, GradingRuleService),
    (handover.add_HandoverServiceServicer_to_server, HandoverService),
    (contact.add_ContactServiceServicer_to_server, ContactService),
    (organisation.add_OrganisationServiceServicer_to_server, OrganisationService),
    (recommendation.add_RecommendationServiceServicer_to_server, RecommendationService),
    (lead_reveal.add_LeadRevealServiceServicer_to_server, LeadRevealService),
    (assessment.add_AssessmentServiceServicer_to_server, AssessmentService),
]
