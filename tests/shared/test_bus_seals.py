"""Sealed fields on the bus, and sealing in the green threads of a worker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from shared.crypto import CannotOpen, open_from_bus, seal_for_bus
from shared.db import Database

pytest_plugins = ["tests.shared.parts"]


@pytest.mark.usefixtures("parts")
def test_a_field_on_the_bus_opens_for_its_institution_only(institution: UUID, other_institution: UUID) -> None:
    field = seal_for_bus(institution, "王小明")
    assert open_from_bus(institution, field) == "王小明"
    assert "王" not in field
    for who, blob in ((other_institution, field), (institution, "clear text"), (institution, "=="), (institution, "é")):
        with pytest.raises(CannotOpen):
            open_from_bus(who, blob)


def test_sealing_works_in_green_threads(parts: Database, institution: UUID, tmp_path: Path) -> None:
    """Workers run the same code under eventlet; that needs a process of its own."""
    program = tmp_path / "green.py"
    program.write_text(
        "import warnings; warnings.simplefilter('ignore')\n"
        "import eventlet; eventlet.monkey_patch()\n"
        "import sys, uuid\n"
        "from sqlalchemy.engine import make_url\n"
        "from shared.caller import Caller\n"
        "from shared.crypto import seal, open_sealed\n"
        "from shared.db import Database\n"
        "database, row = Database(make_url(sys.argv[1]), pool_size=4), uuid.uuid4()\n"
        "def work(n):\n"
        "    with database.begin(Caller.system(uuid.UUID(sys.argv[2]))) as tx:\n"
        "        tx.run('select pg_sleep(0.01)')\n"
        "        return open_sealed(tx, 't', 'c', row, seal(tx, 't', 'c', row, str(n)))\n"
        "pool = eventlet.GreenPool(4)\n"
        "print(sorted(pool.imap(work, range(8))) == [str(n) for n in range(8)])\n"
    )
    url = parts.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, str(program), url, str(institution)],
        check=False, capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": ".:gen"},
    )  # fmt: skip
    assert done.stdout.strip() == "True", done.stderr
