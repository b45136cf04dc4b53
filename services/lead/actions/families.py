"""What other services are told of a family that has no file yet."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import Family
from services.lead.actions import known
from services.lead.models import Lead
from shared.db import Tx


def told(tx: Tx, lead: Lead) -> Family:
    """Return where a message to the family of a lead goes, and whether it wants one."""
    profile = known.profile_of(tx, lead)
    return Family(
        child_name=profile.child_name,
        guardian_name=profile.guardian_name,
        guardian_phone=profile.guardian_phone,
        guardian_email=profile.guardian_email,
        may_contact=lead.opt_out_time is None,
        wechat_id=profile.wechat_id,
    )
