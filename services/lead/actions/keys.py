"""Under which blind indexes a lead is found."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID
from weakref import WeakKeyDictionary

from services.lead.rules import matching
from services.lead.rules.children import Person
from services.lead.rules.profile import Profile
from shared.crypto import blind_index, blind_indexes, normalise_phone, query_tokens, search_tokens
from shared.db import Tx

LAST_DIGITS = 4
# A capture asks for the keys of one person thrice: to look up, to decide, to store.
_MADE: WeakKeyDictionary[Tx, dict[str, bytes]] = WeakKeyDictionary()

_ADD = """insert into lead_key (institution_id, key, lead_id)
  select %(institution)s, k, %(lead)s from unnest(%(keys)s) as k on conflict do nothing"""
_DROP = "delete from lead_key where institution_id = %(institution)s and lead_id = %(lead)s and key = any(%(keys)s)"


def match_key(tx: Tx, key: str) -> bytes:
    """Return the index of one key of rules.matching."""
    return match_keys(tx, (key,))[0]


def match_keys(tx: Tx, keys: Sequence[str]) -> list[bytes]:
    """Return the index of each key of rules.matching."""
    known = _MADE.setdefault(tx, {})
    new = [key for key in keys if key not in known]
    known.update(zip(new, blind_indexes(tx, "lead_match", new) if new else (), strict=True))
    return [known[key] for key in keys]


def phone_key(tx: Tx, phone: str) -> bytes:
    """Return the index of a whole phone in E.164."""
    return match_key(tx, f"phone|{phone}")


def all_of(tx: Tx, profile: Profile, person: Person) -> list[bytes]:
    """Return every index of a lead: for finding duplicates and for searching."""
    found = set(match_keys(tx, matching.keys(person)))
    found |= {blind_index(tx, "lead_last4", phone[-LAST_DIGITS:]) for phone in profile.phones()}
    for name in (profile.child_name, profile.guardian_name):
        found.update(search_tokens(tx, "lead_name", name))
    return sorted(found)


def searched(tx: Tx, typed: str) -> list[bytes]:
    """Return the indexes that a lead must all have to match what somebody typed; none when nothing can be searched."""
    digits = "".join(char for char in typed if char.isdigit())
    if len(digits) == LAST_DIGITS and digits == typed.strip():
        return [blind_index(tx, "lead_last4", digits)]
    phone = normalise_phone(typed) if digits else None
    return [phone_key(tx, phone)] if phone else query_tokens(tx, "lead_name", typed)


def replace(tx: Tx, lead_id: UUID, *, before: list[bytes], after: list[bytes]) -> None:
    """Exchange the indexes of a lead; those in both lists stay."""
    who = {"institution": tx.institution_id, "lead": lead_id}
    gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    if gone:
        tx.run(_DROP, who | {"keys": gone})
    if new:
        tx.run(_ADD, who | {"keys": new})
