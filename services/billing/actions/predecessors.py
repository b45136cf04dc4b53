"""The order that another one renews: told when it is made, else found among what the same child bought before."""

from __future__ import annotations

from uuid import UUID

from services.billing.models import Order
from shared import aliases
from shared.db import Tx
from shared.errors import Refused

# So long after the last use of an order another one still counts as its renewal.
DAYS = 90
# Of one family are courses of the same subject and category. Hours that are left, frozen or not, are still in use.
_FIND = """
select o.id from sales_order o
where o.institution_id = %(institution)s and o.customer_id = any (%(family)s::uuid[]) and o.id <> %(order)s
  and o.activate_time is not null and o.state <> 'void' and o.transfer_id is null and o.referral_id is null
  and exists (select from order_line was join order_line new on new.institution_id = was.institution_id
      and new.order_id = %(order)s
      left join course c on c.institution_id = was.institution_id and c.id = was.course_id
      left join course d on d.institution_id = new.institution_id and d.id = new.course_id
    where was.institution_id = o.institution_id and was.order_id = o.id and (was.course_id = new.course_id
      or (c.subject <> '' and c.subject = d.subject and c.category = d.category)))
  and exists (select from lot l where l.institution_id = o.institution_id and l.order_id = o.id
    and (l.remaining_hundredths > 0 and coalesce(l.expire_date > %(now)s::timestamptz - %(span)s::interval, true)
      or exists (select from lot_entry e where e.institution_id = l.institution_id and e.lot_id = l.id
        and e.create_time > %(now)s::timestamptz - %(span)s::interval)))
order by o.create_time desc, o.id desc limit 1"""


def find(tx: Tx, order: Order) -> UUID | None:
    """Return the order that a new one renews, at whatever campus it was sold: the last one of the child and family of
    courses of which something was left or used within 90 days.
    """
    values = {
        "institution": tx.institution_id,
        "family": [str(each) for each in aliases.family(tx, order.customer_id)],
        "order": order.id,
        "now": tx.now,
        "span": f"{DAYS} days",
    }
    with tx.across_campuses():
        found = tx.run(_FIND, values).scalar()
    return UUID(str(found)) if found else None


def check(tx: Tx, order: Order, predecessor: Order) -> None:
    """Refuse an order that cannot be the one before: RENEWAL_OTHER_CHILD, RENEWAL_NOT_EARLIER."""
    if predecessor.customer_id not in aliases.family(tx, order.customer_id):
        raise Refused("RENEWAL_OTHER_CHILD", "the order before is another child's")
    if predecessor.id == order.id or predecessor.create_time > order.create_time:
        raise Refused("RENEWAL_NOT_EARLIER", "an order renews one that was made before it")
