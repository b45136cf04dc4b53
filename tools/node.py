"""Node programs, with the Node that comes as a wheel: nothing need be installed on the machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tools.sources import ROOT

SLOWEST_SECONDS = 1200


class NodeFailed(RuntimeError):
    """A Node program said no; the text is what it printed."""


def environment() -> dict[str, str]:
    """Return the environment in which `node` and `npm` are those of the virtual environment."""
    return os.environ | {
        "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "NO_COLOR": "1",
    }


def run(folder: Path, *command: str) -> str:
    """Run a command in a folder and return what it prints; raises NodeFailed with it when it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SLOWEST_SECONDS,
    )
    if done.returncode:
        # npm ends every refusal with a page of usage.
        text = done.stdout.split("npm error Clean install a project")[0].strip()
        raise NodeFailed(f"{' '.join(command)} failed in {folder.name}/:\n{text}")
    return done.stdout


def install(folder: Path) -> None:
    """Install what the lock of a folder says, unless that is done already. Install scripts are not run."""
    lock = folder / "package-lock.json"
    mark = folder / "node_modules" / ".lianxiao"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if _is(mark, wanted):
        return
    state = ROOT / ".lianxiao"
    state.mkdir(exist_ok=True)
    with (state / "npm.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if _is(mark, wanted):
            return
        written = folder / "node_modules" / ".package-lock.json"
        if not (written.exists() and written.stat().st_mtime >= lock.stat().st_mtime):
            print(f"set-up: Node packages of {'the tools' if folder == ROOT else 'the console'}", flush=True)
            run(folder, "npm", "ci", "--ignore-scripts", "--no-progress", "--loglevel=error")
        mark.write_text(wanted)


def _is(mark: Path, wanted: str) -> bool:
    return mark.exists() and mark.read_text() == wanted
