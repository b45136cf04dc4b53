"""Data keys: one Tink keyset per institution and purpose in each service's database, wrapped by a KEK.

Purposes: `cell` (AEAD, can be rotated; seals together with a tree of keys outside the database, `shared.key_store`),
`index` (keyed hashes for search; a new key would orphan the index), and `data`, which only opens what was sealed before
there were trees; a rotation ends it.
Keysets are made on first use in a transaction of their own, so that no rolled-back business transaction can take
away a key that something was sealed with. Unwrapped keys stay in memory for at most 20 seconds, which bounds how long
a rotation or a destruction takes to reach every process.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from uuid import UUID
from weakref import WeakKeyDictionary

import tink
from sqlalchemy import URL, Engine
from tink import aead, prf, proto_keyset_format, secret_key_access
from tink.proto import tink_pb2

from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.keks import CannotOpen, keks
from shared.key_store import shelf
from shared.key_trees import KeyTree

Purpose = Literal["cell", "data", "index"]
LIFETIME_SECONDS = 20.0
# By then every process has let go of what it had in memory.
SETTLED_SECONDS = 30
PREFIX_BYTES = 5
_READ = "select version, wrapped from keyset where institution_id = %(institution)s and purpose = %(purpose)s"
_CREATE = (
    "insert into keyset (institution_id, purpose, version, wrapped)"
    " values (%(institution)s, %(purpose)s, 1, %(wrapped)s) on conflict do nothing"
)
_DROP_FORMER = (
    "with gone as (delete from keyset where institution_id = %s and purpose = 'data' and length(wrapped) > 0"
    " returning 1) select count(*) from gone"
)
_TEMPLATES = {
    "cell": aead.aead_key_templates.AES256_GCM,
    "data": aead.aead_key_templates.AES256_GCM,
    "index": prf.prf_key_templates.HMAC_SHA256,
}
_PRIMITIVES: dict[str, Any] = {"cell": aead.Aead, "data": aead.Aead, "index": prf.PrfSet}

aead.register()
prf.register()


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A keyset ready for use. `prefix` starts every ciphertext of the newest key, `prefixes` those of any key.

    `trees` are the trees of cell keys by prefix.
    """

    version: int
    primitive: Any
    prefix: bytes
    prefixes: frozenset[bytes]
    expires: float
    trees: Mapping[bytes, KeyTree]


class Keyring:
    """The unwrapped keysets of one database; bounded, shared by all threads."""

    _rings: ClassVar[WeakKeyDictionary[Engine, Keyring]] = WeakKeyDictionary()
    _rings_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, url: URL, *, capacity: int = 2000, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._service = service_of(url)
        self._capacity = capacity
        self._clock = clock
        self._held: OrderedDict[tuple[UUID, Purpose], Unwrapped] = OrderedDict()
        self._lock = threading.Lock()
        self._making = threading.Lock()

    @classmethod
    def of(cls, tx: Tx) -> Keyring:
        """Return the keyring of a transaction's database."""
        engine = tx.connection.engine
        ring = cls._rings.get(engine)
        if ring is None:
            with cls._rings_lock:
                ring = cls._rings.setdefault(engine, cls(engine.url))
        return ring

    def install(self, database: Database) -> None:
        """Make this the keyring of a database; for tests that turn the clock."""
        with self._rings_lock:
            self._rings[database.engine] = self

    def get(self, tx: Tx, purpose: Purpose, *, fresh: bool = False) -> Unwrapped:
        """Return a keyset of the transaction's institution; `fresh` asks the database.

        Raises Refused KEYS_DESTROYED for an institution whose keys were destroyed, CannotOpen for a tree that the key
        store lacks and for `data` where nothing was ever sealed so.
        """
        key = (tx.institution_id, purpose)
        with self._lock:
            found = self._held.get(key)
            if found is not None and not fresh and found.expires > self._clock():
                self._held.move_to_end(key)
                return found
        row = _read(tx, purpose)
        if row is None and purpose == "data":
            raise CannotOpen("sealed under a key that this institution does not have")
        return self._hold(key, *(row or self._make(tx.institution_id, purpose)))

    def _hold(self, key: tuple[UUID, Purpose], version: int, wrapped: bytes) -> Unwrapped:
        if not wrapped:
            with self._lock:
                self._held.pop(key, None)
            raise Refused("KEYS_DESTROYED", "the keys of this institution were destroyed", institution_id=str(key[0]))
        keyset = unwrap(wrapped, *key)
        trees: dict[bytes, KeyTree] = {}
        if key[1] == "cell":
            kept = shelf(key[0], self._service)
            trees = {_prefix(each.key_id): kept.tree(each.key_id) for each in keyset.key}
        found = _unwrapped(keyset, key[1], version, self._clock() + LIFETIME_SECONDS, trees)
        with self._lock:
            self._held[key] = found
            self._held.move_to_end(key)
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)
        return found

    def _make(self, institution_id: UUID, purpose: Purpose) -> tuple[int, bytes]:
        """Create a keyset unless somebody else just did, over a connection of its own.

        Callers wait here holding a connection of the pool, so the pool may be exhausted by them.
        """
        with self._making:
            own = Database(self._url, pool_size=1)
            try:
                with own.begin(Caller.system(institution_id)) as tx:
                    fresh = _new(purpose)
                    if purpose == "cell":
                        shelf(institution_id, self._service).create(fresh.primary_key_id)
                    wrapped = wrap(fresh, institution_id, purpose)
                    tx.run(_CREATE, {"institution": str(institution_id), "purpose": purpose, "wrapped": wrapped})
                    row = _read(tx, purpose)
                    if purpose == "cell" and row is not None and row[1] != wrapped:
                        shelf(institution_id, self._service).discard(fresh.primary_key_id)
            finally:
                own.dispose()
        if row is None:
            raise RuntimeError("a keyset vanished while it was made")
        return row


