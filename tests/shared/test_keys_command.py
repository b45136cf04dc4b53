from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.engine import make_url

from services.org.models import Staff
from shared import keys_command
from shared.caller import Caller
from shared.crypto import Keyring, open_sealed, seal
from shared.db import Database
from shared.errors import Refused
from shared.ids import uuid7
from shared.testing import databases


@pytest.fixture(scope="module")
def org(postgres: str, run_folder: Path) -> Database:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return Database(databases.copy_for("org", f"{worker}_keys", make_url(postgres), run_folder), pool_size=4)


@pytest.fixture(autouse=True)
def addresses(org: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = org.engine.url.set(username="org_owner", drivername="postgresql")
    monkeypatch.setenv("LIANXIAO_ORG_OWNER_URL", owner.render_as_string(hide_password=False))


def sealed_note(database: Database, institution: UUID, row: UUID) -> bytes:
    with database.begin(Caller.system(institution)) as tx:
        return seal(tx, Staff.email.table, Staff.email.column, row, "a@b.cn")


def test_a_data_key_is_rotated_and_the_old_one_dropped(
    org: Database, institution: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    row = uuid7()
    old = sealed_note(org, institution, row)
    assert keys_command.run(["org"], ["rotate-data", str(institution)], settled_seconds=0) == 0
    printed = capsys.readouterr().out
    assert "org: 0 cells sealed again" in printed
    assert "1 old keys dropped" in printed
    with org.begin(Caller.system(institution)) as tx:
        assert old[:5] not in Keyring.of(tx).get(tx, "cell", fresh=True).prefixes
        actions = tx.run("select action from audit_entry").scalars().all()
    assert actions == ["keyset.rotate"]


def test_keysets_are_wrapped_again_when_the_kek_changed_and_left_alone_otherwise(
    org: Database, institution: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed_note(org, institution, uuid7())
    assert keys_command.run(["org"], ["rotate-kek"]) == 0
    assert "org: 0 keysets wrapped again" in capsys.readouterr().out


def test_destroyed_keys_are_gone(org: Database, institution: UUID) -> None:
    row = uuid7()
    old = sealed_note(org, institution, row)
    assert keys_command.run(["org"], ["destroy", str(institution)]) == 0
    with org.begin(Caller.system(institution)) as tx:
        with pytest.raises(Refused):
            Keyring.of(tx).get(tx, "cell", fresh=True)
        with pytest.raises(Refused):
            open_sealed(tx, Staff.email.table, Staff.email.column, row, old)


@pytest.mark.parametrize("words", [[], ["rotate"], ["destroy"], ["rotate-kek", str(uuid7())]])
def test_other_words_are_answered_with_the_right_ones(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert keys_command.run(["org"], words) == 2
    assert "keys rotate-kek" in capsys.readouterr().err
