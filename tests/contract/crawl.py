"""Read everything that a caller may see, and remember every id and every text of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from tests.contract.requests import Requests, ids_in
from tests.contract.rpcs import Rpc, every
from tests.contract.wires import Answer

_ROUNDS = 4
_SHORTEST = 6
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TELLING_CHARACTERS = 4
Ask = Callable[[Rpc, Any], Answer]


@dataclass(slots=True)
class Sight:
    """What was seen: ids by field name, and texts with the campuses of the rows that they stood in ("" for none)."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, set[str]] = field(default_factory=dict)

    def of_campuses(self, campuses: Iterable[str]) -> set[str]:
        """Return the texts that only rows of these campuses hold."""
        wanted = set(campuses)
        return {text for text, places in self.texts.items() if places and places <= wanted}


def crawl(ask: Ask) -> Sight:
    """Call every query, with every id found so far, until nothing new comes."""
    sight = Sight()
    asked: set[tuple[str, bytes]] = set()
    for _ in range(_ROUNDS):
        before = len(asked)
        for rpc in every():
            for request in _requests(rpc, sight) if rpc.method.endpoint.is_query else ():
                key = (rpc.name, request.SerializeToString(deterministic=True))
                if key in asked:
                    continue
                asked.add(key)
                answer = ask(rpc, request)
                if answer.is_ok:
                    place = next((p for each in ids_in(request) for p in _places(sight, each)), "")
                    _remember(sight, answer.reply, place)
        if len(asked) == before:
            break
    return sight


def _requests(rpc: Rpc, sight: Sight) -> Iterator[Any]:
    """Yield a request per known subject; the other ids of a request belong to the same, where they are known."""
    subject = rpc.method.endpoint.subject_field
    kind = rpc.method.request
    wanted = {one.name for one in kind.DESCRIPTOR.fields if one.name.endswith("_id")}
    if not subject:
        request = Requests().make(kind)
        # Without optional filters: a list is asked for whole.
        for name in wanted:
            request.ClearField(name)
        yield request
        return
    others = {name: values[0] for name, values in sight.ids.items()}
    for value in sight.ids.get(subject, [])[:3]:
        yield Requests(others | {subject: value}).make(kind)


def _places(sight: Sight, text: str) -> set[str]:
    return {place for place in sight.texts.get(text, set()) if place}


def _remember(sight: Sight, message: Any, place: str) -> None:
    own = getattr(message, "campus_id", "") if "campus_id" in message.DESCRIPTOR.fields_by_name else ""
    place = own if isinstance(own, str) and own else place
    for one, value in message.ListFields():
        values = list(value) if one.is_repeated else [value]
        if one.message_type is not None and one.message_type.GetOptions().map_entry:
            continue
        for each in values:
            if one.message_type is not None:
                _remember(sight, each, place)
            elif one.type == FieldDescriptor.TYPE_STRING and len(each) > 0:
                _note(sight, one.name, each, place)


def _note(sight: Sight, name: str, text: str, place: str) -> None:
    if name.endswith("page_token"):
        return
    if name.endswith("_id") and text not in sight.ids.setdefault(name, []):
        sight.ids[name].append(text)
    if len(text.encode()) >= _SHORTEST:
        sight.texts.setdefault(text, set()).add(place)


def is_telling(text: str) -> bool:
    """Say whether a text can only come from one place: an id, an address, a number, a name; no code, no word."""
    if _UUID.fullmatch(text) or "@" in text or re.search(r"\d{8}", text):
        return True
    return len(re.findall(r"[\u4e00-\u9fff]", text)) >= _TELLING_CHARACTERS