def service_of(url: URL) -> str:
    """Return the service whose database a URL names: its roles are `<service>_app` and `<service>_owner`."""
    return (url.username or "").rpartition("_")[0] or "unnamed"


def wrap(keyset: tink_pb2.Keyset, institution_id: UUID, purpose: Purpose) -> bytes:
    """Encrypt a keyset under the current KEK, bound to its institution and purpose."""
    plain = keyset.SerializeToString()
    return keks().seal("keyset", plain, _bound(institution_id, purpose), institution_id=institution_id)


def unwrap(wrapped: bytes, institution_id: UUID, purpose: Purpose) -> tink_pb2.Keyset:
    """Undo `wrap`; raises CannotOpen when no KEK of the file fits."""
    plain = keks(wrapped).open("keyset", wrapped, _bound(institution_id, purpose))
    return tink_pb2.Keyset.FromString(plain)


def _read(tx: Tx, purpose: Purpose, *, lock: bool = False) -> tuple[int, bytes] | None:
    values = {"institution": str(tx.institution_id), "purpose": purpose}
    row: Any = tx.run(_READ + (" for update" if lock else ""), values).one_or_none()
    return None if row is None else (row[0], bytes(row[1]))


def _bound(institution_id: UUID, purpose: Purpose) -> bytes:
    return f"{institution_id}|{purpose}".encode()


