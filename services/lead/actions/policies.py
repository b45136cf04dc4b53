"""Limits and periods: of the institution, and of campuses that differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import QuietHoursChanged
from services.lead.actions import campuses, staff
from services.lead.models import LeadPolicy
from services.lead.rules import policy, scorecard
from services.lead.rules.policy import SETTINGS, Stated
from shared.db import Tx
from shared.errors import InvalidInput
from shared.events import publish
from shared.wire_values import id_text

# Asked for with almost everything that is done to a lead.
_IN_FORCE = """select setting, value, start_time, campus_id from lead_policy
  where institution_id = %(institution)s and (campus_id is null or campus_id = %(campus)s::uuid)
    and start_time <= %(at)s order by create_time, id"""


def values(tx: Tx, campus_id: UUID | None) -> dict[str, int]:
    """Return every setting as it holds now for a campus; None for the institution."""
    stated = in_force(tx, campus_id, tx.now)
    return {name: stated[name].value if name in stated else setting.default for name, setting in SETTINGS.items()}


def value(tx: Tx, setting: str, campus_id: UUID | None) -> int:
    """Return one setting as it holds now for a campus."""
    return values(tx, campus_id)[setting]


def in_force(tx: Tx, campus_id: UUID | None, at: datetime) -> dict[str, Stated]:
    """Return what was set and holds for a campus at an instant."""
    rows = tx.run(_IN_FORCE, {"institution": tx.institution_id, "campus": campus_id, "at": at})
    return policy.in_force((Stated(*row) for row in rows), campus_id=campus_id, at=at)


def weights(tx: Tx) -> dict[str, int]:
    """Return how much each measure of a score card counts now, in percent."""
    found = values(tx, None)
    return {measure: found[setting] for measure, setting in policy.WEIGHTS.items()}


def change(tx: Tx, campus_id: UUID | None, wanted: Mapping[str, int], start_time: datetime | None) -> datetime:
    """Set values from an instant on; return the instant.

    Raises InvalidInput SETTING_OUT_OF_RANGE, SETTING_OF_CHAIN, WEIGHTS_INVALID and TIME_PAST, CAMPUS_NOT_FOUND,
    CHAIN_SCOPE_NEEDED without a campus.
    """
    if campus_id is None:
        tx.check_chain()
    else:
        campuses.check_open(tx, campus_id)
    start = start_time or tx.now
    if start < tx.now:
        raise InvalidInput("start_time", "settings cannot be changed in the past", reason="TIME_PAST")
    for name, number in wanted.items():
        _check(name, number, campus_id)
        row = LeadPolicy(campus_id=campus_id, setting=name, value=number, start_time=start, staff_id=staff.actor(tx))
        tx.session.add(row)
    tx.session.flush()
    if not wanted.keys().isdisjoint(policy.WEIGHTS.values()):
        _check_weights(tx, start)
    _tell_quiet_hours(tx, campus_id, {name: wanted[name] for name in policy.QUIET_HOURS if name in wanted}, start)
    return start


def _tell_quiet_hours(tx: Tx, campus_id: UUID | None, minutes: Mapping[str, int], start: datetime) -> None:
    if minutes:
        place = str(campus_id or tx.institution_id)
        publish(tx, QuietHoursChanged(place_id=place, campus_id=id_text(campus_id), start_time=start, **minutes))


def _check(name: str, number: int, campus_id: UUID | None) -> None:
    bounds = SETTINGS[name]
    if campus_id is not None and bounds.of_chain:
        raise InvalidInput("values", f"{name} is one for the whole chain", "SETTING_OF_CHAIN", setting=name)
    if not bounds.least <= number <= bounds.most:
        raise InvalidInput(
            "values",
            f"{name} lies between {bounds.least} and {bounds.most}",
            reason="SETTING_OUT_OF_RANGE",
            setting=name,
            least=bounds.least,
            most=bounds.most,
        )


def _check_weights(tx: Tx, start: datetime) -> None:
    """Raise InvalidInput WEIGHTS_INVALID unless the weights add up from an instant on, at every later change too."""
    planned = select(LeadPolicy.start_time).where(LeadPolicy.institution_id == tx.institution_id)
    later = planned.where(LeadPolicy.setting.in_(policy.WEIGHTS.values()), LeadPolicy.start_time > start).distinct()
    for at in (start, *tx.session.scalars(later)):
        stated = in_force(tx, None, at)
        numbers = [stated[name].value if name in stated else SETTINGS[name].default for name in policy.WEIGHTS.values()]
        if sum(numbers) != scorecard.WHOLE:
            raise InvalidInput("values", "the weights add up to 100", "WEIGHTS_INVALID")
