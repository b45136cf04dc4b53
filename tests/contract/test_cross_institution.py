"""B's administrator asks for everything that A has, by every id and every search, and hears none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract import rpcs
from tests.contract.callers import EVERYTHING, Person
from tests.contract.conftest import Whole
from tests.contract.house import PHONE, PRIVATE
from tests.contract.requests import Requests, ids_in
from tests.contract.rpcs import Rpc
from tests.contract.wires import Answer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

QUERIES = [rpc for rpc in rpcs.every() if rpc.method.endpoint.is_query]
MOST_IDS = 12
WORDS = {"search", "phone"}


@pytest.fixture(scope="module")
def elsewhere(whole: Whole) -> Callable[[], str]:
    """Return who makes tokens for the administrator of an institution that has written nothing yet."""
    _, outsider = whole.system.new_institution()
    person = Person.of(outsider.token)
    return lambda: whole.cast.gate.token(person, EVERYTHING)


def told(whole: Whole, answer: Answer, request: Any) -> list[str]:
    """Return which of A's texts an answer holds, other than those that were asked for."""
    asked = ids_in(request) | {text for word in WORDS if (text := getattr(request, word, ""))}
    return [text for text in whole.seen.secret - asked if text in answer.text]


def with_ids(whole: Whole, rpc: Rpc) -> list[Any]:
    """Return a request per id of A that the RPC takes, field by field."""
    pool = whole.seen.pool(whole.chain, whole.cast.admin.institution_id)
    kind: Any = rpc.method.request
    requests = [Requests(pool).make(kind)]
    for one in kind.DESCRIPTOR.fields:
        values = whole.seen.ids.get(one.name, [])[:MOST_IDS]
        requests += [Requests(pool | {one.name: value}).make(kind) for value in values]
    return requests


@pytest.mark.parametrize("rpc", QUERIES, ids=[rpc.name for rpc in QUERIES])
@pytest.mark.parametrize("channel", ["partner", "rest"])
def test_no_id_opens_a_row_of_another_institution(
    whole: Whole, elsewhere: Callable[[], str], rpc: Rpc, channel: str
) -> None:
    token = elsewhere()
    for request in with_ids(whole, rpc):
        answer = whole.wires.call(channel, rpc, request, token)
        assert not told(whole, answer, request), answer.text[:500]


@pytest.mark.parametrize("rpc", QUERIES, ids=[rpc.name for rpc in QUERIES])
def test_no_filter_and_no_search_reaches_over_the_border(whole: Whole, elsewhere: Callable[[], str], rpc: Rpc) -> None:
    token = elsewhere()
    kind: Any = rpc.method.request
    names = kind.DESCRIPTOR.fields_by_name
    requests = [kind(search=word) for word in PRIVATE if "search" in names]
    requests += [kind(phone=PHONE) for _ in range(1) if "phone" in names]
    if "filter" in names:
        requests += [kind(filter=f'{name} = "{values[0]}"') for name, values in whole.seen.ids.items()]
    for request in requests:
        answer = whole.wires.call("rest", rpc, request, token)
        quoted = {values[0] for values in whole.seen.ids.values()} if getattr(request, "filter", "") else set()
        assert not set(told(whole, answer, request)) - quoted, answer.text[:500]


def test_a_page_token_of_another_institution_opens_nothing(whole: Whole, elsewhere: Callable[[], str]) -> None:
    tried = 0
    for rpc in QUERIES:
        kind: Any = rpc.method.request
        if not {"page_size", "page_token"} <= set(kind.DESCRIPTOR.fields_by_name):
            continue
        request = kind(page_size=1)
        page = whole.wires.call("service", rpc, request, whole.cast.insider())
        token = getattr(page.reply, "next_page_token", "")
        if token:
            tried += 1
            answer = whole.wires.call("service", rpc, kind(page_size=1, page_token=token), elsewhere())
            assert answer.reason == "PAGE_TOKEN_INVALID", rpc.name
    assert tried >= 10


@pytest.mark.parametrize("place", ["1", "9223372036854775807"])
def test_the_stream_of_changes_is_ones_own(whole: Whole, elsewhere: Callable[[], str], place: str) -> None:
    headers = {"authorization": f"Bearer {elsewhere()}", "last-event-id": place}
    heard = ""
    limit = httpx.Timeout(2.5, connect=30)
    try:
        with httpx.stream("GET", f"{whole.system.url}/v1/events", headers=headers, timeout=limit) as answer:
            assert answer.status_code == httpx.codes.OK
            for piece in answer.iter_text():
                heard += piece
    except httpx.ReadTimeout:
        pass
    assert heard.startswith("retry:")
    assert [text for text in whole.seen.secret if text in heard] == []


def test_what_a_family_told_stands_nowhere_in_clear(whole: Whole) -> None:
    """Neither in tables nor in what lies in outboxes, inboxes, replies and the audit log."""
    assert {word: tables for word in PRIVATE if (tables := whole.rows.holding(word))} == {}


def test_the_search_for_clear_text_finds_what_is_clear(whole: Whole) -> None:
    assert "scheduling.course" in whole.rows.holding("数学思维")


def test_the_logs_name_nobody(whole: Whole) -> None:
    """Everything so far was logged: no family is in it, and no token that could be used again."""
    logs = {path.name: path.read_text("utf-8", "replace") for path in (whole.system.folder / "log").iterdir()}
    assert {"server.log", "worker.log", "gateway.log"} <= set(logs)
    assert all("time" in text for text in logs.values())
    found = {(name, word) for name, text in logs.items() for word in (*PRIVATE, "eyJ") if word in text}
    assert found == set()


def test_insiders_do_hear_it(whole: Whole) -> None:
    """Without this, a sweep that asks wrongly would pass."""
    searching = [rpc for rpc in QUERIES if "search" in rpc.method.request.DESCRIPTOR.fields_by_name]
    assert searching
    words = ("司马机密", "欧阳小明", "机密仪表")
    for rpc in searching:
        kind: Any = rpc.method.request
        answers = [whole.wires.call("rest", rpc, kind(search=word), whole.cast.insider()) for word in words]
        assert any(word in answer.text for answer in answers for word in words), rpc.name
