from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.caller import NOBODY, Caller, Grant
from shared.db import Database
from shared.errors import NotSignedIn, Unavailable
from shared.ids import uuid7
from shared.testing.waiting import until
from shared.tokens import Revocations, TokenIssuer, TokenVerifier

pytest_plugins = ["tests.shared.parts"]

NOW = 1_900_000_000.0
CALLER = Caller(
    uuid7(),
    uuid7(),
    "staff",
    (Grant(("lead.*", "trial.read"), frozenset({uuid7(), uuid7()}), own=True), Grant(("report.read",))),
    uuid7(),
)


def pem(key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Keys:
    """A folder of keys, a clock to turn, and the pair that issues and verifies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.public = folder / "public"
        self.public.mkdir()
        self.private = self.add("k1")
        self.issuer = TokenIssuer(folder / "k1.key", self.public, clock=lambda: self.now)
        self.verifier = TokenVerifier(self.public, clock=lambda: self.now)

    def add(self, kid: str) -> Ed25519PrivateKey:
        key = Ed25519PrivateKey.generate()
        file = self.folder / f"{kid}.key"
        file.write_bytes(pem(key))
        file.chmod(0o600)
        self.public.joinpath(f"{kid}.pem").write_bytes(self.public_pem(key))
        return key

    @staticmethod
    def public_pem(key: Ed25519PrivateKey) -> bytes:
        return key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def claims(self, **changes: Any) -> dict[str, Any]:
        claims = jwt.decode(self.issuer.issue(CALLER, 600), options={"verify_signature": False})
        return {key: value for key, value in (claims | changes).items() if value is not ...}

    def forge(self, headers: dict[str, Any] | None = None, key: Any = None, alg: str = "EdDSA", **changes: Any) -> str:
        """Return a token signed as asked; a claim of `...` is left out."""
        head = {"kid": "k1", "typ": "at+jwt"} | (headers or {})
        return jwt.encode(self.claims(**changes), key or self.private, alg, headers=head)

    def refusal(self, token: str, revocations: Revocations | None = None) -> str:
        with pytest.raises(NotSignedIn) as caught:
            self.verifier.verify(token, revocations)
        return caught.value.reason


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def raw(*parts: dict[str, Any] | bytes) -> str:
    encoded = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in encoded)


def confused(keys: Keys) -> str:
    """Sign with HMAC, the public key's text being the secret."""
    head = {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
    body = raw(head, keys.claims())
    secret = (keys.public / "k1.pem").read_bytes()
    mac = hmac.new(secret, body.encode(), hashlib.sha256).digest()
    return f"{body}.{raw(mac)}"


def rsa_signed(keys: Keys) -> str:
    return keys.forge(key=rsa.generate_private_key(65537, 2048), alg="RS256")


FORGERIES: dict[str, Callable[[Keys], str]] = {
    "alg none": lambda k: raw({"alg": "none", "kid": "k1", "typ": "at+jwt"}, k.claims()) + ".",
    "HMAC with the public key": confused,
    "RSA": rsa_signed,
    "kid is a path": lambda k: k.forge({"kid": "../public/k1"}),
    "kid is a device": lambda k: k.forge({"kid": "/dev/null"}),
    "kid is SQL": lambda k: k.forge({"kid": "k1' or '1'='1"}),
    "kid is missing": lambda k: raw({"alg": "EdDSA", "typ": "at+jwt"}, k.claims(), b"x" * 64),
    "kid is unknown": lambda k: k.forge({"kid": "k9"}),
    "key by URL": lambda k: k.forge({"jku": "https://evil.example/keys"}),
    "key in the header": lambda k: k.forge({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}),
    "critical header": lambda k: k.forge({"crit": ["exp"]}),
    "wrong audience": lambda k: k.forge(aud="other"),
    "several audiences": lambda k: k.forge(aud=["lianxiao", "other"]),
    "wrong issuer": lambda k: k.forge(iss="other"),
    "not yet valid": lambda k: k.forge(nbf=NOW + 60),
    "issued in the future": lambda k: k.forge(iat=NOW + 60),
    "valid for years": lambda k: k.forge(exp=NOW + 10**8),
    "identity token": lambda k: k.forge({"typ": "JWT"}),
    "identity token without grants": lambda k: k.forge(grants=...),
    "key of someone else": lambda k: k.forge(key=Ed25519PrivateKey.generate()),
    "truncated signature": lambda k: k.forge()[:-8],
    "no signature": lambda k: k.forge().rsplit(".", 1)[0] + ".",
    "other claims under the same signature": lambda k: ".".join(
        [(token := k.forge()).split(".")[0], raw(k.claims(sub=str(uuid7()))), token.split(".")[2]]
    ),
    "no expiry": lambda k: k.forge(exp=...),
    "expiry is text": lambda k: k.forge(exp="soon"),
    "expiry is infinite": lambda k: k.forge(exp=float("inf")),
    "institution is no id": lambda k: k.forge(inst="*"),
    "kind is unknown": lambda k: k.forge(kind="root"),
    "campuses are text": lambda k: k.forge(grants=[{"p": ["*"], "c": "all", "o": False}]),
    "grants are an object": lambda k: k.forge(grants={"p": ["*"], "c": None, "o": False}),
    "not a token": lambda _: "abc",
    "only dots": lambda _: "..",
    "huge": lambda k: k.forge(extra="x" * 20_000),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_is_refused(keys: Keys, forgery: str) -> None:
    assert keys.refusal(FORGERIES[forgery](keys)) == "TOKEN_INVALID"


def test_a_token_carries_its_caller_and_a_repeat_comes_from_the_cache(keys: Keys) -> None:
    token = keys.issuer.issue(CALLER, 600)
    caller = keys.verifier.verify(token)
    assert caller == CALLER
    assert keys.verifier.verify(token) is caller


def test_no_token_is_its_own_refusal(keys: Keys) -> None:
    assert keys.refusal("") == "TOKEN_MISSING"


def test_a_token_ends_with_its_lifetime_also_in_the_cache(keys: Keys) -> None:
    token, fresh = keys.issuer.issue(CALLER, 600), keys.issuer.issue(CALLER, 600.5)
    keys.verifier.verify(token)
    keys.now += 604.9
    keys.verifier.verify(token)
    keys.now += 0.7
    assert keys.refusal(token) == "TOKEN_EXPIRED"
    assert keys.refusal(fresh) == "TOKEN_EXPIRED"


def test_clocks_may_differ_by_five_seconds_and_no_more(keys: Keys) -> None:
    assert keys.verifier.verify(keys.forge(iat=NOW + 4)) == CALLER
    assert keys.refusal(keys.forge(iat=NOW + 6)) == "TOKEN_INVALID"


def revoke(database: Database, session: UUID, at: float, institution: UUID = CALLER.institution_id) -> None:
    with database.begin(Caller.system(institution)) as tx:
        tx.run(
            "insert into access_revocation values (%s, %s, %s, %s)",
            (str(institution), str(CALLER.subject_id), str(session), datetime.fromtimestamp(at, UTC)),
        )


@pytest.fixture
def revocations(parts: Database) -> Iterator[Revocations]:
    yield Revocations(parts, seconds=0.01)
    with parts.system() as tx:
        tx.run("delete from access_revocation")


def test_a_revoked_session_is_refused_and_the_subjects_other_sessions_are_not(
    keys: Keys, parts: Database, revocations: Revocations
) -> None:
    token = keys.issuer.issue(CALLER, 600)
    other = keys.issuer.issue(Caller(CALLER.institution_id, CALLER.subject_id, "staff", (), uuid7()), 600)
    keys.now += 0.25
    revoke(parts, CALLER.session_id, keys.now)
    keys.verifier.verify(token, revocations)
    revocations.poll()
    assert keys.refusal(token, revocations) == "TOKEN_REVOKED"
    keys.verifier.verify(other, revocations)


def test_a_revoked_subject_is_refused_and_a_new_sign_in_is_not(
    keys: Keys, parts: Database, revocations: Revocations
) -> None:
    strong = keys.issuer.issue(CALLER, 600)
    keys.now += 0.25
    revoke(parts, NOBODY, keys.now)
    revocations.poll()
    assert keys.refusal(strong, revocations) == "TOKEN_REVOKED"
    lowered = Caller(CALLER.institution_id, CALLER.subject_id, "staff", (Grant(("lead.read",)),), uuid7())
    assert not keys.verifier.verify(keys.issuer.issue(lowered, 600), revocations).allows("lead.assign")


def test_a_revocation_in_another_institution_changes_nothing(
    keys: Keys, parts: Database, revocations: Revocations
) -> None:
    revoke(parts, NOBODY, NOW + 60, institution=uuid7())
    revocations.poll()
    assert keys.verifier.verify(keys.issuer.issue(CALLER, 600), revocations) == CALLER


def test_a_new_key_is_found_without_a_restart(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys.add("k2")
    token = keys.forge({"kid": "k2"}, key=key)
    assert keys.refusal(token) == "TOKEN_INVALID"
    monkeypatch.setattr(keys.verifier, "_listed", -100.0)
    assert keys.verifier.verify(token) == CALLER


def test_the_cache_is_bounded_and_safe_under_threads(keys: Keys) -> None:
    verifier = TokenVerifier(keys.public, clock=lambda: keys.now, cache_size=10)
    tokens = [keys.issuer.issue(Caller(uuid7(), UUID(int=n), "staff", ()), 600) for n in range(40)]
    wrong: list[int] = []

    def check() -> None:
        for round_number in range(3):
            wrong.extend(
                n for n in range(40) if verifier.verify(tokens[n]).subject_id != UUID(int=n) or round_number > 2
            )

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(verifier._cache) == 10  # noqa: SLF001 - the bound is the point


def test_an_issuer_refuses_a_readable_key_and_one_that_nobody_could_verify(keys: Keys) -> None:
    private = keys.folder / "k1.key"
    private.chmod(0o644)
    with pytest.raises(SystemExit, match="chmod 600"):
        TokenIssuer(private, keys.public)
    private.chmod(0o600)
    os.unlink(keys.public / "k1.pem")  # noqa: PTH108 - same as Path.unlink
    with pytest.raises(SystemExit, match="public half"):
        TokenIssuer(private, keys.public)
    with pytest.raises(SystemExit, match="no public key"):
        TokenVerifier(keys.public)


def test_revocations_are_read_from_the_table_again_and_again(
    keys: Keys, parts: Database, revocations: Revocations
) -> None:
    token = keys.issuer.issue(CALLER, 600)
    revocations.start()
    keys.verifier.verify(token, revocations)
    revoke(parts, NOBODY, NOW + 1)

    def revoked() -> bool:
        try:
            keys.verifier.verify(token, revocations)
        except NotSignedIn as refusal:
            return refusal.reason == "TOKEN_REVOKED"
        return False

    try:
        assert until(revoked, what="the revocation takes effect")
    finally:
        revocations.stop()


def test_known_revocations_stay_in_force_while_the_database_is_away(
    keys: Keys, parts: Database, revocations: Revocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke(parts, NOBODY, NOW + 2)
    revocations.poll()
    away = Database(parts.engine.url.set(host="127.0.0.1", port=9), pool_size=1)
    monkeypatch.setattr(revocations, "_database", away)
    with pytest.raises(Unavailable):
        revocations.poll()
    assert keys.refusal(keys.issuer.issue(CALLER, 600), revocations) == "TOKEN_REVOKED"
