"""Each row of the error table, from the refusal in a service to the document that a screen reads."""

from __future__ import annotations

import grpc
import httpx
import pytest

from gateway import problems
from gateway.exchange import language_of
from shared import errors, status
from tests.gateway.backend import ID, REFUSALS, Backend, refusing

ROWS = {
    "INVALID_ARGUMENT": (422, "INVALID_FIELD", False),
    "UNAUTHENTICATED": (401, "TOKEN_REVOKED", False),
    "PERMISSION_DENIED": (403, "PERMISSION_MISSING", False),
    "NOT_FOUND": (404, "NOTE_NOT_FOUND", False),
    "ALREADY_EXISTS": (409, "NOTE_TITLE_TAKEN", False),
    "FAILED_PRECONDITION": (409, "NOTE_ARCHIVED", False),
    "ABORTED": (409, "ROW_BUSY", True),
    "RESOURCE_EXHAUSTED": (429, "QUOTA_USED", True),
    "UNAVAILABLE": (503, "DATABASE_UNAVAILABLE", True),
    "INTERNAL": (500, "INTERNAL", False),
}


@pytest.mark.parametrize("code", ROWS)
def test_every_refusal_becomes_its_problem(http: httpx.Client, replies: Backend, code: str) -> None:
    replies.replies["ArchiveNote"] = refusing(REFUSALS[code])
    answer = http.post(f"/v1/notes/{ID}:archive")
    problem = answer.json()
    assert (answer.status_code, problem["reason"], problem["retryable"]) == ROWS[code]
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["status"] == answer.status_code
    assert problem["trace_id"] == answer.headers["x-trace-id"]
    assert problem["type"] == f"/docs#{problem['reason']}"
    assert problem["title"]
    assert problem["detail"]
    assert "trace_id" not in problem["info"]


def test_wrong_fields_are_named_as_json_names_them(http: httpx.Client, replies: Backend) -> None:
    replies.replies["CreateNote"] = refusing(REFUSALS["INVALID_ARGUMENT"])
    problem = http.post("/v1/notes", json={}).json()
    assert problem["violations"] == [
        {"field": "note.priceFen", "message": "must not be negative"},
        {"field": "note.tags[1]", "message": "is too long"},
    ]
    assert problem["info"]["field"] == "note.priceFen"


def test_the_wait_that_a_service_asks_for_is_passed_on(http: httpx.Client, replies: Backend) -> None:
    replies.replies["GetNote"] = refusing(REFUSALS["RESOURCE_EXHAUSTED"])
    assert http.get(f"/v1/notes/{ID}").headers["retry-after"] == "30"
    replies.replies["ArchiveNote"] = refusing(REFUSALS["UNAVAILABLE"])
    assert http.post(f"/v1/notes/{ID}:archive").headers["retry-after"] == "7"


def test_a_query_is_tried_again_and_a_command_is_not(http: httpx.Client, replies: Backend) -> None:
    for name in ("GetNote", "ArchiveNote"):
        replies.replies[name] = refusing(REFUSALS["UNAVAILABLE"])
    http.post(f"/v1/notes/{ID}:archive")
    assert len(replies.asked) == 1
    http.get(f"/v1/notes/{ID}")
    assert len(replies.asked) > 2


@pytest.mark.parametrize(
    ("token", "reason"), [(None, "TOKEN_MISSING"), ("expired", "TOKEN_EXPIRED"), ("forged", "TOKEN_INVALID")]
)
def test_without_a_good_token_no_service_is_asked(
    http: httpx.Client, replies: Backend, token: str | None, reason: str
) -> None:
    headers = {"authorization": f"Bearer {token}" if token else "Basic eA=="}
    answer = http.get(f"/v1/notes/{ID}", headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (401, reason)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert not replies.asked


def test_a_public_method_needs_no_token_and_passes_none_on(http: httpx.Client, replies: Backend) -> None:
    assert http.get("/v1/welcome", headers={"authorization": "Bearer forged"}).status_code == 200
    assert "authorization" not in replies.asked[-1][2]


def test_the_reader_chooses_the_language(http: httpx.Client, replies: Backend) -> None:
    replies.replies["GetNote"] = refusing(REFUSALS["PERMISSION_DENIED"])
    chinese = http.get(f"/v1/notes/{ID}", headers={"accept-language": "fr"}).json()
    english = http.get(f"/v1/notes/{ID}").json()
    assert chinese["title"] == problems.titles("zh")["403"]
    assert english["title"] == problems.titles("en")["403"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "zh"), ("en", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("de, en-GB;q=0.3", "en"), ("en;q=x", "zh")],
)
def test_accept_language_is_weighed(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


def test_an_unknown_reason_falls_back_to_a_sentence_of_its_status() -> None:
    problem = problems.Problem(409, "SOMETHING_NEW", "the note is put away")
    assert problem.sentence("en") == "the note is put away"
    assert problem.sentence("zh") == problems.titles("zh")["409"]


def test_placeholders_take_their_values_from_info() -> None:
    problem = problems.Problem(413, "BODY_TOO_LARGE", info={"limit_bytes": "7"})
    assert "7" in problem.sentence("zh")
    dear = problems.Problem(409, "PAYMENT_ABOVE_OUTSTANDING", info={"amount_fen": "-123456", "outstanding_fen": "5"})
    assert "-1,234.56" in dear.sentence("zh")
    assert "0.05" in dear.sentence("en")
    assert "{" not in problems.Problem(413, "BODY_TOO_LARGE").sentence("en")


def test_what_rules_say_about_a_field_is_said_in_chinese(http: httpx.Client) -> None:
    answer = http.get("/v1/notes?pageSize=x", headers={"accept-language": "zh"}).json()
    assert answer["violations"] == [{"field": "pageSize", "message": "必须是整数"}]
    between = "must be greater than or equal to 1 and less than or equal to 200"
    assert problems.violation_text("zh", between) == "必须在 1 到 200 之间"
    assert problems.violation_text("en", between) == between
    assert problems.violation_text("zh", "the moon is full") == "the moon is full"


def test_the_table_knows_every_code() -> None:
    assert set(problems.HTTP) == {code.name for code in grpc.StatusCode} - {"OK"}
    domain = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.DomainError)]
    assert {one.code for one in domain} == set(status.CODES)


def test_a_backend_that_breaks_shows_nothing_of_it(http: httpx.Client, replies: Backend) -> None:
    def explode(_request: object, _context: object) -> None:
        raise RuntimeError("secret of the backend")

    replies.replies["ArchiveNote"] = explode
    answer = http.post(f"/v1/notes/{ID}:archive")
    assert (answer.status_code, answer.json()["reason"]) == (500, "INTERNAL")
    assert "secret" not in answer.text


def test_both_languages_know_the_same_reasons() -> None:
    assert problems.sentences("zh").keys() == problems.sentences("en").keys()
    assert problems.titles("zh").keys() == problems.titles("en").keys()
    assert {str(status) for status in problems.HTTP.values()} <= problems.titles("zh").keys()
