"""Bad input of every kind: one clear answer each (reason, field, a sentence in both languages), and nothing changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import grpc
import httpx
import orjson
import psutil
import pytest

from gateway import problems
from shared.testing.wire import refusal
from tests.contract import forgeries
from tests.contract.conftest import Whole
from tests.contract.naming import every_service
from tests.contract.requests import Requests
from tests.contract.rows import Rows, changed
from tests.contract.rpcs import every
from tests.journeys.chain import Chain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COURSE = {
    "name": "坏输入",
    "kind": "COURSE_KIND_CLASS",
    "subject": "math",
    "lessonMinutes": 60,
    "lessonHoursHundredths": "100",
}
NOBODY = "00000000-0000-4000-8000-000000000000"
JSON = {"content-type": "application/json"}
GET_LEAD = "/lianxiao.lead.v1.LeadService/GetLead"


@dataclasses.dataclass(frozen=True, slots=True)
class Bad:
    """One request, and the answer that it must get."""

    verb: str
    path: str
    status: int
    reason: str
    field: str = ""
    sent: dict[str, Any] = dataclasses.field(default_factory=dict)
    token: str = "insider"


def course(**wrong: Any) -> dict[str, Any]:
    return {"json": COURSE | wrong}


def deep(levels: int) -> Any:
    """Return an object inside objects, in a field that takes any depth by its type."""
    value: Any = {"quote": {}}
    for _ in range(levels):
        value = {"a": value}
    return value


FORMS = {
    "a text where a number belongs": Bad(
        "POST", "/v1/courses", 422, "INVALID_FIELD", "lessonMinutes", course(lessonMinutes="many")
    ),
    "a number too big for its type": Bad(
        "POST", "/v1/courses", 422, "INVALID_FIELD", "lessonMinutes", course(lessonMinutes=2**40)
    ),
    "a number outside its range": Bad(
        "POST", "/v1/courses", 422, "INVALID_FIELD", "lessonMinutes", course(lessonMinutes=4)
    ),
    "a fraction of a fen": Bad("POST", "/v1/payments", 422, "INVALID_FIELD", "amountFen", {"json": {"amountFen": 1.5}}),
    "an unknown field": Bad("POST", "/v1/courses", 422, "UNKNOWN_FIELD", "nmae", course(nmae="x")),
    "an unknown parameter": Bad("GET", "/v1/leads?nmae=x", 422, "UNKNOWN_FIELD", "nmae"),
    "an empty text": Bad("POST", "/v1/courses", 422, "INVALID_FIELD", "name", course(name="")),
    "a zero byte in a text": Bad("POST", "/v1/courses", 422, "INVALID_FIELD", "name", course(name="a\0b")),
    "a text too long": Bad("POST", "/v1/courses", 422, "INVALID_FIELD", "name", course(name="长" * 101)),
    "an unknown enum value": Bad("POST", "/v1/courses", 422, "INVALID_FIELD", "kind", course(kind="COURSE_KIND_X")),
    "the number of an enum value": Bad("POST", "/v1/courses", 422, "INVALID_FIELD", "kind", course(kind=2)),
    "no id": Bad("GET", "/v1/leads/42", 422, "INVALID_FIELD", "leadId"),
    "a missing part": Bad("POST", "/v1/quotes", 422, "INVALID_FIELD", "quote", {"json": {}}),
    "a list instead of an object": Bad("POST", "/v1/courses", 422, "INVALID_FIELD", "", {"json": []}),
    "half a body": Bad("POST", "/v1/courses", 400, "MALFORMED_JSON", "", {"content": b'{"name":', "headers": JSON}),
    "bytes that are no text": Bad(
        "POST", "/v1/courses", 400, "MALFORMED_JSON", "", {"content": b'{"name":"\xff"}', "headers": JSON}
    ),
    "a form": Bad("POST", "/v1/courses", 415, "NOT_JSON", "", {"data": {"name": "x"}}),
    "a body of more than 1 MB": Bad("POST", "/v1/courses", 413, "BODY_TOO_LARGE", "", course(name="x" * (1 << 20))),
    "objects 25 deep": Bad("POST", "/v1/leads", 422, "INVALID_FIELD", "utm.a", {"json": {"utm": deep(25)}}),
    "lists 100,000 deep": Bad(
        "POST", "/v1/courses", 400, "MALFORMED_JSON", "", {"content": b"[" * 100_000, "headers": JSON}
    ),
    "page size 201": Bad("GET", "/v1/leads?pageSize=201", 422, "PAGE_TOO_LARGE", "pageSize"),
    "page size -1": Bad("GET", "/v1/leads?pageSize=-1", 422, "INVALID_FIELD", "pageSize"),
    "a made-up page token": Bad("GET", "/v1/leads?pageToken=Zm9v", 422, "PAGE_TOKEN_INVALID", "pageToken"),
    "a filter that is none": Bad("GET", "/v1/leads?filter=phone+like+x", 422, "FILTER_INVALID", "filter"),
    "a filter with SQL": Bad(
        "GET", "/v1/leads?filter=stage='x'+or+1=1;drop+table+lead", 422, "FILTER_INVALID", "filter"
    ),
    "an order that is none": Bad("GET", "/v1/leads?orderBy=phone", 422, "ORDER_INVALID", "orderBy"),
    "an address that is none": Bad("GET", "/v1/nothing", 404, "ROUTE_NOT_FOUND"),
    "a verb that is none here": Bad("DELETE", "/v1/leads", 405, "VERB_NOT_ALLOWED"),
    "an id that nobody has": Bad("GET", f"/v1/leads/{NOBODY}", 404, "LEAD_NOT_FOUND"),
    "a campus that nobody has": Bad(
        "POST",
        "/v1/rooms",
        404,
        "CAMPUS_NOT_FOUND",
        "",
        {"json": {"campusId": NOBODY, "name": "没有校区的教室", "capacity": 3}},
    ),
}


def in_house(whole: Whole) -> dict[str, Bad]:
    """Return what is wrong only in this house: its campuses, its states, its names."""
    ids, chain = whole.seen.ids, whole.chain
    lead, order = ids["lead_id"][0], chain.ids["order"]
    quote, contract = ids["quote_id"][0], signed_contract(chain)
    sheet = chain.admin.get("/v1/attendances")["attendances"][0]
    taken, students = sheet["lessonId"], [{"studentId": sheet["studentId"], "code": "present"}]
    elsewhere = {"campusId": chain.selling, "name": "别的校区的教室", "capacity": 3}
    return {
        "a lead of another campus": Bad("GET", f"/v1/leads/{lead}", 404, "LEAD_NOT_FOUND", token="beside"),
        "a room for another campus": Bad(
            "POST", "/v1/rooms", 404, "CAMPUS_NOT_FOUND", "", {"json": elsewhere}, token="beside"
        ),
        "a quote that is confirmed": Bad("POST", f"/v1/quotes/{quote}:confirm", 409, "QUOTE_NOT_OPEN"),
        "a contract that is signed": Bad("POST", f"/v1/contracts/{contract}:sign", 409, "CONTRACT_NOT_DRAFT"),
        "a refund of what is refunded": Bad(
            "POST",
            "/v1/refunds",
            409,
            "ORDER_NOT_REFUNDABLE",
            "",
            {"json": {"orderId": order, "cause": "REFUND_CAUSE_MUTUAL", "reason": "再退一次"}},
        ),
        "a payment for what is refunded": Bad(
            "POST",
            "/v1/payments",
            409,
            "ORDER_NOT_PAYABLE",
            "",
            {"json": {"orderId": order, "amountFen": "1", "method": "cash"}},
        ),
        "a roll call that was made": Bad(
            "POST",
            f"/v1/lessons/{taken}:confirmRollCall",
            409,
            "ATTENDANCE_CONFIRMED",
            "",
            {"json": {"entries": students}},
        ),
        "a name that is taken": Bad("POST", "/v1/courses", 409, "COURSE_NAME_TAKEN", "", course(name="数学思维")),
        "a sign-in name that is taken": Bad(
            "POST",
            "/v1/staff",
            409,
            "STAFF_EMAIL_TAKEN",
            "",
            {"json": {"staff": {"displayName": "重名", "email": f"advisor@{chain.code}.example"}}},
        ),
    }


def signed_contract(chain: Chain) -> str:
    """Return a contract of the chain that somebody has signed."""
    contracts = chain.admin.get("/v1/contracts")["contracts"]
    return str(next(each["contractId"] for each in contracts if each["state"] == "CONTRACT_STATE_SIGNED"))


@pytest.fixture(scope="module")
def before(whole: Whole) -> Rows:
    """Return all rows before anything bad was sent."""
    return whole.rows.rows(whole.cast.admin.institution_id)


def send(whole: Whole, bad: Bad, language: str) -> httpx.Response:
    token = {"insider": whole.cast.insider, "beside": whole.cast.beside}[bad.token]()
    headers = bad.sent.get("headers", {}) | {"authorization": f"Bearer {token}", "accept-language": language}
    return whole.wires.http.request(bad.verb, bad.path, **(bad.sent | {"headers": headers}))


def check(whole: Whole, bad: Bad) -> None:
    """Send it in both languages and read the whole answer."""
    for language in problems.LANGUAGES:
        answer = send(whole, bad, language)
        problem = answer.json()
        assert (answer.status_code, problem.get("reason")) == (bad.status, bad.reason), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["detail"]
        assert "{" not in problem["detail"]
        assert problem["title"] == problems.titles(language)[str(bad.status)]
        if bad.field:
            assert bad.field in [violation["field"] for violation in problem["violations"]]
            assert all(violation["message"] for violation in problem["violations"])


@pytest.mark.parametrize("name", FORMS)
def test_a_wrong_form_is_named(whole: Whole, before: Rows, name: str) -> None:
    assert before
    check(whole, FORMS[name])


def test_a_wrong_place_state_or_name_is_named(whole: Whole, before: Rows) -> None:
    assert before
    cases = in_house(whole)
    assert len(cases) >= 9
    for bad in cases.values():
        check(whole, bad)


def test_a_request_id_serves_one_request(whole: Whole) -> None:
    token = whole.cast.insider()
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "the-same-key"}
    rooms = [{"campusId": whole.chain.ids["empty"], "name": f"钥匙{n}", "capacity": 3} for n in range(2)]
    first = whole.wires.http.post("/v1/rooms", json=rooms[0], headers=headers)
    again = whole.wires.http.post("/v1/rooms", json=rooms[0], headers=headers)
    other = whole.wires.http.post("/v1/rooms", json=rooms[1], headers=headers)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["reason"]) == (409, "REQUEST_ID_REUSED")


@pytest.mark.parametrize("name", forgeries.NAMES)
def test_a_forged_token_opens_nothing_anywhere(whole: Whole, name: str) -> None:
    """At the gateway, at the partner port and at each service, which trusts neither."""
    token = forgeries.make(name, whole.system.folder / "secrets", whole.cast.insider())
    firsts = {rpc.method.endpoint.service: rpc for rpc in every() if rpc.permission not in {"public", "signed_in"}}
    assert set(firsts) == set(every_service())
    for rpc in firsts.values():
        for channel in ("rest", "partner", "service"):
            answer = whole.wires.call(channel, rpc, Requests().make(rpc.method.request), token)
            assert answer.code == "UNAUTHENTICATED", f"{channel} {rpc.name}: {answer}"
            assert answer.reason in {"TOKEN_INVALID", "TOKEN_EXPIRED"}


def raw(whole: Whole, channel: str, path: str, content: bytes, seconds: float = 30) -> tuple[str, str]:
    """Send bytes by gRPC; return code and reason."""
    wire: Any = whole.wires.partner if channel == "partner" else whole.wires.service("lead")
    metadata = (("authorization", f"Bearer {whole.cast.insider()}"),)
    with pytest.raises(grpc.RpcError) as caught:
        wire.unary_unary(path)(content, timeout=seconds, metadata=metadata)
    return refusal(caught.value)


LARGE = b"\x0a" + b"\x80\x80\xc0\x02" + b"x" * (5 << 20)


@pytest.mark.parametrize("channel", ["partner", "service"])
@pytest.mark.parametrize(
    ("path", "content", "answer"),
    [
        (GET_LEAD, b"\xff\xff\xff", ("INVALID_ARGUMENT", "MALFORMED_MESSAGE")),
        (GET_LEAD, b"\x0a\x0242", ("INVALID_ARGUMENT", "INVALID_FIELD")),
        (GET_LEAD, LARGE, ("RESOURCE_EXHAUSTED", "")),
        (GET_LEAD.replace("GetLead", "Nothing"), b"", ("UNIMPLEMENTED", "")),
    ],
    ids=["no message", "no id", "more than 4 MB", "no method"],
)
def test_bad_messages_are_named(whole: Whole, channel: str, path: str, content: bytes, answer: tuple[str, str]) -> None:
    assert raw(whole, channel, path, content) == answer


def test_a_deadline_that_is_over_starts_nothing(whole: Whole) -> None:
    code, reason = raw(whole, "service", "/lianxiao.lead.v1.LeadService/ListLeads", b"", seconds=0.02)
    assert (code, reason) in {("UNAVAILABLE", "NO_TIME_LEFT"), ("DEADLINE_EXCEEDED", "")}


def test_huge_bodies_are_not_kept(whole: Whole) -> None:
    process = next(p for p in map(whole.system.processes.living, ["gateway"]) if isinstance(p, psutil.Process))
    content = orjson.dumps({"name": "x" * (8 << 20)})
    post: Callable[[], Any] = lambda: whole.wires.http.post(  # noqa: E731 - the same request, many times
        "/v1/courses", content=content, headers=JSON | {"authorization": f"Bearer {whole.cast.insider()}"}
    )
    post()
    grown = process.memory_info().rss
    for _ in range(30):
        assert post().status_code == 413
    assert process.memory_info().rss - grown < 50 << 20


def test_nothing_has_changed(whole: Whole, before: Rows) -> None:
    after = whole.rows.rows(whole.cast.admin.institution_id)
    assert changed(before, after) == {}
    # The one room that was asked for properly.
    assert [key.split(":")[0] for key in after.keys() - before.keys()] == ["scheduling.room"]
