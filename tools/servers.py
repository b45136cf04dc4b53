"""The servers that tests need and that no wheel brings: RabbitMQ and Chromium.

Looked for in this order: what the environment names (LIANXIAO_AMQP_URL, LIANXIAO_CHROMIUM), what is installed,
what apt can install (as root), what apt can download and we unpack into .lianxiao/ (without root). What remains
missing is said, and the tests that need it are left out by name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.testing import rabbitmq
from tools.sources import ROOT

STATE = ROOT / ".lianxiao"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROKER_PACKAGES = ("rabbitmq-server",)
BROWSER_PACKAGES = ("chromium", "fonts-noto-cjk")
SLOWEST_SECONDS = 900


class CannotGet(RuntimeError):
    """A server cannot be had here; the text says why and what would help."""


@dataclass(frozen=True, slots=True)
class Servers:
    """What was found: environment variables to set, and sentences about what is missing, by marker."""

    environment: dict[str, str]
    missing: dict[str, str]


def provide() -> Servers:
    """Find or fetch both servers; never raises for one that cannot be had."""
    environment: dict[str, str] = {}
    missing: dict[str, str] = {}
    for marker, find in (("amqp", broker), ("browser", browser)):
        try:
            environment |= find()
        except CannotGet as error:
            missing[marker] = str(error)
    return Servers(environment, missing)


def broker() -> dict[str, str]:
    """Return the environment under which RabbitMQ is found; raises CannotGet."""
    if os.environ.get("LIANXIAO_AMQP_URL"):
        return {}
    home = STATE / "rabbitmq"
    unpacked = home / "usr/lib/rabbitmq/bin/rabbitmq-server"
    if rabbitmq.scripts() is None and not unpacked.exists():
        fetch("RabbitMQ", BROKER_PACKAGES, into=home)
    if unpacked.exists():
        _relocate_erlang(home)
        return {"LIANXIAO_RABBITMQ_HOME": str(home)}
    if rabbitmq.scripts() is None:
        raise CannotGet("RabbitMQ: the packages were installed, but its scripts are not there")
    return {}


def browser() -> dict[str, str]:
    """Return the environment that names Chromium's program; raises CannotGet."""
    named = os.environ.get("LIANXIAO_CHROMIUM", "")
    if named:
        if not shutil.which(named):
            raise CannotGet(f"Chromium: LIANXIAO_CHROMIUM names {named}, which is no program")
        return {}
    home = STATE / "chromium"
    if _installed_browser() is None and not (home / "usr/bin/chromium").exists():
        fetch("Chromium", BROWSER_PACKAGES, into=home)
    found = _installed_browser()
    if found is not None:
        return {"LIANXIAO_CHROMIUM": found}
    return {"LIANXIAO_CHROMIUM": str(_launcher(home))}


def _installed_browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def fetch(what: str, packages: Sequence[str], *, into: Path) -> None:
    """Install Debian packages as root, or unpack them into a folder as anybody else; raises CannotGet."""
    if shutil.which("apt-get") is None:
        raise CannotGet(
            f"{what}: there is no apt-get here; install {' '.join(packages)} yourself, or name it in the environment"
        )
    print(f"set-up: {what} ({' '.join(packages)})", flush=True)
    started = time.monotonic()
    if os.geteuid() == 0:
        _install(what, packages)
    else:
        _unpack(what, packages, into)
    print(f"set-up: {what} is there after {time.monotonic() - started:.0f} s", flush=True)


def _install(what: str, packages: Sequence[str]) -> None:
    # Nothing is to start by itself: tests run private servers in folders of their own.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    install = ["apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", *packages]
    try:
        try:
            _apt(what, install)
        except CannotGet:
            # The lists are missing or old on a fresh machine.
            _apt(what, ["apt-get", "update", "-o", "DPkg::Lock::Timeout=300"])
            _apt(what, install)
    finally:
        if ours:
            policy.unlink()


def _unpack(what: str, packages: Sequence[str], into: Path) -> None:
    """Download the packages and all they need that is not installed, and unpack them; lists of our own if need be."""
    if shutil.which("dpkg-deb") is None:
        raise CannotGet(f"{what}: dpkg-deb is missing, so packages cannot be unpacked without root")
    own = _own_lists()
    try:
        names = _needed(what, packages, [])
        options: list[str] = []
    except CannotGet:
        options = own
        _apt(what, ["apt-get", *options, "update"])
        names = _needed(what, packages, options)
    archives = STATE / "debs" / what.lower()
    shutil.rmtree(archives, ignore_errors=True)
    archives.mkdir(parents=True)
    _apt(what, ["apt-get", *options, "download", *names], cwd=archives)
    draft = into.with_name(into.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for archive in sorted(archives.glob("*.deb")):
        _apt(what, ["dpkg-deb", "-x", str(archive), str(draft)])
    shutil.rmtree(archives)
    shutil.rmtree(into, ignore_errors=True)
    draft.rename(into)


def _needed(what: str, packages: Sequence[str], options: Sequence[str]) -> list[str]:
    """Ask apt what an installation would bring; a simulation needs no root."""
    plan = _apt(what, ["apt-get", *options, "install", "--simulate", "--no-install-recommends", *packages])
    return sorted(set(re.findall(r"(?m)^Inst (\S+)", plan)))


def _own_lists() -> list[str]:
    """Return options that make apt keep its lists where an ordinary user may write."""
    folder = STATE / "apt"
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return ["-o", f"Dir::State::Lists={folder / 'lists'}", "-o", f"Dir::Cache={folder / 'cache'}"]


def _apt(what: str, command: Sequence[str], cwd: Path | None = None) -> str:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SLOWEST_SECONDS,
    )
    if done.returncode:
        last = "\n".join(done.stdout.strip().splitlines()[-5:])
        raise CannotGet(f"{what}: `{' '.join(command[:3])} ...` failed:\n{last}")
    return done.stdout


def _relocate_erlang(home: Path) -> None:
    """Let Erlang's launcher believe ERL_ROOTDIR; as packaged it insists on the place it was built for."""
    launcher = home / "usr/lib/erlang/bin/erl"
    text = launcher.read_text()
    moved = re.sub(r"(?m)^(\s*)ROOTDIR=/usr/lib/erlang$", r'\1ROOTDIR="${ERL_ROOTDIR:-/usr/lib/erlang}"', text)
    if moved != text:
        launcher.write_text(moved)


def _launcher(home: Path) -> Path:
    """Write a script that starts the unpacked Chromium with its own libraries and fonts."""
    fonts = home / "fonts.conf"
    fonts.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig><dir>{home}/usr/share/fonts</dir><cachedir>{home}/fontcache</cachedir>"
        f"<dir>/usr/share/fonts</dir></fontconfig>\n"
    )
    libraries = sorted({str(path.parent) for path in (home / "usr/lib").rglob("*.so*")})
    script = home / "chromium.sh"
    script.write_text(
        f'#!/bin/sh\nexport LD_LIBRARY_PATH="{":".join(libraries)}:$LD_LIBRARY_PATH"\n'
        f'export FONTCONFIG_FILE="{fonts}"\nexec "{home}/usr/lib/chromium/chromium" "$@"\n'
    )
    script.chmod(0o755)
    return script


def main() -> int:
    """Get everything and say what is there and what is not."""
    servers = provide()
    for name, value in servers.environment.items():
        print(f"{name}={value}")
    for sentence in servers.missing.values():
        print(sentence, file=sys.stderr)
    return 1 if servers.missing else 0


if __name__ == "__main__":
    sys.exit(main())
