"""What scheduling does by the clock."""

from __future__ import annotations

from services.scheduling.actions import (
    class_groups,
    courses,
    lesson_notices,
    lesson_states,
    makeup_entitlements,
    openings,
    quality_alerts,
    roll_call_chases,
    substitute_offers,
    suspensions,
    teacher_attendances,
    waiting_lists,
)
from services.scheduling.actions.timetable_work import ENGINES
from services.scheduling.models import ClassGroup, Course, Lesson
from shared.announcements import Announcement
from shared.jobs import AnyJob, Errand, Job

JOBS: list[AnyJob] = [
    Job("scheduling.chase_roll_calls", 60.0, roll_call_chases.step),
    Job("scheduling.remind_of_lessons", 60.0, lesson_notices.remind),
    Job("scheduling.expire_makeups", 600.0, makeup_entitlements.expire),
    Job("scheduling.expire_offers", 60.0, waiting_lists.expire),
    Job("scheduling.expire_substitute_offers", 60.0, substitute_offers.expire),
    Job("scheduling.alert_of_quality", 3600.0, quality_alerts.step),
    Job("scheduling.warn_of_openings", 3600.0, openings.warn),
    Errand("scheduling.begin_suspensions", 60.0, suspensions.begin_due),
    Errand("scheduling.bring_back", 300.0, suspensions.bring_back),
    Job("scheduling.flag_absent_teachers", 60.0, teacher_attendances.flag_absent),
    Errand("scheduling.run_timetables", 1.0, ENGINES.step),
]

ANNOUNCEMENTS = [
    Announcement("courses", Course, courses.announce),
    Announcement("class_groups", ClassGroup, class_groups.announce),
    Announcement("lessons", Lesson, lesson_states.announce_one),
]
