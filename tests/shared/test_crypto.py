from __future__ import annotations

import base64
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text

from shared.caller import Caller
from shared.cells import bound_to, enclose, group_of
from shared.crypto import (
    CannotOpen,
    Keyring,
    blind_index,
    normalise_phone,
    open_from_bus,
    open_sealed,
    query_tokens,
    seal,
    seal_for_bus,
    sealed_columns,
    search_tokens,
)
from shared.db import Database, Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.keks import CannotOpen as KekCannotOpen
from shared.keks import Keks, keks
from shared.keyring import destroy_keys, rotate_data_key, rotate_kek
from shared.reseal import reseal, retire
from shared.settings import settings
from tests.shared.people import Person

pytest_plugins = ["tests.shared.parts"]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(parts: Database) -> Iterator[Clock]:
    """Return the clock of a fresh keyring of the database."""
    turned = Clock()
    Keyring(parts.engine.url, clock=turned).install(parts)
    yield turned
    Keyring(parts.engine.url).install(parts)


@pytest.fixture
def kek_file() -> Iterator[Path]:
    """Return the KEK file of this process, which is put back afterwards."""
    path = settings().kek_file
    assert path is not None
    before = path.read_text()
    yield path
    change_keks(path, before)


@contextmanager
def reading(work: Callable[[], None]) -> Iterator[list[Exception]]:
    """Repeat some reading in a thread meanwhile, and list what went wrong in it; it ran at least once."""
    failures: list[Exception] = []
    stop, ran = threading.Event(), threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            try:
                work()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what the test counts
                failures.append(error)
            ran.set()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield failures
        assert ran.wait(30)
    finally:
        stop.set()
        thread.join()


def change_keks(path: Path, content: str) -> None:
    """Write the KEK file and make this process look at it at once."""
    path.write_text(content)
    keks(b"\x01none")


def person(tx: Tx, phone: str, note: str = "") -> Person:
    row = Person(id=uuid7(), name="n", stage="new", active=True)
    Person.phone.seal(tx, row, phone)
    Person.note.seal(tx, row, note)
    row.phone_index = blind_index(tx, "phone", phone)
    tx.session.add(row)
    return row


def test_a_sealed_field_is_revealed_and_is_not_on_disk_in_clear(
    parts: Database, institution: UUID, superuser: Engine
) -> None:
    canaries = [f"+861380000{n:04}" for n in range(1000)]
    with parts.begin(Caller.system(institution)) as tx:
        ids = [person(tx, phone, f"note {phone}").id for phone in canaries]
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        rows = tx.session.scalars(select(Person)).all()
        assert Person.phone.reveal_all(tx, rows) == dict(zip(ids, canaries, strict=True))
        hot = tx.execute(select(Person.id, Person.phone_sealed).where(Person.id == ids[3])).one()
        assert Person.phone.reveal(tx, hot) == canaries[3]
    with superuser.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("checkpoint"))
        file = text("select pg_read_binary_file(pg_relation_filepath('person'))")
        content = bytes(connection.execute(file).scalar_one())
    assert ids[0].bytes in content
    assert [phone for phone in canaries if phone.encode() in content] == []


def test_nothing_sealed_is_nothing_revealed(parts: Database, institution: UUID) -> None:
    with parts.begin(Caller.system(institution), keep=False) as tx:
        row = person(tx, "", "")
        assert row.phone_sealed is None
        assert Person.phone.reveal(tx, row) is None
        assert Person.phone.reveal_all(tx, [row]) == {}
        with pytest.raises(ValueError, match="id before sealing"):
            Person.phone.seal(tx, Person(name="x"), "1")
    with pytest.raises(TypeError, match="__tablename__"):
        Person.phone.__set_name__(object, "phone")


