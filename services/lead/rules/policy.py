"""What an institution can set about its leads, within which bounds, and what holds until it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

PROTECTION_DAYS = "protection_days"
PARTNER_PROTECTION_DAYS = "partner_protection_days"
UNTOUCHED_HOURS = "untouched_hours"
WARN_HOURS = "warn_hours"
HQ_AFTER_HOURS = "hq_after_hours"
DAILY_POOL_LIMIT = "daily_pool_limit"
SILENT_DAYS = "silent_days"
ARCHIVE_DAYS = "archive_days"
CONVERSION_DAYS = "conversion_days"
PARTNER_RULE = "partner_rule"
RESPONSE_LIMIT_MINUTES = "response_limit_minutes"
REMINDER_MINUTES = "reminder_minutes"
ESCALATE_MINUTES = "escalate_minutes"
CONVERSION_WEIGHT = "conversion_weight"
RENEWAL_WEIGHT = "renewal_weight"
REFERRAL_WEIGHT = "referral_weight"
NPS_WEIGHT = "nps_weight"
TRIAL_REMINDER_HOURS = "trial_reminder_hours"
COUNT_INVALID = "count_invalid"
UNREACHED_CALLS = "unreached_calls"
QUIET_START_MINUTE = "quiet_start_minute"
QUIET_END_MINUTE = "quiet_end_minute"
_LAST_MINUTE = 24 * 60 - 1


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of a new institution, and the bounds of every other; `of_chain`: campuses cannot differ."""

    default: int
    least: int
    most: int
    of_chain: bool = False


SETTINGS = {
    PROTECTION_DAYS: Setting(30, 1, 365),
    PARTNER_PROTECTION_DAYS: Setting(60, 1, 365),
    UNTOUCHED_HOURS: Setting(168, 1, 24 * 365),
    WARN_HOURS: Setting(24, 1, 24 * 30),
    HQ_AFTER_HOURS: Setting(720, 0, 24 * 365),
    DAILY_POOL_LIMIT: Setting(20, 0, 10_000),
    SILENT_DAYS: Setting(60, 1, 3650),
    ARCHIVE_DAYS: Setting(90, 1, 3650),
    CONVERSION_DAYS: Setting(180, 7, 3650, of_chain=True),
    PARTNER_RULE: Setting(1, 1, 3),
    RESPONSE_LIMIT_MINUTES: Setting(30, 1, 7 * 1440),
    REMINDER_MINUTES: Setting(30, 0, 7 * 1440),
    ESCALATE_MINUTES: Setting(1440, 1, 30 * 1440),
    CONVERSION_WEIGHT: Setting(40, 0, 100, of_chain=True),
    RENEWAL_WEIGHT: Setting(20, 0, 100, of_chain=True),
    REFERRAL_WEIGHT: Setting(20, 0, 100, of_chain=True),
    NPS_WEIGHT: Setting(20, 0, 100, of_chain=True),
    TRIAL_REMINDER_HOURS: Setting(24, 0, 168),
    COUNT_INVALID: Setting(0, 0, 1, of_chain=True),
    UNREACHED_CALLS: Setting(3, 1, 20),
    # What most chains keep: from nine in the evening until eight in the morning.
    QUIET_START_MINUTE: Setting(21 * 60, 0, _LAST_MINUTE),
    QUIET_END_MINUTE: Setting(8 * 60, 0, _LAST_MINUTE),
}
QUIET_HOURS = (QUIET_START_MINUTE, QUIET_END_MINUTE)

# By measure of rules.scorecard, in percent; together they are the whole.
WEIGHTS = {
    "conversion": CONVERSION_WEIGHT,
    "renewal": RENEWAL_WEIGHT,
    "referral": REFERRAL_WEIGHT,
    "nps": NPS_WEIGHT,
}


@dataclass(frozen=True, slots=True)
class Stated:
    """One value as it was set: for a campus, or with None for the institution."""

    setting: str
    value: int
    start_time: datetime
    campus_id: UUID | None = None


def in_force(stated: Iterable[Stated], *, campus_id: UUID | None, at: datetime) -> dict[str, Stated]:
    """Return what holds for a campus at an instant: its own latest value before the institution's.

    `stated` comes in the order in which it was set; of two values from the same instant on, the later one holds.
    Settings that nobody has set are left out.
    """
    found: dict[str, Stated] = {}
    for one in stated:
        if one.start_time > at or one.campus_id not in {None, campus_id}:
            continue
        known = found.get(one.setting)
        if known is None or _rank(one) >= _rank(known):
            found[one.setting] = one
    return found


def _rank(one: Stated) -> tuple[bool, datetime]:
    return one.campus_id is not None, one.start_time
