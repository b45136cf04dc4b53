"""What devices and meeting providers say, as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from shared.errors import InvalidInput

CARD_READER = "card_reader"
MEETING_PROVIDER = "meeting_provider"
# A reader that was cut off reports later what it saw.
_OLDEST = timedelta(days=7)
_AHEAD = timedelta(minutes=5)
_LONGEST = 128
_KINDS = ("join", "leave")


class Report(NamedTuple):
    """What a card reader says: its own id of the event, the number of the card, and when it was held to it."""

    event_id: str
    card_number: str
    time: datetime


class Step(NamedTuple):
    """What a meeting provider says: somebody joined or left a lesson with one of their devices."""

    event_id: str
    lesson_id: UUID
    person_id: UUID
    kind: str
    connection_id: str
    time: datetime


def read_card(body: bytes, now: datetime) -> Report:
    """Read an event: JSON with eventId, cardNumber and time (RFC 3339, at most a week old).

    InvalidInput DEVICE_EVENT_MALFORMED.
    """
    _, texts, moment = _read(body, now, "eventId", "cardNumber")
    return Report(texts["eventId"], texts["cardNumber"], moment)


def read_step(body: bytes, now: datetime) -> Step:
    """Read an event: JSON with eventId, lessonId, personId, kind (join or leave), time, and connectionId or none.

    InvalidInput DEVICE_EVENT_MALFORMED.
    """
    content, texts, moment = _read(body, now, "eventId", "lessonId", "personId", "kind")
    connection = content.get("connectionId", "")
    if texts["kind"] not in _KINDS or not isinstance(connection, str) or not _is_plain(connection or "-"):
        raise malformed("kind is join or leave, connectionId a text of at most 128 characters")
    try:
        lesson_id, person_id = UUID(texts["lessonId"]), UUID(texts["personId"])
    except ValueError:
        raise malformed("lessonId and personId are ids") from None
    return Step(texts["eventId"], lesson_id, person_id, texts["kind"], connection, moment)


def _read(body: bytes, now: datetime, *names: str) -> tuple[dict[str, Any], dict[str, str], datetime]:
    try:
        content = json.loads(body)
        texts = {name: content[name] for name in names}
        moment = datetime.fromisoformat(content["time"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise malformed(f"the body is no event: {', '.join(names)}, time") from None
    if not all(isinstance(each, str) and _is_plain(each) for each in texts.values()):
        raise malformed(f"{', '.join(names)} are texts of at most {_LONGEST} characters")
    if moment.tzinfo is None:
        raise malformed("time needs its offset")
    if not now - _OLDEST <= moment <= now + _AHEAD:
        raise malformed("time is at most a week ago and not ahead of ours")
    return content, texts, moment.astimezone(UTC)


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isprintable()


def malformed(text: str) -> InvalidInput:
    """Return the refusal of a body that says nothing."""
    return InvalidInput("body", text, "DEVICE_EVENT_MALFORMED")
