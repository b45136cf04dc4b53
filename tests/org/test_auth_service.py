"""Signing in over the wire: a real server, real tokens, the real boundary."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any
from uuid import UUID

import grpc
import pytest
from argon2 import PasswordHasher

from lianxiao.org.v1 import auth_service_pb2 as pb
from lianxiao.org.v1 import auth_service_pb2_grpc as pb_grpc
from lianxiao.org.v1 import campus_service_pb2, campus_service_pb2_grpc
from services.org.actions import service_accounts
from services.org.models import Credential
from services.org.rules.institutions import id_of
from services.org.rules.secrets import client_id
from services.org.server import SERVICERS
from shared.caller import Caller
from shared.db import Database
from shared.testing.wire import Wire, refusal, serving
from tests.org import factories

REFUSED = ("UNAUTHENTICATED", "SIGN_IN_FAILED")


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    with serving("org", SERVICERS, database) as running:
        yield running


@pytest.fixture
def stub(wire: Wire) -> pb_grpc.AuthServiceStub:
    return pb_grpc.AuthServiceStub(wire.channel)


@pytest.fixture
def code(database: Database) -> str:
    return factories.committed_institution(database)[0]


def _sign_in(stub: pb_grpc.AuthServiceStub, code: str, password: str = factories.PASSWORD) -> pb.SignInResponse:
    request = pb.SignInRequest(institution_code=code, email=f"Admin@{code}.example", password=password)
    return stub.SignIn(request)


def _bearer(token: str) -> tuple[tuple[str, str | bytes], ...]:
    return (("authorization", f"Bearer {token}"),)


def _refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return refusal(error.value)


def _actions(database: Database, code: str) -> list[str]:
    with database.begin(Caller.system(id_of(code)), read_only=True) as tx:
        return [row.action for row in tx.run("select action from audit_entry order by id")]


def test_signing_in_says_who_one_is_and_what_one_may(stub: pb_grpc.AuthServiceStub, code: str) -> None:
    signed_in = _sign_in(stub, code)
    session = stub.GetSession(pb.GetSessionRequest(), metadata=_bearer(signed_in.access_token)).session
    assert session == signed_in.session
    assert (session.institution_code, session.display_name) == (code, "总部管理员")
    assert (list(session.roles), list(session.permissions)) == (["hq_admin"], ["*"])
    assert signed_in.expire_time.ToSeconds() - int(time.time()) <= 300


@pytest.mark.parametrize(
    ("institution_code", "email", "password"),
    [
        ("", "", "Wrong-horse-1"),
        ("", "nobody@example.com", factories.PASSWORD),
        ("no-such-chain", "", factories.PASSWORD),
    ],
)
def test_whatever_is_wrong_the_refusal_is_the_same(
    stub: pb_grpc.AuthServiceStub, code: str, institution_code: str, email: str, password: str
) -> None:
    request = pb.SignInRequest(
        institution_code=institution_code or code, email=email or f"admin@{code}.example", password=password
    )
    assert _refused(lambda: stub.SignIn(request)) == REFUSED


def test_the_sixth_wrong_password_locks_the_name_also_for_the_right_one(
    stub: pb_grpc.AuthServiceStub, database: Database, code: str
) -> None:
    answers = [_refused(lambda: _sign_in(stub, code, "Wrong-horse-1")) for _ in range(6)]
    assert answers == [REFUSED] * 5 + [("RESOURCE_EXHAUSTED", "SIGN_IN_LOCKED")]
    assert _refused(lambda: _sign_in(stub, code))[1] == "SIGN_IN_LOCKED"
    assert _actions(database, code).count("org.sign_in_failed") == 5


def test_an_unknown_name_takes_as_long_as_a_wrong_password(stub: pb_grpc.AuthServiceStub, code: str) -> None:
    def seconds(email: str) -> float:
        request = pb.SignInRequest(institution_code=code, email=email, password="Wrong-horse-1")
        begun = time.perf_counter()
        assert _refused(lambda: stub.SignIn(request)) == REFUSED
        return time.perf_counter() - begun

    # Interleaved, so that a busy machine slows both alike; five tries each stay below the lock.
    pairs = [(seconds(f"admin@{code}.example"), seconds("nobody@example.com")) for _ in range(5)]
    known, unknown = (median(column) for column in zip(*pairs, strict=True))
    assert abs(known - unknown) < 0.5 * max(known, unknown)


def test_a_refresh_token_is_exchanged_once_and_its_return_ends_the_session(
    stub: pb_grpc.AuthServiceStub, database: Database, code: str
) -> None:
    first = _sign_in(stub, code)
    second = stub.RefreshToken(pb.RefreshTokenRequest(refresh_token=first.refresh_token))
    assert stub.GetSession(pb.GetSessionRequest(), metadata=_bearer(second.access_token)).session.roles
    for token in (first.refresh_token, second.refresh_token, "nonsense"):
        request = pb.RefreshTokenRequest(refresh_token=token)
        assert _refused(partial(stub.RefreshToken, request)) == ("UNAUTHENTICATED", "SESSION_ENDED")
    assert "org.refresh_token_reused" in _actions(database, code)
    ended = _refused(lambda: stub.GetSession(pb.GetSessionRequest(), metadata=_bearer(second.access_token)))
    assert ended[1] in {"SESSION_ENDED", "TOKEN_REVOKED"}


def test_signing_out_ends_the_session(stub: pb_grpc.AuthServiceStub, code: str) -> None:
    signed_in = _sign_in(stub, code)
    stub.SignOut(pb.SignOutRequest(), metadata=_bearer(signed_in.access_token))
    assert _refused(lambda: stub.GetSession(pb.GetSessionRequest(), metadata=_bearer(signed_in.access_token)))[1] in {
        "SESSION_ENDED",
        "TOKEN_REVOKED",
    }
    request = pb.RefreshTokenRequest(refresh_token=signed_in.refresh_token)
    assert _refused(lambda: stub.RefreshToken(request))[1] == "SESSION_ENDED"


def test_the_own_password_is_changed_with_the_present_one(stub: pb_grpc.AuthServiceStub, code: str) -> None:
    metadata = _bearer(_sign_in(stub, code).access_token)
    change = pb.ChangePasswordRequest(current_password="Wrong-horse-1", new_password="Another-horse-9")
    assert _refused(lambda: stub.ChangePassword(change, metadata=metadata)) == REFUSED
    weak = pb.ChangePasswordRequest(current_password=factories.PASSWORD, new_password="password123")
    assert _refused(lambda: stub.ChangePassword(weak, metadata=metadata)) == ("INVALID_ARGUMENT", "WEAK_PASSWORD")
    change.current_password = factories.PASSWORD
    stub.ChangePassword(change, metadata=metadata)
    assert _refused(lambda: _sign_in(stub, code)) == REFUSED
    assert _sign_in(stub, code, "Another-horse-9").access_token


def test_an_outdated_hash_is_renewed_at_the_next_sign_in(
    stub: pb_grpc.AuthServiceStub, database: Database, code: str
) -> None:
    staff_id = UUID(_sign_in(stub, code).session.staff_id)
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(factories.PASSWORD)
    with database.begin(Caller.system(id_of(code))) as tx:
        tx.session.get_one(Credential, (id_of(code), staff_id)).password_hash = weak
    assert _sign_in(stub, code).access_token
    with database.begin(Caller.system(id_of(code)), read_only=True) as tx:
        renewed = tx.session.get_one(Credential, (id_of(code), staff_id)).password_hash
    assert "m=19456,t=2,p=1" in renewed


def test_a_program_gets_a_token_that_reaches_as_far_as_its_account(
    stub: pb_grpc.AuthServiceStub, wire: Wire, database: Database, code: str
) -> None:
    with database.begin(Caller.system(id_of(code))) as tx:
        campus, other = factories.campus(tx), factories.campus(tx)
        account, secret = service_accounts.create(tx, name="报表", permissions=["campus.read"], campus_ids=[campus.id])
    ids = client_id(id_of(code), account.id)
    token = stub.IssueServiceToken(pb.IssueServiceTokenRequest(client_id=ids, client_secret=secret)).access_token
    campuses = campus_service_pb2_grpc.CampusServiceStub(wire.channel)
    found = campuses.ListCampuses(campus_service_pb2.ListCampusesRequest(), metadata=_bearer(token))
    assert [each.campus_id for each in found.campuses] == [str(campus.id)]
    unseen = campus_service_pb2.GetCampusRequest(campus_id=str(other.id))
    assert _refused(lambda: campuses.GetCampus(unseen, metadata=_bearer(token))) == ("NOT_FOUND", "CAMPUS_NOT_FOUND")
    for wrong in (
        pb.IssueServiceTokenRequest(client_id=ids, client_secret="wrong"),
        pb.IssueServiceTokenRequest(client_id="wrong", client_secret=secret),
    ):
        assert _refused(partial(stub.IssueServiceToken, wrong)) == REFUSED
