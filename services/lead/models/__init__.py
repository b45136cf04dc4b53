"""Tables of lead, one module per group of nouns; import them from here."""

from __future__ import annotations

from services.lead.models.assignments import Assignment, AssignmentRule
from services.lead.models.base import Base
from services.lead.models.claims import Claim
from services.lead.models.directory import Campus, Staff
from services.lead.models.duplicates import CustomerAlias, Duplicate, LeadMerge
from services.lead.models.follow_ups import FollowUpPlan, PlanRun, SalesPolicy, WorkingHours
from services.lead.models.imports import Import, ImportBatch, ImportPart, ImportRow
from services.lead.models.leads import FollowUp, Lead, LeadKey, StageChange, Touch, Trial
from services.lead.models.tasks import Task

__all__ = [
    "Assignment",
    "AssignmentRule",
    "Base",
    "Campus",
    "Claim",
    "CustomerAlias",
    "Duplicate",
    "FollowUp",
    "FollowUpPlan",
    "Import",
    "ImportBatch",
    "ImportPart",
    "ImportRow",
    "Lead",
    "LeadKey",
    "LeadMerge",
    "PlanRun",
    "SalesPolicy",
    "Staff",
    "StageChange",
    "Task",
    "Touch",
    "Trial",
    "WorkingHours",
]
