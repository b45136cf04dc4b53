from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import filters
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput
from shared.ids import uuid7
from shared.listing import Field, Listing, Page, named_fields
from tests.shared.people import Person

pytest_plugins = ["tests.shared.parts"]
START = datetime(2026, 3, 1, tzinfo=UTC)
FIELDS = {
    "name": Field(Person.name),
    "stage": Field(Person.stage, prefix="PERSON_STAGE_"),
    "score": Field(Person.score),
    "active": Field(Person.active),
    "birth_date": Field(Person.birth_date),
    "call_time": Field(Person.call_time),
    "owner_id": Field(Person.owner_id, sortable=False),
    "create_time": Field(Person.create_time),
}
PEOPLE: Listing[Person] = Listing(Person, fields=FIELDS)
HOT: Listing[Any] = Listing(Person, fields=FIELDS, columns=[Person.id, Person.name, Person.create_time])


@dataclass
class Request:
    page_size: int = 0
    page_token: str = ""
    filter: str = ""
    order_by: str = ""
    search: str = ""


def add(tx: Tx, **values: Any) -> Person:
    row = Person(**({"name": "a", "stage": "new", "active": True, "create_time": START} | values))
    tx.session.add(row)
    tx.session.flush()
    return row


def all_pages(tx: Tx, listing: Listing[Any], request: Request) -> list[Any]:
    rows: list[Any] = []
    while True:
        page = listing.page(tx, request)
        rows += page.rows
        assert len(page.rows) <= (request.page_size or 50)
        if not page.next_page_token:
            return rows
        assert len(page.rows) == (request.page_size or 50)
        request.page_token = page.next_page_token


