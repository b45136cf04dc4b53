"""What org holds about people: those who work here."""

from __future__ import annotations

from shared.holdings import Holding

_STAFF = "kept while somebody is employed and as long as labour law asks"

HOLDINGS: tuple[Holding, ...] = (
    Holding(
        "staff",
        "员工",
        "employment",
        sealed=("email_sealed", "phone_sealed"),
        index=("email_index",),
        clear=("display_name",),
        note=_STAFF,
    ),
    Holding("sign_in_attempts", "登录尝试", "security", index=("email_index",), note="deleted by the clock of sign-in"),
)
