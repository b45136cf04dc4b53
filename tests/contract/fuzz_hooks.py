"""Loaded by schemathesis: signs its requests, each with a session of its own, and lends it ids that exist."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import schemathesis

from tests.contract.callers import EVERYTHING, Gate, Person

_GATE = Gate.of(Path(os.environ["FUZZ_SECRETS"]))
_PERSON = Person(UUID(os.environ["FUZZ_INSTITUTION"]), UUID(os.environ["FUZZ_STAFF"]))
# Ids by the JSON names of their fields.
_IDS: dict[str, list[str]] = json.loads(os.environ["FUZZ_IDS"])


@schemathesis.auth(refresh_interval=None)
class Session:
    """A token per request: a request may sign out, and the others go on."""

    def get(self, _case: Any, _context: Any) -> str:
        return _GATE.token(_PERSON, EVERYTHING)

    def set(self, case: Any, data: str, _context: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: Any) -> Any:
    """Replace about half of the ids by ones that exist, as the drawn id decides."""
    return _lend(path_parameters)


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Do the same in bodies."""
    return _lend(body)


def _lend(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    return {name: _existing(name, value) if isinstance(value, str) else _lend(value) for name, value in values.items()}


def _existing(name: str, value: str) -> str:
    known = _IDS.get(name, [])
    chosen = sum(value.encode())
    return known[chosen % len(known)] if known and chosen % 2 else value
