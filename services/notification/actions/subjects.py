"""What notification holds about people."""

from __future__ import annotations

from shared.holdings import GUARDIANS, PEOPLE, Holding

_BOTH = f"student_id = {PEOPLE} or guardian_id = {GUARDIANS}"

HOLDINGS: tuple[Holding, ...] = (
    Holding("contact", "通知联系人", "service_notice", _BOTH, sealed=("name_sealed", "phone_sealed", "email_sealed")),
    Holding("pupil", "学员称呼", "service_notice", f"id = {PEOPLE}", sealed=("name_sealed",)),
    Holding("message", "消息", "service_notice", _BOTH, sealed=("address_sealed", "subject_sealed", "body_sealed")),
    Holding(
        "staff",
        "员工",
        "employment",
        sealed=("email_sealed",),
        clear=("name",),
        note="staff leave by a handover",
    ),
)
