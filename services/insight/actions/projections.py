"""What events do to the read models. Each statement gives the same result in whatever order events come."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived
from lianxiao.lead.v1.lead_events_pb2 import LeadCaptured, LeadEnrolled
from lianxiao.marketing.v1.marketing_events_pb2 import CampaignCostRecorded, CampaignCreated
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed, TrialResultRecorded
from shared.db import Tx
from shared.wire_values import instant

# The campus of the enquiry is the cohort's; an event of another campus that comes first gives way to it.
_STEP = """
insert into journey as j (institution_id, customer_id, campus_id, source, {column}) values
  (%(institution)s, %(customer)s, %(campus)s, '', %(time)s)
on conflict (institution_id, customer_id) do update set {column} = least(j.{column}, excluded.{column})"""
_STEPS = {name: _STEP.format(column=f"{name}_time") for name in ("trial", "enrolled", "paid", "first_lesson")}
_ENQUIRY = """
insert into journey as j (institution_id, customer_id, campus_id, campaign_id, source, enquiry_time) values
  (%(institution)s, %(customer)s, %(campus)s, %(campaign)s, %(source)s, %(time)s)
on conflict (institution_id, customer_id) do update set campus_id = excluded.campus_id,
  campaign_id = excluded.campaign_id, source = excluded.source, enquiry_time = excluded.enquiry_time
where j.enquiry_time is null or j.enquiry_time > excluded.enquiry_time"""
_CAMPAIGN = """
insert into campaign_figure as f (institution_id, campaign_id, campus_id, name, channel, cost_fen) values
  (%(institution)s, %(campaign)s, %(campus)s, %(name)s, %(channel)s, 0)
on conflict (institution_id, campaign_id) do update set name = excluded.name, channel = excluded.channel"""
_COST = """
insert into campaign_figure as f (institution_id, campaign_id, campus_id, name, channel, cost_fen) values
  (%(institution)s, %(campaign)s, %(campus)s, '', '', %(amount)s)
on conflict (institution_id, campaign_id) do update set cost_fen = f.cost_fen + excluded.cost_fen"""
_CAMPUS = """
insert into campus_clock (institution_id, campus_id, name, time_zone) values
  (%(institution)s, %(campus)s, %(name)s, %(zone)s)
on conflict (institution_id, campus_id) do update set name = excluded.name, time_zone = excluded.time_zone"""
_CAME = frozenset({"present", "late", "left_early", "online"})


def enquiry(tx: Tx, event: LeadCaptured) -> None:
    """Note that a child was asked for; the first lead of a customer decides campus, source and campaign."""
    row = _row(tx, event.customer_id, event.campus_id, event.capture_time)
    tx.run(_ENQUIRY, row | {"campaign": event.campaign_id or None, "source": event.source})


def trial(tx: Tx, event: TrialResultRecorded) -> None:
    """Note that a child came to a trial lesson."""
    if event.attended:
        tx.run(_STEPS["trial"], _row(tx, event.customer_id, event.campus_id, event.lesson_start_time))


def enrolled(tx: Tx, event: LeadEnrolled) -> None:
    """Note that a lead became a student."""
    tx.run(_STEPS["enrolled"], _row(tx, event.customer_id, event.campus_id, event.enrol_time))


def paid(tx: Tx, event: PaymentReceived) -> None:
    """Note that money came in."""
    tx.run(_STEPS["paid"], _row(tx, event.customer_id, event.campus_id, event.receive_time))


def first_lesson(tx: Tx, event: AttendanceConfirmed) -> None:
    """Note that a student was taught."""
    if event.code in _CAME:
        tx.run(_STEPS["first_lesson"], _row(tx, event.student_id, event.campus_id, event.lesson_start_time))


def campaign(tx: Tx, event: CampaignCreated) -> None:
    """Know a campaign's name."""
    row = {"name": event.name, "channel": event.channel}
    tx.run(_CAMPAIGN, _campaign_row(tx, event) | row)


def cost(tx: Tx, event: CampaignCostRecorded) -> None:
    """Add a cost; the inbox makes sure that it is added once."""
    tx.run(_COST, _campaign_row(tx, event) | {"amount": event.amount_fen})


def campus(tx: Tx, event: CampusChanged) -> None:
    """Know a campus's time zone."""
    row = {"institution": str(tx.institution_id), "campus": event.campus_id}
    tx.run(_CAMPUS, row | {"name": event.name, "zone": event.time_zone})


def _row(tx: Tx, customer_id: str, campus_id: str, moment: Timestamp) -> dict[str, Any]:
    time = instant(moment)
    return {"institution": str(tx.institution_id), "customer": customer_id, "campus": campus_id, "time": time}


def _campaign_row(tx: Tx, event: CampaignCreated | CampaignCostRecorded) -> dict[str, Any]:
    campus_id = event.campus_id or None
    return {"institution": str(tx.institution_id), "campaign": event.campaign_id, "campus": campus_id}
