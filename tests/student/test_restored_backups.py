"""F6: what was forgotten does not open in a backup from before, and everything else does."""

from __future__ import annotations

import secrets
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from services.student.actions import family_threads, guardians, students, subjects
from services.student.actions.guardians import Contact
from services.student.models import Student
from shared import keyring, postgres
from shared import subjects as engine
from shared.caller import Caller
from shared.cells import bound_to, disclose, group_in
from shared.crypto import key_of, open_sealed
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.keks import CannotOpen
from shared.key_store import shelf
from shared.subjects import Subject
from tests.student import factories

SEALED = [(each.table, name) for each in subjects.HOLDINGS for name in each.sealed]
CHILDREN = 20


@pytest.fixture
def people(database: Database, caller: Caller) -> list[Subject]:
    """Return families on record, each with a child, two guardians and a conversation."""
    return [_family(database, caller, number) for number in range(CHILDREN)]


def _family(database: Database, caller: Caller, number: int) -> Subject:
    with database.begin(caller) as tx:
        child = factories.student(tx, name=f"欧阳小明{number}")
        for side in range(2):
            contact = Contact(f"家长{number}", f"138{number:04}000{side}", "p@example.com")
            guardian = guardians.add(tx, child.id, contact)[0]
            family_threads.send(tx, child.id, guardian.id, body=f"孩子{number}今天很努力")
        students.change_state(tx, child.id, to_state="lapsed", reason="move")
        people = tx.run("select guardian_id::text from guardian_link where student_id = %s", (str(child.id),))
        return Subject((str(child.id),), tuple(people.scalars()))


@pytest.fixture
def backup(database: Database, people: list[Subject], postgres: str, tmp_path: Path) -> Iterator[Path]:
    """Return a dump of the whole database, with its keysets, from before anybody is forgotten."""
    assert people
    path = tmp_path / "student.dump"
    _program("pg_dump", "-Fc", "-f", str(path), _address(make_url(postgres), database.engine.url.database or ""))
    yield path
    path.unlink()


@pytest.fixture
def restored(backup: Path, postgres: str) -> Iterator[URL]:
    """Return the app role's URL of a database to be restored into, gone afterwards."""
    admin, name = make_url(postgres), f"restored_{secrets.token_hex(4)}"
    assert backup.exists()
    with create_engine(admin.set(drivername="postgresql+psycopg2")).connect() as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f'create database "{name}"'))
        yield admin.set(username="student_app", database=name)
        connection.execute(text(f'drop database "{name}" with (force)'))


def test_a_restored_backup_opens_nothing_of_who_was_forgotten_and_all_of_everybody_else(  # noqa: PLR0917 - fixtures
    database: Database, caller: Caller, people: list[Subject], backup: Path, restored: URL, postgres: str
) -> None:
    gone, kept = people[::4], [each for number, each in enumerate(people) if number % 4]
    for subject in gone:
        with database.begin(caller) as tx:
            engine.erase(tx, subjects.HOLDINGS, subject)
    _program("pg_restore", "-d", _address(make_url(postgres), restored.database or ""), str(backup))
    again = Database(restored, pool_size=2)
    with again.begin(caller, read_only=True) as tx:
        assert [_opened(tx, subject) for subject in gone] == [Counter(shut=_cells(tx, each)) for each in gone]
        assert [_opened(tx, subject) for subject in kept] == [Counter(open=_cells(tx, each)) for each in kept]
        assert _cells(tx, gone[0]) >= 9
        assert _cells(tx, kept[0]) >= 9
    again.dispose()


def test_no_keyset_of_the_backup_helps_whoever_holds_the_kek_and_the_store_of_today(
    database: Database, caller: Caller, people: list[Subject], institution: UUID
) -> None:
    child = UUID(people[0].people[0])
    with database.begin(caller) as tx:
        blob = bytes(tx.load(Student, "student", child).name_sealed or b"")
        key, bound = key_of(tx, blob), bound_to(institution, "student", "name_sealed", child)
        assert disclose(key, bound, blob) == "欧阳小明0".encode()
        engine.erase(tx, subjects.HOLDINGS, people[0])
    today = shelf(institution, "student").tree(int.from_bytes(blob[1:5], "big"))
    assert today.leaf(group_in(key, bound, blob).hex()) is None
    other = UUID(people[1].people[0])
    with database.begin(caller) as tx:
        assert Student.name.reveal(tx, tx.load(Student, "student", other)) == "欧阳小明1"


def test_who_comes_back_is_sealed_under_a_new_key(database: Database, caller: Caller, people: list[Subject]) -> None:
    child = UUID(people[0].people[0])
    for _ in range(2):
        with database.begin(caller) as tx:
            engine.erase(tx, subjects.HOLDINGS, people[0])
        with database.begin(caller) as tx:
            row = tx.load(Student, "student", child)
            assert Student.name.reveal(tx, row) is None
            Student.name.seal(tx, row, "欧阳小明")
    with database.begin(caller) as tx:
        assert Student.name.reveal(tx, tx.load(Student, "student", child)) == "欧阳小明"


def test_destroyed_keys_of_an_institution_end_its_backups_and_no_others(  # noqa: PLR0917 - fixtures
    database: Database, caller: Caller, people: list[Subject], backup: Path, restored: URL, postgres: str
) -> None:
    other = Caller.system(uuid7())
    neighbour = _family(database, other, 1)
    keyring.destroy_keys(database, caller.institution_id)
    _program("pg_restore", "-d", _address(make_url(postgres), restored.database or ""), str(backup))
    again = Database(restored, pool_size=2)
    with again.begin(caller, read_only=True) as tx, pytest.raises(CannotOpen, match="key store"):
        _opened(tx, people[0])
    again.dispose()
    with database.begin(other, read_only=True) as tx:
        assert set(_opened(tx, neighbour)) == {"open"}


def _opened(tx: Tx, subject: Subject) -> Counter[str]:
    """Count the cells of somebody that open and that stay shut."""
    found: Counter[str] = Counter()
    cells = list(engine.cells(tx, subjects.HOLDINGS, subject))
    for table, column, row_id, blob in cells:
        told = open_sealed(tx, table, column, row_id, blob)
        found["shut" if told is None else "open"] += 1
    return found


def _cells(tx: Tx, subject: Subject) -> int:
    return len(list(engine.cells(tx, subjects.HOLDINGS, subject)))


def _address(admin: URL, name: str) -> str:
    return admin.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def _program(name: str, *words: str) -> None:
    done = subprocess.run([str(postgres.program(name)), *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
