"""How growth reports go out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert

from services.student.actions.consents import DEFAULT_ZONE
from services.student.models import GrowthSetting
from shared.db import Tx
from shared.tables import stamped

CLOCK = ZoneInfo(DEFAULT_ZONE)
_USUAL = {"weekly": False, "weekday": 1, "hour": 18, "experiment": "", "brief_basis_points": 0}


def get(tx: Tx, *, for_update: bool = False) -> GrowthSetting:
    """Return the setting; nothing goes out by itself before somebody has set it."""
    key = (tx.institution_id, tx.institution_id)
    if for_update:
        fresh = stamped(tx, id=tx.institution_id, **_USUAL)
        tx.execute(insert(GrowthSetting).values(fresh).on_conflict_do_nothing())
        return tx.session.get_one(GrowthSetting, key, with_for_update=True, populate_existing=True)
    return tx.session.get(GrowthSetting, key) or GrowthSetting(**_USUAL)


def replace(
    tx: Tx, *, weekly: bool, weekday: int, hour: int, experiment: str, brief_basis_points: int
) -> GrowthSetting:
    """Say how reports go out. Raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    row = get(tx, for_update=True)
    row.weekly, row.weekday, row.hour = weekly, weekday or 1, hour
    row.experiment, row.brief_basis_points = experiment, brief_basis_points
    tx.session.flush()
    return row
