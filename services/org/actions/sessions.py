"""Signing in, staying signed in, signing out.

A sign-in takes two transactions with the slow hash between them, so that no connection waits for it: `prepare`
counts the try and returns what to compare with, then `open_session` or `note_failure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.org.actions.access import call_back, grants_of
from services.org.actions.hashing import NOBODYS_HASH
from services.org.models import Credential, Institution, RefreshSession, SignInAttempts, Staff
from services.org.models import RefreshToken as Link
from services.org.rules import emails, lockout
from services.org.rules.secrets import RefreshToken, digest, new_secret, next_secret
from shared.caller import Caller
from shared.crypto import blind_index
from shared.db import Tx
from shared.errors import NotSignedIn
from shared.ids import uuid7
from shared.tables import stamped

LIFETIME = timedelta(days=7)
REPEAT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a password is compared with. `staff_id` is None for a name that cannot sign in; `hash` is then nobody's."""

    email_index: bytes
    staff_id: UUID | None
    hash: str
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with the secret that the client keeps."""

    caller: Caller
    refresh_token: str
    now: datetime

    def access_until(self, lifetime_seconds: int) -> datetime:
        """Return when an access token that is issued with this session ends."""
        return self.now + timedelta(seconds=lifetime_seconds)


@dataclass(frozen=True, slots=True)
class Reused:
    """A refresh token came back that was used before; the session is over."""


def prepare(tx: Tx, email: str) -> Candidate:
    """Count a try under this name and return what to compare the password with.

    A name that nobody has is treated like any other: counted, locked, compared with a hash that nothing matches.
    """
    institution = select(Institution.active).where(Institution.institution_id == tx.institution_id)
    if not tx.scalar(institution):
        return Candidate(b"", None, NOBODYS_HASH)
    index = blind_index(tx, "email", emails.normal(email))
    wait_seconds = _count(tx, index)
    if wait_seconds:
        return Candidate(index, None, NOBODYS_HASH, wait_seconds)
    row = tx.one_or_none(
        select(Staff.id, Credential.password_hash)
        .join(Credential, (Credential.institution_id == Staff.institution_id) & (Credential.id == Staff.id))
        .where(Staff.email_index == index, Staff.active)
    )
    return Candidate(index, row.id, row.password_hash) if row else Candidate(index, None, NOBODYS_HASH)


def prepare_own(tx: Tx, staff_id: UUID) -> Candidate:
    """Count a try of a signed-in person who gives their password again."""
    person = tx.session.get(Staff, (tx.institution_id, staff_id))
    if person is None:
        raise NotSignedIn("SIGN_IN_FAILED", "only people have passwords")
    return prepare(tx, Staff.email.reveal(tx, person) or "")


def open_session(tx: Tx, candidate: Candidate, *, new_hash: str = "") -> Opened | None:
    """Open a session after the password was found right; None when the person left in the meantime.

    `new_hash` replaces a hash that was made with weaker parameters.
    """
    person = tx.session.get(Staff, (tx.institution_id, candidate.staff_id), with_for_update=True)
    if person is None or not person.active:
        return None
    forgive(tx, candidate)
    tx.audit("org.sign_in", "staff", person.id)
    if new_hash:
        tx.session.get_one(Credential, (tx.institution_id, person.id)).password_hash = new_hash
    session = RefreshSession(
        id=uuid7(), staff_id=person.id, expire_time=tx.now + LIFETIME, end_time=None, end_reason=""
    )
    tx.session.add(session)
    tx.session.flush()
    return _opened(tx, session, new_secret())


def note_failure(tx: Tx, candidate: Candidate) -> None:
    """Put a wrong try on record; who it was meant for is known only when the name exists."""
    if candidate.email_index:
        tx.audit("org.sign_in_failed", "staff", candidate.staff_id or "-")


def forgive(tx: Tx, candidate: Candidate) -> None:
    """Forget the tries under a name after a right password."""
    tx.execute(delete(SignInAttempts).where(SignInAttempts.email_index == candidate.email_index))


def refresh(tx: Tx, token: RefreshToken, request_id: UUID | None = None) -> Opened | Reused | None:
    """Exchange a refresh token for the next one; None when there is nothing to refresh.

    A token that comes back was copied: whoever holds the newer one may be the thief, so the session ends for both.
    Only the same exchange, known by its `request_id`, is answered again for two minutes: its answer was lost.
    """
    person, session = _locked(tx, token.session_id)
    if session is None or session.end_time is not None or session.expire_time <= tx.now:
        return None
    link = _link(tx, session.id, token.secret)
    if link is None:
        return None
    if link.use_time is not None and not _is_repeat(tx, link, token, request_id):
        _end(tx, session, reason="token_reused")
        call_back(tx, session.staff_id, session.id)
        tx.audit("org.refresh_token_reused", "staff", session.staff_id, session_id=session.id)
        return Reused()
    if person is None or not person.active:
        return None
    if link.use_time is None:
        link.use_time, link.request_id, link.salt = tx.now, request_id, new_secret()
    return _opened(tx, session, next_secret(token.secret, link.salt or b""))


def end(tx: Tx, session_id: UUID) -> None:
    """End one session, if it is open; its tokens die."""
    session = tx.session.get(RefreshSession, (tx.institution_id, session_id), with_for_update=True)
    if session is not None and session.end_time is None:
        _end(tx, session, reason="signed_out")
    call_back(tx, tx.caller.subject_id, session_id)


def end_all(tx: Tx, staff_id: UUID, *, reason: str, keep: UUID | None = None) -> list[UUID]:
    """End the open sessions of a person but the one to keep, and return which; the caller calls tokens back."""
    statement = (
        update(RefreshSession)
        .where(RefreshSession.staff_id == staff_id, RefreshSession.end_time.is_(None), RefreshSession.id != keep)
        .values(end_time=tx.now, end_reason=reason, update_time=tx.now)
        .returning(RefreshSession.id)
    )
    return sorted(tx.execute(statement).scalars())


def check_open(tx: Tx, session_id: UUID) -> None:
    """Raise NotSignedIn SESSION_ENDED unless the session is open."""
    session = tx.session.get(RefreshSession, (tx.institution_id, session_id))
    if session is None or session.end_time is not None or session.expire_time <= tx.now:
        raise NotSignedIn("SESSION_ENDED", "this session has ended; sign in again")


def prune(tx: Tx) -> None:
    """Forget sessions a week after their expiry and tries whose window has passed."""
    tx.execute(delete(RefreshSession).where(RefreshSession.expire_time < tx.now - LIFETIME))
    tx.execute(delete(SignInAttempts).where(SignInAttempts.start_time < tx.now - lockout.WINDOW))


def _locked(tx: Tx, session_id: UUID) -> tuple[Staff | None, RefreshSession | None]:
    """Lock person and session, in this order, as a deactivation does; rights do not change while a token is made."""
    staff_id = tx.scalar(select(RefreshSession.staff_id).where(RefreshSession.id == session_id))
    if staff_id is None:
        return None, None
    person = tx.session.get(Staff, (tx.institution_id, staff_id), with_for_update={"read": True})
    return person, tx.session.get(RefreshSession, (tx.institution_id, session_id), with_for_update=True)


def _count(tx: Tx, index: bytes) -> int:
    """Count a try and return 0, or for how many seconds the name stays locked."""
    row = stamped(tx)
    empty = insert(SignInAttempts).values(**row, email_index=index, tries=0, start_time=tx.now)
    tx.execute(empty.on_conflict_do_nothing(constraint="uq_sign_in_attempts_email"))
    known = tx.session.scalars(
        select(SignInAttempts).where(SignInAttempts.email_index == index).with_for_update()
    ).one()
    before = lockout.Attempts(known.tries, known.start_time)
    after = lockout.count(before, tx.now)
    if after is None:
        return lockout.wait_seconds(before, tx.now)
    known.tries, known.start_time = after.tries, after.start_time
    return 0


def _is_repeat(tx: Tx, link: Link, token: RefreshToken, request_id: UUID | None) -> bool:
    """Say whether the exchange that used the link is asked again, and nobody has used what it answered."""
    if request_id is None or link.request_id != request_id or link.use_time is None or link.salt is None:
        return False
    follower = _link(tx, link.session_id, next_secret(token.secret, link.salt))
    return tx.now - link.use_time <= REPEAT and follower is not None and follower.use_time is None


def _link(tx: Tx, session_id: UUID, secret: bytes) -> Link | None:
    return tx.session.scalar(select(Link).where(Link.session_id == session_id, Link.secret_hash == digest(secret)))


def _opened(tx: Tx, session: RefreshSession, secret: bytes) -> Opened:
    if _link(tx, session.id, secret) is None:
        tx.session.add(Link(session_id=session.id, secret_hash=digest(secret)))
    token = RefreshToken(tx.institution_id, session.id, secret)
    grants = grants_of(tx, session.staff_id)
    caller = Caller(tx.institution_id, session.staff_id, "staff", grants, session.id)
    return Opened(caller, token.text(), tx.now)


def _end(tx: Tx, session: RefreshSession, *, reason: str) -> None:
    session.end_time = tx.now
    session.end_reason = reason