def _new(purpose: Purpose) -> tink_pb2.Keyset:
    handle = tink.new_keyset_handle(_TEMPLATES[purpose])
    return tink_pb2.Keyset.FromString(proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


def _unwrapped(
    keyset: tink_pb2.Keyset, purpose: Purpose, version: int, expires: float, trees: Mapping[bytes, KeyTree]
) -> Unwrapped:
    handle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    prefixes = frozenset(_prefix(key.key_id) for key in keyset.key)
    primitive = handle.primitive(_PRIMITIVES[purpose])
    return Unwrapped(version, primitive, _prefix(keyset.primary_key_id), prefixes, expires, trees)


def _prefix(key_id: int) -> bytes:
    return b"\x01" + key_id.to_bytes(4, "big")


def rotate_kek(database: Database, *, batch: int = 500) -> Iterator[int]:
    """Re-wrap every keyset that is not wrapped by the current KEK; yields how many after each batch.

    Readers go on meanwhile: a process that meets a KEK it does not know reads its file again.
    """
    last = ("00000000-0000-0000-0000-000000000000", "")
    while True:
        with database.system() as tx:
            rows: Any = tx.run(
                "select institution_id, purpose, wrapped from keyset"
                " where (institution_id, purpose) > (%s, %s) and length(wrapped) > 0"
                " order by institution_id, purpose limit %s for update",
                (*last, batch),
            ).all()
            stale = [(who, p, w) for who, p, w in rows if not keks(bytes(w)).is_current(bytes(w), who)]
            again = [wrap(unwrap(bytes(w), who, p), who, p) for who, p, w in stale]
            if stale:
                tx.run(
                    "update keyset k set wrapped = n.wrapped, version = k.version + 1"
                    " from unnest(%s::uuid[], %s::text[], %s::bytea[]) n (who, purpose, wrapped)"
                    " where k.institution_id = n.who and k.purpose = n.purpose",
                    ([str(who) for who, _, _ in stale], [p for _, p, _ in stale], again),
                )
        if not rows:
            return
        last = (str(rows[-1][0]), rows[-1][1])
        yield len(stale)


def rotate_data_key(database: Database, institution_id: UUID) -> None:
    """Give an institution a new data key, which seals from now on; the old ones still open.

    Then run `shared.reseal.reseal`, and `retire_old_keys` once 30 seconds have passed.
    """
    with database.begin(Caller.system(institution_id)) as tx:
        Keyring.of(tx).get(tx, "cell")
        row = _read(tx, "cell", lock=True)
        if row is not None and row[1]:
            keyset, fresh = unwrap(row[1], institution_id, "cell"), _new("cell")
            if any(key.key_id == fresh.primary_key_id for key in keyset.key):
                raise RuntimeError("two keys drew the same number; run the rotation again")
            shelf(institution_id, service_of(database.engine.url)).create(fresh.primary_key_id)
            keyset.key.extend(fresh.key)
            keyset.primary_key_id = fresh.primary_key_id
            tx.audit("keyset.rotate", "institution", institution_id)
            _replace(tx, "cell", wrap(keyset, institution_id, "cell"))


def retire_old_keys(tx: Tx) -> int:
    """Drop all data keys but the newest; returns how many. `shared.reseal.retire` checks first that it is safe.

    Their trees stay, marked, for backups from before.
    """
    row = _read(tx, "cell", lock=True)
    if row is None or not row[1]:
        return 0
    keyset = unwrap(row[1], tx.institution_id, "cell")
    kept = [key for key in keyset.key if key.key_id == keyset.primary_key_id]
    dropped = [key.key_id for key in keyset.key if key.key_id != keyset.primary_key_id]
    if dropped:
        newest = tink_pb2.Keyset(primary_key_id=keyset.primary_key_id, key=kept)
        _replace(tx, "cell", wrap(newest, tx.institution_id, "cell"))
        shelf(tx.institution_id, service_of(tx.connection.engine.url)).retire(dropped)
    return len(dropped) + int(tx.run(_DROP_FORMER, (str(tx.institution_id),)).scalar_one())


def destroy_keys(database: Database, institution_id: UUID) -> None:
    """Make everything sealed for an institution in this database unreadable for ever; within 30 s everywhere.

    A tombstone stays, so that no new keyset is made. The trees go too, so that no backup opens either; for what was
    sealed before there were trees give the institution a KEK of its own (see shared.keks) and drop that line as well.
    """
    with database.begin(Caller.system(institution_id)) as tx:
        tx.audit("keyset.destroy", "institution", institution_id)
        for purpose in ("cell", "data", "index"):
            tx.run(
                "insert into keyset (institution_id, purpose, version, wrapped) values (%s, %s, 1, '')"
                " on conflict (institution_id, purpose) do update set wrapped = '', version = keyset.version + 1",
                (str(institution_id), purpose),
            )
        shelf(institution_id, service_of(database.engine.url)).destroy_all()


def _replace(tx: Tx, purpose: Purpose, wrapped: bytes) -> None:
    tx.run(
        "update keyset set wrapped = %s, version = version + 1, rotate_time = now()"
        " where institution_id = %s and purpose = %s",
        (wrapped, str(tx.institution_id), purpose),
    )
