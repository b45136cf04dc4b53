"""What org does by the clock."""

from __future__ import annotations

from services.org.actions import access, approval_flows, approvals, campuses, sessions
from services.org.models import ApprovalFlow, Campus, Staff
from shared.announcements import Announcement
from shared.jobs import AnyJob, Job

JOBS: list[AnyJob] = [
    Job("org.prune_sessions", 3600, sessions.prune),
    Job("org.announce_overdue_approvals", 600, approvals.announce_overdue),
]

# Campuses first: who hears of people wants to know where they work.
ANNOUNCEMENTS = [
    Announcement("campuses", Campus, campuses.announce),
    Announcement("staff", Staff, access.announce),
    Announcement("approval flows", ApprovalFlow, approval_flows.announce),
]
