"""Lists in every order, by age, region, tag and industry; saved filters that say what went stale; counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from lianxiao.lead.v1 import lead_pb2, lead_service_pb2, saved_filter_pb2, saved_filter_service_pb2
from lianxiao.lead.v1.lead_service_pb2 import ListLeadsRequest
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from services.lead.actions import campuses, lead_terms, leads, name_keys, saved_filters, searches
from services.lead.models import Campus, Lead, LeadTag, Organisation, SavedFilter
from services.lead.rules import grading, names
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput
from shared.ids import uuid7
from tests.lead import factories, people
from tests.lead.people import Person

NAMES = ("王小明", "阿狗", "李雷", "王晓明", "Tom Smith", "张三", "")


def _made(tx: Tx, campus: UUID, count: int = 7) -> list[Lead]:
    rows = []
    for number in range(count):
        told = factories.stranger(number) | {"child_name": NAMES[number % len(NAMES)]}
        rows.append(leads.get_for_update(tx, factories.lead(tx, campus, **told).id))
    return rows


def _all(tx: Tx, order: str, **more: Any) -> list[Any]:
    rows: list[Any] = []
    token = ""
    while True:
        page = searches.page(tx, ListLeadsRequest(page_size=2, order_by=order, page_token=token, **more))
        rows += page.rows
        token = page.next_page_token
        if not token:
            return rows


@pytest.mark.parametrize("direction", ["", " desc"])
@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("create_time", "id"),
        ("last_touch_time", "last_touch_time"),
        ("next_contact_time", "next_contact_time"),
        ("stage_time", "stage_time"),
        ("grade", "grade"),
        ("child_name", "name_key"),
    ],
)
def test_every_order_lists_each_lead_once_both_ways(
    tx: Tx, name: str, column: str, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    campus = factories.campus(tx)
    rows = _made(tx, campus)
    for number, row in enumerate(rows):
        row.last_touch_time = row.stage_time = tx.now - timedelta(days=number * 5 % 7)
        row.next_contact_time = tx.now + timedelta(days=number % 3) if number % 2 else None
        row.grade = "abc"[number % 3]
    rows[3].name_key = None
    tx.session.flush()
    for few in (1, 1000):
        monkeypatch.setattr(searches, "_FEW", few)
        found = _all(tx, f"{name}{direction}", filter=f'campus_id = "{campus}"')
        assert {row.id for row in found} == {row.id for row in rows}
        assert len(found) == len(rows)
        check_order([(getattr(row, column), row.id) for row in found], descending=bool(direction))


def check_order(pairs: Sequence[tuple[Any, UUID]], *, descending: bool) -> None:
    valued = [pair for pair in pairs if pair[0] is not None]
    assert valued == sorted(valued, reverse=descending)
    # What has none comes last, whichever way.
    empty = [key for _, key in pairs[len(valued) :]]
    assert empty == sorted((key for value, key in pairs if value is None), reverse=descending)


def test_names_are_ordered_as_in_a_telephone_book_and_say_no_more() -> None:
    keys = {name: names.sort_key(name) for name in NAMES}
    assert keys == dict(zip(NAMES, ("wang xm", "a g", "li l", "wang xm", "t oms", "zhang s", ""), strict=True))
    assert sorted(NAMES, key=names.sort_key) == ["", "阿狗", "李雷", "Tom Smith", "王小明", "王晓明", "张三"]


def test_leads_from_before_get_their_key(tx: Tx) -> None:
    rows = _made(tx, factories.campus(tx), 2)
    for row in rows:
        row.name_key = None
    tx.session.flush()
    assert name_keys.fill(tx) is False
    tx.session.expire_all()
    assert [row.name_key for row in rows] == ["wang xm", "a g"]
    leads.update(tx, rows[1].id, {"child_name": "欧阳娜娜"})
    assert rows[1].name_key == "ou ynn"


@pytest.mark.parametrize("text", ["age >= 8", "age > 8", "age = 8", "age < 8", "age <= 8", "age = 0"])
def test_age_means_the_same_in_a_list_and_in_a_grade(tx: Tx, text: str) -> None:
    campus, today = factories.campus(tx), tx.now.date()
    born = ["", f"{today.year}", f"{today.year - 8}", f"{today.year - 9}", f"{today.year - 8}-{today.month:02}"]
    born += [
        (date(today.year - 8, today.month, min(today.day, 28)) + timedelta(days=n)).isoformat() for n in (-9, 0, 9)
    ]
    rows = {
        leads.get_for_update(tx, factories.lead(tx, campus, **factories.stranger(n)).id): b for n, b in enumerate(born)
    }
    for row, birth_date in rows.items():
        row.birth_date = birth_date
    tx.session.flush()
    _, op, number = text.split()
    meant = {"=": "==", "<": "<", "<=": "<=", ">": ">", ">=": ">="}[op]
    ages = {row.id: grading.age(birth_date, today) for row, birth_date in rows.items()}
    expected = {key for key, age in ages.items() if age is not None and eval(f"{age} {meant} {number}")}  # noqa: S307 - our own text
    assert {row.id for row in _all(tx, "", filter=text)} == expected


@pytest.mark.parametrize("few", [0, 1000])
def test_region_tag_and_industry_narrow_and_follow_changes(tx: Tx, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_terms, "_FEW", few)
    here, there, region = factories.campus(tx), factories.campus(tx), uuid7()
    near = leads.get_for_update(tx, factories.lead(tx, here, **factories.stranger(1)).id)
    far = leads.get_for_update(tx, factories.lead(tx, there, **factories.stranger(2)).id)
    row = tx.session.get_one(Campus, (tx.institution_id, here))
    event = CampusChanged(
        campus_id=str(here), name=row.name, time_zone=row.time_zone, active=True, region_id=str(region)
    )
    campuses.project(tx, event)
    leads.update(tx, near.id, {"tags": ["围棋", "周末"], "industry": "教育"})
    leads.update(tx, far.id, {"tags": ["围棋"]})
    assert {each.id for each in _all(tx, "", filter='tag = "围棋"')} == {near.id, far.id}
    assert [each.id for each in _all(tx, "child_name", filter='tag in ["周末", "没有"]')] == [near.id]
    assert [each.id for each in _all(tx, "", filter=f'region_id = "{region}" AND tag = "围棋"')] == [near.id]
    assert [each.id for each in _all(tx, "", filter='industry = "教育"')] == [near.id]
    firm = Organisation(name="甲", plain_name="甲", industry="教育")
    tx.session.add(firm)
    tx.session.flush()
    far.organisation_id = firm.id
    assert {each.id for each in _all(tx, "grade", filter='industry in ["教育", "制造"]')} == {near.id, far.id}
    leads.update(tx, near.id, {"tags": ["周末"]})
    assert [each.id for each in _all(tx, "", filter='tag = "围棋"')] == [far.id]
    assert tx.session.query(LeadTag).count() == 2
    assert searches.count(tx, 'tag in ["围棋", "周末"]') == 2
    assert searches.count(tx, f'region_id = "{uuid7()}"') == 0
    assert searches.count(tx, "grade = a") == 0


@pytest.mark.parametrize(
    "text",
    [
        'age = "八"',
        "age != 8",
        "age = 151",
        "age in [8, 9]",
        "age = null",
        'region_id = "x"',
        "tag != a",
        "child_name = a",
    ],
)
def test_what_cannot_be_asked_is_refused(tx: Tx, text: str) -> None:
    for ask in (lambda: searches.page(tx, ListLeadsRequest(filter=text)), lambda: searches.check(tx, text)):
        with pytest.raises(InvalidInput) as error:
            ask()
        assert error.value.reason == "FILTER_INVALID"


def test_an_order_holds_for_a_search_too(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "_WALKS", (1, 2))
    campus = factories.campus(tx)
    told = [f"王小{char}" for char in "丁丙乙甲"]
    made = [
        factories.lead(tx, campus, child_name=name, guardian_phone=f"+86137{n * 1111:08}").id
        for n, name in enumerate(told)
    ]
    found = [row.id for row in _all(tx, "child_name", search="王小")]
    assert set(found) == set(made)
    keys = [leads.get(tx, key).name_key for key in found]
    assert keys == sorted(keys)


def _saved(tx: Tx, text: str, **more: Any) -> SavedFilter:
    told = {"name": "我的", "filter": text, "order_by": "", "sharing": saved_filters.PRIVATE, "campus_id": None} | more
    return saved_filters.create(tx, told)


def test_what_went_stale_is_said_and_fails_nobody(tx: Tx) -> None:
    campus, closed, region = factories.campus(tx), factories.campus(tx, active=False), uuid7()
    leaver, stays = factories.advisor(tx, campus), factories.advisor(tx, campus)
    lead = factories.lead(tx, campus, owner_id=leaver)
    leads.lose(tx, lead.id, reason="price")
    text = f'owner_id in ["{leaver}", "{stays}"] AND campus_id in ["{campus}", "{closed}"] AND grade in [a, b, c]'
    row = _saved(tx, text)
    assert saved_filters.stale(tx, row) == [saved_filters.Stale("campus_id", str(closed), "CAMPUS_CLOSED")]
    factories.leaves(tx, leaver)
    gone = saved_filters.Stale("owner_id", str(leaver), "OWNER_LEFT")
    assert gone in saved_filters.stale(tx, row)
    asked, _ = saved_filters.applied(tx, ListLeadsRequest(saved_filter_id=str(row.id), filter='stage = "lost"'))
    assert [each.id for each in searches.page(tx, asked).rows] == [lead.id]
    # As a filter of an earlier version may read.
    row.filter = f'shoe_size = 9 AND tag = "围棋" AND region_id = "{region}" AND owner_id = "{leaver}"'
    assert saved_filters.stale(tx, row) == [
        saved_filters.Stale("shoe_size", "9", "FIELD_GONE"),
        saved_filters.Stale("tag", "围棋", "TAG_UNUSED"),
        saved_filters.Stale("region_id", str(region), "REGION_EMPTY"),
        gone,
    ]
    asked, _ = saved_filters.applied(tx, ListLeadsRequest(saved_filter_id=str(row.id)))
    assert "shoe_size" not in asked.filter
    assert searches.page(tx, asked).rows == []


def test_whose_filter_it_is(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        here, there = factories.campus(tx), factories.campus(tx)
        everywhere = _saved(tx, "", sharing=saved_filters.INSTITUTION).id
    one = Caller(caller.institution_id, uuid7(), "staff")
    two = Caller(caller.institution_id, uuid7(), "staff")
    with database.begin(one, scope=Scope(frozenset({here}))) as tx:
        mine = _saved(tx, "grade = a").id
        shared = _saved(tx, "grade = b", sharing=saved_filters.CAMPUS, campus_id=here).id
        for told, reason in (
            ({"sharing": saved_filters.INSTITUTION}, "CHAIN_SCOPE_NEEDED"),
            ({"sharing": saved_filters.CAMPUS}, "CAMPUS_MISSING"),
            ({"sharing": saved_filters.CAMPUS, "campus_id": there}, "CAMPUS_NOT_FOUND"),
            ({"name": " "}, "NAME_MISSING"),
            ({"order_by": "shoe_size"}, "ORDER_INVALID"),
        ):
            with pytest.raises(DomainError) as error:
                _saved(tx, "", **told)
            assert error.value.reason == reason
    for campus, seen in ((here, {everywhere, shared}), (there, {everywhere})):
        with database.begin(two, scope=Scope(frozenset({campus}))) as tx:
            page = saved_filters.LISTING.page(tx, ListLeadsRequest(), where=[saved_filters.visible(tx)])
            assert {row.id for row in page.rows} == seen
            with pytest.raises(DomainError) as error:
                saved_filters.get(tx, mine)
            assert error.value.reason == "SAVED_FILTER_NOT_FOUND"
            with pytest.raises(DomainError) as error:
                saved_filters.remove(tx, everywhere)
            assert error.value.reason == "SAVED_FILTER_NOT_YOURS"


def test_a_count_says_when_it_stopped(chief: Person, campus: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "MOST_COUNTED", 1)
    seen = []
    for number in range(2):
        chief.capture(campus, **factories.stranger(number))
        told = chief.leads.GetLeadCount(lead_service_pb2.GetLeadCountRequest())
        seen.append((told.lead_count, told.more))
    assert seen == [(1, False), (1, True)]


def test_filters_and_counts_on_the_wire(chief: Person, campus: UUID) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    told = lead_pb2.Lead(lead_id=lead_id, tags=["围棋", " 围棋 "], industry="教育")
    change = lead_service_pb2.UpdateLeadRequest(lead=told)
    change.update_mask.paths.extend(["tags", "industry"])
    changed = chief.leads.UpdateLead(change).lead
    assert (list(changed.tags), changed.industry) == (["围棋"], "教育")
    wanted = saved_filter_pb2.SavedFilter(name="围棋", filter='tag = "围棋"', order_by="child_name")
    made = chief.filters.CreateSavedFilter(saved_filter_service_pb2.CreateSavedFilterRequest(saved_filter=wanted))
    saved = made.saved_filter
    assert (saved.sharing, saved.staff_id) == (saved_filter_pb2.FILTER_SHARING_PRIVATE, str(chief.id))
    asked = ListLeadsRequest(saved_filter_id=saved.saved_filter_id)
    assert [lead.lead_id for lead in chief.leads.ListLeads(asked).leads] == [lead_id]
    count = lead_service_pb2.GetLeadCountRequest(saved_filter_id=saved.saved_filter_id, filter="stage = enquiry")
    assert chief.leads.GetLeadCount(count).lead_count == 1
    saved.filter = 'tag = "钢琴"'
    update = saved_filter_service_pb2.UpdateSavedFilterRequest(saved_filter=saved)
    update.update_mask.paths.append("filter")
    assert [part.reason for part in chief.filters.UpdateSavedFilter(update).saved_filter.stale_parts] == ["TAG_UNUSED"]
    assert chief.leads.GetLeadCount(count).stale_parts[0].value == "钢琴"
    assert len(chief.filters.ListSavedFilters(saved_filter_service_pb2.ListSavedFiltersRequest()).saved_filters) == 1
    gone = saved_filter_service_pb2.RemoveSavedFilterRequest(saved_filter_id=saved.saved_filter_id)
    chief.filters.RemoveSavedFilter(gone)
    assert people.refused(lambda: chief.leads.ListLeads(asked))[1] == "SAVED_FILTER_NOT_FOUND"
