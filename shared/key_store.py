"""The trees of cell keys (`shared.key_trees`), in files outside the databases and their backups.

`<folder>/<institution>/<service>/<key>` belongs to one data key of a service's keyset. A cell opens only with both: the
data key, which lies wrapped in the database, and the leaf of its group. Destroying a leaf therefore ends every copy of
the group's cells at once: live, on replicas, and in backups of any age. All processes of a service share the folder; it
must outlive them, and a backup of it, if any, must be short-lived: what is destroyed here stands in it until it
expires.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from shared.keks import CannotOpen
from shared.key_trees import KeyTree
from shared.settings import settings

_LOCK = ".lock"
_RETIRED = ".retired"


class KeyShelf:
    """The trees of one institution in one service."""

    def __init__(self, folder: Path, institution_id: UUID, service: str) -> None:
        self._folder = folder / str(institution_id) / service

    def create(self, key_id: int) -> None:
        """Make a fresh tree for a new data key; raises FileExistsError when there is one."""
        with self._locked():
            path = self._path(key_id)
            if path.exists():
                raise FileExistsError(path)
            _write(path, KeyTree.fresh())

    def discard(self, key_id: int) -> None:
        """Take away the tree of a data key that was never used."""
        self._path(key_id).unlink(missing_ok=True)

    def tree(self, key_id: int) -> KeyTree:
        """Return the tree of a data key as it is now; raises CannotOpen when the store lacks it."""
        path = self._path(key_id)
        try:
            found = path.stat()
            return _parsed(path, found.st_mtime_ns, found.st_ino, found.st_size)
        except FileNotFoundError:
            raise CannotOpen(
                f"the key store has no {path.name} of {path.parent.name}; is the folder the right one?"
            ) from None

    def destroy(self, groups: Collection[str]) -> None:
        """Destroy the keys of groups in every tree, those of retired data keys among them."""
        with self._locked():
            for path in self._trees():
                _write(path, KeyTree.parse(path.read_text()).without(groups))

    def retire(self, key_ids: list[int]) -> None:
        """Mark the trees of dropped data keys: they serve old backups only and may be deleted when those are gone."""
        with self._locked():
            for path in map(self._path, key_ids):
                if path.exists():
                    path.rename(path.with_name(path.name + _RETIRED))

    def destroy_all(self) -> None:
        """Delete every tree: nothing sealed for the institution in this service opens any more, backups included."""
        with self._locked():
            for path in self._trees():
                path.unlink()

    def _path(self, key_id: int) -> Path:
        return self._folder / f"{key_id:08x}"

    def _trees(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if not path.name.startswith("."))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process of the service change trees at a time."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def shelf(institution_id: UUID, service: str) -> KeyShelf:
    """Return the trees of an institution in a service, in the folder that LIANXIAO_KEY_STORE_DIR names."""
    folder = settings().key_store_dir
    if folder is None:
        raise SystemExit("LIANXIAO_KEY_STORE_DIR is not set: name a folder outside the databases' backups")
    _check_private(folder)
    return KeyShelf(folder, institution_id, service)


@lru_cache(maxsize=8)
def _check_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & stat.S_IRWXO:
        raise SystemExit(f"{folder} may be read by others: run chmod 700 on it")


@lru_cache(maxsize=4096)
def _parsed(path: Path, *_fingerprint: int) -> KeyTree:
    return KeyTree.parse(path.read_text())


def _write(path: Path, tree: KeyTree) -> None:
    """Replace a tree whole, on disk before anybody relies on it."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "w") as file:
        file.write(tree.written())
        file.flush()
        os.fsync(file.fileno())
    Path(draft).rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
