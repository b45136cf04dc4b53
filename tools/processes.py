"""Background processes of an installation on one machine: each known by a file with its pid, each with a log."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from shared.testing.waiting import until
from tools.sources import ROOT

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class StartFailed(RuntimeError):
    """A process ended or did not become ready; the text holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Component:
    """What to run, under which variables, and how to see that it is ready."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Callable[[], bool]


class Processes:
    """The processes whose files lie in `folder`/run and whose logs lie in `folder`/log."""

    def __init__(self, folder: Path) -> None:
        self._run = folder / "run"
        self._log = folder / "log"
        self._run.mkdir(parents=True, exist_ok=True)
        self._log.mkdir(parents=True, exist_ok=True)

    def names(self) -> list[str]:
        """Return the names of all that were started and not stopped, living or dead."""
        return sorted(path.stem for path in self._run.glob("*.json"))

    def living(self, name: str) -> psutil.Process | None:
        """Return the process of that name if it is still the one that was started."""
        try:
            known = json.loads((self._run / f"{name}.json").read_text())
            process = psutil.Process(known["pid"])
            # A pid alone may belong to somebody else by now.
            same = abs(process.create_time() - known["created"]) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, KeyError, psutil.Error):
            return None
        return process if same else None

    def start(self, component: Component) -> None:
        """Start in the background, with a log of its own that begins anew."""
        with self.log(component.name).open("wb") as log:
            process = subprocess.Popen(
                component.command,
                cwd=ROOT,
                env=component.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        known = {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}
        (self._run / f"{component.name}.json").write_text(json.dumps(known))
        process.returncode = 0  # it outlives us on purpose; without this Python would complain about it

    def wait(self, component: Component, seconds: float = START_SECONDS) -> None:
        """Return when the component is ready; raises StartFailed."""

        def answers() -> bool:
            if self.living(component.name) is None:
                raise StartFailed(f"{component.name} ended while starting:\n{self.tail(component.name)}")
            return component.ready()

        try:
            until(answers, seconds=seconds, what=f"{component.name} is ready")
        except TimeoutError as error:
            raise StartFailed(f"{error}:\n{self.tail(component.name)}") from None

    @contextlib.contextmanager
    def paused(self, names: Iterable[str], ready: Callable[[Mapping[str, str]], bool]) -> Iterator[list[str]]:
        """Keep processes stopped for a while; then those that ran are started as they were, whatever happened.

        `ready` is asked with a process's environment. Should we be killed meanwhile, they count as started and dead.
        """
        found = {name: process for name in names if (process := self.living(name)) is not None}
        components = []
        for name, process in found.items():
            environment = process.environ()
            components.append(Component(name, tuple(process.cmdline()), environment, partial(ready, environment)))
        self._end(found.values())
        try:
            yield list(found)
        finally:
            for one in components:
                self.start(one)
            for one in components:
                self.wait(one)

    def stop(self, names: Iterable[str]) -> list[str]:
        """End processes side by side, in order first and by force after a while; return which were running."""
        found = {name: process for name in names if (process := self.living(name)) is not None}
        self._end(found.values())
        for name in names:
            (self._run / f"{name}.json").unlink(missing_ok=True)
        return list(found)

    def _end(self, found: Collection[psutil.Process]) -> None:
        family = [member for process in found for member in [process, *_children(process)]]
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGTERM)
        _, left = psutil.wait_procs(family, timeout=STOP_SECONDS)
        for stubborn in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                stubborn.kill()
        psutil.wait_procs(left, timeout=5)

    def log(self, name: str) -> Path:
        """Return the path of a component's log."""
        return self._log / f"{name}.log"

    def tail(self, name: str, lines: int = 15) -> str:
        """Return the end of a component's log."""
        log = self.log(name)
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def listens(port: int) -> bool:
    """Say whether something accepts connections on a port of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port(wanted: int, taken: set[int]) -> int:
    """Return the wanted port, or the next one that nobody has; it is added to `taken`."""
    for port in range(wanted, wanted + 200):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        taken.add(port)
        return port
    raise StartFailed(f"no free port from {wanted} to {wanted + 199}")
