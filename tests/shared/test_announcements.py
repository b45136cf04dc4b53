"""What a service has in its directory is told again, to whoever began to listen later."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged
from services.org.rules.institutions import id_of
from shared import announce_command, announcements
from shared.caller import Caller
from shared.db import Database
from shared.testing import databases
from shared.testing.bus import told
from tests.org import factories as make


@pytest.fixture(scope="module")
def org(postgres: str, run_folder: Path) -> Database:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return Database(databases.copy_for("org", f"{worker}_announce", make_url(postgres), run_folder), pool_size=4)


def test_everything_is_told_once_more_as_it_stands_batch_by_batch(
    org: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(announcements, "_AT_ONCE", 2)
    address = org.engine.url.set(username="org_app", drivername="postgresql")
    monkeypatch.setenv("LIANXIAO_ORG_APP_URL", address.render_as_string(hide_password=False))
    institution = id_of(make.committed_institution(org)[0])
    with org.begin(Caller.system(institution)) as tx:
        for number in range(5):
            make.person(tx, campus_id=make.campus(tx, name=f"{number}号校区").id, email=f"{number}@example.cn")
        before = tx.run("select count(*) from staff").scalar_one()
    with org.system() as tx:
        tx.run("delete from outbox")
    assert announce_command.run(["org", "insight"], []) == 0
    assert f"org: 5 campuses, {before} staff" in capsys.readouterr().out
    assert sorted(each.name for each in told(org, institution, CampusChanged)) == [
        f"{number}号校区" for number in range(5)
    ]
    staff = told(org, institution, StaffChanged)
    assert {f"{number}@example.cn" for number in range(5)} <= {each.email for each in staff}
    assert len(staff) == before
    assert announce_command.run(["org"], ["all"]) == 2