def refusal(tx: Tx, where: str = "filter", **request: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        PEOPLE.page(tx, Request(**request))
    assert caught.value.violations[0][0] == where
    return f"{caught.value.reason}: {caught.value.message}"


@pytest.fixture
def ids(parts: Database, institution: UUID, other_institution: UUID) -> list[UUID]:
    """Return 137 people with many equal and missing values; another institution has some too."""
    dice = random.Random(4)
    with parts.begin(Caller.system(institution)) as tx:
        found = [
            add(
                tx,
                name=dice.choice("abcde"),
                stage=dice.choice(("new", "trial", "enrolled")),
                score=dice.choice((None, 1, 2, 3)),
                active=dice.random() < 0.8,
                birth_date=dice.choice((None, date(2015, 1, 1), date(2016, 1, 1))),
                call_time=dice.choice((None, START)),
                owner_id=dice.choice((None, UUID(int=1))),
                create_time=START + timedelta(hours=dice.randint(0, 20)),
            ).id
            for _ in range(137)
        ]
    with parts.begin(Caller.system(other_institution)) as tx:
        for _ in range(5):
            add(tx)
    return found


ORDERS = [
    "",
    "create_time",
    "create_time desc",
    "name",
    "score",
    "score desc",
    "score desc, name",
    "name, score desc, create_time",
    "birth_date, call_time desc",
    "active desc, birth_date desc",
]


@pytest.mark.parametrize("order_by", ORDERS)
@pytest.mark.parametrize("listing", [PEOPLE, HOT], ids=["rows", "tuples"])
def test_pages_hold_every_row_once_in_the_order_asked_for(
    parts: Database, institution: UUID, ids: list[UUID], listing: Listing[Any], order_by: str
) -> None:
    if listing is HOT and order_by not in ("", "create_time", "create_time desc", "name"):
        order_by = "name desc"
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        rows = all_pages(tx, listing, Request(page_size=10, order_by=order_by))
        whole = listing.page(tx, Request(page_size=200, order_by=order_by)).rows
    assert [row.id for row in rows] == [row.id for row in whole]
    assert sorted(row.id for row in rows) == sorted(ids)
    check_sorted(rows, order_by or "create_time desc")


def check_sorted(rows: Sequence[Any], order_by: str) -> None:
    parts = [part.split() for part in order_by.split(",")]
    for before, after in pairwise(rows):
        for name, *direction in parts:
            one, two = getattr(before, name), getattr(after, name)
            if one == two:
                continue
            # Nulls come last either way.
            assert one is not None
            assert two is None or ((one > two) if direction == ["desc"] else (one < two))
            break


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", lambda _: True),
        ('stage = "PERSON_STAGE_TRIAL"', lambda p: p.stage == "trial"),
        ("stage = trial AND active = true", lambda p: p.stage == "trial" and p.active),
        ("stage in [new, PERSON_STAGE_TRIAL]", lambda p: p.stage in ("new", "trial")),
        ('stage IN ["new"] AND name != "a"', lambda p: p.stage == "new" and p.name != "a"),
        ("score >= 2", lambda p: p.score is not None and p.score >= 2),
        ("score != 2", lambda p: p.score != 2),
        ("score = null", lambda p: p.score is None),
        ("score != null", lambda p: p.score is not None),
        ("score in [1, 3]", lambda p: p.score in (1, 3)),
        ("active=false", lambda p: not p.active),
        ("birth_date < 2016-01-01", lambda p: p.birth_date is not None and p.birth_date < date(2016, 1, 1)),
        (f"owner_id = {UUID(int=1)}", lambda p: p.owner_id is not None),
        ("create_time > 2026-03-01T10:00:00Z", lambda p: p.create_time > START + timedelta(hours=10)),
        ('create_time <= "2026-03-01T18:00:00+08:00"', lambda p: p.create_time <= START + timedelta(hours=10)),
        ("create_time>=2026-03-01 AND create_time<2026-03-02", lambda _: True),
        ('name = "王 \\"小\\" 明"', lambda _: False),
        ("name = 小明", lambda _: False),
    ],
)
def test_a_filter_keeps_what_it_says(
    parts: Database, institution: UUID, ids: list[UUID], text: str, holds: Any
) -> None:
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        everyone = all_pages(tx, PEOPLE, Request(page_size=200))
        found = all_pages(tx, PEOPLE, Request(page_size=7, filter=text))
    assert len(everyone) == len(ids)
    assert {row.id for row in found} == {row.id for row in everyone if holds(row)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("age = 3", "there is no field age; filter by active, birth_date"),
        ("stage", "cannot read the filter at 'stage'"),
        ("stage =", "cannot read"),
        ("stage = new OR stage = trial", "expected AND"),
        ("stage = new AND", "expected AND"),
        ("stage = new AND AND name = a", "cannot read"),
        ("stage = new name = a", "expected AND"),
        ("AND stage = new", "cannot read"),
        ("(stage = new)", "cannot read"),
        ("stage ~ new", "cannot read"),
        ('name = "a', "cannot read"),
        (r'name = "\x"', "not a string"),
        (r'name = "\ud800"', "not a string"),
        (r'name = "\u0000"', "name cannot be"),
        ("score = many", "score cannot be 'many'"),
        ("score = 99999999999999999999", "score cannot be"),
        ("score > null", "null can only"),
        ("score in []", "cannot read the list"),
        ("score in [1 2]", "expected a comma"),
        ("score in [1,]", "cannot read the list"),
        ("score in [1, null]", "cannot read the list"),
        ("score in [1, x]", "score cannot be '1, x'"),
        ("active = maybe", "active cannot be"),
        ("birth_date = 2026-13-01", "birth_date cannot be"),
        ("create_time = 0001-01-01T00:00:00+14:00", "create_time cannot be"),
        ("owner_id = 1; drop table person", "expected AND"),
        ("owner_id = 1", "owner_id cannot be"),
        ("stage in [" + ",".join("a" * 1 for _ in range(201)) + "]", "more than 200"),
        (" AND ".join(["score = 1"] * 21), "more than 20"),
        ("name = " + "x" * 5000, "longer than 4000"),
    ],
)
def test_a_filter_that_cannot_be_read_says_why(parts: Database, institution: UUID, text: str, says: str) -> None:
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        told = refusal(tx, filter=text)
    assert told.startswith("FILTER_INVALID: ")
    assert says in told


