"""What notification does by the clock: send, give up what was lost, prune the feed."""

from __future__ import annotations

from services.notification.actions import feed, messages, sending
from shared.jobs import AnyJob, Errand, Job

JOBS: list[AnyJob] = [
    Errand("notification.send", 0.5, sending.send_due),
    Job("notification.give_up_lost", 60, messages.give_up_lost),
    Job("notification.prune_feed", 300, feed.prune),
]
