"""The inputs and the outcome of an offer as text that is kept: one way to write each, so that texts can be compared."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import orjson

from services.billing.rules.pricing import Bundle, Inputs, Line, Priced, Step
from services.billing.rules.promotions import PriceStep, Promotion


def write(value: Inputs | Priced) -> str:
    """Return the text of inputs or of an outcome; equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def read_inputs(text: str) -> Inputs:
    """Return the inputs that a text was written from."""
    kept = orjson.loads(text)
    return Inputs(
        day=date.fromisoformat(kept["day"]),
        lines=tuple(_line(each) for each in kept["lines"]),
        promotions=tuple(_promotion(each) for each in kept["promotions"]),
        bundles=tuple(Bundle(**each | {"id": UUID(each["id"])}) for each in kept["bundles"]),
        is_returning=kept["is_returning"],
        has_sibling=kept["has_sibling"],
        version=kept["version"],
    )


def read_steps(text: str) -> tuple[Step, ...]:
    """Return the steps of a kept outcome."""
    return tuple(_step(each) for each in orjson.loads(text)["steps"])


def _line(kept: dict[str, Any]) -> Line:
    typed: dict[str, Any] = {"course_id": UUID(kept["course_id"]), "bundle_id": _id(kept["bundle_id"])}
    return Line(**kept | typed | {"start_date": _date(kept["start_date"])})


def _promotion(kept: dict[str, Any]) -> Promotion:
    typed: dict[str, Any] = {
        "id": UUID(kept["id"]),
        "start_date": date.fromisoformat(kept["start_date"]),
        "end_date": _date(kept["end_date"]),
        "price_steps": tuple(PriceStep(**step) for step in kept["price_steps"]),
        "course_ids": tuple(UUID(each) for each in kept["course_ids"]),
    }
    return Promotion(**kept | typed)


def _step(kept: dict[str, Any]) -> Step:
    typed: dict[str, Any] = {"source_id": _id(kept["source_id"]), "discounts_fen": tuple(kept["discounts_fen"])}
    return Step(**kept | typed)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
