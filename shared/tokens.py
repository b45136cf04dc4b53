"""Access tokens: short-lived EdDSA JWTs that every service verifies itself, and the revocations that end them early.

A token says who calls (`sub`, `inst`, `kind`, `sid`) and what the caller may do (`grants`: permissions `p`, campuses
`c` or null for the chain, own rows only `o`). Times are fractional seconds, so a revocation and the sign-in that
follows it within the same second are told apart.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from shared.caller import NOBODY, Caller, Grant
from shared.db import Database
from shared.errors import NotSignedIn
from shared.keks import check_private
from shared.settings import settings

ALGORITHM = "EdDSA"
ISSUER = AUDIENCE = "lianxiao"
TYPE = "at+jwt"  # RFC 9068; a token of another type is not an access token
LEEWAY_SECONDS = 5.0
# No token may live longer: revocations older than this are forgotten.
LONGEST_LIFETIME_SECONDS = 24 * 3600.0
_HEADERS = {"alg", "kid", "typ"}
_CLAIMS = ("iss", "aud", "sub", "inst", "kind", "sid", "iat", "exp", "grants")
_KINDS = ("staff", "partner", "guardian", "system")
_TOO_LONG = 16_384
# gRPC allows 8 KiB of metadata by itself, and drops what is longer by chance; the longest token must fit.
METADATA_OPTIONS = (
    ("grpc.max_metadata_size", _TOO_LONG + 8 * 1024),
    ("grpc.absolute_max_metadata_size", 2 * _TOO_LONG + 8 * 1024),
)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    issued_at: float
    expires_at: float


class Revocations:
    """Who was signed out, when; kept in memory and read again from `access_revocation` every two seconds."""

    def __init__(self, database: Database, *, seconds: float = 2.0) -> None:
        self._database = database
        self._seconds = seconds
        self._stop = threading.Event()
        self._not_before: Mapping[tuple[UUID, UUID, UUID], float] = {}

    def check(self, caller: Caller, issued_at: float) -> None:
        """Raise NotSignedIn for a token that was issued before its subject, or its session, was revoked."""
        known = self._not_before
        if known:
            for session in (NOBODY, caller.session_id):
                if issued_at < known.get((caller.institution_id, caller.subject_id, session), 0.0):
                    raise NotSignedIn("TOKEN_REVOKED", "this session was ended; sign in again")

    def poll(self) -> None:
        """Read the table again; rows that no living token can be older than are left out."""
        since = datetime.now(UTC) - timedelta(seconds=LONGEST_LIFETIME_SECONDS)
        with self._database.system(read_only=True) as tx:
            rows: Any = tx.run(
                "select institution_id, subject_id, session_id, not_before_time from access_revocation"
                " where not_before_time > %(since)s",
                {"since": since},
            ).all()
        self._not_before = {(who, subject, session): at.timestamp() for who, subject, session, at in rows}

    def start(self) -> None:
        """Poll in a daemon thread until `stop`; when the database is away the last known rows stay in force."""
        threading.Thread(target=self._keep_polling, name="revocations", daemon=True).start()

    def stop(self) -> None:
        """End the thread of `start`."""
        self._stop.set()

    def _keep_polling(self) -> None:
        while True:
            try:
                self.poll()
            except Exception:
                log.exception("revocations could not be read; the last known ones stay in force")
            if self._stop.wait(self._seconds):
                return


class TokenVerifier:
    """Verifies tokens against the public keys of a folder: `<kid>.pem` each.

    The key id of a token is only looked up among the names that were found; it never becomes a path. An unknown id
    makes the folder be listed again, at most every five seconds, so new keys need no restart.
    """

    def __init__(
        self,
        public_keys_dir: Path,
        *,
        clock: Callable[[], float] = time.time,
        cache_size: int = 4096,
    ) -> None:
        self._folder = public_keys_dir
        self._clock = clock
        self._cache: OrderedDict[str, _Verified] = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.Lock()
        self._keys = _public_keys(public_keys_dir)
        self._listed = time.monotonic()
        if not self._keys:
            raise SystemExit(f"{public_keys_dir} holds no public key (<kid>.pem) to verify tokens with")

    def verify(self, token: str, revocations: Revocations | None = None) -> Caller:
        """Return who a token speaks for, unless `revocations` know that it was ended.

        Raises NotSignedIn: TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED.
        """
        if not token:
            raise NotSignedIn("TOKEN_MISSING", "sign in first: this call needs a token")
        found = self._cached(token)
        if found is None:
            found = self._decode(token)
            self._remember(token, found)
        elif found.expires_at + LEEWAY_SECONDS <= self._clock():
            raise _expired()
        if revocations is not None:
            revocations.check(found.caller, found.issued_at)
        return found.caller

    def _cached(self, token: str) -> _Verified | None:
        with self._lock:
            found = self._cache.get(token)
            if found is not None:
                self._cache.move_to_end(token)
            return found

    def _remember(self, token: str, verified: _Verified) -> None:
        with self._lock:
            self._cache[token] = verified
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)

    def _decode(self, token: str) -> _Verified:
        try:
            key = self._key_for(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Times are checked below against our own clock.
                options={
                    "require": list(_CLAIMS),
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            found = _verified(claims)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _invalid() from error
        self._check_times(found, claims)
        return found

    def _key_for(self, token: str) -> Ed25519PublicKey:
        if len(token) > _TOO_LONG:
            raise ValueError("too long")
        header = jwt.get_unverified_header(token)
        if set(header) != _HEADERS or header["alg"] != ALGORITHM or header["typ"] != TYPE:
            raise ValueError("not an access token of ours")
        kid = header["kid"]
        if kid not in self._keys and time.monotonic() - self._listed > LEEWAY_SECONDS:
            self._listed = time.monotonic()
            self._keys = _public_keys(self._folder) or self._keys
        return self._keys[kid]

    def _check_times(self, found: _Verified, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        starts = max(found.issued_at, _number(claims.get("nbf", found.issued_at)))
        if starts > now + LEEWAY_SECONDS or found.expires_at - found.issued_at > LONGEST_LIFETIME_SECONDS:
            raise _invalid()
        if found.expires_at + LEEWAY_SECONDS <= now:
            raise _expired()


class TokenIssuer:
    """Signs tokens. Refuses to start with a key that others may read or that no verifier knows."""

    def __init__(
        self,
        private_key_file: Path,
        public_keys_dir: Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        check_private(private_key_file)
        folder = public_keys_dir or settings().jwt_public_keys_dir
        if folder is None:
            raise SystemExit("LIANXIAO_JWT_PUBLIC_KEYS_DIR is not set: the key id is the name of the public key's file")
        key = load_pem_private_key(private_key_file.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise SystemExit(f"{private_key_file} is not an Ed25519 private key")
        public = key.public_key()
        names = [name for name, known in _public_keys(folder).items() if known == public]
        if not names:
            raise SystemExit(f"{folder} lacks the public half of {private_key_file}")
        self._key, self._kid, self._clock = key, names[0], clock

    def issue(self, caller: Caller, lifetime_seconds: float) -> str:
        """Return a token for a caller that is valid from now on; at most 24 hours."""
        now = round(self._clock(), 3)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(caller.subject_id),
            "inst": str(caller.institution_id),
            "kind": caller.kind,
            "sid": str(caller.session_id),
            "iat": now,
            "exp": now + min(lifetime_seconds, LONGEST_LIFETIME_SECONDS),
            "grants": [_packed(grant) for grant in caller.grants],
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._kid, "typ": TYPE})


def _public_keys(folder: Path) -> dict[str, Ed25519PublicKey]:
    keys = {path.stem: load_pem_public_key(path.read_bytes()) for path in sorted(folder.glob("*.pem"))}
    return {name: key for name, key in keys.items() if isinstance(key, Ed25519PublicKey)}


def _verified(claims: Mapping[str, Any]) -> _Verified:
    if claims["kind"] not in _KINDS:
        raise ValueError("unknown kind of caller")
    caller = Caller(
        UUID(claims["inst"]),
        UUID(claims["sub"]),
        claims["kind"],
        tuple(_unpacked(grant) for grant in claims["grants"]),
        UUID(claims["sid"]),
    )
    return _Verified(caller, _number(claims["iat"]), _number(claims["exp"]))


def _packed(grant: Grant) -> dict[str, object]:
    campuses = None if grant.campuses is None else sorted(str(campus) for campus in grant.campuses)
    return {"p": list(grant.permissions), "c": campuses, "o": grant.own}


def _unpacked(grant: Mapping[str, Any]) -> Grant:
    permissions, campuses, own = grant["p"], grant["c"], grant["o"]
    if not isinstance(own, bool) or not isinstance(permissions, list) or not isinstance(campuses, list | None):
        raise TypeError("malformed grant")
    if not all(isinstance(each, str) for each in permissions):
        raise TypeError("malformed permission")
    return Grant(tuple(permissions), None if campuses is None else frozenset(UUID(each) for each in campuses), own)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a time is not a number")
    return float(value)


def _invalid() -> NotSignedIn:
    # One sentence for every fault: which check failed would help only a forger.
    return NotSignedIn("TOKEN_INVALID", "this token is not valid here; sign in again")


def _expired() -> NotSignedIn:
    return NotSignedIn("TOKEN_EXPIRED", "this token has expired; refresh it or sign in again")
