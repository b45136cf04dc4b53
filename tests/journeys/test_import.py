"""A real spreadsheet of enquiries: everything is accounted for, and a second time changes nothing."""

from __future__ import annotations

import json

import grpc
import pytest

from lianxiao.lead.v1 import lead_service_pb2 as lead_pb
from lianxiao.lead.v1.lead_service_pb2_grpc import LeadServiceStub
from shared.client import address_of
from tests.journeys import spreadsheets
from tests.journeys.api import Json, eventually
from tests.journeys.chain import Chain, found
from tests.journeys.spreadsheets import BROKEN, EXACT, NEAR, UNIQUE
from tests.journeys.system import System

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def run_import(chain: Chain, content: bytes) -> Json:
    """Upload a file and wait for its end."""
    options = json.dumps({"campusId": chain.selling, "source": "field"})
    started = chain.admin.upload(content, "线索导出.xlsx", options)
    path = f"/v1/imports/{started['importId']}"
    ended = ("IMPORT_STATE_DONE", "IMPORT_STATE_FAILED")
    result: Json = eventually(
        "the import ends", lambda: (got := chain.admin.get(path)["leadImport"])["state"] in ended and got, 120
    )
    assert result["state"] != "IMPORT_STATE_FAILED", result
    return result


def test_a_thousand_enquiries_are_taken_in_once(system: System) -> None:
    chain = found(system)
    sheet = spreadsheets.enquiries(seed=len(system.bus))
    first = run_import(chain, sheet.content)
    figures = {name: int(first[name]) for name in ("total", "created", "merged", "inReview", "rejected")}
    assert figures["total"] == UNIQUE + EXACT + NEAR + BROKEN
    assert figures["merged"] == EXACT
    assert figures["rejected"] == BROKEN
    assert figures["created"] + figures["inReview"] == UNIQUE + NEAR
    assert figures["inReview"] >= NEAR
    rows = chain.admin.every(f"/v1/imports/{first['importId']}/rows", "rows", filter='outcome = "rejected"')
    assert {row["line"] for row in rows} == set(sheet.broken)
    assert all(row["reason"] for row in rows)
    leads = chain.admin.every("/v1/leads", "leads")
    assert len(leads) == UNIQUE + NEAR
    again = run_import(chain, sheet.content)
    assert (int(again["created"]), int(again["inReview"])) == (0, 0)
    assert len(chain.admin.every("/v1/leads", "leads")) == UNIQUE + NEAR
    assert sum(lead["touchCount"] for lead in leads) == sum(
        lead["touchCount"] for lead in chain.admin.every("/v1/leads", "leads")
    ), "rows that were brought in before make no second touch"
    borders(chain, leads)


def borders(chain: Chain, leads: list[Json]) -> None:
    """Each advisor sees the own leads; one of another campus sees nothing, by REST and by gRPC."""
    assert {lead["ownerId"] for lead in leads} == {chain.ids["advisor"]}
    assert len(chain.people["advisor"].every("/v1/leads", "leads")) == len(leads)
    stranger = chain.people["stranger"]
    assert stranger.every("/v1/leads", "leads") == []
    lead_id = leads[0]["leadId"]
    problem = stranger.get(f"/v1/leads/{lead_id}", expect=404)
    assert problem["reason"] == "LEAD_NOT_FOUND"
    addresses = chain.system.installation.common()["LIANXIAO_GRPC_ADDRESSES"]
    with grpc.insecure_channel(address_of("lead", addresses)) as channel:
        with pytest.raises(grpc.RpcError) as error:
            LeadServiceStub(channel).GetLead(
                lead_pb.GetLeadRequest(lead_id=lead_id),
                metadata=(("authorization", f"Bearer {stranger.token}"),),
                timeout=10,
            )
        assert error.value.code() is grpc.StatusCode.NOT_FOUND
