"""Every form of binding, over real HTTP, before a real gRPC server."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import httpx
import pytest
from google.api.httpbody_pb2 import HttpBody

from gateway.catalogue import Catalogue
from gateway.routes import Router, make_route, routes_of
from shared.codec.encode import encode
from tests.gateway import sample
from tests.gateway.backend import ID, Backend

pb = sample.module("note_service")
Note: Any = sample.module("sample").Note


def test_a_path_variable_fills_its_field_and_the_answer_is_the_named_part(http: httpx.Client, replies: Backend) -> None:
    replies.replies["GetNote"] = lambda request, _: pb.GetNoteResponse(note=Note(note_id=request.note_id, price_fen=5))
    answer = http.get(f"/v1/notes/{ID}")
    assert answer.status_code == 200
    assert answer.json() == encode(Note(note_id=ID, price_fen=5))
    assert answer.headers["content-type"] == "application/json"


def test_a_file_is_sent_as_it_is(http: httpx.Client, replies: Backend) -> None:
    file = HttpBody(content_type="text/calendar; charset=utf-8", data="课表".encode())
    replies.replies["GetNoteFile"] = lambda _request, _: pb.GetNoteFileResponse(file=file)
    answer = http.get(f"/v1/notes/{ID}/file")
    assert (answer.headers["content-type"], answer.text) == ("text/calendar; charset=utf-8", "课表")


def test_the_second_binding_of_a_method_works_too(http: httpx.Client, replies: Backend) -> None:
    http.get(f"/v1/campuses/north/notes/{ID}")
    assert (replies.last.campus_id, replies.last.note_id) == ("north", ID)


def test_a_literal_wins_over_a_variable(http: httpx.Client, replies: Backend) -> None:
    assert http.get("/v1/notes/latest").status_code == 200
    assert replies.asked[-1][0] == "GetLatestNote"


def test_a_value_keeps_its_escaped_characters(http: httpx.Client, replies: Backend) -> None:
    http.get("/v1/notes/a%2Fb%3Ac%20%E5%BC%A0")
    assert replies.last.note_id == "a/b:c 张"
    http.get("/v1/folders/a/b%20c/d")
    assert replies.last.folder == "folders/a/b c/d"


def test_query_parameters_of_every_kind(http: httpx.Client, replies: Backend) -> None:
    answer = http.get(
        "/v1/notes?pageSize=7&page_token=t&stages=STAGE_NEW&stages=STAGE_LOST&tags=a&tags=b%26+c&due_date=2026-02-28"
        "&window.fromTime=2026-01-01T00:00:00Z&isOpen=true&leastPriceFen=9007199254740993&filter="
    )
    assert answer.status_code == 200, answer.text
    asked = replies.last
    assert (asked.page_size, asked.page_token, list(asked.stages), list(asked.tags)) == (7, "t", [1, 2], ["a", "b& c"])
    assert (asked.due_date.day, asked.window.from_time.seconds, asked.is_open) == (28, 1767225600, True)
    assert asked.least_price_fen == 9007199254740993


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("pageSize=x", "pageSize", "INVALID_FIELD"),
        ("pageSize=201", "pageSize", "PAGE_TOO_LARGE"),
        ("pageSize=1&pageSize=2", "pageSize", "INVALID_FIELD"),
        ("isOpen=yes", "isOpen", "INVALID_FIELD"),
        ("stages=1", "stages[0]", "INVALID_FIELD"),
        ("dueDate=2026-02-30", "dueDate", "INVALID_FIELD"),
        ("window=x", "window", "INVALID_FIELD"),
        ("window.toTime=soon", "window.toTime", "INVALID_FIELD"),
        ("colour=red", "colour", "UNKNOWN_FIELD"),
        ("filter.x=red", "filter.x", "UNKNOWN_FIELD"),
        ("filter=a%00b", "filter", "INVALID_FIELD"),
    ],
)
def test_a_wrong_query_parameter_is_named(
    http: httpx.Client, replies: Backend, query: str, field: str, reason: str
) -> None:
    answer = http.get(f"/v1/notes?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (422, reason)
    assert answer.json()["violations"][0]["field"] == field
    assert not replies.asked


def test_the_whole_body_is_the_request(http: httpx.Client, replies: Backend) -> None:
    answer = http.post(
        "/v1/notes", json={"note": {"title": "课", "price_fen": "12", "dueDate": {"year": 2026, "month": 1, "day": 2}}}
    )
    assert answer.status_code == 200
    assert replies.last.note == Note(title="课", price_fen=12, due_date={"year": 2026, "month": 1, "day": 2})


def test_a_body_field_and_a_nested_path_variable_meet(http: httpx.Client, replies: Backend) -> None:
    answer = http.patch(f"/v1/notes/{ID}?updateMask=title,dueDate", json={"title": "new"})
    assert answer.status_code == 200
    assert replies.last.note == Note(note_id=ID, title="new")
    assert list(replies.last.update_mask.paths) == ["title", "due_date"]


def test_the_body_may_repeat_the_address_but_not_contradict_it(http: httpx.Client, replies: Backend) -> None:
    assert http.patch(f"/v1/notes/{ID}", json={"note_id": ID}).status_code == 200
    answer = http.post(f"/v1/notes/{ID}:archive", json={"noteId": "another"})
    assert (answer.status_code, answer.json()["reason"]) == (422, "PATH_MISMATCH")
    assert len(replies.asked) == 1


@pytest.mark.parametrize("body", [{}, {"place": None}, {"requestId": ""}])
def test_the_address_does_not_stand_in_for_a_required_message(
    http: httpx.Client, replies: Backend, body: dict[str, Any]
) -> None:
    answer = http.post(f"/v1/notes/{ID}:place", json=body)
    assert (answer.status_code, answer.json()["violations"][0]["field"]) == (422, "place")
    assert not replies.asked
    assert http.post(f"/v1/notes/{ID}:place", json={"place": {}}).status_code == 200
    assert replies.last.place.note_id == ID


def test_a_body_field_cannot_be_null(http: httpx.Client, replies: Backend) -> None:
    answer = http.patch(f"/v1/notes/{ID}", content=b"null", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["violations"][0]["field"]) == (422, "note")
    assert not replies.asked


def test_a_custom_verb_needs_no_body(http: httpx.Client, replies: Backend) -> None:
    assert http.post(f"/v1/notes/{ID}:archive").status_code == 200
    assert replies.last.note_id == ID


@pytest.mark.parametrize(
    ("key", "expected"),
    [(ID, ID), ("order 17".replace(" ", "-"), str(uuid5(NAMESPACE_URL, "order-17"))), (str(UUID(ID).hex), ID)],
)
def test_an_idempotency_key_becomes_the_request_id(
    http: httpx.Client, replies: Backend, key: str, expected: str
) -> None:
    http.post(f"/v1/notes/{ID}:archive", headers={"idempotency-key": key})
    assert replies.last.request_id == expected
    http.post(f"/v1/notes/{ID}:archive", headers={"idempotency-key": key}, json={"requestId": "mine"})
    assert replies.last.request_id == "mine"


def test_token_trace_language_and_deadline_go_with_the_call(http: httpx.Client, replies: Backend) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = http.get(
        f"/v1/notes/{ID}",
        headers={
            "traceparent": f"00-{trace}-b7ad6b7169203331-01",
            "x-request-id": "r-1",
            "accept-language": "fr, en;q=0.8, zh;q=0.5",
        },
    )
    _, _, metadata, remaining = replies.asked[-1]
    assert metadata["authorization"] == "Bearer good"
    assert metadata["traceparent"].split("-")[1] == trace
    assert (metadata["x-request-id"], metadata["accept-language"]) == ("r-1", "en")
    assert 4 < remaining < 5.1
    assert answer.headers["x-trace-id"] == trace
    assert answer.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize(
    ("content", "kind", "refusal"),
    [
        (b"{", "application/json", (400, "MALFORMED_JSON")),
        (b"[]", "application/json", (422, "INVALID_FIELD")),
        (b"{}", "text/plain", (415, "NOT_JSON")),
        (b'{"note": {"titel": 1}}', "application/json; charset=utf-8", (422, "UNKNOWN_FIELD")),
        (b'{"note": {"title": "\xff"}}', "application/json", (400, "MALFORMED_JSON")),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    http: httpx.Client, replies: Backend, content: bytes, kind: str, refusal: tuple[int, str]
) -> None:
    answer = http.post("/v1/notes", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["reason"]) == refusal
    assert not replies.asked


def test_what_has_no_route_is_not_found_and_another_verb_not_allowed(http: httpx.Client) -> None:
    assert http.get("/v1/nothing").json()["reason"] == "ROUTE_NOT_FOUND"
    assert http.get("/v1/notes/").status_code == 404
    answer = http.delete("/v1/notes")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert http.get("/v1/notes/%ff").json()["reason"] == "MALFORMED_PATH"


def test_two_rpcs_on_one_address_stop_the_start(contract: Catalogue) -> None:
    method = next(iter(contract.methods.values()))
    with pytest.raises(SystemExit):
        Router([make_route("GET", "/v1/{a}/b", method), make_route("GET", "/v1/{c}/b", method)])


def test_every_route_of_the_contract_is_found_again(contract: Catalogue) -> None:
    routes = list(routes_of(contract.methods.values()))
    router = Router(routes)
    for route in routes:
        path = "/" + "/".join("x" if part.startswith("*") else part for part in route.segments)
        found = router.find(route.verb, path + (f":{route.custom}" if route.custom else ""))
        assert found
        assert found[0] is route
