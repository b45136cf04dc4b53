"""Start, stop, fill and verify a whole installation on this machine, for the targets of the Makefile."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from shared import postgres
from tools import servers, web
from tools.broker import URL_FILE, component
from tools.installation import BUSES, STATE, Installation, fingerprint
from tools.node import NodeFailed
from tools.processes import Component, Processes, StartFailed, listens
from tools.sources import ROOT

T = TypeVar("T")
DATABASE = STATE / "postgres"
SEEDED = STATE / "seeded"
RUNNING = STATE / "run" / "installation"
# Stopped in this order: first who asks, last who is asked.
ORDER = (("gateway", "worker"), ("server",), ("broker",))


class Up:
    """One `make up`: every step says in a line what it does and how long it took."""

    def __init__(self, bus: str) -> None:
        self.bus = bus
        self.processes = Processes(STATE)
        self._has_retried = False

    def start(self) -> None:
        """Start what does not run as it should, fill it the first time, and say who may sign in."""
        _say_step("console", web.build)
        wanted = f"{self.bus} {fingerprint()}"
        if self._runs(wanted):
            print("already running")
            _greet(json.loads(RUNNING.read_text())["url"])
            return
        stop(keep_database=True)
        installation = self._start_everything()
        state = {"url": installation.url, "wanted": wanted, "environment": _ours(installation)}
        RUNNING.touch(mode=0o600)
        RUNNING.write_text(json.dumps(state))
        _greet(installation.url)

    def _start_everything(self) -> Installation:
        database_url = _say_step("database", lambda: postgres.ensure(DATABASE, durable=True))
        amqp_url = self._broker() if self.bus == "amqp" else ""
        while True:
            installation = Installation(self.bus, database_url, amqp_url)
            try:
                self._start_ours(installation)
            except StartFailed as error:
                # Between looking for a free port and listening on it somebody else may take it.
                if self._has_retried or "in use" not in str(error):
                    raise
                self._has_retried = True
                self.processes.stop([name for name in self.processes.names() if name != "broker"])
            else:
                return installation

    def _start_ours(self, installation: Installation) -> None:
        _say_step("schemas", lambda: _run(["-m", "services", "all", "migrate"], installation))
        if not SEEDED.exists():
            # Before any worker runs, as `demo` has it.
            seed(installation.service_environment(signs=True), "1")
        self._start_all(installation.servers())
        self._start_all(installation.workers())
        self._start_all([installation.gateway()])

    def _runs(self, wanted: str) -> bool:
        if not RUNNING.exists() or json.loads(RUNNING.read_text())["wanted"] != wanted:
            return False
        names = self.processes.names()
        return bool(names) and all(self.processes.living(name) for name in names)

    def _broker(self) -> str:
        given = os.environ.get("LIANXIAO_AMQP_URL", "")
        if given:
            return given
        os.environ.update(servers.broker())
        self._start_all([component()])
        return URL_FILE.read_text()

    def _start_all(self, components: Sequence[Component]) -> None:
        started = time.monotonic()
        for one in components:
            self.processes.start(one)
        for one in components:
            self.processes.wait(one, seconds=60 + 10 * len(components))
        names = ", ".join(one.name for one in components)
        print(f"  {names} ({time.monotonic() - started:.1f} s)", flush=True)


def stop(*, keep_database: bool = False) -> list[str]:
    """Stop everything that was started here; return what was running."""
    processes = Processes(STATE)
    stopped = []
    for kinds in ORDER:
        stopped += processes.stop([name for name in processes.names() if name.endswith(kinds)])
    RUNNING.unlink(missing_ok=True)
    if not keep_database:
        postgres.stop(DATABASE)
    return stopped


def seed(environment: dict[str, str], number: str, *, reset: bool = False) -> None:
    """Make the demo chain; its program prints its own progress. With `reset` the one that is there goes first."""
    started = time.monotonic()
    print("  demo chain:", flush=True)
    command = [sys.executable, "-m", "tools.demo", "--seed", number, *(["--reset"] if reset else [])]
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
        raise StartFailed("the demo chain could not be made")
    SEEDED.write_text(number)
    print(f"  demo chain ({time.monotonic() - started:.0f} s)", flush=True)


def verify(*words: str) -> int:
    """Run a command that only reads, with the databases of this installation; return its exit code."""
    environment = Installation("direct", postgres.ensure(DATABASE, durable=True)).service_environment(signs=False)
    return subprocess.run([sys.executable, "-m", "services", *words], cwd=ROOT, env=environment, check=False).returncode


def _ours(installation: Installation) -> dict[str, str]:
    environment = installation.service_environment(signs=True)
    return {key: value for key, value in environment.items() if key.startswith("LIANXIAO_")}


def _run(words: Sequence[str], installation: Installation) -> None:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=installation.service_environment(signs=True),
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise StartFailed(f"{' '.join(words)} failed:\n{(done.stdout + done.stderr).strip()[-3000:]}")


def _say_step(name: str, work: Callable[[], T]) -> T:
    started = time.monotonic()
    answer = work()
    print(f"  {name} ({time.monotonic() - started:.1f} s)", flush=True)
    return answer


def _greet(url: str) -> None:
    users = Path(STATE / "demo_users.json")
    print(f"\nLianxiao runs at {url}")
    if users.exists():
        people = json.loads(users.read_text())
        print(f"\n  institution code: {people[0]['institution']}")
        print(f"\n  {'role':<22} {'user':<34} password")
        for person in people:
            print(f"  {person['role']:<22} {person['user']:<34} {person['password']}")
    print("\n`make down` stops it; logs are in .lianxiao/log")


def main() -> int:
    """Do what the command line says; a refusal is one clear text and exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["start", "stop", "demo", "audit-verify", "check-books", "verify-ledger"])
    parser.add_argument("--bus", choices=BUSES, default="direct")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--reset", action="store_true", help="demo: take away the chain that is there and begin anew")
    options = parser.parse_args()
    try:
        return _act(options)
    except (StartFailed, NodeFailed, postgres.ServerUnavailable, servers.CannotGet) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def _act(options: argparse.Namespace) -> int:
    if options.action == "start":
        Up(options.bus).start()
    elif options.action == "stop":
        stopped = stop()
        print(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")
    elif options.action == "audit-verify":
        return verify("all", "audit", "verify")
    elif options.action in {"check-books", "verify-ledger"}:
        return verify("billing", options.action)
    else:
        demo(options.seed, reset=options.reset)
    return 0


def demo(number: str, *, reset: bool) -> None:
    """Fill the running installation, or one whose first start was interrupted while it was filled.

    Workers rest meanwhile: what follows from the events of the past then carries their time, not today's.
    """
    if RUNNING.exists():
        environment = os.environ | json.loads(RUNNING.read_text())["environment"]
    elif reset:
        installation = Installation("direct", postgres.ensure(DATABASE, durable=True))
        environment = installation.service_environment(signs=True)
    else:
        raise StartFailed("nothing is running: `make up` first")
    processes = Processes(STATE)
    workers = [name for name in processes.names() if name.endswith("worker")]
    with processes.paused(workers, lambda known: listens(int(known["LIANXIAO_METRICS_PORT"]))) as resting:
        if resting:
            print(f"  {', '.join(resting)}: stopped until the chain is made", flush=True)
        seed(environment, number, reset=reset)


if __name__ == "__main__":
    sys.exit(main())
