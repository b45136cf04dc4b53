from __future__ import annotations

import base64
import os
from pathlib import Path
from uuid import UUID

import pytest

from shared.ids import uuid7
from shared.keks import CannotOpen, KekFile, Keks, check_private


def line(name: str, byte: int = 1) -> str:
    return f"{name}:{base64.b64encode(bytes([byte]) * 32).decode()}\n"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_what_was_sealed_opens_with_the_same_label_and_row_only() -> None:
    keys = Keks.parse(line("k1"))
    sealed = keys.seal("phones", b"secret", b"row 1")
    assert keys.open("phones", sealed, b"row 1") == b"secret"
    assert b"secret" not in sealed
    for label, row, blob in (
        ("names", b"row 1", sealed),
        ("phones", b"row 2", sealed),
        ("phones", b"row 1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("phones", b"row 1", sealed[:20]),
        ("phones", b"row 1", b""),
    ):
        with pytest.raises(CannotOpen):
            keys.open(label, blob, row)


def test_the_first_line_seals_and_every_line_opens() -> None:
    old, both = Keks.parse(line("k1", 1)), Keks.parse(line("k2", 2) + line("k1", 1))
    sealed = old.seal("x", b"secret")
    assert both.open("x", sealed) == b"secret"
    assert not both.is_current(sealed, uuid7())
    assert both.is_current(both.seal("x", b"new"), uuid7())
    with pytest.raises(CannotOpen):
        old.open("x", both.seal("x", b"new"))


def test_dropping_an_institutions_own_line_leaves_nothing_of_it_readable() -> None:
    doomed = UUID(int=7)
    own = Keks.parse(line("k1") + line(str(doomed), 2))
    sealed, other = own.seal("x", b"secret", institution_id=doomed), own.seal("x", b"kept", institution_id=uuid7())
    assert own.open("x", sealed) == b"secret"
    after = Keks.parse(line("k1"))
    assert after.open("x", other) == b"kept"
    with pytest.raises(CannotOpen):
        after.open("x", sealed)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666, 0o660])
def test_a_key_file_that_others_may_read_stops_the_start(tmp_path: Path, mode: int) -> None:
    file = write(tmp_path / "kek", line("k1"), mode)
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
    with pytest.raises(SystemExit, match="chmod 600"):
        KekFile(file)


def test_a_private_key_file_is_accepted(tmp_path: Path) -> None:
    file = write(tmp_path / "kek", "# a comment\n\n" + line("k1"), 0o400)
    check_private(file)
    assert KekFile(file).current().open("x", Keks.parse(line("k1")).seal("x", b"y")) == b"y"


def test_neither_errors_nor_representations_show_a_key(tmp_path: Path) -> None:
    text = line("k1")
    assert text.split(":")[1][:10] not in repr(Keks.parse(text))
    with pytest.raises(ValueError, match="line 2") as caught:
        KekFile(write(tmp_path / "kek", text + "k2:c2hvcnQ=\n"))
    assert "c2hvcnQ" not in str(caught.value)
    with pytest.raises(ValueError, match="no key"):
        Keks.parse("# nothing\n")


def test_a_changed_file_is_seen_within_five_seconds_or_at_once_on_request(tmp_path: Path) -> None:
    path, now = write(tmp_path / "kek", line("k1", 1)), [0.0]
    file = KekFile(path, clock=lambda: now[0])
    write(path, line("k2", 2) + line("k1", 1))
    sealed = Keks.parse(line("k2", 2)).seal("x", b"new")
    now[0] = 4.9
    assert not file.current().knows(sealed)
    assert file.current(look=True).knows(sealed)
    write(path, line("k3", 3))
    now[0] = 10.0
    assert not file.current().knows(sealed)


def test_a_file_that_breaks_while_running_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "kek", line("k1"))
    file = KekFile(path)
    sealed = file.current().seal("x", b"y")
    write(path, "half a li")
    assert file.current(look=True).open("x", sealed) == b"y"
    path.unlink()
    assert file.current(look=True).open("x", sealed) == b"y"
