"""A worker that is killed in the middle of a file: the next one goes on, and nothing is there twice or half."""

from __future__ import annotations

import signal
import subprocess
import sys
from uuid import UUID

from sqlalchemy import func, select

from services.lead.actions import imports
from services.lead.actions.imports import Details
from services.lead.models import ImportBatch, ImportPart, ImportRow, Lead, LeadKey, Touch
from shared.caller import Caller
from shared.db import Database
from tests.lead import factories, sheets
from tests.lead.sheets import HEADER, family

ROWS = 400
KILLS = 4


def _worker(database: Database, institution: UUID) -> subprocess.Popen[str]:
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.lead.import_worker", url, str(institution)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _started(database: Database, caller: Caller) -> UUID:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        data = sheets.csv_of([HEADER, *(family(number) for number in range(ROWS))])
        row = imports.create(tx, Details(file_name="a.csv", campus_id=campus))
        imports.append(tx, row.id, offset=0, data=data)
        imports.start(tx, row.id, mapping={})
        return row.id


def test_killed_workers_lose_and_double_nothing(database: Database, caller: Caller, institution: UUID) -> None:
    import_id = _started(database, caller)
    seen = []
    for kill in range(KILLS):
        with _worker(database, institution) as worker:
            assert worker.stdout is not None
            for _ in range(2 + kill):
                assert worker.stdout.readline() == "step\n"
            worker.send_signal(signal.SIGKILL)
            assert worker.wait(30) == -signal.SIGKILL
        with database.begin(caller) as tx:
            row = imports.get(tx, import_id)
            seen.append(row.created + row.merged + row.in_review)
            assert tx.scalar(select(func.count()).select_from(ImportRow)) == seen[-1], "progress is what is there"
            assert tx.scalar(select(func.count()).select_from(Touch)) == seen[-1]
    with _worker(database, institution) as worker:
        worker.communicate(timeout=120)
    assert worker.returncode == 0
    assert 0 < seen[0] < seen[-1] < ROWS, "each was killed in the middle"
    with database.begin(caller) as tx:
        row = imports.get(tx, import_id)
        assert (row.state, row.total, row.created + row.merged + row.in_review) == ("done", ROWS, ROWS)
        counts = [tx.scalar(select(func.count()).select_from(each)) for each in (Touch, ImportBatch, ImportPart)]
        assert counts == [ROWS, 0, 0]
        leads = tx.scalar(select(func.count()).select_from(Lead))
        assert leads == row.created + row.in_review
        assert tx.scalar(select(func.count(LeadKey.lead_id.distinct()))) == leads
