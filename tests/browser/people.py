"""Who signs in, and what the tests prepare through the API before a page is opened."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Protocol

import httpx


class User(Protocol):
    """One person of the running system; `users` maps role codes such as "hq_admin" to them."""

    @property
    def institution_code(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def password(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Family:
    """An enquiry that only one test knows: its name and phone occur nowhere else."""

    child: str
    phone: str

    @property
    def last_four(self) -> str:
        """The digits by which the search finds it."""
        return self.phone[-4:]


def new_family() -> Family:
    """Draw a family; the surname is one that the demo chain does not use."""
    number = uuid.uuid4().int
    given = "".join(chr(0x4E00 + (number >> shift) % 2000) for shift in (0, 16))
    return Family(child=f"澹台{given}", phone=f"139{number % 10**8:08d}")


class Api:
    """The gateway as a program sees it, signed in as one person."""

    def __init__(self, base_url: str, user: User) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=10)
        credentials = {"institutionCode": user.institution_code, "email": user.email, "password": user.password}
        answer = self._post("/v1/auth:signIn", credentials)
        self._client.headers["authorization"] = f"Bearer {answer['accessToken']}"
        self.session: dict[str, Any] = answer["session"]

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def capture(self, family: Family) -> str:
        """Take in an enquiry at the first campus; return the id of its lead."""
        enquiry = {
            "campusId": self.session["campuses"][0]["campusId"],
            "source": "walk_in",
            "childName": family.child,
            "guardianPhone": family.phone,
        }
        return str(self._post("/v1/leads", enquiry)["lead"]["leadId"])

    def fill_a_page_of_leads(self) -> None:
        """Take in enquiries until the list has a second page."""
        while not self._get("/v1/leads", pageSize=50)["nextPageToken"]:
            self.capture(new_family())

    def assign(self, lead_id: str, owner_id: str) -> None:
        """Give a lead to an advisor; "" is the pool."""
        self._post(f"/v1/leads/{lead_id}:assign", {"ownerId": owner_id})

    def advisor(self) -> dict[str, Any]:
        """Return an active advisor of the first campus."""
        campus = self.session["campuses"][0]["campusId"]
        staff = self._get("/v1/staff", role="course_advisor", pageSize=200)["staff"]
        people: list[dict[str, Any]] = [each for each in staff if each["active"]]
        return min(people, key=lambda each: each.get("campusId") != campus)

    def _get(self, path: str, **query: str | int) -> dict[str, Any]:
        answer = self._client.get(path, params=query)
        assert answer.is_success, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(path, json=body)
        assert answer.is_success, answer.text
        result: dict[str, Any] = answer.json()
        return result
