"""Personal data in columns: sealed to read, indexed to find, and nothing in clear on disk.

Declare a sealed column and its name in the model, then seal and reveal through the name:

    class Lead(OwnedRow, Base):
        phone_sealed: Mapped[bytes | None]
        phone_index: Mapped[bytes | None]
        phone = Sealed("phone_sealed")

    lead = Lead(id=uuid7(), ...)               # the id must be there before sealing: the ciphertext is bound to it
    Lead.phone.seal(tx, lead, "+8613800138000")        # None or "" clears the column
    lead.phone_index = blind_index(tx, "phone", "+8613800138000")
    Lead.phone.reveal(tx, lead)                        # -> "+8613800138000", or None
    Lead.phone.reveal_all(tx, rows)                    # -> {row id: text}; Core rows need id and phone_sealed
    select(Lead).where(Lead.phone_index == blind_index(tx, "phone", normalise_phone(typed)))

`seal` and `open_sealed` do the same for rows without a model. The ciphertext is bound to institution, table, column
and row: moved anywhere else it does not open; and it opens only while the key of its group is there (`shared.cells`),
which an erasure destroys. Names are found through a table of tokens, one row per token, compared
with `=` only (LIKE loses its index under row-level security):

    stored = search_tokens(tx, "lead_name", name)      # list[bytes], to insert beside the lead
    wanted = query_tokens(tx, "lead_name", typed)      # a match has all of them; [] finds nothing

Gender, grade and the like never get an index: few values are guessed at once. Fields of events are sealed with
`seal_for_bus` under a key that every service of the chain derives from the KEK; `publish` and the inbox do it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from tink import TinkError

from shared import personal
from shared.cells import bound_to, disclose, enclose, group_in, group_of
from shared.db import Tx
from shared.keks import CannotOpen, keks
from shared.key_store import shelf
from shared.keyring import PREFIX_BYTES, Keyring, Unwrapped, service_of
from shared.personal import name_tokens, normalise_phone

__all__ = [
    "CannotOpen",
    "Keyring",
    "Sealed",
    "blind_index",
    "blind_indexes",
    "destroy_groups",
    "name_tokens",
    "normalise_phone",
    "open_from_bus",
    "open_sealed",
    "query_tokens",
    "seal",
    "seal_for_bus",
    "sealed_columns",
    "search_tokens",
]
INDEX_BYTES = 16
# Every sealed column of this process by the module that declares it, so that a rotation finds them all.
_DECLARED: dict[str, set[tuple[str, str]]] = {}


def seal(tx: Tx, table: str, column: str, row_id: UUID, text: str, *, group: bytes | None = None) -> bytes:
    """Encrypt a text for one cell of the transaction's institution; alone in its row, unless a `group` is given."""
    key = Keyring.of(tx).get(tx, "cell")
    bound = bound_to(tx.institution_id, table, column, row_id)
    return enclose(key, group or group_of(table, (row_id,)), bound, text.encode())


def open_sealed(tx: Tx, table: str, column: str, row_id: UUID, sealed: bytes) -> str | None:
    """Decrypt what `seal` made for this very cell; None when an erasure destroyed its key.

    Raises CannotOpen for anything else, and Refused KEYS_DESTROYED after the institution's keys were destroyed.
    """
    blob, bound = bytes(sealed), bound_to(tx.institution_id, table, column, row_id)
    key = key_of(tx, blob)
    plain = disclose(key, bound, blob) if key.trees else _former(key, bound, blob)
    return None if plain is None else plain.decode()


def key_of(tx: Tx, blob: bytes) -> Unwrapped:
    """Return the keyset that opens a cell; one without trees for what was sealed before there were any."""
    ring = Keyring.of(tx)
    key = ring.get(tx, "cell")
    if blob[:PREFIX_BYTES] not in key.prefixes:
        # Sealed by a process that learned of a rotation before this one did.
        key = ring.get(tx, "cell", fresh=True)
    return key if blob[:PREFIX_BYTES] in key.prefixes else ring.get(tx, "data")


