from __future__ import annotations

import base64
import json
import os
import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from shared import audit_command, checkpoints
from shared.audit import Sealer
from shared.audit_check import Report, verify
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.keks import keks
from shared.settings import settings
from tests.shared.tamperings import TAMPERINGS, edit

pytest_plugins = ["tests.shared.parts"]
TABLES = ("audit_entry", "audit_seal", "audit_queue")


@pytest.fixture(autouse=True)
def empty(superuser: Engine) -> None:
    """Let each test have the whole log: verification looks at all of it."""
    with superuser.begin() as connection:
        connection.execute(text(f"truncate {', '.join(TABLES)}"))


@pytest.fixture
def sealer(parts: Database, tmp_path: Path) -> Sealer:
    return Sealer("parts", parts, folder=tmp_path)


def write(database: Database, institution: UUID, count: int, now: datetime | None = None) -> None:
    with database.begin(Caller.system(institution), now=now) as tx:
        for number in range(count):
            tx.audit("lead.assign", "lead", uuid7(), number=number, note='a "quoted", (odd) \\ text')


def report(database: Database, folder: Path | None) -> Report:
    return verify("parts", database, folder)


def test_entries_are_chained_in_order_and_verify(parts: Database, sealer: Sealer, tmp_path: Path) -> None:
    institutions = [uuid7(), uuid7()]
    for institution in institutions * 2:
        write(parts, institution, 5)
    assert sealer.run_once() == 20
    assert sealer.run_once() == 0
    assert sealer.checkpoint() == 2
    found = report(parts, tmp_path)
    assert found.problems == []
    assert (found.rows, found.institutions, found.checkpoints) == (20, 2, 2)
    assert str(found) == "parts: 20 sealed entries of 2 institutions, 2 checkpoints: intact"
    with parts.system(read_only=True) as tx:
        rows = tx.run(
            "select sequence from audit_seal where institution_id = %s order by entry_id", (str(institutions[0]),)
        )
        assert rows.scalars().all() == list(range(1, 11))
        assert tx.run("select count(*) from audit_queue").scalar() == 0


def test_a_rolled_back_transaction_leaves_no_entry(parts: Database, sealer: Sealer, institution: UUID) -> None:
    with parts.begin(Caller.system(institution), keep=False) as tx:
        tx.audit("lead.assign", "lead", uuid7())
    assert sealer.run_once() == 0


def test_the_app_can_neither_change_nor_delete_entries_and_seals(
    parts: Database, sealer: Sealer, institution: UUID
) -> None:
    write(parts, institution, 1)
    sealer.run_once()
    for sql in (
        "update audit_entry set action = 'x'",
        "delete from audit_entry",
        "truncate audit_entry",
        "update audit_seal set hash = ''",
        "delete from audit_seal",
    ):
        with pytest.raises(Exception, match="permission denied"), parts.begin(Caller.system(institution)) as tx:
            tx.run(sql)


def test_many_sealers_and_writers_at_once_make_one_chain_each(parts: Database, tmp_path: Path) -> None:
    institutions = [uuid7() for _ in range(3)]
    written = threading.Event()

    def keep_sealing(folder: Path) -> None:
        own = Sealer("parts", parts, folder=folder)
        while not written.is_set() or own.run_once():
            own.run_once()

    def keep_writing(who: UUID) -> None:
        for _ in range(20):
            write(parts, who, 3)

    sealers = [threading.Thread(target=keep_sealing, args=(tmp_path / str(n),)) for n in range(3)]
    writers = [threading.Thread(target=keep_writing, args=(who,)) for who in institutions * 2]
    run_all(sealers, writers, written)
    assert Sealer("parts", parts, folder=tmp_path).run_once() == 0
    found = report(parts, tmp_path)
    assert (found.problems, found.rows) == ([], 3 * 2 * 20 * 3)


def run_all(until_done: list[threading.Thread], working: list[threading.Thread], done: threading.Event) -> None:
    for thread in until_done + working:
        thread.start()
    for thread in working:
        thread.join()
    done.set()
    for thread in until_done:
        thread.join()


def test_a_checkpoint_is_written_every_minute_or_thousand_entries(parts: Database, tmp_path: Path) -> None:
    now, institution = [0.0], uuid7()
    sealer = Sealer("parts", parts, folder=tmp_path, clock=lambda: now[0])
    file = checkpoints.path_of(tmp_path, "parts")
    write(parts, institution, 10)
    sealer.run_once()
    assert not file.exists()
    now[0] = 60.0
    sealer.run_once()
    sealer.run_once()
    assert len(file.read_text().splitlines()) == 1
    write(parts, institution, 1000)
    sealer.run_once()
    assert len(file.read_text().splitlines()) == 2
    now[0] = 200.0
    sealer.run_once()
    assert len(file.read_text().splitlines()) == 2


