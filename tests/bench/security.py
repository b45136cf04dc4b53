"""`make bench-security`: the audit log verified, keys of institutions wrapped anew, a data key rotated.

ROWS (1,000,000) audit entries and sealed values, KEYSETS (10,000) keysets; somebody reads the rotated values
meanwhile, and no read may fail. Beside each figure stands the bare cryptography of it in this process.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from services.notification.models import Pupil
from shared.audit import BATCH, Sealer
from shared.audit_check import verify
from shared.caller import Caller
from shared.crypto import seal
from shared.db import Database
from shared.ids import uuid7
from shared.keks import keks
from shared.keyring import Keyring, rotate_data_key, rotate_kek, unwrap, wrap
from shared.reseal import reseal, retire
from shared.settings import settings
from tests.bench.figures import Figure
from tests.bench.stage import Stage, kept_folder

ROWS = int(os.environ.get("ROWS") or 1_000_000)
KEYSETS = int(os.environ.get("KEYSETS") or 10_000)
_PART = 20_000
_AUDIT = """with entry as (insert into audit_entry (institution_id, id, time, actor_id, actor_kind, action,
    subject_kind, subject_id, facts, trace_id)
  select %(who)s, gen_random_uuid(), now(), %(who)s, 'staff', 'lead.update',
    'lead', n::text, '{"number": 1}', md5(n::text)
  from generate_series(1, %(count)s) n returning institution_id, id)
insert into audit_queue (institution_id, entry_id) select institution_id, id from entry"""
_PUPILS = """insert into pupil (institution_id, id, create_time, update_time, campus_id, name_sealed)
  select %(who)s, id, now(), now(), %(who)s, sealed from unnest(%(ids)s::uuid[], %(sealed)s::bytea[]) n (id, sealed)"""
_KEYSETS = """insert into keyset (institution_id, purpose, version, wrapped)
  select id, 'cell', 1, wrapped from unnest(%(ids)s::uuid[], %(wrapped)s::bytea[]) n (id, wrapped)"""


def main() -> int:
    """Fill, measure, print; the exit code says whether every bar was met."""
    with kept_folder() as folder, Stage(folder) as stage:
        database = stage.database("notification")
        figures = [_verified(stage, database), _rotated(stage, database), *_wrapped(database)]
    sys.stdout.write("".join(f"{figure.line()}\n" for figure in figures))
    return 0 if all(figure.ok for figure in figures) else 1


def _verified(stage: Stage, database: Database) -> Figure:
    with database.begin(stage.system(), timeout_ms=600_000) as tx:
        tx.run(_AUDIT, {"who": str(stage.institution), "count": ROWS})
    sealer = Sealer("notification", database, folder=stage.folder / "checkpoints")
    while sealer.run_once() == BATCH:
        pass
    sealer.checkpoint()
    stage.administer(database, "vacuum analyze audit_entry, audit_seal")
    seconds = _timed(lambda: _verify(database, stage.folder / "checkpoints"))
    text = "x" * 300
    bare = _timed(lambda: [hashlib.sha256(text.encode()) for _ in range(ROWS)])
    return Figure("audit_verify", seconds, f"s for {ROWS}", bare, need=10 * ROWS / 1e6, absolute=True, at_most=True)


def _verify(database: Database, folder: Path) -> None:
    report = verify("notification", database, folder)
    if report.problems or report.rows < ROWS:
        raise RuntimeError(str(report))


def _rotated(stage: Stage, database: Database) -> Figure:
    columns = [(Pupil.__tablename__, "name_sealed")]
    for _ in range(0, ROWS, _PART):
        with database.begin(stage.system()) as tx:
            ids = [uuid7() for _ in range(min(_PART, ROWS))]
            sealed = [seal(tx, *columns[0], key, "张小明") for key in ids]
            tx.run(_PUPILS, {"who": str(stage.institution), "ids": [str(key) for key in ids], "sealed": sealed})
    stage.administer(database, "vacuum analyze pupil")
    rotate_data_key(database, stage.institution)
    with _reading(stage, database) as errors:
        seconds = _timed(lambda: sum(reseal(database, stage.institution, columns)))
    if errors or retire(database, stage.institution, columns, settled_seconds=0) != 1:
        raise RuntimeError(f"{len(errors)} readers failed, or the old key is still in use")
    bare = _timed(lambda: _bare(stage, database))
    return Figure(
        "data_key_rotation", seconds, f"s for {ROWS}", bare, need=60 * ROWS / 1e6, absolute=True, at_most=True
    )


def _bare(stage: Stage, database: Database) -> None:
    with database.begin(stage.system(), read_only=True) as tx:
        key: Any = Keyring.of(tx).get(tx, "cell").primitive
    sealed = key.encrypt(b"name", b"cell")
    for _ in range(ROWS):
        key.encrypt(key.decrypt(sealed, b"cell"), b"cell")


@contextmanager
def _reading(stage: Stage, database: Database) -> Iterator[list[Exception]]:
    """Let a thread read names for the length of a block; yields the list of what went wrong."""
    errors: list[Exception] = []
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.05):
            try:
                with database.begin(stage.system(), read_only=True) as tx:
                    rows = tx.run("select id, name_sealed from pupil tablesample system (0.1) limit 50").all()
                    Pupil.name.reveal_all(tx, rows)
            except Exception as error:  # noqa: BLE001 - it is counted
                errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield errors
    finally:
        over.set()
        thread.join()


def _wrapped(database: Database) -> list[Figure]:
    institutions = [uuid7() for _ in range(KEYSETS)]
    with database.begin(Caller.system(institutions[0])) as tx:
        Keyring.of(tx).get(tx, "cell")
    keyset = _keyset(database, institutions[0])
    wrapped = [wrap(keyset, who, "cell") for who in institutions[1:]]
    with database.system() as tx:
        tx.run(_KEYSETS, {"ids": [str(who) for who in institutions[1:]], "wrapped": wrapped})
    path = settings().kek_file
    if path is None:
        raise RuntimeError("the stage has made a key file")
    path.write_text(f"new:{base64.b64encode(secrets.token_bytes(32)).decode()}\n{path.read_text()}")
    keks(b"an unknown key makes it look")
    seconds = _timed(lambda: sum(rotate_kek(database)))
    bare = _timed(lambda: [wrap(keyset, who, "cell") for who in institutions])
    need = 10 * KEYSETS / 1e4
    return [Figure("kek_rotation", seconds, f"s for {KEYSETS}", bare, need=need, absolute=True, at_most=True)]


def _keyset(database: Database, who: UUID) -> Any:
    with database.begin(Caller.system(who)) as tx:
        sql = "select wrapped from keyset where institution_id = %s and purpose = 'cell'"
        return unwrap(bytes(tx.run(sql, (str(who),)).scalar_one()), who, "cell")


def _timed(work: Callable[[], object]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


if __name__ == "__main__":
    sys.exit(main())
