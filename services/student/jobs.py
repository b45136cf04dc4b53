"""What student does by the clock."""

from __future__ import annotations

from services.student.actions import (
    care,
    growth_reports,
    interviews,
    referrals,
    student_import_rows,
    subject_archives,
    surveys,
    tag_computing,
    tags,
    tickets,
)
from shared.jobs import AnyJob, Job

JOBS: list[AnyJob] = [
    Job("student.compute_tags", 60.0, tag_computing.step),
    Job("student.expire_tags", 300.0, tags.expire),
    Job("student.escalate_tickets", 60.0, tickets.escalate),
    Job("student.close_silent_tickets", 600.0, tickets.close_silent),
    Job("student.ask_surveys", 60.0, surveys.step),
    Job("student.give_care", 600.0, care.step),
    Job("student.draw_interviews", 3600.0, interviews.draw),
    Job("student.make_growth_reports", 60.0, growth_reports.step),
    Job("student.take_imports", 2.0, student_import_rows.step),
    Job("student.settle_referrals", 600.0, referrals.step),
    Job("student.end_subject_archives", 3600.0, subject_archives.expire),
]
