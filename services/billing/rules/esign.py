"""e签宝's open platform (SaaS API V3) without the network: signatures, the bodies of requests, notices and states.

Source: open.esign.cn: signatures of requests (HMAC-SHA256 over method, Accept, Content-MD5, Content-Type, Date, headers
and path), notices (hexadecimal HMAC-SHA256 over timestamp and body), /v3/files and /v3/sign-flow.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.billing.rules.callbacks import Callback, malformed, wrong_signature
from services.billing.rules.signature_flows import CLOSED, COMPLETED, DECLINED, DRAFT, SIGNING, Flow

ACCEPT = "*/*"
JSON = "application/json; charset=UTF-8"
PDF = "application/pdf"
_STATES = {0: DRAFT, 1: SIGNING, 2: COMPLETED, 3: CLOSED, 5: CLOSED, 7: DECLINED}
# Neither titles nor names of files may hold these.
_REFUSED_IN_TITLES = re.compile(r'[/\\:*"<>|？?\U00010000-\U0010ffff]')
_READY = {2, 5}
_PERSON, _ORGANISATION = 0, 1
_LONGEST_REASON = 50


@dataclass(frozen=True)
class Account:
    """An application of an institution; its seal is put on a page at a place, in points from the lower left."""

    app_id: str
    secret: bytes
    notify_url: str
    address: str = "https://openapi.esign.cn"
    seal_page: str = "1"
    seal_x: float = 430.0
    seal_y: float = 120.0


def account(content: Mapping[str, Any]) -> Account:
    """Read an account from its secret file; raises KeyError and ValueError."""
    return Account(
        app_id=content["app_id"],
        secret=content["app_secret"].encode(),
        notify_url=content["notify_url"],
        address=str(content.get("address", Account.address)),
        seal_page=str(content.get("seal_page", Account.seal_page)),
        seal_x=float(content.get("seal_x", Account.seal_x)),
        seal_y=float(content.get("seal_y", Account.seal_y)),
    )


def digest(body: bytes) -> str:
    """Return the Content-MD5 of a body; none for no body."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode() if body else ""


def headers(mine: Account, *, method: str, target: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of a signed request; `target` is the path with its query."""
    # The line of the date is empty, that of further headers is left out where there are none.
    message = "\n".join((method, ACCEPT, digest(body), JSON, "", target))
    signed = base64.b64encode(hmac.digest(mine.secret, message.encode(), "sha256")).decode()
    given = {
        "X-Tsign-Open-App-Id": mine.app_id,
        "X-Tsign-Open-Auth-Mode": "Signature",
        "X-Tsign-Open-Ca-Timestamp": str(int(now.timestamp() * 1000)),
        "X-Tsign-Open-Ca-Signature": signed,
        "Accept": ACCEPT,
        "Content-Type": JSON,
    }
    return given | ({"Content-MD5": digest(body)} if body else {})


def upload(flow: Flow) -> dict[str, Any]:
    """Return the request for an address to put a file to."""
    return {
        "contentMd5": digest(flow.content),
        "contentType": PDF,
        "fileName": f"{title(flow)}.pdf",
        "fileSize": len(flow.content),
        "convertToPDF": False,
    }


def is_ready(said: Mapping[str, Any]) -> bool:
    """Say whether a file that was uploaded can be signed yet."""
    return said.get("fileStatus") in _READY


def draft(mine: Account, flow: Flow, file_id: str) -> dict[str, Any]:
    """Return a flow that reaches nobody until it is started: the family signs, then the institution's seal follows."""
    family = {
        "signerType": _PERSON,
        "signConfig": {"signOrder": 1},
        "psnSignerInfo": {"psnAccount": flow.phone, "psnInfo": {"psnName": flow.name}},
        "signFields": [
            {"fileId": file_id, "customBizNum": flow.reference, "normalSignFieldConfig": {"freeMode": True}}
        ],
    }
    place = {"positionPage": mine.seal_page, "positionX": mine.seal_x, "positionY": mine.seal_y}
    seal = {"autoSign": True, "signFieldStyle": 1, "signFieldPosition": place}
    institution = {
        "signerType": _ORGANISATION,
        "signConfig": {"signOrder": 2},
        "signFields": [{"fileId": file_id, "customBizNum": flow.reference, "normalSignFieldConfig": seal}],
    }
    return {
        "docs": [{"fileId": file_id, "fileName": f"{title(flow)}.pdf"}],
        "signFlowConfig": {
            "signFlowTitle": title(flow),
            "signFlowExpireTime": int(flow.expire_time.timestamp() * 1000),
            "autoStart": False,
            "autoFinish": True,
            "notifyUrl": mine.notify_url,
        },
        "signers": [family, institution],
    }


def link(flow: Flow) -> dict[str, Any]:
    """Return the question for the address where the family signs."""
    return {"operator": {"psnAccount": flow.phone}, "urlType": 2, "needLogin": False, "clientType": "ALL"}


def revocation(reason: str) -> dict[str, str]:
    """Return the request to call a flow off."""
    return {"revokeReason": reason[:_LONGEST_REASON]}


def state(said: Mapping[str, Any]) -> str:
    """Return what became of a flow in our words; raises KeyError for a state that is not documented."""
    return _STATES[int(said["signFlowStatus"])]


def title(flow: Flow) -> str:
    """Return the title without the characters that the provider refuses."""
    return _REFUSED_IN_TITLES.sub("", flow.title)


def flow_of(mine: Account, callback: Callback) -> str:
    """Verify a notice and return the flow that it is about; empty for news of something else.

    Raises NotAllowed CALLBACK_SIGNATURE_WRONG, InvalidInput CALLBACK_MALFORMED.
    """
    expected = hmac.digest(mine.secret, callback.timestamp.encode() + callback.body, "sha256").hex()
    is_theirs = hmac.compare_digest(expected.encode(), callback.signature.lower().encode())
    if not is_theirs or callback.serial != mine.app_id:
        raise wrong_signature()
    try:
        content = json.loads(callback.body)
        return str(content.get("signFlowId") or "")
    except (ValueError, AttributeError):
        raise malformed("the body is no notice: action, signFlowId") from None
