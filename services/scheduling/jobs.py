"""What scheduling does by the clock."""

from __future__ import annotations

from services.scheduling.actions import makeup_entitlements, roll_call_chases, teacher_attendances
from shared.jobs import AnyJob, Job

JOBS: list[AnyJob] = [
    Job("scheduling.chase_roll_calls", 60.0, roll_call_chases.step),
    Job("scheduling.expire_makeups", 600.0, makeup_entitlements.expire),
    Job("scheduling.flag_absent_teachers", 60.0, teacher_attendances.flag_absent),
]
