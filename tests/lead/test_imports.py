"""Files of enquiries: nothing is lost, nothing comes twice, a crash changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.lead.actions import import_files, imports, leads
from services.lead.actions.imports import Details
from services.lead.models import Duplicate, Import, ImportBatch, ImportPart, ImportRow, Lead, Touch
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.lead import factories, sheets
from tests.lead.sheets import HEADER, family


def _open(tx: Tx, campus: UUID | None, data: bytes, name: str = "名单.csv", **details: Any) -> Import:
    row = imports.create(tx, Details(file_name=name, campus_id=campus, **details))
    half = len(data) // 2
    imports.append(tx, row.id, offset=0, data=data[:half])
    return imports.append(tx, row.id, offset=half, data=data[half:])


def _run(tx: Tx, campus: UUID | None, rows: Sequence[Sequence[str]], **details: Any) -> Import:
    row = _open(tx, campus, sheets.csv_of([HEADER, *rows]), **details)
    imports.start(tx, row.id, mapping={})
    while import_files.step(tx):
        pass
    return row


def _counts(row: Import) -> tuple[int, int, int, int, int]:
    return row.total, row.created, row.merged, row.in_review, row.rejected


def _count(tx: Tx, model: Any) -> int:
    return int(tx.scalar(select(func.count()).select_from(model)))


def _lines(tx: Tx, row: Import) -> dict[int, tuple[str, str, str]]:
    found = tx.session.scalars(select(ImportRow).where(ImportRow.import_id == row.id))
    return {each.line: (each.outcome, each.reason, each.field) for each in found}


MIXED = [
    family(1),
    family(2, child="李小龙", birth="2016-03-08", guardian="李大"),
    family(1, phone="+86 138 0000 0001"),
    family(1),
    family(3, child="李小龙", birth="2016-03-08", guardian="陈芳"),
    family(4, phone="12345"),
    ("", "", "13800000009", "", "", ""),
]


def test_every_row_ends_somewhere_and_says_why(tx: Tx) -> None:
    row = _run(tx, factories.campus(tx), MIXED)
    assert (row.state, _counts(row)) == ("done", (7, 2, 2, 1, 2))
    assert _lines(tx, row) == {
        2: ("created", "", ""),
        3: ("created", "", ""),
        4: ("merged", "", ""),
        5: ("merged", "ROW_KNOWN", ""),
        6: ("in_review", "", ""),
        7: ("rejected", "PHONE_INVALID", "guardian_phone"),
        8: ("rejected", "NAME_MISSING", "child_name"),
    }
    assert (_count(tx, Lead), _count(tx, Touch), _count(tx, Duplicate)) == (3, 4, 1)


def test_the_same_file_again_creates_nothing(tx: Tx) -> None:
    campus = factories.campus(tx)
    _run(tx, campus, MIXED)
    again = _run(tx, campus, MIXED)
    assert _counts(again) == (7, 0, 5, 0, 2)
    assert (_count(tx, Lead), _count(tx, Touch), _count(tx, Duplicate)) == (3, 4, 1)


def test_a_dry_run_says_the_same_and_changes_nothing(tx: Tx) -> None:
    campus = factories.campus(tx)
    dry = _run(tx, campus, MIXED, dry_run=True)
    assert (dry.state, _counts(dry)) == ("done", (7, 2, 2, 1, 2))
    assert (_count(tx, Lead), _count(tx, Touch), _count(tx, Duplicate)) == (0, 0, 0)
    assert _counts(_run(tx, campus, MIXED)) == (7, 2, 2, 1, 2)


def test_a_dry_run_sees_duplicates_across_batches(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_files, "BATCH_ROWS", 2)
    assert _counts(_run(tx, factories.campus(tx), MIXED, dry_run=True)) == (7, 2, 2, 1, 2)


def test_a_known_lead_gets_a_touch_that_keeps_the_row_word_for_word(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus, child_name="王小明")
    row = _run(tx, campus, [("王小明", "", "138 0013 8000", "", "", "抖音")])
    assert _counts(row) == (1, 0, 1, 0, 0)
    touch = tx.session.scalars(select(Touch).where(Touch.import_id == row.id)).one()
    assert (touch.lead_id, touch.source) == (lead.id, "抖音")
    assert '"联系电话": "138 0013 8000"' in (Touch.payload.reveal(tx, touch) or "")
    assert leads.get(tx, lead.id).touch_count == 2


def test_a_thousand_rows_of_a_workbook(tx: Tx) -> None:
    rows = [*(family(n) for n in range(946)), *(family(n, phone=f"+86 138-{n:08}") for n in range(37))]
    rows += [family(0, child=family(n)[0], phone=f"1591234{n:04}", school="实验小学") for n in range(12)]
    row = _open(
        tx, factories.campus(tx), sheets.xlsx_of([HEADER, *rows, *[family(n, phone="x") for n in range(5)]]), "a.xlsx"
    )
    imports.start(tx, row.id, mapping={})
    while import_files.step(tx):
        pass
    total, created, merged, in_review, rejected = _counts(row)
    assert (total, merged, rejected) == (1000, 37, 5)
    assert created + in_review == 958
    assert _count(tx, Lead) == 958


def test_columns_name_campuses_and_the_importer_reaches_only_theirs(tx: Tx) -> None:
    here, there = factories.campus(tx, name="徐汇校区"), factories.campus(tx, name="浦东 校区")
    factories.campus(tx, name="旧校区", active=False)
    header = ("孩子姓名", "手机号", "校区")
    rows = [("王一", "13800000001", "浦东校区"), ("王二", "13800000002", ""), ("王三", "13800000003", "旧校区")]
    data = sheets.csv_of([header, *rows], encoding="gbk")
    tx.scope = Scope(frozenset({here}))
    row = _open(tx, here, data)
    imports.start(tx, row.id, mapping={})
    tx.scope = Scope()
    while import_files.step(tx):
        pass
    assert _lines(tx, row) == {
        2: ("rejected", "CAMPUS_UNKNOWN", "campus"),
        3: ("created", "", ""),
        4: ("rejected", "CAMPUS_UNKNOWN", "campus"),
    }
    anywhere = _open(tx, None, data)
    imports.start(tx, anywhere.id, mapping={})
    while import_files.step(tx):
        pass
    assert _lines(tx, anywhere)[2] == ("created", "", "")
    assert _lines(tx, anywhere)[3] == ("rejected", "CAMPUS_MISSING", "campus")
    assert set(tx.session.scalars(select(Lead.campus_id))) == {here, there}


def test_unknown_headers_are_refused_with_a_proposal_that_works(tx: Tx) -> None:
    campus = factories.campus(tx)
    data = sheets.csv_of([("娃的姓名", "家长号码", "年级"), ("王小明", "13800138000", "三年级")])
    row = _open(tx, campus, data)
    with pytest.raises(InvalidInput) as error:
        imports.start(tx, row.id, mapping={})
    assert error.value.reason == "IMPORT_HEADERS_UNKNOWN"
    assert error.value.info["missing"] == "child_name,guardian_phone"
    assert error.value.info["proposal"] == '{"娃的姓名": "child_name", "家长号码": "guardian_phone"}'
    imports.start(tx, row.id, mapping={"娃的姓名": "child_name", "家长号码": "guardian_phone"})
    while import_files.step(tx):
        pass
    assert _counts(row) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0" * 5000, "FILE_EMPTY"),
        (sheets.csv_of([HEADER]), "FILE_EMPTY"),
        (b"PK\x03\x04 broken", "FILE_DAMAGED"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "FILE_OLD_XLS"),
    ],
)
def test_what_cannot_be_read_is_refused_at_the_start(tx: Tx, data: bytes, reason: str) -> None:
    row = _open(tx, factories.campus(tx), data)
    with pytest.raises(InvalidInput) as error:
        imports.start(tx, row.id, mapping={})
    assert (error.value.reason, row.state) == (reason, "open")


def test_a_file_that_breaks_later_fails_as_a_whole(tx: Tx) -> None:
    row = _open(tx, factories.campus(tx), sheets.csv_of([HEADER, family(1)]))
    imports.start(tx, row.id, mapping={})
    part = tx.session.scalars(select(ImportPart).where(ImportPart.start_byte == 0)).one()
    ImportPart.content.seal(tx, part, "UEsDBCBicm9rZW4=")
    assert import_files.step(tx)
    assert (row.state, row.error_reason, _count(tx, Lead)) == ("failed", "FILE_DAMAGED", 0)


def test_bytes_come_in_order_and_again(tx: Tx) -> None:
    row = _open(tx, factories.campus(tx), b"0123456789")
    assert imports.append(tx, row.id, offset=5, data=b"56789").size_bytes == 10
    for offset in (4, 11):
        with pytest.raises(Refused) as error:
            imports.append(tx, row.id, offset=offset, data=b"x")
        assert (error.value.reason, error.value.info) == ("IMPORT_GAP", {"expected_offset": "10"})
    assert imports.content(tx, row) == b"0123456789"


def test_a_file_too_large_is_refused(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "LARGEST_BYTES", 8)
    row = imports.create(tx, Details(file_name="a.csv", campus_id=factories.campus(tx)))
    with pytest.raises(InvalidInput) as error:
        imports.append(tx, row.id, offset=0, data=b"123456789")
    assert error.value.reason == "FILE_TOO_LARGE"


def _reason(call: Any) -> str:
    with pytest.raises(DomainError) as error:
        call()
    return error.value.reason


def test_an_import_takes_nothing_after_its_start_and_ends_once(tx: Tx) -> None:
    campus = factories.campus(tx)
    row = _open(tx, campus, sheets.csv_of([HEADER, family(1)]))
    imports.start(tx, row.id, mapping={})
    assert _reason(lambda: imports.append(tx, row.id, offset=0, data=b"x")) == "IMPORT_STARTED"
    assert _reason(lambda: imports.start(tx, row.id, mapping={})) == "IMPORT_STARTED"
    assert imports.cancel(tx, row.id).state == "cancelled"
    assert _reason(lambda: imports.cancel(tx, row.id)) == "IMPORT_FINISHED"
    assert not import_files.step(tx)
    assert (_count(tx, ImportPart), _count(tx, ImportBatch), _count(tx, Lead)) == (0, 0, 0)


def test_nonsense_opens_no_import(tx: Tx) -> None:
    campus = factories.campus(tx)
    assert _reason(lambda: imports.create(tx, Details(file_name="a.pdf", campus_id=campus))) == "FILE_KIND"
    bad = Details(file_name="a.csv", campus_id=campus, mapping={"昵称": "nickname"})
    assert _reason(lambda: imports.create(tx, bad)) == "FIELD_UNKNOWN"
    with pytest.raises(NotFound):
        imports.get(tx, uuid7())
    tx.scope = Scope(frozenset({campus}))
    with pytest.raises(InvalidInput):
        imports.create(tx, Details(file_name="a.csv"))


class Crash(Exception):
    """The worker dies."""


def _step_and_die(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        import_files.step(tx)
        raise Crash


def test_after_a_crash_in_any_step_the_import_ends_as_without(
    database: Database, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "BATCH_ROWS", 2)
    with database.begin(caller) as tx:
        row = _open(tx, factories.campus(tx), sheets.csv_of([HEADER, *MIXED]))
        imports.start(tx, row.id, mapping={})
    busy, crashes = True, 0
    while busy:
        with pytest.raises(Crash):
            _step_and_die(database, caller)
        crashes += 1
        with database.begin(caller) as tx:
            busy = import_files.step(tx)
    with database.begin(caller) as tx:
        row = imports.get(tx, row.id)
        assert crashes > 4
        assert (row.state, _counts(row)) == ("done", (7, 2, 2, 1, 2))
        assert (_count(tx, Lead), _count(tx, Touch), len(_lines(tx, row))) == (3, 4, 7)
        assert (_count(tx, ImportPart), _count(tx, ImportBatch)) == (0, 0)


def test_a_formula_that_was_never_computed_is_named_and_no_value_is_guessed(tx: Tx) -> None:
    campus = factories.campus(tx)
    rows = [["孩子姓名", "联系电话", "备注", "随便"], ["王小明", "=A1", "", ""], ["李雷", "13800000001", "", "=A1"]]
    row = _open(tx, campus, sheets.xlsx_of(rows), "名单.xlsx")
    imports.start(tx, row.id, mapping={})
    while import_files.step(tx):
        pass
    assert _lines(tx, row) == {2: ("rejected", "FORMULA_NOT_COMPUTED", "guardian_phone"), 3: ("created", "", "")}
    assert imports.letters(row) == {"child_name": "A", "guardian_phone": "B", "remark": "C"}
    touch = tx.session.scalars(select(Touch)).one()
    assert json.loads(Touch.payload.reveal(tx, touch) or "") == {"孩子姓名": "李雷", "联系电话": "13800000001"}
