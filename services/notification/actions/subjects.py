"""What notification holds about people."""

from __future__ import annotations

from shared.db import Tx
from shared.holdings import OF_FAMILY, PEOPLE, Holding
from shared.subjects import Subject

HOLDINGS: tuple[Holding, ...] = (
    Holding("contact", "联系人", "service_notice", OF_FAMILY, sealed=("name_sealed", "phone_sealed", "email_sealed")),
    Holding("pupil", "学员称呼", "service_notice", f"id = {PEOPLE}", sealed=("name_sealed",)),
    Holding(
        "message",
        "消息",
        "service_notice",
        OF_FAMILY,
        sealed=("address_sealed", "subject_sealed", "body_sealed"),
        index=("address_index",),
    ),
    Holding("consent_word", "营销同意现状", "security", f"person_id = {PEOPLE}"),
    Holding("opt_out", "退订", "security", index=("address_index",), note="stays, so that it goes on being honoured"),
    Holding(
        "staff",
        "员工",
        "employment",
        sealed=("email_sealed",),
        clear=("name",),
        note="staff leave by a handover",
    ),
)
_LET_BE = f"update contact set may_contact = false where institution_id = %(institution)s and {OF_FAMILY}"  # noqa: S608 - constant texts


def forget(tx: Tx, subject: Subject) -> None:
    """Send nothing more to who is forgotten."""
    tx.run(_LET_BE, subject.values | {"institution": str(tx.institution_id)})
