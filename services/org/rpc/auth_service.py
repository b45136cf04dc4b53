"""AuthService on the wire.

The public calls find the institution in what they are given, and their slow hash runs between two transactions, so
they open their transactions themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from uuid import UUID

import grpc
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from lianxiao.org.v1 import auth_service_pb2 as pb
from lianxiao.org.v1 import auth_service_pb2_grpc as pb_grpc
from lianxiao.org.v1 import role_pb2, session_pb2
from services.org.actions import hashing, profiles, service_accounts, sessions, staff
from services.org.actions.sessions import Candidate, Opened
from services.org.rules.institutions import id_of
from services.org.rules.secrets import read_client_id, read_refresh_token
from shared import status
from shared.caller import NOBODY, Caller
from shared.db import Tx
from shared.errors import LimitReached, NotSignedIn
from shared.rpc import Call, Servicer, call_of, command, query
from shared.settings import settings
from shared.tokens import TokenIssuer
from shared.wire_values import enum_value, id_text

LIFETIME_SECONDS = 300


class AuthService(Servicer, pb_grpc.AuthServiceServicer):
    """Opens, refreshes and ends sessions."""

    def SignIn(self, request: pb.SignInRequest, context: grpc.ServicerContext) -> pb.SignInResponse:
        """Answer alike, in words and in time, whether the name or the password was wrong."""
        call = call_of(context)
        caller = Caller(id_of(request.institution_code), NOBODY, "anonymous")
        with self._begin(call, caller) as tx:
            candidate = sessions.prepare(tx, request.email)
        is_right, new_hash = _compare(candidate, request.password)
        with self._begin(call, caller) as tx:
            opened = sessions.open_session(tx, candidate, new_hash=new_hash) if is_right else None
            if opened is None:
                sessions.note_failure(tx, candidate)
            answer = None if opened is None else _signed_in(tx, opened)
        if answer is None:
            raise _failed()
        return answer

    def RefreshToken(self, request: pb.RefreshTokenRequest, context: grpc.ServicerContext) -> pb.RefreshTokenResponse:
        """Commit the end of a stolen session before the refusal is told."""
        token = read_refresh_token(request.refresh_token)
        answer: pb.RefreshTokenResponse | None = None
        if token is not None:
            with self._begin(call_of(context), Caller(token.institution_id, NOBODY, "anonymous")) as tx:
                outcome = sessions.refresh(tx, token, UUID(request.request_id) if request.request_id else None)
                answer = _refreshed(outcome) if isinstance(outcome, Opened) else None
        if answer is None:
            raise NotSignedIn("SESSION_ENDED", "this session has ended; sign in again")
        return answer

    @command
    def SignOut(self, request: pb.SignOutRequest, tx: Tx) -> pb.SignOutResponse:  # noqa: ARG002 - the token says all
        sessions.end(tx, tx.caller.session_id)
        return pb.SignOutResponse()

    @query
    def GetSession(self, request: pb.GetSessionRequest, tx: Tx) -> pb.GetSessionResponse:  # noqa: ARG002 - as above
        profile = profiles.get(tx, tx.caller.subject_id)
        sessions.check_open(tx, tx.caller.session_id)
        return pb.GetSessionResponse(session=session_to_pb(profile, tx.caller))

    def ChangePassword(
        self, request: pb.ChangePasswordRequest, context: grpc.ServicerContext
    ) -> pb.ChangePasswordResponse:
        """Whoever finds an unlocked screen must not be able to keep the account, so the present password is asked."""
        call = call_of(context)
        with self._begin(call, call.caller) as tx:
            candidate = sessions.prepare_own(tx, call.caller.subject_id)
        is_right, _ = _compare(candidate, request.current_password)
        if not is_right:
            raise _failed()

        def change(tx: Tx) -> pb.ChangePasswordResponse:
            sessions.forgive(tx, candidate)
            staff.change_own_password(tx, password=request.new_password)
            return pb.ChangePasswordResponse()

        return call.command(self.database, request, change, pb.ChangePasswordResponse)

    def IssueServiceToken(
        self, request: pb.IssueServiceTokenRequest, context: grpc.ServicerContext
    ) -> pb.IssueServiceTokenResponse:
        """Secrets are random and long: no slow hash and no lock is needed."""
        ids = read_client_id(request.client_id)
        response = pb.IssueServiceTokenResponse()
        if ids is not None:
            with self._begin(call_of(context), Caller(ids[0], NOBODY, "anonymous")) as tx:
                caller = service_accounts.authenticate(tx, ids[1], request.client_secret)
                tx.session.flush()
                response.access_token = "" if caller is None else _issue(caller)
                response.expire_time.FromDatetime(service_accounts.access_until(tx, LIFETIME_SECONDS))
        if not response.access_token:
            raise _failed()
        return response

    @contextmanager
    def _begin(self, call: Call, caller: Caller) -> Iterator[Tx]:
        try:
            with self.database.begin(caller, timeout_ms=call.timeout_ms()) as tx:
                yield tx
        except (DBAPIError, PoolTimeout) as error:
            meaning = status.from_database(error)
            if meaning is None:
                raise
            raise meaning from error


def session_to_pb(profile: profiles.Profile, caller: Caller) -> session_pb2.Session:
    """Return what a screen needs; patterns and roles are those of the present assignments, not of the token."""
    grants = [
        session_pb2.SessionGrant(
            permissions=held.permissions,
            scope=enum_value(role_pb2.RoleScope, held.scope),
            campus_ids=sorted(str(campus) for campus in held.campuses or ()),
        )
        for held in profile.held
    ]
    places = [
        session_pb2.SessionCampus(campus_id=str(campus.id), name=campus.name, time_zone=campus.time_zone)
        for campus in profile.campuses
    ]
    return session_pb2.Session(
        session_id=str(caller.session_id),
        institution_id=str(profile.institution.institution_id),
        institution_code=profile.institution.code,
        institution_name=profile.institution.name,
        staff_id=str(profile.person.id),
        display_name=profile.person.display_name,
        home_campus_id=id_text(profile.person.campus_id),
        roles=sorted({held.role for held in profile.held}),
        permissions=sorted({pattern for held in profile.held for pattern in held.permissions}),
        grants=grants,
        campuses=places,
    )


def _signed_in(tx: Tx, opened: Opened) -> pb.SignInResponse:
    return pb.SignInResponse(
        access_token=_issue(opened.caller),
        refresh_token=opened.refresh_token,
        session=session_to_pb(profiles.get(tx, opened.caller.subject_id), opened.caller),
        expire_time=opened.access_until(LIFETIME_SECONDS),
    )


def _refreshed(opened: Opened) -> pb.RefreshTokenResponse:
    response = pb.RefreshTokenResponse(access_token=_issue(opened.caller), refresh_token=opened.refresh_token)
    response.expire_time.FromDatetime(opened.access_until(LIFETIME_SECONDS))
    return response


def _compare(candidate: Candidate, password: str) -> tuple[bool, str]:
    """Return whether the password is right, and a new hash where the stored one is outdated."""
    if candidate.wait_seconds:
        raise LimitReached(
            "SIGN_IN_LOCKED", "too many wrong tries; try again later", retry_after_seconds=candidate.wait_seconds
        )
    is_right = hashing.matches(candidate.hash, password) and candidate.staff_id is not None
    outdated = is_right and hashing.is_outdated(candidate.hash)
    return is_right, hashing.hash_of(password) if outdated else ""


def _issue(caller: Caller) -> str:
    """Sign a token; called within the transaction that locks its subject, see `access.call_back`."""
    return _issuer().issue(caller, LIFETIME_SECONDS)


@cache
def _issuer() -> TokenIssuer:
    config = settings()
    if config.jwt_private_key_file is None or config.jwt_public_keys_dir is None:
        raise SystemExit("org signs tokens: set LIANXIAO_JWT_PRIVATE_KEY_FILE and LIANXIAO_JWT_PUBLIC_KEYS_DIR")
    return TokenIssuer(config.jwt_private_key_file, config.jwt_public_keys_dir)


def _failed() -> NotSignedIn:
    return NotSignedIn("SIGN_IN_FAILED", "institution, name and password do not belong together")
