"""What insight holds about people: nobody by name."""

from __future__ import annotations

from shared.holdings import PEOPLE, Holding

HOLDINGS: tuple[Holding, ...] = (
    Holding("journey", "转化过程", "enquiry", f"customer_id = {PEOPLE}", key="customer_id"),
)
