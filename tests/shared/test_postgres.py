"""The embedded server is a real one: it starts once for many callers, survives a kill, and hides from strangers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

from shared import postgres
from shared.testing import leftovers


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("LIANXIAO_DATABASE_URL", raising=False)
    place = tmp_path / "postgres"
    yield place
    postgres.remove(place)


def ask(url: str, sql: str) -> str:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
            return "" if row is None else str(row[0])
    finally:
        connection.close()


def test_many_callers_at_once_get_one_server(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        urls = list(pool.map(lambda _: postgres.ensure(folder, durable=False), range(4)))
    assert len(set(urls)) == 1
    assert ask(urls[0], "select version()").startswith("PostgreSQL 18")
    assert ask(urls[0], "show fsync") == "off"
    assert ask(urls[0], "show listen_addresses") == ""


def test_committed_rows_survive_a_kill(folder: Path) -> None:
    url = postgres.ensure(folder, durable=True)
    assert ask(url, "show fsync") == "on"
    ask(url, "create table t as select 7 as n; select 1")
    postgres.kill(folder)
    with pytest.raises(psycopg2.OperationalError):
        ask(url, "select 1")
    assert ask(postgres.ensure(folder, durable=True), "select n from t") == "7"


def test_a_clone_that_other_accounts_cannot_enter_works_and_keeps_its_permissions(folder: Path) -> None:
    folder.mkdir()
    folder.parent.chmod(0o700)
    url = postgres.ensure(folder, durable=False)
    assert ask(url, "select 1") == "1"
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_nobody_else_may_enter_the_socket_folder(folder: Path) -> None:
    url = postgres.ensure(folder, durable=False)
    sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
    assert sockets.stat().st_mode & 0o777 == 0o700
    assert len(str(sockets / ".s.PGSQL.5432")) < 100


def test_stopping_twice_and_starting_again_is_fine(folder: Path) -> None:
    url = postgres.ensure(folder, durable=False)
    postgres.stop(folder)
    postgres.stop(folder)
    with pytest.raises(psycopg2.OperationalError):
        ask(url, "select 1")
    assert ask(postgres.ensure(folder, durable=False), "select 1") == "1"


def test_a_given_server_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIAO_DATABASE_URL", "postgresql://boss@db.example:5432/postgres")
    assert postgres.ensure(tmp_path / "none", durable=True) == "postgresql://boss@db.example:5432/postgres"
    postgres.stop(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_with_other_files_is_refused_and_left_alone(folder: Path) -> None:
    stranger = folder / "data" / "letter.txt"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("dear reader")
    (folder / "data.at").write_text(str(stranger.parent))
    with pytest.raises(postgres.ServerUnavailable, match="holds something that is not a database"):
        postgres.ensure(folder, durable=False)
    assert stranger.read_text() == "dear reader"


def test_the_server_of_a_run_that_was_killed_ends_with_the_next_run(folder: Path) -> None:
    url = postgres.ensure(folder, durable=False)
    leftovers.own(folder, os.getpid())
    assert not leftovers.is_orphan(folder)
    leftovers.sweep()
    assert ask(url, "select 1") == "1"
    (folder / "owner").write_text(f"{os.getpid()} 1.0")  # the number lives on in another process
    assert leftovers.is_orphan(folder)
    assert leftovers.sweep() >= 1
    assert not folder.exists()
    with pytest.raises(psycopg2.OperationalError):
        ask(url, "select 1")
