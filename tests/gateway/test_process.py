"""The gateway as it is run: `python -m gateway`, real keys, real tokens, a real SIGTERM."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import httpx
import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.caller import Caller, Grant
from shared.testing.waiting import until
from shared.tokens import TokenIssuer
from tests.gateway import sample
from tests.gateway.backend import ID, Backend

CALLER = Caller(UUID(int=1), UUID(int=2), "staff", (Grant(("*",)),), UUID(int=3))
pb = sample.module("note_service")


class Keys:
    """A key pair on disk as the product keeps it."""

    def __init__(self, folder: Path) -> None:
        self.public = folder / "public"
        self.public.mkdir()
        self.private = folder / "k1.key"
        self.key = Ed25519PrivateKey.generate()
        self.pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.private.touch(0o600)
        self.private.write_bytes(self.pem)
        self.public_pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        (self.public / "k1.pem").write_bytes(self.public_pem)

    def issue(self, **faults: Any) -> str:
        """Return a good token, or one with other claims or headers."""
        now = time.time()
        claims = {
            "iss": "lianxiao",
            "aud": "lianxiao",
            "sub": str(CALLER.subject_id),
            "inst": str(CALLER.institution_id),
            "kind": "staff",
            "sid": str(CALLER.session_id),
            "iat": now,
            "exp": now + 300,
            "grants": [{"p": ["*"], "c": None, "o": False}],
        } | faults.pop("claims", {})
        headers = {"kid": "k1", "typ": "at+jwt"} | faults.pop("headers", {})
        return jwt.encode(claims, faults.pop("key", self.key), faults.pop("algorithm", "EdDSA"), headers=headers)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(backend: Backend, keys: Keys) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """Run the gateway; yield the process, its HTTP port and its partner port."""
    port, partner = _free_port(), _free_port()
    # The sample contract exists only where these tests compiled it.
    paths = [str(sample.ROOT), str(sample.ROOT / "gen"), str(sample.IMAGE.parent)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "LIANXIAO_HTTP_PORT": str(port),
        "LIANXIAO_PARTNER_PORT": str(partner),
        "LIANXIAO_GRPC_ADDRESSES": f"*=127.0.0.1:{backend.port}",
        "LIANXIAO_JWT_PUBLIC_KEYS_DIR": str(keys.public),
        "LIANXIAO_DESCRIPTOR_IMAGE": str(sample.IMAGE),
        "LIANXIAO_METRICS_PORT": str(_free_port()),
    }
    command = [sys.executable, "-m", "gateway"]
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until(lambda: running.poll() is not None or _answers(port), seconds=90, what="the gateway answers")
        yield running, port, partner
    finally:
        running.kill()
        running.communicate()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def gateway(backend: Backend, keys: Keys) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    with process(backend, keys) as running:
        yield running


def _forgeries(keys: Keys) -> dict[str, str]:
    good = keys.issue()
    header, claims, signature = good.split(".")
    now = time.time()
    bare = base64.urlsafe_b64encode(orjson.dumps({"alg": "none", "typ": "at+jwt", "kid": "k1"})).rstrip(b"=").decode()
    return {
        "alg none": f"{bare}.{claims}.",
        "public key as HMAC secret": _hmac_forged(keys),
        "kid as a path": keys.issue(headers={"kid": "../k1"}),
        "kid as SQL": keys.issue(headers={"kid": "k1' or '1'='1"}),
        "jku": keys.issue(headers={"jku": "https://example.com/keys"}),
        "other audience": keys.issue(claims={"aud": "elsewhere"}),
        "other issuer": keys.issue(claims={"iss": "elsewhere"}),
        "expired": keys.issue(claims={"iat": now - 900, "exp": now - 600}),
        "not yet valid": keys.issue(claims={"nbf": now + 600}),
        "issued in the future": keys.issue(claims={"iat": now + 600, "exp": now + 900}),
        "an id token": keys.issue(headers={"typ": "JWT"}),
        "another key": keys.issue(key=Ed25519PrivateKey.generate()),
        "cut signature": f"{header}.{claims}.{signature[:-4]}",
        "changed claims": f"{header}.{claims[:-2]}AA.{signature}",
        "never ending": keys.issue(claims={"exp": now + 90 * 86400}),
        "no token at all": "",
    }


def _hmac_forged(keys: Keys) -> str:
    """Sign with the public key as if it were a shared secret, which a library refuses to do."""
    head = base64.urlsafe_b64encode(orjson.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "k1"})).rstrip(b"=")
    text = head + b"." + keys.issue().split(".")[1].encode()
    seal = base64.urlsafe_b64encode(hmac.new(keys.public_pem, text, hashlib.sha256).digest()).rstrip(b"=")
    return (text + b"." + seal).decode()


def test_a_real_token_opens_and_every_forged_one_does_not(
    gateway: tuple[subprocess.Popen[str], int, int], keys: Keys, replies: Backend
) -> None:
    _, port, partner = gateway
    issued = TokenIssuer(keys.private, keys.public).issue(CALLER, 300)
    address = f"http://127.0.0.1:{port}/v1/notes/{ID}"
    assert httpx.get(address, headers={"authorization": f"Bearer {issued}"}).status_code == 200
    replies.asked.clear()
    with grpc.insecure_channel(f"127.0.0.1:{partner}") as channel:
        call: Any = channel.unary_unary("/lianxiao.sample.v1.NoteService/GetNote")
        for name, token in _forgeries(keys).items():
            answer = httpx.get(address, headers={"authorization": f"Bearer {token}".strip()})
            assert answer.status_code == 401, name
            with pytest.raises(grpc.RpcError) as caught:
                call(b"", timeout=5, metadata=(("authorization", f"Bearer {token}"),))
            assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED, name
    assert not replies.asked


def test_sigterm_ends_the_gateway_after_its_last_answer(backend: Backend, replies: Backend, keys: Keys) -> None:
    let_go = threading.Event()

    def slow(_request: Any, _context: Any) -> Any:
        assert let_go.wait(10)
        return pb.GetWelcomeResponse(sentence="late but whole")

    replies.replies["GetWelcome"] = slow
    with process(backend, keys) as (running, port, _):
        answers: list[httpx.Response] = []
        address = f"http://127.0.0.1:{port}"
        client = threading.Thread(target=lambda: answers.append(httpx.get(f"{address}/v1/welcome", timeout=15)))
        client.start()
        until(lambda: replies.asked, what="the call is under way")
        running.send_signal(signal.SIGTERM)
        until(lambda: _not_ready(address), what="the gateway says that it leaves")
        let_go.set()
        client.join()
        assert answers[0].json()["sentence"] == "late but whole"
        assert running.wait(15) == 0
        lines = (running.stdout.read() if running.stdout else "").splitlines()
    log = [orjson.loads(line) for line in lines if line.startswith("{")]
    requests = [line for line in log if line["message"] == "request"]
    assert {line["route"] for line in requests} >= {"GET /readyz", "GET /v1/welcome"}
    assert all(line["trace_id"] for line in requests)


def _not_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").status_code == 503
    except httpx.TransportError:
        return True


def test_the_log_holds_no_personal_data(backend: Backend, replies: Backend, keys: Keys) -> None:
    canary = "13812345678"
    with process(backend, keys) as (running, port, _):
        headers = {"authorization": f"Bearer {keys.issue()}", "content-type": "application/json"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as http:
            http.get("/v1/notes", params={"filter": canary})
            http.get(f"/v1/notes/{canary}")
            http.get(f"/nowhere/{canary}")
            http.post("/v1/notes", json={"note": {"phone": canary, "titel": canary}})
            http.post("/v1/notes", content=f'{{"phone": "{canary}"'.encode())
        running.terminate()
        log = running.communicate(timeout=20)[0]
    assert len(replies.asked) == 2
    assert "GET /v1/notes" in log
    assert canary not in log
    assert headers["authorization"] not in log


def test_without_keys_the_gateway_does_not_start() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LIANXIAO_")}
    run = subprocess.run(
        [sys.executable, "-m", "gateway"], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode != 0
    assert "LIANXIAO_JWT_PUBLIC_KEYS_DIR" in run.stderr
