"""e签宝 over the network. Nothing here touches the database, and no transaction is open meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx

from services.billing.rules import esign as rules
from services.billing.rules.callbacks import Callback
from services.billing.rules.provider_orders import ProviderFailed
from services.billing.rules.signature_flows import Flow

_TIMEOUT_SECONDS = 10.0
_FILE_TIMEOUT_SECONDS = 60.0
_LARGEST_FILE = 50 * 1024 * 1024
_FLOWS = "/v3/sign-flow"


class Esign:
    """An application at e签宝; see `services.billing.actions.signature_providers.SignatureProvider`."""

    def __init__(self, account: rules.Account) -> None:
        self._account = account

    def flow_of(self, callback: Callback) -> str:
        """Verify a notice and return the flow that it is about; raises NotAllowed and InvalidInput."""
        return rules.flow_of(self._account, callback)

    def upload(self, flow: Flow) -> str:
        """Bring a file there; one that nobody comes back to is of no flow."""
        said = self._ask("POST", "/v3/files/file-upload-url", rules.upload(flow))
        try:
            file_id, target = str(said["fileId"]), str(said["fileUploadUrl"])
        except KeyError:
            raise ProviderFailed("ANSWER_UNREADABLE") from None
        # The store compares these with what was said above; it knows no signature of ours.
        headers = {"content-md5": rules.digest(flow.content), "content-type": rules.PDF}
        answer = _send("PUT", target, flow.content, headers, _FILE_TIMEOUT_SECONDS)
        if _json(answer).get("errCode") != 0:
            raise ProviderFailed("UPLOAD_FAILED")
        return file_id

    def is_ready(self, file_id: str) -> bool:
        """Say whether a file that was uploaded can be signed yet."""
        return rules.is_ready(self._ask("GET", f"/v3/files/{file_id}"))

    def draft(self, flow: Flow) -> str:
        """Make a flow that reaches nobody, so that one whose answer was lost does no harm."""
        said = self._ask("POST", f"{_FLOWS}/create-by-file", rules.draft(self._account, flow, flow.file_id))
        return str(said["signFlowId"])

    def start(self, flow_id: str) -> None:
        """Let a draft be signed; one that was started already stays so, which `state` tells."""
        self._ask("POST", f"{_FLOWS}/{flow_id}/start")

    def link(self, flow: Flow) -> str:
        """Return the address where the family signs."""
        return str(self._ask("POST", f"{_FLOWS}/{flow.flow_id}/sign-url", rules.link(flow))["url"])

    def state(self, flow_id: str) -> str:
        """Ask what became of a flow."""
        try:
            return rules.state(self._ask("GET", f"{_FLOWS}/{flow_id}/detail"))
        except (KeyError, ValueError):
            raise ProviderFailed("ANSWER_UNREADABLE") from None

    def revoke(self, flow_id: str) -> None:
        """Call a flow off that is being signed."""
        self._ask("POST", f"{_FLOWS}/{flow_id}/revoke", rules.revocation("机构撤回合同"))

    def signed(self, flow_id: str) -> bytes:
        """Return the signed file of a completed flow."""
        said = self._ask("POST", f"{_FLOWS}/{flow_id}/file-download-url", {"urlAvailableDate": 600})
        try:
            (file,) = said["files"]
            target = str(file["downloadUrl"])
        except (KeyError, ValueError, TypeError):
            raise ProviderFailed("ANSWER_UNREADABLE") from None
        content = _send("GET", target, b"", {}, _FILE_TIMEOUT_SECONDS).content
        if not content.startswith(b"%PDF-") or len(content) > _LARGEST_FILE:
            raise ProviderFailed("FILE_UNREADABLE")
        return content

    def _ask(self, method: str, target: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one request; raises ProviderFailed with the provider's code for anything but success."""
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        # house: no_naive_time - no transaction is open; the provider compares its clock with ours
        now = datetime.now(UTC)
        headers = rules.headers(self._account, method=method, target=target, body=body, now=now)
        said = _json(_send(method, self._account.address + target, body, headers, _TIMEOUT_SECONDS))
        if said.get("code") != 0:
            # Its message may name the guardian.
            raise ProviderFailed(f"ESIGN_{said.get('code')}")
        return dict(said.get("data") or {})


def _send(method: str, url: str, body: bytes, headers: dict[str, str], timeout: float) -> httpx.Response:
    try:
        answer = httpx.request(method, url, content=body, headers=headers, timeout=timeout)
    except httpx.HTTPError as error:
        raise ProviderFailed("UNREACHABLE", type(error).__name__) from None
    if not answer.is_success:
        raise ProviderFailed(f"HTTP_{answer.status_code}")
    return answer


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        return dict(answer.json())
    except (ValueError, TypeError):
        raise ProviderFailed("ANSWER_UNREADABLE") from None
