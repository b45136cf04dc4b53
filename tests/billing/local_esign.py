"""e签宝 as it answers, in this process: it verifies what we sign, keeps files and flows, and signs its notices.

Nothing of ours but the account file is used to speak its protocol.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

APP, SECRET = "7438800001", "b2ec7b5d9b7f4c2e8d6a0f1e3c5b7a99"
DRAFT, SIGNING, COMPLETED, REVOKED, EXPIRED, DECLINED = 0, 1, 2, 3, 5, 7


@dataclass
class SignFlow:
    """A flow as it stands there."""

    asked: dict[str, Any]
    file_id: str
    state: int = DRAFT


@dataclass
class Desk:
    """What e签宝 knows and has been asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    flows: dict[str, SignFlow] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    address: str = ""
    down: bool = False
    # Answers that get lost on their way back, by a part of their path.
    lost: str = ""

    def sign(self, flow_id: str, *, really: bool = True) -> None:
        """Have the guardian sign; the seal follows by itself."""
        flow = self.flows[flow_id]
        assert flow.state == SIGNING
        flow.state = COMPLETED
        if really:
            self.files[flow.file_id] += b"\n% signed by the guardian\n"


def install(folder: Path, institution_id: UUID, address: str) -> None:
    """Write the account file of an institution."""
    content = {
        "app_id": APP,
        "app_secret": SECRET,
        "notify_url": "https://school.example/callbacks/signatures/1/esign",
        "address": address,
    }
    (folder / f"{institution_id}.esign.json").write_text(json.dumps(content))


def notice(flow_id: str, state: int, *, secret: str = SECRET, **more: object) -> tuple[bytes, dict[str, str]]:
    """Return the body and the signature parts of a notice."""
    content = {"action": "SIGN_FLOW_COMPLETE", "signFlowId": flow_id, "signFlowStatus": str(state), **more}
    body, timestamp = json.dumps(content, ensure_ascii=False).encode(), str(int(time.time() * 1000))
    signature = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).hexdigest()
    return body, {"timestamp": timestamp, "signature": signature, "app_id": APP}


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


class _Handler(BaseHTTPRequestHandler):
    desk: ClassVar[Desk]

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        if self.desk.down:
            self._send(503, b"{}")
        elif self.path.startswith("/store/"):
            self._store(self.path.removeprefix("/store/"), body)
        elif not self._is_signed(body):
            self._send(401, '{"code":401,"message":"签名不正确"}'.encode())
        else:
            self.desk.asked.append(f"{self.command} {self.path}")
            content = self._api(json.loads(body) if body else {})
            if self.desk.lost and self.desk.lost in self.path:
                self._send(504, b"")
            else:
                self._send(200, json.dumps(content, ensure_ascii=False).encode())

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _is_signed(self, body: bytes) -> bool:
        given = self.headers
        message = (
            f"{self.command}\n{given['accept']}\n{given.get('content-md5', '')}\n{given['content-type']}\n\n{self.path}"
        )
        expected = base64.b64encode(hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).digest()).decode()
        is_fresh = abs(time.time() * 1000 - int(given["x-tsign-open-ca-timestamp"])) < 15 * 60_000
        ours = (given["x-tsign-open-app-id"], given["x-tsign-open-auth-mode"]) == (APP, "Signature")
        is_whole = given.get("content-md5", "") == (_md5(body) if body else "")
        return is_fresh and ours and is_whole and given["x-tsign-open-ca-signature"] == expected

    def _store(self, file_id: str, body: bytes) -> None:
        if self.command == "GET":
            self._send(200, self.desk.files[file_id])
            return
        assert self.headers["content-md5"] == _md5(body)
        assert self.headers["content-type"] == "application/pdf"
        self.desk.files[file_id] = body
        self._send(200, '{"errCode":0,"msg":"成功"}'.encode())

    def _api(self, content: dict[str, Any]) -> dict[str, Any]:
        desk, path = self.desk, self.path
        if path == "/v3/files/file-upload-url":
            assert content["contentType"] == "application/pdf"
            file_id = secrets.token_hex(16)
            return _good({"fileId": file_id, "fileUploadUrl": f"{desk.address}/store/{file_id}"})
        if path.startswith("/v3/files/"):
            return _good({"fileStatus": 2 if path.rsplit("/", 1)[1] in desk.files else 0})
        if path == "/v3/sign-flow/create-by-file":
            return self._create(content)
        flow_id, verb = path.removeprefix("/v3/sign-flow/").split("/")
        return self._flow(flow_id, verb, content)

    def _create(self, content: dict[str, Any]) -> dict[str, Any]:
        (doc,), config = content["docs"], content["signFlowConfig"]
        assert not set(config["signFlowTitle"]) & set('/\\:*"<>|？')
        assert 0 < config["signFlowExpireTime"] - time.time() * 1000 < 90 * 86_400_000
        guardian, house = content["signers"]
        assert (guardian["signerType"], house["signerType"], "orgSignerInfo" in house) == (0, 1, False)
        assert guardian["psnSignerInfo"]["psnInfo"]["psnName"]
        if not guardian["psnSignerInfo"]["psnAccount"].startswith("1"):
            return {"code": 1435002, "message": "参数错误"}
        flow_id = secrets.token_hex(16)
        state = DRAFT if config["autoStart"] is False else SIGNING
        self.desk.flows[flow_id] = SignFlow(content, doc["fileId"], state)
        return _good({"signFlowId": flow_id})

    def _flow(self, flow_id: str, verb: str, content: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0911 - one return for each verb
        flow = self.desk.flows[flow_id]
        if verb == "detail":
            return _good({"signFlowStatus": flow.state})
        if verb == "start":
            flow.state = SIGNING
            return _good(None)
        if verb == "sign-url":
            assert content["operator"]["psnAccount"] == flow.asked["signers"][0]["psnSignerInfo"]["psnAccount"]
            return _good({"url": f"https://m.esign.cn/sign/{flow_id}"}) if flow.state == SIGNING else _bad(1437103)
        if verb == "revoke":
            if flow.state != SIGNING:
                return _bad(1437203)
            flow.state = REVOKED
            return _good(None)
        if flow.state != COMPLETED:
            return _bad(1437518)
        name = flow.asked["docs"][0]["fileName"]
        target = f"{self.desk.address}/store/{flow.file_id}"
        return _good({"files": [{"fileId": flow.file_id, "fileName": name, "downloadUrl": target}]})


def _good(data: dict[str, Any] | None) -> dict[str, Any]:
    return {"code": 0, "message": "成功", "data": data}


def _bad(code: int) -> dict[str, Any]:
    return {"code": code, "message": "不允许", "data": None}


@contextmanager
def serving() -> Iterator[Desk]:
    """Run it."""
    desk = Desk()
    handler = type("Handler", (_Handler,), {"desk": desk})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    desk.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
