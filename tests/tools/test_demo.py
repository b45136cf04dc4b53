"""A small demo chain, made for real: twice under two codes, in one process and in two."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from services.__main__ import names
from services.billing.actions import ledger
from services.insight.actions import reports
from services.insight.actions.reports import Cohort
from services.org.actions import sessions
from services.org.actions.hashing import matches
from services.org.rules.institutions import id_of
from shared.caller import Caller
from shared.leader import Leader
from shared.testing import databases
from tools.demo import accounts, driver, reset
from tools.demo.size import HISTORY_DAYS
from tools.demo.stage.databases import open_all
from tools.demo.story.beats import Story

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TODAY = date(2026, 3, 11)
SCALE = 0.02
ONE, TWO = "demo-one", "demo-two"
_FIGURES = {
    "lead": [
        "select stage, count(*) from lead group by 1 order by 1",
        "select source, count(*), sum(touch_count) from lead group by 1 order by 1",
        "select 'follow-ups', count(*) from follow_up",
        "select 'duplicates', count(*) from duplicate",
    ],
    "scheduling": [
        "select roll_call_state, count(*), sum(seats_taken) from lesson group by 1 order by 1",
        "select code, count(*) from attendance group by 1 order by 1",
        "select state, result, count(*) from trial group by 1, 2 order by 1, 2",
    ],
    "student": ["select state, count(*) from student group by 1 order by 1"],
    "billing": [
        "select state, count(*), sum(total_fen), sum(paid_fen) from sales_order group by 1 order by 1",
        "select code, sum(balance_fen) from ledger_account group by 1 order by 1",
        "select party, count(*), sum(amount_fen) from split_row group by 1 order by 1",
        "select state, count(*), sum(recognised_fen) from consumption group by 1 order by 1",
        "select kind, sum(remaining_hundredths) from lot group by 1 order by 1",
    ],
    "notification": ["select template, state, count(*) from message group by 1, 2 order by 1, 2"],
    "marketing": ["select name, cost_fen from campaign order by 1"],
    "insight": ["select count(enquiry_time), count(trial_time), count(first_lesson_time) from journey"],
}


class Chain:
    """The two demo chains and how they are read."""

    def __init__(self, urls: dict[str, URL]) -> None:
        self.urls = urls
        self.databases = open_all(urls)
        self.lines: list[str] = []
        self.story = self.make(ONE, processes=0)
        self.make(TWO, processes=2)

    def make(self, code: str, *, processes: int) -> Story:
        wanted = driver.Settings("7", SCALE, code, TODAY, processes)
        story = driver.make(wanted, self.urls, self.lines.append)
        assert story is not None
        return story

    def rows(self, service: str, sql: str, code: str = ONE) -> list[tuple[Any, ...]]:
        with self.databases[service].begin(Caller.system(id_of(code)), read_only=True) as tx:
            return [tuple(row) for row in tx.execute(text(sql))]

    def figures(self, code: str) -> dict[str, list[tuple[Any, ...]]]:
        return {sql: self.rows(service, sql, code) for service, each in _FIGURES.items() for sql in each}


@pytest.fixture(scope="module")
def chain(postgres: str, run_folder: Path) -> Iterator[Chain]:
    admin = make_url(postgres)
    urls = {name: databases.copy_for(name, "demo", admin, run_folder) for name in names()}
    made = Chain(urls)
    yield made
    for database in made.databases.values():
        database.dispose()


def test_the_same_seed_gives_the_same_figures_however_many_processes_work(chain: Chain) -> None:
    assert chain.figures(ONE) == chain.figures(TWO)


def test_everybody_of_the_story_is_there(chain: Chain) -> None:
    story = chain.story
    assert chain.rows("org", "select count(*) from campus") == [(6,)]
    assert chain.rows("org", "select count(*) from region") == [(2,)]
    assert chain.rows("org", "select count(*) from staff") == [(len(story.staff),)]
    assert chain.rows("lead", "select count(*) from lead") == [(len(story.enquiries),)]
    buyers = {sale.enquiry for sale in story.sales if sale.paid_time}
    assert chain.rows("student", "select count(*) from student") == [(len(buyers),)]
    assert chain.rows("scheduling", "select count(*) from class_group") == [(len(story.groups),)]
    marks = sum(len(call.marks) for call in story.roll_calls)
    assert chain.rows("scheduling", "select count(*) from attendance") == [(marks,)]
    assert chain.rows("marketing", "select count(*) from campaign where cost_fen > 0") == [(8,)]


def test_past_lessons_are_confirmed_and_coming_ones_are_not(chain: Chain) -> None:
    cutoff = chain.story.cutoff.isoformat()
    open_past = (
        f"select count(*) from lesson where start_time < '{cutoff}' and seats_taken > 0 and roll_call_state = 'open'"  # noqa: S608 - constant text
    )
    guests_only = "and exists (select 1 from lesson_resource r where r.lesson_id = lesson.id and r.origin <> 'trial' and r.resource_kind = 'student' and r.state = 'live')"  # noqa: E501 - constant text
    assert chain.rows("scheduling", f"{open_past} {guests_only}") == [(0,)]
    coming = (
        f"select count(*), count(*) filter (where roll_call_state = 'open') from lesson where start_time >= '{cutoff}'"  # noqa: S608 - constant text
    )
    [(count, still_open)] = chain.rows("scheduling", coming)
    assert count == still_open > 5


def test_the_books_balance(chain: Chain) -> None:
    with chain.databases["billing"].begin(Caller.system(id_of(ONE)), read_only=True) as tx:
        accounts_now = ledger.trial_balance(tx)
        assert sum(account.balance_fen for account in accounts_now) == 0
        assert {account.code for account in accounts_now} >= {"cash", "contract_liability", "revenue"}
    unbalanced = "select journal_id from journal_line group by 1 having sum(amount_fen) <> 0"
    assert chain.rows("billing", unbalanced) == []
    splits = (
        "select source_id from split_row where source_kind = 'consumption'"
        " group by 1 having sum(amount_fen) <> max(base_fen) and count(distinct base_fen) = 1"
    )
    assert chain.rows("billing", splits) == []


def test_no_lot_is_overdrawn_and_each_tells_where_its_hours_went(chain: Chain) -> None:
    wrong = (
        "select l.id from lot l left join lot_entry e on e.lot_id = l.id group by l.id, l.institution_id,"
        " l.remaining_hundredths, l.quantity_hundredths having l.remaining_hundredths < 0"
        " or l.remaining_hundredths <> l.quantity_hundredths - coalesce(sum(e.hundredths), 0)"
    )
    assert chain.rows("billing", wrong) == []


def test_every_paid_order_has_its_lots_and_no_other_has(chain: Chain) -> None:
    wrong = (
        "select o.id from sales_order o where (o.activate_time is not null)"
        " <> exists (select 1 from lot l where l.order_id = o.id)"
    )
    assert chain.rows("billing", wrong) == []
    [(paid,)] = chain.rows("billing", "select count(*) from sales_order where paid_fen = total_fen")
    assert paid == sum(sale.paid_time is not None for sale in chain.story.sales)


def test_nobody_and_nothing_is_in_two_lessons_at_once(chain: Chain) -> None:
    overlaps = (
        "select a.id from lesson_resource a join lesson_resource b on a.resource_id = b.resource_id and a.id < b.id"
        " and a.state = 'live' and b.state = 'live' and a.start_time < b.end_time and b.start_time < a.end_time"
    )
    assert chain.rows("scheduling", overlaps) == []
    assert chain.rows("scheduling", "select id from lesson where override_reason <> ''") == []


def test_the_funnel_narrows_from_stage_to_stage(chain: Chain) -> None:
    first = chain.story.first_day - timedelta(days=5)
    with chain.databases["insight"].begin(Caller.system(id_of(ONE)), read_only=True) as tx:
        enquiries, trials, enrolled, paid, taught = reports.funnel(tx, Cohort(first, TODAY))
    # A child that both parents told of is one child once a person has said so.
    [(merged,)] = chain.rows("lead", "select count(*) from lead_merge where undo_time is null")
    assert merged > 0
    assert enquiries == len(chain.story.enquiries) - merged
    assert 0 < trials < enquiries
    assert enquiries > paid >= enrolled >= taught > 0


def test_what_follows_from_an_event_of_the_past_carries_its_time(chain: Chain) -> None:
    late = "select count(*) from consumption where create_time - lesson_start_time > interval '1 day'"
    assert chain.rows("billing", late) == [(0,)]
    days = "select count(distinct post_date) from journal where kind = 'consumption'"
    assert chain.rows("billing", days)[0][0] > 10
    begin = chain.story.cutoff - timedelta(days=HISTORY_DAYS)
    for service, table in (("student", "student"), ("notification", "message"), ("lead", "stage_change")):
        [(oldest, newest)] = chain.rows(service, f"select min(create_time), max(create_time) from {table}")  # noqa: S608 - three constants
        assert begin < oldest < newest <= chain.story.cutoff


def test_nothing_waits_and_nothing_is_parked(chain: Chain) -> None:
    for service in names():
        assert chain.rows(service, "select count(*) from outbox") == [(0,)], service
        assert chain.rows(service, "select count(*) from delivery") == [(0,)], service
    # Families are not woken: what came of the last evening waits for the morning.
    waiting = "select count(*) from message where state = 'queued'"
    due = f"send_time is null or send_time <= '{chain.story.cutoff}'"
    assert chain.rows("notification", f"{waiting} and ({due})") == [(0,)]
    (all_waiting,) = chain.rows("notification", waiting)[0]
    (all_sent,) = chain.rows("notification", "select count(*) from message where state = 'sent'")[0]
    assert all_waiting < all_sent


@pytest.mark.parametrize("role", sorted(accounts.WORDS))
def test_the_known_people_can_sign_in(chain: Chain, role: str) -> None:
    way_in = accounts.account(role, ONE)
    with chain.databases["org"].begin(Caller.system(id_of(ONE)), keep=False) as tx:
        candidate = sessions.prepare(tx, way_in.user)
        assert matches(candidate.hash, way_in.password)
        opened = sessions.open_session(tx, candidate)
        assert opened is not None
        assert opened.caller.grants


def test_a_second_run_does_nothing(chain: Chain) -> None:
    before = chain.figures(ONE)
    assert driver.make(driver.Settings("8", SCALE, ONE, TODAY, 0), chain.urls, chain.lines.append) is None
    assert chain.figures(ONE) == before


def test_beside_a_worker_nothing_is_made_or_taken_away(chain: Chain) -> None:
    worker = Leader(chain.databases["lead"], "lianxiao leader lead")
    assert worker.leads()
    try:
        with pytest.raises(driver.NotAlone, match="lead"), driver.alone(chain.urls):
            pytest.fail("went on")
    finally:
        worker.resign()
    with driver.alone(chain.urls):
        assert not Leader(chain.databases["lead"], "lianxiao leader lead").leads()


def test_an_interrupted_run_is_noticed_and_can_be_taken_away(chain: Chain, postgres: str) -> None:
    code = "demo-broken"

    def interrupt(line: str) -> None:
        if line.startswith("enquiries"):
            raise KeyboardInterrupt

    wanted = driver.Settings("1", SCALE, code, TODAY, 0)
    with pytest.raises(KeyboardInterrupt):
        driver.make(wanted, chain.urls, interrupt)
    with pytest.raises(driver.Unfinished, match="RESET=1"):
        driver.make(wanted, chain.urls, chain.lines.append)
    admin = make_url(postgres)
    owners = [admin.set(database=url.database) for url in chain.urls.values()]
    others = chain.figures(TWO)
    assert reset.remove(code, owners) > 100
    assert driver.state_of(chain.databases["org"], code) == driver.ABSENT
    assert chain.rows("lead", "select count(*) from lead", code) == [(0,)]
    assert chain.figures(TWO) == others


def test_the_accounts_are_left_where_the_start_looks_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state" / "users.json"
    monkeypatch.setenv(accounts.USERS_FILE, str(file))
    assert accounts.write() == file
    people = json.loads(file.read_text())
    assert {person["role"] for person in people} == set(accounts.WORDS)
    assert all({"user", "password", "institution"} <= set(person) for person in people)
    monkeypatch.delenv(accounts.USERS_FILE)
    assert accounts.write() is None
