from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from gateway import catalogue, serve
from gateway.config import Config
from lianxiao.notification.v1 import opt_out_service_pb2 as pb
from shared.errors import InvalidInput
from tests.gateway.backend import ID, Backend, refusing, serving
from tests.gateway.conftest import KnownTokens, client, running

PATH = f"/opt-out/{ID}/5eal-"


@pytest.fixture
def backend() -> Iterator[Backend]:
    with serving(pb.DESCRIPTOR.services_by_name["OptOutService"]) as one:
        yield one


@pytest.fixture
def family(backend: Backend, config: Config) -> Iterator[httpx.Client]:
    edge = serve.make_edge(config, catalogue.load(config.image), KnownTokens(), f"*=127.0.0.1:{backend.port}")
    with running(edge) as port, client(port) as one:
        del one.headers["authorization"]
        yield one


def test_one_click_opts_out_without_signing_in_and_another_takes_it_back(
    family: httpx.Client, backend: Backend
) -> None:
    page = family.get(PATH, headers={"accept-language": "zh-CN"})
    assert page.headers["content-type"].startswith("text/html")
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "退订" in page.text
    for action, wanted in (("leave", True), ("undo", False)):
        backend.replies["SetPublicOptOut"] = lambda *_, said=wanted: pb.SetPublicOptOutResponse(opted_out=said)
        answer = family.post(PATH, data={"action": action}, headers={"accept-language": "en"})
        assert (answer.status_code, backend.last.opted_out) == (200, wanted)
        assert (backend.last.institution_id, backend.last.token) == (ID, "5eal-")
        assert ("Undo" in answer.text) is wanted


def test_a_mail_program_opts_out_by_itself(family: httpx.Client, backend: Backend) -> None:
    answer = family.post(PATH, data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, backend.last.opted_out) == (200, True)


def test_half_a_link_other_verbs_and_forged_links_are_refused(family: httpx.Client, backend: Backend) -> None:
    assert family.get(f"/opt-out/{ID}").status_code == 404
    assert family.put(PATH).headers["allow"] == "GET, POST"
    backend.replies["GetPublicOptOut"] = refusing(InvalidInput("token", "half", "OPT_OUT_LINK_INVALID"))
    assert family.get(PATH).status_code == 422