def test_a_new_leader_goes_on_where_the_last_one_stopped(parts: Database, tmp_path: Path, institution: UUID) -> None:
    file = checkpoints.path_of(tmp_path, "parts")
    write(parts, institution, 3)
    first = Sealer("parts", parts, folder=tmp_path)
    first.run_once()
    first.checkpoint()
    with file.open("a") as half:
        half.write('{"service": "par')
    write(parts, institution, 3)
    second = Sealer("parts", parts, folder=tmp_path)
    second.run_once()
    assert second.checkpoint() == 1
    assert Sealer("parts", parts, folder=tmp_path).checkpoint() == 0
    found = report(parts, tmp_path)
    assert (found.problems, found.checkpoints) == ([], 2)


def test_after_a_kek_rotation_every_head_is_signed_anew(parts: Database, tmp_path: Path, institution: UUID) -> None:
    path = settings().kek_file
    assert path is not None
    before = path.read_text()
    write(parts, institution, 3)
    sealer = Sealer("parts", parts, folder=tmp_path)
    sealer.run_once()
    assert sealer.checkpoint() == 1
    try:
        path.write_text(f"k2:{base64.b64encode(os.urandom(32)).decode()}\n{before}")
        keks(b"\x01none")
        assert report(parts, tmp_path).checkpoints == 1
        assert sealer.checkpoint() == 1
        path.write_text(path.read_text().splitlines()[0])
        keks(b"\x01none")
        found = report(parts, tmp_path)
        assert (found.problems, found.checkpoints) == ([], 1)
    finally:
        path.write_text(before)
        keks(b"\x01none")


def test_300_tamperings_as_superuser_are_all_found(
    parts: Database, sealer: Sealer, superuser: Engine, tmp_path: Path
) -> None:
    size, dice = 40, random.Random(300)
    institutions = [uuid7(), uuid7(), uuid7()]
    for institution in institutions:
        write(parts, institution, size)
    while sealer.run_once():
        pass
    sealer.checkpoint()
    with superuser.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"create table backup_{table} as table {table}"))
    assert report(parts, tmp_path).problems == []
    missed = []
    for number in range(300):
        tamper = TAMPERINGS[number % len(TAMPERINGS)]
        with superuser.begin() as connection:
            tamper(connection, dice, dice.choice(institutions), size)
        if not report(parts, tmp_path).problems:
            missed.append((number, tamper))
        with superuser.begin() as connection:
            connection.execute(text(f"truncate {', '.join(TABLES)}"))
            for table in TABLES:
                connection.execute(text(f"insert into {table} table backup_{table}"))
    with superuser.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"drop table backup_{table}"))
    assert missed == []
    assert report(parts, tmp_path).problems == []


def test_a_forged_checkpoint_is_named_and_missing_ones_are_noticed(
    parts: Database, sealer: Sealer, tmp_path: Path, institution: UUID
) -> None:
    write(parts, institution, 3, now=datetime.now(UTC) - timedelta(hours=1))
    sealer.run_once()
    sealer.checkpoint()
    file = checkpoints.path_of(tmp_path, "parts")
    line = json.loads(file.read_text())
    file.write_text(json.dumps(line | {"sequence": 2}) + "\n")
    assert "line 1 of parts.jsonl is forged" in report(parts, tmp_path).problems[0]
    file.unlink()
    assert "seals 1 to 3 lack a checkpoint" in report(parts, tmp_path).problems[0]
    assert report(parts, None).problems == []


def test_the_command_ends_with_1_and_names_the_row(
    parts: Database,
    sealer: Sealer,
    superuser: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    institution = uuid7()
    monkeypatch.setenv("LIANXIAO_PARTS_APP_URL", parts.engine.url.render_as_string(hide_password=False))
    write(parts, institution, 3)
    sealer.run_once()
    assert audit_command.run(["parts"], ["verify"]) == 0
    with superuser.begin() as connection:
        edit("action", "'x'")(connection, random.Random(1), institution, 3)
        changed = connection.execute(text("select id from audit_entry where action = 'x'")).scalar_one()
    assert audit_command.run(["parts"], ["verify"]) == 1
    assert f"audit entry {changed} (seal" in capsys.readouterr().out
