from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from gateway import catalogue, serve
from gateway.config import Config
from lianxiao.billing.v1 import payment_service_pb2 as payments
from lianxiao.billing.v1 import signature_service_pb2 as signatures
from shared.errors import NotAllowed
from tests.gateway.backend import ID, Backend, refusing, serving
from tests.gateway.conftest import KnownTokens, client, running

PATH = f"/callbacks/payments/{ID}"


@pytest.fixture
def billing() -> Iterator[Backend]:
    with serving(payments.DESCRIPTOR.services_by_name["PaymentService"]) as backend:
        yield backend


@pytest.fixture
def provider(billing: Backend, config: Config) -> Iterator[httpx.Client]:
    edge = serve.make_edge(config, catalogue.load(config.image), KnownTokens(), f"*=127.0.0.1:{billing.port}")
    with running(edge) as port, client(port) as one:
        del one.headers["authorization"]
        yield one


@pytest.mark.parametrize(("name", "prefix"), [("sandbox", "lianxiao"), ("wechat", "wechatpay")])
def test_a_notice_arrives_byte_for_byte_with_its_signature(
    provider: httpx.Client, billing: Backend, name: str, prefix: str
) -> None:
    body = b'{ "amount_fen":  100,\n "x": "\\u5f20" }\xff'
    headers = {f"{prefix}-signature": "5eal", f"{prefix}-timestamp": "1767225600", f"{prefix}-nonce": "n1"}
    answer = provider.post(f"{PATH}/{name}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (200, "SUCCESS")
    notice = billing.last
    assert (notice.institution_id, notice.provider, notice.body) == (ID, name, body)
    assert (notice.signature, notice.timestamp, notice.nonce) == ("5eal", "1767225600", "n1")
    assert "authorization" not in billing.asked[-1][2]


def test_a_refused_notice_is_not_thanked(provider: httpx.Client, billing: Backend) -> None:
    billing.replies["HandlePaymentCallback"] = refusing(NotAllowed("CALLBACK_SIGNATURE_WRONG", "not theirs"))
    answer = provider.post(f"{PATH}/sandbox", content=b"{}")
    assert (answer.status_code, answer.json()["reason"]) == (403, "CALLBACK_SIGNATURE_WRONG")


def test_other_addresses_verbs_and_sizes_are_refused(provider: httpx.Client, billing: Backend) -> None:
    assert provider.post(PATH).status_code == 404
    assert provider.get(f"{PATH}/sandbox").headers["allow"] == "POST"
    assert provider.post(f"{PATH}/sandbox", content=b"x" * 70_000).status_code == 413
    assert not billing.asked


def test_a_notice_of_a_signature_arrives_with_the_headers_of_its_provider(config: Config) -> None:
    service = signatures.DESCRIPTOR.services_by_name["SignatureService"]
    with serving(service) as backend:
        edge = serve.make_edge(config, catalogue.load(config.image), KnownTokens(), f"*=127.0.0.1:{backend.port}")
        with running(edge) as port, client(port) as one:
            del one.headers["authorization"]
            headers = {
                "X-Tsign-Open-App-Id": "7438",
                "X-Tsign-Open-TIMESTAMP": "1713508339505",
                "X-Tsign-Open-SIGNATURE": "60c6",
                "X-Tsign-Open-SIGNATURE-ALGORITHM": "hmac-sha256",
            }
            body = '{"action":"SIGN_FLOW_COMPLETE","signFlowTitle":"合同"}'.encode()
            answer = one.post(f"/callbacks/signatures/{ID}/esign", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"code": "200", "msg": "success"})
        notice = backend.last
        assert (notice.institution_id, notice.provider, notice.body) == (ID, "esign", body)
        assert (notice.signature, notice.timestamp, notice.app_id) == ("60c6", "1713508339505", "7438")
