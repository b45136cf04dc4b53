"""Secrets are made once and hidden from everybody else."""

from __future__ import annotations

from pathlib import Path

from tools import keys


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = keys.provide(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert keys.provide(folder) == first
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir() if path.is_file()} == {0o600}


def test_the_signing_key_is_not_among_what_every_service_gets(tmp_path: Path) -> None:
    common = keys.provide(tmp_path / "secrets")
    assert "LIANXIAO_JWT_PRIVATE_KEY_FILE" not in common
    assert Path(keys.signing(tmp_path / "secrets")["LIANXIAO_JWT_PRIVATE_KEY_FILE"]).exists()
