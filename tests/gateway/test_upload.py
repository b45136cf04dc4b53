from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway import catalogue, serve
from gateway.config import Config
from gateway.upload import CHUNK
from lianxiao.lead.v1 import import_pb2
from lianxiao.lead.v1 import import_service_pb2 as imports
from shared.errors import Refused
from tests.gateway.backend import ID, Backend, refusing, serving
from tests.gateway.conftest import KnownTokens, client, running

PATH = "/v1/leads/imports:upload"


@pytest.fixture
def lead() -> Iterator[Backend]:
    with serving(imports.DESCRIPTOR.services_by_name["ImportService"]) as backend:
        opened = imports.CreateImportResponse(lead_import=import_pb2.Import(import_id=ID))
        backend.replies["CreateImport"] = lambda *_: opened
        backend.replies["StartImport"] = lambda request, _: imports.StartImportResponse(
            lead_import=import_pb2.Import(import_id=request.import_id, state=import_pb2.IMPORT_STATE_WAITING)
        )
        yield backend


@pytest.fixture
def http(lead: Backend, config: Config) -> Iterator[httpx.Client]:
    edge = serve.make_edge(config, catalogue.load(config.image), KnownTokens(), f"lead=127.0.0.1:{lead.port}")
    with running(edge) as port, client(port) as one:
        yield one


def _names(lead: Backend) -> list[str]:
    return [name for name, *_ in lead.asked]


def test_a_file_arrives_whole_in_pieces(http: httpx.Client, lead: Backend) -> None:
    content = bytes(range(256)) * 7000
    answer = http.post(
        PATH,
        data={"options": '{"dryRun": true, "campusId": "01939b7e-7f6c-7000-8000-0000000000ff"}'},
        files={"file": ("名单.xlsx", content, "application/octet-stream")},
        headers={"idempotency-key": ID},
    )
    assert answer.status_code == 202, answer.text
    assert (answer.json()["importId"], answer.json()["state"]) == (ID, "IMPORT_STATE_WAITING")
    created = lead.asked[0][1]
    assert (created.file_name, created.dry_run, created.request_id) == ("名单.xlsx", True, ID)
    parts = [request for name, request, *_ in lead.asked if name == "AppendImportData"]
    assert [part.offset for part in parts] == [CHUNK * index for index in range(len(parts))]
    assert max(len(part.data) for part in parts) == CHUNK
    assert hashlib.sha256(b"".join(part.data for part in parts)).digest() == hashlib.sha256(content).digest()
    assert _names(lead)[-1] == "StartImport"


@pytest.mark.parametrize(
    ("form", "status", "reason"),
    [
        ({"files": {"sheet": ("a.csv", b"x")}}, 422, "FILE_MISSING"),
        ({"files": [("file", ("a.csv", b"x")), ("options", (None, b"{}"))]}, 422, "OPTIONS_AFTER_FILE"),
        ({"files": [("options", (None, b"{")), ("file", ("a.csv", b"x"))]}, 400, "MALFORMED_JSON"),
        ({"files": [("options", (None, b'{"colour": 1}')), ("file", ("a.csv", b"x"))]}, 422, "UNKNOWN_FIELD"),
        ({"json": {}}, 415, "NOT_MULTIPART"),
        (
            {"content": b"nonsense", "headers": {"content-type": "multipart/form-data; boundary=x"}},
            400,
            "NOT_MULTIPART",
        ),
    ],
)
def test_a_form_that_is_wrong_is_refused(http: httpx.Client, form: dict[str, Any], status: int, reason: str) -> None:
    answer = http.post(PATH, **form)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


def test_a_file_above_32_megabytes_is_refused_and_its_import_given_up(http: httpx.Client, lead: Backend) -> None:
    answer = http.post(PATH, files={"file": ("a.csv", b"x" * (33 * 1024 * 1024))})
    assert (answer.status_code, answer.json()["reason"]) == (413, "BODY_TOO_LARGE")
    assert "StartImport" not in _names(lead)


def test_a_refused_part_gives_the_import_up(http: httpx.Client, lead: Backend) -> None:
    lead.replies["AppendImportData"] = refusing(Refused("IMPORT_FINISHED", "there is nothing left to add"))
    answer = http.post(PATH, files={"file": ("a.csv", b"x" * CHUNK)})
    assert (answer.status_code, answer.json()["reason"]) == (409, "IMPORT_FINISHED")
    assert _names(lead)[-1] == "CancelImport"


def test_unknown_columns_leave_the_import_open_and_name_it(http: httpx.Client, lead: Backend) -> None:
    lead.replies["StartImport"] = refusing(Refused("IMPORT_HEADERS_UNKNOWN", "columns", headers="姓名"))
    problem = http.post(PATH, files={"file": ("a.csv", b"x")}).json()
    assert problem["info"] == {"headers": "姓名", "import_id": ID}
    assert "CancelImport" not in _names(lead)


def test_an_upload_needs_a_token(http: httpx.Client, lead: Backend) -> None:
    answer = http.post(PATH, files={"file": ("a.csv", b"x")}, headers={"authorization": "Bearer no"})
    assert answer.status_code == 401
    assert not lead.asked
