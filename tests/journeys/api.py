"""A signed-in client of the gateway, as a partner's program would write one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from shared.testing.waiting import until

Json = dict[str, Any]
SECONDS = 60.0


class UnexpectedAnswer(AssertionError):
    """The gateway answered with another status than the test expects."""


@dataclass(slots=True)
class Api:
    """One caller's view of the system."""

    client: httpx.Client
    token: str

    @classmethod
    def sign_in(cls, client: httpx.Client, code: str, email: str, password: str) -> Api:
        """Sign in with a password."""
        api = cls(client, "")
        body = {"institutionCode": code, "email": email, "password": password}
        reply = api.post("/v1/auth:signIn", body)
        api.token = reply["accessToken"]
        return api

    def call(self, verb: str, path: str, body: Json | None = None, *, expect: int = 200, **parameters: Any) -> Json:
        """Send one request and return its JSON; any other status than the expected one fails the test."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if verb != "GET":
            headers["idempotency-key"] = str(uuid4())
        answer = self.client.request(verb, path, json=body, params=parameters or None, headers=headers)
        if answer.status_code != expect:
            raise UnexpectedAnswer(f"{verb} {path}: {answer.status_code} instead of {expect}: {answer.text[:800]}")
        result: Json = answer.json() if answer.content else {}
        return result

    def get(self, path: str, *, expect: int = 200, **parameters: Any) -> Json:
        """Read."""
        return self.call("GET", path, expect=expect, **parameters)

    def post(self, path: str, body: Json | None = None, *, expect: int = 200) -> Json:
        """Change."""
        return self.call("POST", path, body or {}, expect=expect)

    def every(self, path: str, name: str, **parameters: Any) -> list[Json]:
        """Return all rows of a list, page by page."""
        rows: list[Json] = []
        token = ""
        while True:
            page = self.get(path, pageSize=200, pageToken=token, **parameters)
            rows += page[name]
            token = page.get("nextPageToken", "")
            if not token:
                return rows

    def upload(self, content: bytes, name: str, options: str) -> Json:
        """Send a file of enquiries; return the import."""
        answer = self.client.post(
            "/v1/leads/imports:upload",
            data={"options": options},
            files={"file": (name, content)},
            headers={"authorization": f"Bearer {self.token}", "idempotency-key": str(uuid4())},
        )
        if answer.status_code != httpx.codes.ACCEPTED:
            raise UnexpectedAnswer(f"upload: {answer.status_code}: {answer.text[:800]}")
        result: Json = answer.json()
        return result


def eventually(what: str, condition: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Wait until a consequence shows on the other side of the bus."""
    return until(condition, seconds=seconds, what=what)
