"""D5 and D6: a copy holds every table that tells of somebody; after an erasure nothing anywhere does."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.journeys import canaries
from tests.journeys.api import Json, eventually
from tests.journeys.canaries import Family
from tests.journeys.chain import Chain, found
from tests.journeys.system import System

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
_FIGURES = ("/v1/ledger/trialBalance", "/v1/interCampusBalances", "/v1/reports/campaigns")


def test_a_family_gets_all_that_is_kept_of_it_and_is_then_forgotten(system: System) -> None:
    chain = found(system)
    family = canaries.enquire(chain)
    canaries.teach(chain, family)
    canaries.contract(chain, family)
    canaries.serve(chain, family)
    planted = _where(chain, family)
    assert {word for places in planted.values() for word in places} == set(family.words)
    assert ("lead", "stored_reply") in planted
    assert {service for service, _ in planted} >= {"billing", "lead", "notification", "scheduling", "student"}
    _check_copy(chain, family, planted)
    books = [chain.admin.get(path) for path in _FIGURES]
    parts = _forget(chain, family)
    kept = {(part["service"], table["table"]) for part in parts for table in part["tables"] if table["hold"]}
    assert kept == {("billing", "contract_document")}
    assert _where(chain, family) == {("billing", "contract_document"): {canaries.GUARDIAN}}
    assert [chain.admin.get(path) for path in _FIGURES] == books
    assert _files_with(system.folder, family.words) == []
    verdict = system.run("-m", "services", "all", "audit", "verify")
    assert "problems" not in verdict
    assert "problems" not in system.run("-m", "services", "billing", "verify-ledger")
    assert ": 1 erasures are done again" in system.run("-m", "services", "student", "repeat-erasures")


def _where(chain: Chain, family: Family) -> dict[tuple[str, str], set[str]]:
    """Return the words of a family by the table in which they stand, once no event waits any more."""
    lines = chain.system.run("-m", "tests.journeys.searching", chain.code, *family.words).splitlines()
    found_: dict[tuple[str, str], set[str]] = {}
    for line in map(json.loads, lines):
        found_.setdefault((line["service"], line["table"]), set()).add(line["word"])
    return found_


def _request(chain: Chain, family: Family, kind: str) -> Json:
    """Ask, verify, grant, and wait until every service has answered."""
    body = {
        "personId": family.child.customer_id,
        "kind": f"SUBJECT_REQUEST_KIND_{kind}",
        "subject": "SUBJECT_KIND_CHILD",
    }
    if kind == "ACCESS":
        (guardian,) = chain.admin.get(f"/v1/students/{family.child.customer_id}/guardians")["guardians"]
        body["guardianId"] = guardian["guardianId"]
    path = f"/v1/subjectRequests/{chain.admin.post('/v1/subjectRequests', body)['subjectRequest']['subjectRequestId']}"
    chain.admin.post(f"{path}:verify", {"identityMeans": "IDENTITY_MEANS_DOCUMENT"})
    chain.admin.post(f"{path}:grant")
    done: Json = eventually(
        "every service has answered",
        lambda: (got := chain.admin.get(path)["subjectRequest"])["state"] == "SUBJECT_REQUEST_STATE_DONE" and got,
    )
    return done


def _check_copy(chain: Chain, family: Family, planted: dict[tuple[str, str], set[str]]) -> None:
    """See each word of each table in the archive, but for tables that only pass things on."""
    done = _request(chain, family, "ACCESS")
    link = chain.admin.post(f"/v1/subjectRequests/{done['subjectRequestId']}:issueArchiveLink")
    content = base64.b64decode(chain.admin.get(link["path"])["content"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        page = archive.read("个人信息副本.html").decode()
        data = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("data/")}
    for (service, table), words in planted.items():
        if table in {"stored_reply", "outbox", "delivery"}:
            continue
        rows = json.dumps(json.loads(data[f"data/{service}.json"])[table], ensure_ascii=False)
        assert {word for word in words if word not in rows} == set(), (service, table)
    assert all(word in page for word in family.words)


def _forget(chain: Chain, family: Family) -> list[Json]:
    """Ask to be forgotten, which waits until nobody is taught any more; return what each service did."""
    student = family.child.customer_id
    body = {"personId": student, "kind": "SUBJECT_REQUEST_KIND_ERASURE", "subject": "SUBJECT_KIND_CHILD"}
    path = f"/v1/subjectRequests/{chain.admin.post('/v1/subjectRequests', body)['subjectRequest']['subjectRequestId']}"
    chain.admin.post(f"{path}:verify", {"identityMeans": "IDENTITY_MEANS_DOCUMENT"})
    assert chain.admin.call("POST", f"{path}:grant", {}, expect=409)["reason"] == "STUDENT_STILL_SERVED"
    chain.admin.post(f"/v1/students/{student}:changeState", {"state": "STUDENT_STATE_LAPSED", "reason": "move"})
    chain.admin.post(f"{path}:grant")
    done = eventually(
        "every service has forgotten",
        lambda: (got := chain.admin.get(path)["subjectRequest"])["state"] == "SUBJECT_REQUEST_STATE_DONE" and got,
    )
    return list(done["parts"])


def _files_with(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """Return (file, word) of the files of an installation, logs and queues among them, in which a word stands."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    told = ((path.name, path.read_bytes()) for path in files)
    return [(name, word) for name, content in told for word in words if word.encode() in content]
