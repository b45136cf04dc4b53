"""Sessions on a real database, guesses in parallel included."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from services.org.actions import hashing, sessions, staff
from services.org.models import RefreshSession, SignInAttempts
from services.org.models import RefreshToken as Link
from services.org.rules.institutions import id_of
from services.org.rules.lockout import TRIES
from services.org.rules.secrets import RefreshToken, read_refresh_token
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import LimitReached, NotSignedIn
from shared.ids import uuid7
from shared.testing.waiting import until
from tests.org import factories


@pytest.fixture
def code(database: Database) -> str:
    return factories.committed_institution(database)[0]


def _address(code: str) -> str:
    return f"admin@{code}.example"


def _now() -> datetime:
    return datetime.now(UTC)


def _caller(code: str) -> Caller:
    return Caller.system(id_of(code))


def _open(tx: Tx, code: str) -> sessions.Opened:
    opened = sessions.open_session(tx, sessions.prepare(tx, _address(code)))
    assert opened is not None
    return opened


def _token(opened: sessions.Opened) -> RefreshToken:
    token = read_refresh_token(opened.refresh_token)
    assert token is not None
    return token


def _revoked_sessions(tx: Tx) -> set[UUID]:
    return set(tx.execute(text("select session_id from access_revocation")).scalars())


def test_guesses_in_parallel_do_not_outrun_the_counter(database: Database, code: str) -> None:
    def guess(_number: int) -> bool:
        with database.begin(_caller(code)) as tx:
            return sessions.prepare(tx, "ADMIN@" + code + ".example").wait_seconds == 0

    with ThreadPoolExecutor(12) as pool:
        admitted = sum(pool.map(guess, range(24)))
    assert admitted == TRIES


def test_a_name_that_nobody_has_is_locked_like_any_other(database: Database, code: str) -> None:
    with database.begin(_caller(code), keep=False) as tx:
        tries = [sessions.prepare(tx, "nobody@example.com") for _ in range(TRIES + 1)]
    assert {each.hash for each in tries} == {hashing.NOBODYS_HASH}
    assert [each.wait_seconds > 0 for each in tries] == [False] * TRIES + [True]


def test_a_right_password_forgives_wrong_ones(database: Database, code: str) -> None:
    with database.begin(_caller(code), keep=False) as tx:
        for _ in range(TRIES - 1):
            sessions.prepare(tx, _address(code))
        _open(tx, code)
        assert tx.scalar(select(func.count()).select_from(SignInAttempts)) == 0


def test_a_locked_name_opens_after_its_window(database: Database, code: str) -> None:
    with database.begin(_caller(code)) as tx:
        for _ in range(TRIES + 1):
            last = sessions.prepare(tx, _address(code))
    with database.begin(_caller(code), now=_now() + timedelta(minutes=16), keep=False) as tx:
        assert sessions.prepare(tx, _address(code)).wait_seconds == 0
    assert 0 < last.wait_seconds <= 901


def test_an_institution_that_nobody_opened_keeps_no_trace(database: Database) -> None:
    code = factories.new_code()
    with database.begin(_caller(code), keep=False) as tx:
        candidate = sessions.prepare(tx, "a@example.com")
        assert (candidate.staff_id, candidate.email_index) == (None, b"")
        assert tx.scalar(select(func.count()).select_from(SignInAttempts)) == 0


def test_a_session_carries_the_grants_of_its_person(database: Database, code: str) -> None:
    with database.begin(_caller(code), keep=False) as tx:
        opened = _open(tx, code)
        assert opened.caller.kind == "staff"
        assert opened.caller.allows("anything.at_all")
        assert opened.access_until(300) == tx.now + timedelta(minutes=5)


def test_each_refresh_token_is_good_once(database: Database, code: str) -> None:
    with database.begin(_caller(code)) as tx:
        first = _open(tx, code)
        second = sessions.refresh(tx, _token(first))
        assert isinstance(second, sessions.Opened)
        third = sessions.refresh(tx, _token(second))
        assert isinstance(third, sessions.Opened)
    assert third.caller.session_id == first.caller.session_id
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3


def test_a_token_that_comes_back_ends_the_whole_family(database: Database, code: str) -> None:
    with database.begin(_caller(code)) as tx:
        stolen = _open(tx, code)
        newer = sessions.refresh(tx, _token(stolen))
        assert isinstance(newer, sessions.Opened)
    with database.begin(_caller(code)) as tx:
        assert isinstance(sessions.refresh(tx, _token(stolen)), sessions.Reused)
    with database.begin(_caller(code)) as tx:
        assert sessions.refresh(tx, _token(newer)) is None
        assert stolen.caller.session_id in _revoked_sessions(tx)
        with pytest.raises(NotSignedIn):
            sessions.check_open(tx, stolen.caller.session_id)


def test_an_exchange_whose_answer_was_lost_is_answered_again(database: Database, code: str) -> None:
    exchange = uuid7()
    with database.begin(_caller(code)) as tx:
        opened = _open(tx, code)

    def refresh(_number: int) -> object:
        with database.begin(_caller(code)) as tx:
            return sessions.refresh(tx, _token(opened), exchange)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(refresh, range(2))
    assert isinstance(first, sessions.Opened)
    assert isinstance(second, sessions.Opened)
    assert first.refresh_token == second.refresh_token
    with database.begin(_caller(code)) as tx:
        assert isinstance(sessions.refresh(tx, _token(first), uuid7()), sessions.Opened)


@pytest.mark.parametrize("how", ["another name", "no name", "too late", "its answer was used"])
def test_whoever_else_brings_a_used_token_ends_the_session(database: Database, code: str, how: str) -> None:
    exchange = uuid7()
    with database.begin(_caller(code)) as tx:
        opened = _open(tx, code)
        newer = sessions.refresh(tx, _token(opened), exchange)
        assert isinstance(newer, sessions.Opened)
        if how == "its answer was used":
            assert isinstance(sessions.refresh(tx, _token(newer), exchange), sessions.Opened)
        if how == "too late":
            past = tx.now - sessions.REPEAT - timedelta(seconds=1)
            tx.execute(update(Link).where(Link.request_id == exchange).values(use_time=past))
        name = {"another name": uuid7(), "no name": None}.get(how, exchange)
        assert isinstance(sessions.refresh(tx, _token(opened), name), sessions.Reused)
        assert sessions.refresh(tx, _token(newer), exchange) is None


def test_of_two_at_once_one_refreshes_and_the_other_is_noticed(database: Database, code: str) -> None:
    with database.begin(_caller(code)) as tx:
        opened = _open(tx, code)

    def refresh(_number: int) -> object:
        with database.begin(_caller(code)) as tx:
            return sessions.refresh(tx, _token(opened))

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(refresh, range(2)))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Opened", "Reused"]


def test_guessed_expired_and_foreign_tokens_refresh_nothing(database: Database, code: str) -> None:
    other, _ = factories.committed_institution(database)
    with database.begin(_caller(code)) as tx:
        token = _token(_open(tx, code))
        assert sessions.refresh(tx, RefreshToken(token.institution_id, token.session_id, bytes(32))) is None
        assert sessions.refresh(tx, RefreshToken(token.institution_id, uuid7(), token.secret)) is None
    with database.begin(_caller(other)) as tx:
        assert sessions.refresh(tx, token) is None
    with database.begin(_caller(code), now=_now() + sessions.LIFETIME + timedelta(minutes=1)) as tx:
        assert sessions.refresh(tx, token) is None
    with database.begin(_caller(code), keep=False) as tx:
        assert isinstance(sessions.refresh(tx, token), sessions.Opened)


def test_who_leaves_or_gets_a_new_password_is_signed_out_everywhere(database: Database, code: str) -> None:
    with database.begin(_caller(code), keep=False) as tx:
        person = factories.person(tx, email="li@example.com", password=factories.PASSWORD)
        candidates = [sessions.prepare(tx, "li@example.com") for _ in range(2)]
        opened = sessions.open_session(tx, candidates[0])
        assert opened is not None
        staff.set_password(tx, person.id, password="Another-horse-9")
        assert sessions.refresh(tx, _token(opened)) is None
        again = sessions.open_session(tx, candidates[1])
        assert again is not None
        staff.deactivate(tx, person.id)
        assert sessions.refresh(tx, _token(again)) is None
        assert sessions.open_session(tx, candidates[1]) is None
        reasons = tx.execute(select(RefreshSession.end_reason).order_by(RefreshSession.id)).scalars().all()
        assert reasons == ["password_changed", "deactivated"]


def test_changing_the_own_password_keeps_this_session_and_ends_the_others(database: Database, code: str) -> None:
    with database.begin(_caller(code)) as tx:
        here, elsewhere = _open(tx, code), _open(tx, code)
    with database.begin(here.caller) as tx:
        assert sessions.prepare_own(tx, here.caller.subject_id).staff_id == here.caller.subject_id
        staff.change_own_password(tx, password="Another-horse-9")
        sessions.check_open(tx, here.caller.session_id)
        assert sessions.refresh(tx, _token(elsewhere)) is None
        assert _revoked_sessions(tx) >= {elsewhere.caller.session_id}
        with pytest.raises(NotSignedIn):
            sessions.prepare_own(tx, uuid7())


def test_signing_out_ends_the_session_once(database: Database, code: str) -> None:
    with database.begin(_caller(code)) as tx:
        opened = _open(tx, code)
    for _ in range(2):
        with database.begin(opened.caller) as tx:
            sessions.end(tx, opened.caller.session_id)
    with database.begin(_caller(code)) as tx:
        assert sessions.refresh(tx, _token(opened)) is None
        assert opened.caller.session_id in _revoked_sessions(tx)


def test_old_sessions_and_tries_are_forgotten(database: Database, code: str) -> None:
    with database.begin(_caller(code)) as tx:
        _open(tx, code)
        sessions.prepare(tx, _address(code))
    with database.begin(_caller(code), now=_now() + sessions.LIFETIME * 2 + timedelta(hours=1)) as tx:
        sessions.prune(tx)
        left = [tx.scalar(select(func.count()).select_from(table)) for table in (RefreshSession, SignInAttempts)]
    assert left == [0, 0]


def test_a_weak_hash_is_found_outdated_and_nobodys_matches_nothing() -> None:
    assert hashing.is_outdated("$argon2id$v=19$m=4096,t=1,p=1$" + "A" * 22 + "$" + "A" * 43)
    assert not hashing.is_outdated(hashing.hash_of(factories.PASSWORD))
    assert not hashing.matches(hashing.NOBODYS_HASH, "")
    assert not hashing.matches("no hash at all", factories.PASSWORD)


def test_a_crowd_at_the_hash_is_turned_away() -> None:
    pool, hold, entered = hashing.Pool(1, 1), Event(), Event()

    def stay() -> None:
        with pool.turn():
            entered.set()
            hold.wait(10)

    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(stay) for _ in range(2)]
        until(lambda: entered.is_set() and pool.inside == 2, what="one holds the slot and one waits")
        try:
            with pytest.raises(LimitReached) as refusal, pool.turn():
                pass
        finally:
            hold.set()
        assert [each.result() for each in running] == [None, None]
    assert refusal.value.reason == "SIGN_IN_BUSY"
    assert pool.inside == 0
