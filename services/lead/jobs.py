"""What lead does by the clock."""

from __future__ import annotations

from services.lead.actions import (
    grading_rules,
    import_files,
    name_keys,
    plan_messages,
    plan_starts,
    quality,
    recycling,
    responses,
    rule_previews,
    task_watch,
    trial_reminders,
    webhooks,
)
from shared.jobs import AnyJob, Job

JOBS: list[AnyJob] = [
    Job("lead.take_in_imports", 1.0, import_files.step),
    Job("lead.start_response_clocks", 10.0, responses.start_clocks),
    Job("lead.watch_responses", 20.0, responses.watch),
    Job("lead.watch_tasks", 20.0, task_watch.watch),
    Job("lead.remind_of_trials", 5.0, trial_reminders.step),
    Job("lead.start_plans", 5.0, plan_starts.step),
    Job("lead.send_plan_messages", 5.0, plan_messages.step),
    Job("lead.forget_nonces", 3600.0, webhooks.forget_nonces),
    Job("lead.recycle", 60.0, recycling.step),
    Job("lead.refresh_conversions", 3600.0, rule_previews.refresh_conversions),
    Job("lead.grade_all", 60.0, grading_rules.step),
    Job("lead.fill_name_keys", 600.0, name_keys.fill),
    Job("lead.look_for_flaws", 600.0, quality.step),
]
