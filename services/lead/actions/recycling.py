"""What nobody works on comes back: a warning first, then the pool of the campus, then that of headquarters."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from services.lead.actions import owners, policies, pools, tasks
from services.lead.models import Campus, Lead
from services.lead.rules import policy, stages
from shared.db import Tx

UNTOUCHED = "untouched"
# Of each campus; few, for a lead that is held keeps its advisor waiting.
_AT_ONCE = 20
# The same expression as that of the index ix_lead_idle.
_SEEN = func.greatest(Lead.create_time, Lead.owner_time, Lead.last_contact_time)


def step(tx: Tx) -> bool:
    """Warn, take back and open to all, campus by campus; True when more is waiting."""
    busy = False
    for campus_id in tx.session.scalars(select(Campus.id).order_by(Campus.id)).all():
        settings = policies.values(tx, campus_id)
        total, warning = (timedelta(hours=settings[name]) for name in (policy.UNTOUCHED_HOURS, policy.WARN_HOURS))
        # Back first: whoever is warned now gets the whole time of the warning.
        returned = _take_back(tx, campus_id, total, warning)
        warned = _warn(tx, campus_id, total, warning)
        pools.open_to_all(tx, campus_id, settings[policy.HQ_AFTER_HOURS])
        busy = busy or _AT_ONCE in {returned, warned}
    pools.count(tx)
    return busy


def _warn(tx: Tx, campus_id: UUID, total: timedelta, warning: timedelta) -> int:
    idle = tx.now - max(total - warning, timedelta()) >= _SEEN
    fresh = Lead.warn_time.is_(None) | (Lead.warn_time < _SEEN)
    found = _some(tx, campus_id, idle, fresh)
    for lead in found:
        lead.warn_time = tx.now
        deadline = tx.now + warning
        work = tasks.Work(
            kind=tasks.RECYCLE_WARNING,
            due_time=deadline,
            campus_id=campus_id,
            lead=lead,
            origin=f"recycle|{lead.id}|{tx.now.isoformat()}",
        )
        tasks.create(tx, work, owner_id=lead.owner_id)
    return len(found)


def _take_back(tx: Tx, campus_id: UUID, total: timedelta, warning: timedelta) -> int:
    idle = tx.now - total >= _SEEN
    warned = (Lead.warn_time >= _SEEN) & (Lead.warn_time <= tx.now - warning)
    found = _some(tx, campus_id, idle, warned)
    for lead in found:
        owners.release(tx, lead, UNTOUCHED)
    return len(found)


def _some(tx: Tx, campus_id: UUID, *where: object) -> list[Lead]:
    mine = (Lead.institution_id == tx.institution_id, Lead.campus_id == campus_id)
    owned = (Lead.state == stages.OPEN, Lead.owner_id.is_not(None))
    query = select(Lead).where(*mine, *owned, *where).order_by(_SEEN).limit(_AT_ONCE)  # type: ignore[arg-type]
    return list(tx.session.scalars(query.with_for_update(skip_locked=True)).all())
