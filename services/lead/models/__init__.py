"""Tables of lead, one module per group of nouns; import them from here."""

from __future__ import annotations

from services.lead.models.assessments import Assessment, AssessmentReport, AssessmentSitting
from services.lead.models.assignments import AdvisorConversion, Assignment, AssignmentRule, SchoolDistrict
from services.lead.models.base import Base
from services.lead.models.claims import Arbitration, Claim, ClaimMove
from services.lead.models.directory import Campus, PurposeSetting, Staff
from services.lead.models.doors import FormVisit, LeadForm, Webhook, WebhookCall
from services.lead.models.duplicates import CustomerAlias, Duplicate, LeadMerge
from services.lead.models.follow_ups import FollowUpPlan, PlanCue, PlanMessage, PlanRun, WorkingHours
from services.lead.models.grading import GradeChange, GradingRule, GradingRun
from services.lead.models.imports import Import, ImportBatch, ImportPart, ImportRow
from services.lead.models.leads import FollowUp, Lead, LeadKey, LeadTag, StageChange, Touch, Trial
from services.lead.models.organisations import Organisation
from services.lead.models.partners import (
    Partner,
    PartnerAccount,
    PartnerMaterial,
    PartnerVisit,
    Registration,
    SupportRequest,
)
from services.lead.models.playbooks import Playbook, PlaybookUse
from services.lead.models.policies import LeadPolicy
from services.lead.models.pool import LeadIssue, PoolQuota, QualityRun
from services.lead.models.sales import NpsAnswer, PipelineSetting, Sale, SalesTarget, SalesTeam
from services.lead.models.saved_filters import SavedFilter
from services.lead.models.studies import StudyConsumption
from services.lead.models.tasks import Task
from services.lead.models.teaching import Contact, TeachingHandover

__all__ = [
    "AdvisorConversion",
    "Arbitration",
    "Assessment",
    "AssessmentReport",
    "AssessmentSitting",
    "Assignment",
    "AssignmentRule",
    "Base",
    "Campus",
    "Claim",
    "ClaimMove",
    "Contact",
    "CustomerAlias",
    "Duplicate",
    "FollowUp",
    "FollowUpPlan",
    "FormVisit",
    "GradeChange",
    "GradingRule",
    "GradingRun",
    "Import",
    "ImportBatch",
    "ImportPart",
    "ImportRow",
    "Lead",
    "LeadForm",
    "LeadIssue",
    "LeadKey",
    "LeadMerge",
    "LeadPolicy",
    "LeadTag",
    "NpsAnswer",
    "Organisation",
    "Partner",
    "PartnerAccount",
    "PartnerMaterial",
    "PartnerVisit",
    "PipelineSetting",
    "PlanCue",
    "PlanMessage",
    "PlanRun",
    "Playbook",
    "PlaybookUse",
    "PoolQuota",
    "PurposeSetting",
    "QualityRun",
    "Registration",
    "Sale",
    "SalesTarget",
    "SalesTeam",
    "SavedFilter",
    "SchoolDistrict",
    "Staff",
    "StageChange",
    "StudyConsumption",
    "SupportRequest",
    "Task",
    "TeachingHandover",
    "Touch",
    "Trial",
    "Webhook",
    "WebhookCall",
    "WorkingHours",
]
