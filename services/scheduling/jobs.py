"""What scheduling does by the clock."""

from __future__ import annotations

from services.scheduling.actions import makeup_entitlements, roll_call_chases, teacher_attendances
from services.scheduling.actions.timetable_work import ENGINES
from shared.jobs import AnyJob, Errand, Job

JOBS: list[AnyJob] = [
    Job("scheduling.chase_roll_calls", 60.0, roll_call_chases.step),
    Job("scheduling.expire_makeups", 600.0, makeup_entitlements.expire),
    Job("scheduling.flag_absent_teachers", 60.0, teacher_attendances.flag_absent),
    Errand("scheduling.run_timetables", 1.0, ENGINES.step),
]
