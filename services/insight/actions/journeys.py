"""The journeys that reports count: those of customers who turned out to be one child are one."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Subquery, bindparam, text

from services.insight.models import Journey

_COLUMNS = tuple(Journey.__table__.columns)
_TIMES = [column.name for column in _COLUMNS if column.name.endswith("_time")]
_FIRST = ("campus_id", "campaign_id", "source")
# Few customers are merged, so all others are read as they are, by their indexes.
_ONE = text(
    f"""with recursive live as (
      select distinct on (a.id) a.id, a.target_id from alias a
      where a.institution_id = :institution and not a.undone order by a.id, a.cause_id desc),
    roots (id, root, step) as (
      select id, target_id, 1 from live
      union all select r.id, l.target_id, r.step + 1 from roots r join live l on l.id = r.root where r.step < 50),
    members as (
      select id, root from roots where not exists (select 1 from live where live.id = roots.root)
      union select root, root from roots where not exists (select 1 from live where live.id = roots.root))
    select {", ".join("j." + column.name for column in _COLUMNS)} from journey j
    where j.institution_id = :institution and not exists (select 1 from members m where m.id = j.customer_id)
    union all
    select j.institution_id, m.root,
      {", ".join(f"(array_agg(j.{name} order by j.enquiry_time nulls last, j.customer_id))[1]" for name in _FIRST)},
      {", ".join(f"min(j.{name})" for name in _TIMES)}
    from members m join journey j on j.institution_id = :institution and j.customer_id = m.id
    group by j.institution_id, m.root"""  # noqa: S608 - names of our own columns
)


def counted(institution_id: UUID) -> Subquery:
    """Return the journeys of an institution, one for each child."""
    bound = _ONE.bindparams(bindparam("institution", institution_id, type_=_COLUMNS[0].type))
    return bound.columns(*_COLUMNS).subquery("counted")