def destroy_groups(tx: Tx, cells: Iterable[tuple[str, str, UUID, bytes]]) -> int:
    """Destroy the keys of all groups that cells (table, column, row, blob) belong to; returns how many.

    It is done at once, for every copy of the cells, backups included, and not undone with the transaction.
    """
    groups = set()
    for table, column, row_id, blob in cells:
        key = key_of(tx, blob)
        if key.trees:
            groups.add(group_in(key, bound_to(tx.institution_id, table, column, row_id), blob).hex())
    if groups:
        shelf(tx.institution_id, service_of(tx.connection.engine.url)).destroy(sorted(groups))
        Keyring.of(tx).get(tx, "cell", fresh=True)
    return len(groups)


def _former(key: Unwrapped, bound: bytes, blob: bytes) -> bytes:
    try:
        return bytes(key.primitive.decrypt(blob, bound))
    except TinkError:
        raise CannotOpen(f"a cell was not sealed for its place: {bound.decode()}") from None


class Sealed:
    """Names a sealed column of a model; see the module's text. On the class, `Lead.phone` is this object.

    `of` names the columns whose values a row has in common with those that are always forgotten with it; by default
    each row is a group of its own. An erasure destroys one key per group, so long histories are one group.
    """

    def __init__(self, column: str, *, of: tuple[str, ...] = ("id",)) -> None:
        self.column = column
        self.of = of
        self.table = ""

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn the table from the model; a mixin's column belongs to the model that inherits it."""
        table = getattr(owner, "__tablename__", "")
        if not table:
            raise TypeError(f"{owner.__name__}.{name} needs a model with __tablename__")
        self.table = table
        _DECLARED.setdefault(owner.__module__, set()).add((table, self.column))

    def seal(self, tx: Tx, row: Any, text: str | None) -> None:
        """Put a text into a row that has its id; None and the empty text clear it."""
        if row.id is None:
            raise ValueError(f"{self.table}.{self.column}: give the row its id before sealing")
        shared = tuple(getattr(row, name) for name in self.of)
        group = group_of(self.table, shared if any(shared) else (row.id,))
        setattr(row, self.column, seal(tx, self.table, self.column, row.id, text, group=group) if text else None)

    def reveal(self, tx: Tx, row: Any) -> str | None:
        """Return the text of a row, ORM or Core, or None where there is none or an erasure took it."""
        blob = getattr(row, self.column)
        return None if not blob else open_sealed(tx, self.table, self.column, row.id, blob)

    def reveal_all(self, tx: Tx, rows: Iterable[Any]) -> dict[UUID, str]:
        """Return the texts of many rows by row id; rows without one are left out."""
        found = ((row.id, self.reveal(tx, row)) for row in rows)
        return {row_id: text for row_id, text in found if text is not None}


def sealed_columns(package: str) -> list[tuple[str, str]]:
    """Return (table, column) of all sealed columns that the imported modules of a package declare."""
    modules = (each for name, each in _DECLARED.items() if f"{name}.".startswith(f"{package}."))
    return sorted(set().union(*modules))


def blind_index(tx: Tx, kind: str, value: str) -> bytes:
    """Return the 16 bytes by which an exact value is found; other institutions and kinds get other bytes.

    Bring the value into one form first (`normalise_phone`).
    """
    return blind_indexes(tx, kind, (value,))[0]


def blind_indexes(tx: Tx, kind: str, values: Iterable[str]) -> list[bytes]:
    """Return the blind index of each value."""
    key = Keyring.of(tx).get(tx, "index").primitive.primary()
    return [bytes(key.compute(f"{kind}|{value}".encode(), INDEX_BYTES)) for value in values]


def search_tokens(tx: Tx, kind: str, name: str) -> list[bytes]:
    """Return the tokens to store for a name: its characters, neighbours, pinyin and initials."""
    return blind_indexes(tx, kind, name_tokens(name))


def query_tokens(tx: Tx, kind: str, text: str) -> list[bytes]:
    """Return the tokens that a stored name must all have to match what somebody typed."""
    return blind_indexes(tx, kind, personal.query_tokens(text))


def seal_for_bus(institution_id: UUID, text: str) -> str:
    """Encrypt a text that leaves the database inside an event; every service of the chain can open it."""
    sealed = keks().seal(f"bus|{institution_id}", text.encode(), institution_id=institution_id)
    return base64.urlsafe_b64encode(sealed).decode()


def open_from_bus(institution_id: UUID, text: str) -> str:
    """Undo `seal_for_bus`; raises CannotOpen for anything else."""
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
    except (binascii.Error, ValueError):
        raise CannotOpen("not a sealed field") from None
    return keks(sealed).open(f"bus|{institution_id}", sealed).decode()