def test_a_ciphertext_opens_in_its_own_cell_only(parts: Database, institution: UUID, other_institution: UUID) -> None:
    row, other = uuid7(), uuid7()
    with parts.begin(Caller.system(institution)) as tx:
        sealed = seal(tx, "person", "phone_sealed", row, "+8613800138000")
        assert open_sealed(tx, "person", "phone_sealed", row, sealed) == "+8613800138000"
        for table, column, place in (
            ("person", "phone_sealed", other),
            ("person", "note_sealed", row),
            ("guardian", "phone_sealed", row),
        ):
            with pytest.raises(CannotOpen):
                open_sealed(tx, table, column, place, sealed)
        with pytest.raises(CannotOpen):
            open_sealed(tx, "person", "phone_sealed", row, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with parts.begin(Caller.system(other_institution)) as tx, pytest.raises(CannotOpen):
        open_sealed(tx, "person", "phone_sealed", row, sealed)


def test_10_000_phones_are_found_however_they_are_typed_and_no_other_institution_has_equal_tags(
    parts: Database, institution: UUID, other_institution: UUID
) -> None:
    phones = [f"138{n:08}" for n in range(0, 100_000_000, 10_000)]
    with parts.begin(Caller.system(institution)) as tx:
        stored = {blind_index(tx, "phone", normalise_phone(phone) or "") for phone in phones}
        typed = [f"+86 {phone[:3]}-{phone[3:7]} {phone[7:]}" for phone in phones]
        assert all(blind_index(tx, "phone", normalise_phone(each) or "") in stored for each in typed)
        assert len(stored) == len(phones)
        assert {len(tag) for tag in stored} == {16}
        assert blind_index(tx, "last_four", "1380") != blind_index(tx, "phone", "1380")
    with parts.begin(Caller.system(other_institution)) as tx:
        assert not stored & {blind_index(tx, "phone", normalise_phone(phone) or "") for phone in phones}


def test_names_are_found_by_their_tokens(parts: Database, institution: UUID) -> None:
    with parts.begin(Caller.system(institution), keep=False) as tx:
        stored = set(search_tokens(tx, "name", "王小明"))
        assert set(query_tokens(tx, "name", "xiaoming")) <= stored
        assert not set(query_tokens(tx, "name", "李")) <= stored
        assert not set(query_tokens(tx, "guardian", "明")) <= stored
        assert query_tokens(tx, "name", "123") == []


def test_first_use_by_many_at_once_makes_one_keyset(parts: Database, institution: UUID) -> None:
    barrier, row = threading.Barrier(16), uuid7()
    sealed: list[bytes] = []

    def first_use(separate: Keyring) -> None:
        with parts.begin(Caller.system(institution)) as tx:
            barrier.wait(timeout=30)
            key = separate.get(tx, "cell")
            sealed.append(bytes(key.primitive.encrypt(b"x", b"")))

    # As many processes would: each with a keyring of its own.
    threads = [threading.Thread(target=first_use, args=(Keyring(parts.engine.url),)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with parts.begin(Caller.system(institution)) as tx:
        assert len({blob[:5] for blob in sealed}) == 1
        assert {bytes(Keyring.of(tx).get(tx, "cell").primitive.decrypt(blob, b"")) for blob in sealed} == {b"x"}
        assert seal(tx, "person", "phone_sealed", row, "x")[:5] == sealed[0][:5]


def test_first_use_works_when_the_pool_is_exhausted_by_those_who_wait(parts: Database, institution: UUID) -> None:
    small = Database(parts.engine.url, pool_size=4)
    barrier, done = threading.Barrier(4), []

    def first_use() -> None:
        with small.begin(Caller.system(institution)) as tx:
            tx.run("select 1")
            barrier.wait(timeout=30)
            done.append(blind_index(tx, "phone", "1"))

    threads = [threading.Thread(target=first_use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    small.dispose()
    assert len(done) == 4
    assert len(set(done)) == 1


def test_a_key_survives_the_rollback_of_the_transaction_that_first_used_it(
    parts: Database, institution: UUID, clock: Clock
) -> None:
    with parts.begin(Caller.system(institution), keep=False) as tx:
        tag = blind_index(tx, "phone", "1")
    clock.now += 60
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        assert blind_index(tx, "phone", "1") == tag


def test_the_keyring_is_bounded(parts: Database) -> None:
    ring = Keyring(parts.engine.url, capacity=3)
    for _ in range(6):
        with parts.begin(Caller.system(uuid7())) as tx:
            ring.get(tx, "cell")
    assert len(ring._held) == 3  # noqa: SLF001 - the bound is the point


def test_a_new_kek_rewraps_every_keyset_while_readers_go_on(parts: Database, institution: UUID, kek_file: Path) -> None:
    old_file, row = kek_file.read_text(), uuid7()
    new_line = f"k2:{base64.b64encode(os.urandom(32)).decode()}\n"
    with parts.begin(Caller.system(institution)) as tx:
        sealed = seal(tx, "person", "phone_sealed", row, "secret")
    bus = seal_for_bus(institution, "secret")

    def read() -> None:
        with parts.begin(Caller.system(institution), read_only=True) as tx:
            Keyring.of(tx).get(tx, "cell", fresh=True)
            assert open_sealed(tx, "person", "phone_sealed", row, sealed) == "secret"

    with reading(read) as failures:
        change_keks(kek_file, new_line + old_file)
        assert sum(rotate_kek(parts)) >= 1
        assert sum(rotate_kek(parts)) == 0
    assert failures == []
    assert open_from_bus(institution, bus) == "secret"
    with parts.system(read_only=True) as tx:
        wrapped = [bytes(blob) for (blob,) in tx.run("select wrapped from keyset where length(wrapped) > 0")]
    assert not any(Keks.parse(old_file).knows(blob) for blob in wrapped)
    assert all(Keks.parse(new_line).knows(blob) for blob in wrapped)
    change_keks(kek_file, old_file + new_line)
    assert sum(rotate_kek(parts)) == len(wrapped)


COLUMNS = [("person", "note_sealed"), ("person", "phone_sealed")]


def test_sealed_columns_are_known_by_the_package_that_declares_them() -> None:
    assert sealed_columns("tests.shared.people") == sealed_columns("tests.shared") == COLUMNS
    assert sealed_columns("tests.share") == []


def test_a_new_data_key_seals_again_under_readers_and_ends_the_old_one(parts: Database, institution: UUID) -> None:
    with parts.begin(Caller.system(institution)) as tx:
        ids = [person(tx, f"+86139{n:08}", "note").id for n in range(500)]
        before = bytes(tx.session.get_one(Person, (institution, ids[0])).phone_sealed or b"")

    def read() -> None:
        with parts.begin(Caller.system(institution), read_only=True) as tx:
            rows = tx.execute(select(Person.id, Person.phone_sealed).limit(50)).all()
            assert len(Person.phone.reveal_all(tx, rows)) == 50

    with reading(read) as failures:
        rotate_data_key(parts, institution)
        assert sum(reseal(parts, institution, COLUMNS, batch=100)) == 1000
        assert sum(reseal(parts, institution, COLUMNS)) == 0
        assert retire(parts, institution, COLUMNS, settled_seconds=0) == 1
    assert failures == []
    with parts.begin(Caller.system(institution)) as tx:
        row = tx.session.get_one(Person, (institution, ids[0]))
        assert Person.phone.reveal(tx, row) == "+8613900000000"
        Keyring.of(tx).get(tx, "cell", fresh=True)
        with pytest.raises(CannotOpen):
            open_sealed(tx, "person", "phone_sealed", ids[0], before)


def test_an_old_key_is_kept_while_anything_may_need_it(parts: Database, institution: UUID) -> None:
    slow_process = Keyring(parts.engine.url)
    with parts.begin(Caller.system(institution)) as tx:
        row = person(tx, "+8613900000000", "note").id
        old = slow_process.get(tx, "cell")
    with pytest.raises(Refused, match="nothing was rotated"):
        retire(parts, institution, COLUMNS)
    rotate_data_key(parts, institution)
    sum(reseal(parts, institution, COLUMNS))
    with pytest.raises(Refused, match="just now"):
        retire(parts, institution, COLUMNS)
    with parts.begin(Caller.system(institution)) as tx:
        bound = bound_to(institution, "person", "note_sealed", row)
        late = enclose(old, group_of("person", (row,)), bound, b"late")
        tx.run("update person set note_sealed = %s where id = %s", (late, str(row)))
    with pytest.raises(Refused, match="still holds"):
        retire(parts, institution, COLUMNS, settled_seconds=0)
    assert sum(reseal(parts, institution, COLUMNS)) == 1
    assert retire(parts, institution, COLUMNS, settled_seconds=0) == 1
    with parts.begin(Caller.system(institution)) as tx:
        assert Person.note.reveal(tx, tx.session.get_one(Person, (institution, row))) == "late"


def test_destroyed_keys_leave_nothing_readable_within_30_seconds_and_others_untouched(
    parts: Database, institution: UUID, other_institution: UUID, clock: Clock
) -> None:
    row = uuid7()
    sealed = {}
    for who in (institution, other_institution):
        with parts.begin(Caller.system(who)) as tx:
            sealed[who] = seal(tx, "person", "phone_sealed", row, "secret")
            blind_index(tx, "phone", "1")
    destroy_keys(parts, institution)
    clock.now += 30
    with parts.begin(Caller.system(institution)) as tx:
        for attempt in (
            lambda: open_sealed(tx, "person", "phone_sealed", row, sealed[institution]),
            lambda: seal(tx, "person", "phone_sealed", row, "new"),
            lambda: blind_index(tx, "phone", "1"),
        ):
            with pytest.raises(Refused) as caught:
                attempt()
            assert caught.value.reason == "KEYS_DESTROYED"
    with parts.begin(Caller.system(other_institution)) as tx:
        assert open_sealed(tx, "person", "phone_sealed", row, sealed[other_institution]) == "secret"


def test_a_restored_backup_stays_unreadable_once_the_institutions_own_kek_is_gone(
    parts: Database, institution: UUID, other_institution: UUID, kek_file: Path, superuser: Engine
) -> None:
    before, row = kek_file.read_text(), uuid7()
    change_keks(kek_file, f"{before}{institution}:{base64.b64encode(os.urandom(32)).decode()}\n")
    sealed = {}
    for who in (institution, other_institution):
        with parts.begin(Caller.system(who)) as tx:
            sealed[who] = seal(tx, "person", "phone_sealed", row, "secret")
    bus = seal_for_bus(institution, "secret")
    with superuser.begin() as connection:
        connection.execute(text("create table backup_of_keyset as select * from keyset"))
    destroy_keys(parts, institution)
    change_keks(kek_file, before)
    with superuser.begin() as connection:
        connection.execute(text("delete from keyset"))
        connection.execute(text("insert into keyset select * from backup_of_keyset"))
        connection.execute(text("drop table backup_of_keyset"))
    Keyring(parts.engine.url).install(parts)
    with parts.begin(Caller.system(institution)) as tx, pytest.raises(KekCannotOpen):
        open_sealed(tx, "person", "phone_sealed", row, sealed[institution])
    with pytest.raises(KekCannotOpen):
        open_from_bus(institution, bus)
    with parts.begin(Caller.system(other_institution)) as tx:
        assert open_sealed(tx, "person", "phone_sealed", row, sealed[other_institution]) == "secret"
