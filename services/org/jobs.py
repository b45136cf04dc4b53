"""What org does by the clock."""

from __future__ import annotations

from services.org.actions import access, campuses, sessions
from services.org.models import Campus, Staff
from shared.announcements import Announcement
from shared.jobs import AnyJob, Job

JOBS: list[AnyJob] = [Job("org.prune_sessions", 3600, sessions.prune)]

# Campuses first: who hears of people wants to know where they work.
ANNOUNCEMENTS = [Announcement("campuses", Campus, campuses.announce), Announcement("staff", Staff, access.announce)]
