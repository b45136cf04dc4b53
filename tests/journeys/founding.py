"""`python -m tests.journeys.founding CODE PASSWORD`: an institution with its administrator."""

from __future__ import annotations

import sys

from services.org.actions import institutions
from services.org.rules.institutions import id_of
from shared.caller import Caller
from shared.db import Database
from shared.settings import settings


def main(code: str, password: str) -> None:
    """Create the institution."""
    database = Database(settings().role_url("org", "app"), pool_size=1)
    with database.begin(Caller.system(id_of(code))) as tx:
        institutions.create(
            tx,
            code=code,
            name="启明教育",
            admin_name="总部管理员",
            admin_email=f"admin@{code}.example",
            admin_password=password,
        )
    database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
