from __future__ import annotations

import httpx
from grpc_health.v1 import health_pb2

from shared.testing.waiting import until
from tests.gateway.backend import Backend


def test_readiness_follows_the_services_and_health_does_not(http: httpx.Client, replies: Backend) -> None:
    assert http.get("/readyz").json() == {"status": "ready", "services": {"*": True}}
    replies.health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    until(lambda: http.get("/readyz").status_code == 503, what="the gateway notices")
    assert http.get("/healthz").status_code == 200
    assert http.get("/v1/notes").json()["reason"] == "SERVICE_UNAVAILABLE"
    replies.health.set("", health_pb2.HealthCheckResponse.SERVING)
    until(lambda: http.get("/readyz").status_code == 200, what="the gateway notices")


def test_the_reference_page_stands_alone(http: httpx.Client) -> None:
    page = http.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "/v1/notes/{noteId}:archive" in page.text
    assert "id='RATE_LIMITED'" in page.text
    assert "<script" not in page.text
    assert "http" not in page.text.replace("HTTP", "").split("</style>")[0]