@given(st.text(max_size=60) | st.text(alphabet='abn=<>!"\\[], 0AND', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        terms = filters.parse(text)
    except InvalidInput:
        return
    assert all(term.op in ("=", "!=", "<", "<=", ">", ">=", "in") and term.texts for term in terms)


@pytest.mark.parametrize(
    "order_by", ["age", "owner_id", "name up", "name desc desc", "name,", "name;", "id", "name, " * 4 + "name"]
)
def test_an_order_that_is_not_offered_is_refused(parts: Database, institution: UUID, order_by: str) -> None:
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        told = refusal(tx, "order_by", order_by=order_by)
    assert told.startswith("ORDER_INVALID: ")


@pytest.mark.parametrize("page_size", [-1, 201])
def test_a_page_has_at_most_200_rows(parts: Database, institution: UUID, page_size: int) -> None:
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        assert refusal(tx, "page_size", page_size=page_size).startswith("PAGE_SIZE_INVALID")


def test_a_page_token_works_for_its_own_list_only(
    parts: Database, institution: UUID, other_institution: UUID, ids: list[UUID]
) -> None:
    asked = Request(page_size=5, filter="active = true", order_by="name")
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        token = PEOPLE.page(tx, asked).next_page_token
        assert token
        assert str(ids[0]) not in token
        assert len(PEOPLE.page(tx, Request(5, token, "active = true", "name")).rows) == 5
        for other in (
            Request(5, token, "active = false", "name"),
            Request(5, token, "active = true", "name desc"),
            Request(5, token, "active = true", "name", search="王"),
            Request(5, token[:-3] + "abc", "active = true", "name"),
            Request(5, "nonsense", "active = true", "name"),
            Request(5, "é", "active = true", "name"),
        ):
            with pytest.raises(InvalidInput) as caught:
                PEOPLE.page(tx, other)
            assert caught.value.reason == "PAGE_TOKEN_INVALID"
    with parts.begin(Caller.system(other_institution), read_only=True) as tx:
        assert refusal(tx, "page_token", page_token=token, filter="active = true", order_by="name")


def test_rows_that_come_and_go_between_pages_do_not_shift_them(parts: Database, institution: UUID) -> None:
    with parts.begin(Caller.system(institution)) as tx:
        rows = [add(tx, create_time=START + timedelta(hours=n)) for n in range(30)]
        first = PEOPLE.page(tx, Request(10))
        tx.session.delete(rows[-1])
        add(tx, create_time=START + timedelta(days=9))
        second = PEOPLE.page(tx, Request(10, first.next_page_token))
        assert [row.id for row in second.rows] == [row.id for row in reversed(rows[10:20])]


def test_a_page_is_one_statement_of_limit_plus_one(parts: Database, institution: UUID, ids: list[UUID]) -> None:
    assert ids
    with parts.begin(Caller.system(institution), read_only=True) as tx:
        page: Page[Any] = HOT.page(tx, Request(3))
        again = HOT._statement((), HOT._order("create_time desc"), (), (None, ()))  # noqa: SLF001 - made once is the point
        assert HOT._statement((), HOT._order("create_time desc"), (), (None, ())) is again  # noqa: SLF001
        narrowed = HOT.page(tx, Request(200), where=[Person.name == "a"])
    assert page.rows[0]._fields == ("id", "name", "create_time")
    assert {row.name for row in narrowed.rows} == {"a"}


def test_a_deep_page_reads_the_index_and_not_what_lies_before_it(parts: Database, institution: UUID) -> None:
    with parts.begin(Caller.system(institution)) as tx:
        tx.run(
            "insert into person (institution_id, id, name, stage, create_time, update_time)"
            " select %s, gen_random_uuid(), 'n', 's', now() + n * interval '1 second', now()"
            " from generate_series(1, 20000) n",
            (str(institution),),
        )
        tx.run("set local enable_seqscan = off; set local enable_bitmapscan = off")
        order = HOT._order("create_time desc")  # noqa: SLF001 - to explain the very statement
        statement = HOT._statement((), order, (), (None, (False, False)))  # noqa: SLF001
        middle = tx.run("select create_time from person order by create_time offset 10000 limit 1").scalar()
        values = {"me": institution, "size": 51, "a0": middle, "a1": uuid7()}
        tx.execute(statement, values).all()
        text = str(statement.compile(dialect=tx.connection.dialect))
        plan = "\n".join(
            tx.run(
                f"explain (analyze, costs off, timing off) {text}",
                values | {"me": str(institution), "a1": str(uuid7())},
            ).scalars()
        )
    assert "Index Scan" in plan
    removed = [int(line.split(":")[1]) for line in plan.splitlines() if "Rows Removed by Filter" in line]
    assert sum(removed) < 10


def test_a_mask_names_fields_that_may_change() -> None:
    assert named_fields(["name"], ["name", "stage"]) == ["name"]
    assert named_fields([], ["name", "stage"]) == named_fields(["*"], ["name", "stage"]) == ["name", "stage"]
    with pytest.raises(InvalidInput) as caught:
        named_fields(["id", "name"], ["name"])
    assert (caught.value.reason, caught.value.info["field"]) == ("MASK_INVALID", "update_mask")
