"""The command line that tells subscribers again what services have in their directories."""

from __future__ import annotations

import importlib
import sys
from collections import Counter

from shared.announcements import Announcement
from shared.db import Database
from shared.jobs import institutions
from shared.settings import settings


def run(services: list[str], words: list[str]) -> int:
    """Publish the present state of all that `services` announce, for every institution; returns the exit code."""
    if words:
        sys.stderr.write("announce takes no more words\n")
        return 2
    for service in services:
        announcements = _of(service)
        if announcements:
            database = Database(settings().role_url(service, "app"), pool_size=2)
            told: Counter[str] = Counter()
            for institution_id in institutions(database):
                for each in announcements:
                    told[each.name] += each.run(database, institution_id)
            database.dispose()
            sys.stdout.write(f"{service}: {', '.join(f'{count} {name}' for name, count in told.items())}\n")
    return 0


def _of(service: str) -> list[Announcement]:
    found: list[Announcement] = getattr(importlib.import_module(f"services.{service}.jobs"), "ANNOUNCEMENTS", [])
    return found
