"""Signed heads of the audit chains, kept outside the database: one file per service, one JSON line per checkpoint.

A chain alone shows edits, swaps and deletions, but neither a cut tail nor a whole rewrite; a checkpoint shows both.
The Ed25519 key is derived from the primary KEK, so there is no further secret to keep. After a KEK rotation every
head gets a new line, and lines of keys that are gone are not needed any more.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.keks import keks

_LABEL = "audit checkpoint"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of one institution's chain at one time."""

    institution_id: UUID
    sequence: int
    hash: str
    key: str


def path_of(folder: Path, service: str) -> Path:
    """Return the file that holds a service's checkpoints."""
    return folder / f"{service}.jsonl"


def key_name() -> str:
    """Return the name of the key that signs now."""
    return _name(_signer().public_key())


def append(path: Path, service: str, heads: Mapping[UUID, tuple[int, bytes]], now: datetime) -> None:
    """Write one signed line per head and bring them to the disk."""
    signer = _signer()
    name = _name(signer.public_key())
    lines = []
    for institution_id, (sequence, head) in sorted(heads.items()):
        body = {
            "service": service,
            "institution_id": str(institution_id),
            "sequence": sequence,
            "hash": head.hex(),
            "time": now.isoformat(),
            "key": name,
        }
        signature = base64.b64encode(signer.sign(_signed(body))).decode()
        lines.append(json.dumps(body | {"signature": signature}))
    with path.open("ab+") as file:
        # A line that a crash cut short must not swallow the next one.
        if file.seek(0, os.SEEK_END) and not _ends_with_newline(path):
            file.write(b"\n")
        file.write("".join(f"{line}\n" for line in lines).encode())
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, service: str, *, problems: list[str]) -> Iterator[Checkpoint]:
    """Yield the lines whose signature holds; forged ones are added to `problems`.

    Lines of keys that this process does not hold, and lines that a crash cut short, are passed over.
    """
    keys = {_name(key): key for key in (Ed25519PrivateKey.from_private_bytes(s).public_key() for s in _seeds())}
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            body = _parsed(line)
            key = keys.get(str(body.get("key")))
            if key is None:
                continue
            if body.get("service") != service or not _holds(key, body):
                problems.append(f"{service}: line {number} of {path.name} is forged")
                continue
            yield Checkpoint(UUID(body["institution_id"]), int(body["sequence"]), body["hash"], body["key"])


def _parsed(line: bytes) -> dict[str, str]:
    try:
        body = json.loads(line)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _holds(key: Ed25519PublicKey, body: dict[str, str]) -> bool:
    signed = {name: value for name, value in body.items() if name != "signature"}
    try:
        key.verify(base64.b64decode(body.get("signature", "")), _signed(signed))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _seeds() -> list[bytes]:
    return keks().derived(_LABEL)


def _signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_seeds()[0])


def _name(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
