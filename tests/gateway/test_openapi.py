"""The document: complete, true to the codec and the rules, and believed by the tools that read it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import orjson
import protovalidate
import pytest

from gateway import catalogue, openapi
from gateway.catalogue import Catalogue
from gateway.config import Config
from tests.gateway.backend import Backend

STATUSES = {"200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"}


@pytest.fixture(scope="module")
def document(contract: Catalogue) -> dict[str, Any]:
    return openapi.document(contract)


def _schema(document: dict[str, Any], name: str) -> Any:
    return {**document, "$ref": f"#/components/schemas/{name}"}


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from item.values()


def test_every_route_is_described_with_every_status(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]["/v1/notes/{noteId}"]) == {"get", "patch"}
    for operation in _operations(document):
        assert set(operation["responses"]) == STATUSES
        assert operation["summary"]
        assert operation["x-permission"]
    names = [operation["operationId"] for operation in _operations(document)]
    assert len(names) == len(set(names)) == 11
    assert document["paths"]["/v1/welcome"]["get"]["security"] == []


def test_comments_and_rules_of_the_protos_are_in_it(document: dict[str, Any]) -> None:
    note = document["components"]["schemas"]["NoteInput"]
    assert note["properties"]["priceFen"]["description"] == "Price in fen."
    assert note["properties"]["title"]["maxLength"] == 100
    assert note["properties"]["tags"]["maxItems"] == 10
    assert set(note["required"]) == {"noteId", "campusId", "title"}
    assert document["components"]["schemas"]["CreateNoteRequest"]["required"] == ["note"]
    answered = document["components"]["schemas"]["Note"]
    assert answered["properties"]["priceFen"]["type"] == "string"
    assert "required" not in answered


def test_parameters_are_named_as_json_names_them(document: dict[str, Any]) -> None:
    parameters = {each["name"]: each for each in document["paths"]["/v1/notes"]["get"]["parameters"]}
    assert {"pageSize", "stages", "dueDate", "window.fromTime"} <= set(parameters)
    assert parameters["pageSize"]["schema"]["maximum"] == 200
    assert parameters["dueDate"]["schema"] == {"type": "string", "format": "date"}


def test_answers_fit_their_schema(document: dict[str, Any], http: httpx.Client, replies: Backend) -> None:
    validator = jsonschema_rs.validator_for(_schema(document, "ListNotesResponse"))
    assert validator.is_valid(http.get("/v1/notes").json())
    problem = jsonschema_rs.validator_for(_schema(document, "Problem"))
    assert problem.is_valid(http.get("/v1/notes?pageSize=900").json())
    assert len(replies.asked) == 1


def test_the_whole_product_has_a_document() -> None:
    command = [sys.executable, "-m", "gateway", "openapi"]
    printed = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    document = orjson.loads(printed)
    served = [method for method in catalogue.load(Config().image).methods.values() if method.rules]
    assert len(list(_operations(document))) >= len(served)
    assert "/v1/leads/imports:upload" in document["paths"]
    every = [{"$ref": f"#/components/schemas/{name}"} for name in document["components"]["schemas"]]
    assert jsonschema_rs.validator_for({**document, "anyOf": every}).is_valid({})
    assert not [schema for schema in document["components"]["schemas"].values() if not schema]


@pytest.mark.slow
def test_schemathesis_finds_no_fault(http: httpx.Client, replies: Backend, tmp_path: Path) -> None:
    replies.validator = protovalidate.Validator()
    # No schema can say that February has no 30th, or bound a number that is written as text.
    accepted = 'expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429", "5xx"]'
    (tmp_path / "schemathesis.toml").write_text(f"[checks.positive_data_acceptance]\n{accepted}\n", "utf-8")
    try:
        command = [
            *(str(Path(sys.executable).parent / "st"), "run", f"{http.base_url}/openapi.json"),
            *("--checks", "all", "--seed", "1", "--max-examples", "40", "--no-color"),
            *("--phases", "coverage,fuzzing", "--header", "Authorization: Bearer good"),
        ]
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        run = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=280, cwd=tmp_path, env=environment
        )
    finally:
        replies.validator = None
    assert run.returncode == 0, run.stdout[-6000:]
    assert "Tested: 11" in run.stdout
