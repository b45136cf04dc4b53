"""Lockout, passwords, secrets, places: no database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.org.rules import passwords, time_zones
from services.org.rules.common_passwords import COMMON
from services.org.rules.institutions import id_of
from services.org.rules.lockout import TRIES, WINDOW, Attempts, count, wait_seconds
from services.org.rules.scopes import Places, places
from services.org.rules.secrets import RefreshToken, client_id, read_client_id, read_refresh_token
from shared.errors import InvalidInput

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
A, B = UUID(int=1), UUID(int=2)


def _after(tries: int) -> Attempts:
    return Attempts(tries, NOW)


def test_the_sixth_try_in_a_quarter_of_an_hour_is_refused() -> None:
    state = None
    for _ in range(TRIES):
        state = count(state, NOW)
        assert state is not None
    assert count(state, NOW + WINDOW - timedelta(seconds=1)) is None


def test_the_window_opens_again_after_a_quarter_of_an_hour() -> None:
    assert count(_after(TRIES), NOW + WINDOW) == Attempts(1, NOW + WINDOW)


def test_a_locked_name_is_told_when_it_opens() -> None:
    assert wait_seconds(_after(TRIES), NOW + timedelta(minutes=5)) == 601
    assert wait_seconds(_after(TRIES), NOW + WINDOW) == 1


@pytest.mark.parametrize(
    "password",
    [
        "Short-1",
        "x" * 129,
        "password",
        "PassWord123",
        "12345678",
        "hgfedcba",
        "aaaaaaaaaaaa",
        "ababababab",
        "ｐａｓｓｗｏｒｄ１",
    ],
)
def test_a_password_that_anybody_would_try_is_refused(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        passwords.check(password, email="wang@example.com", name="王芳")
    assert refusal.value.reason == "WEAK_PASSWORD"


def test_a_password_does_not_begin_with_its_owner() -> None:
    with pytest.raises(InvalidInput) as refusal:
        passwords.check("Wangfang-1987", email="wangfang@example.com", name="王芳", field="new_password")
    assert refusal.value.violations[0][0] == "new_password"


@pytest.mark.parametrize("password", ["correct horse battery", "春眠不觉晓处处闻啼鸟", "k7#mQ2vT"])
def test_a_password_needs_length_and_nothing_else(password: str) -> None:
    passwords.check(password, email="wang@example.com", name="王芳")
    assert passwords.normal(password) == password


def test_every_common_password_would_be_long_enough() -> None:
    assert min(map(len, COMMON)) >= passwords.SHORTEST
    assert all(word == word.casefold() for word in COMMON)


def test_the_same_password_from_two_keyboards_is_one() -> None:
    assert passwords.normal("Ａbc１") == "Abc1"


@given(st.uuids(), st.uuids(), st.binary(min_size=32, max_size=32))
def test_a_refresh_token_reads_back(institution: UUID, session: UUID, secret: bytes) -> None:
    token = RefreshToken(institution, session, secret)
    assert read_refresh_token(token.text()) == token


@given(st.text(max_size=200))
def test_any_text_is_a_token_or_none(text: str) -> None:
    token = read_refresh_token(text)
    assert token is None or len(token.secret) == 32


def test_a_client_id_reads_back_and_nothing_else_does() -> None:
    assert read_client_id(client_id(A, B)) == (A, B)
    assert read_client_id(client_id(A, B)[:-2]) is None
    assert read_client_id("密码") is None


def test_the_id_of_an_institution_follows_from_its_code() -> None:
    assert id_of(" QiMing ") == id_of("qiming")
    assert id_of("qiming") != id_of("qiming2")


def test_a_role_without_places_holds_where_the_person_belongs() -> None:
    assert places("campus", campus_ids=[], region_ids=[], home=A) == Places("campus", (A,))
    assert places("own", campus_ids=[], region_ids=[], home=A) == Places("own", (A,))
    assert places("own", campus_ids=[], region_ids=[], home=None) == Places("own")


def test_equal_reaches_are_equal() -> None:
    assert places("campus", campus_ids=[B, A, B], region_ids=[], home=None).campus_ids == (A, B)
    assert places("region", campus_ids=[], region_ids=[B, A], home=A) == Places("region", (), (A, B))
    assert places("chain", campus_ids=[], region_ids=[], home=A) == Places("chain")


@pytest.mark.parametrize(
    ("scope", "campus_ids", "region_ids", "field"),
    [
        ("campus", [], [], "campus_ids"),
        ("region", [], [], "region_ids"),
        ("region", [A], [B], "campus_ids"),
        ("chain", [A], [], "campus_ids"),
        ("own", [], [A], "region_ids"),
    ],
)
def test_places_that_do_not_fit_are_refused(
    scope: str, campus_ids: list[UUID], region_ids: list[UUID], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        places(scope, campus_ids=campus_ids, region_ids=region_ids, home=None)  # type: ignore[arg-type]  # a table
    assert refusal.value.info["field"] == field


def test_a_time_zone_has_an_iana_name() -> None:
    assert time_zones.check("Asia/Shanghai") == "Asia/Shanghai"
    with pytest.raises(InvalidInput):
        time_zones.check("+08:00")
