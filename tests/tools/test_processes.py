"""Background processes are found again, told apart from strangers, and stopped for good."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tools.processes import Component, Processes, StartFailed, free_port, listens

LISTEN = "import socket,sys,threading;s=socket.create_server(('127.0.0.1',int(sys.argv[1])));threading.Event().wait()"
STUBBORN = "import signal;signal.signal(signal.SIGTERM,signal.SIG_IGN);" + LISTEN


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path)
    yield running
    running.stop(running.names())


def listener(name: str, code: str = LISTEN) -> tuple[Component, int]:
    port = free_port(20_000, set())
    return Component(name, (sys.executable, "-c", code, str(port)), os.environ, lambda: listens(port)), port


def test_a_started_process_is_ready_and_found_by_another_run(processes: Processes, tmp_path: Path) -> None:
    component, port = listener("server")
    processes.start(component)
    processes.wait(component)
    assert listens(port)
    assert Processes(tmp_path).names() == ["server"]
    assert Processes(tmp_path).living("server") is not None


def test_stopping_ends_all_and_may_be_repeated(processes: Processes) -> None:
    component, port = listener("server")
    processes.start(component)
    processes.wait(component)
    assert processes.stop(["server"]) == ["server"]
    assert not listens(port)
    assert processes.stop(["server"]) == []
    assert processes.names() == []


def test_what_rests_runs_again_as_it_was_even_when_the_work_meanwhile_fails(processes: Processes) -> None:
    component, port = listener("worker")
    processes.start(component)
    processes.wait(component)
    before = processes.living("worker")

    def fail_while_it_rests() -> None:
        with processes.paused(["worker", "stranger"], lambda _: listens(port)) as resting:
            assert resting == ["worker"]
            assert not listens(port)
            assert processes.names() == ["worker"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_while_it_rests()
    after = processes.living("worker")
    assert before is not None
    assert after is not None
    assert after.pid != before.pid
    assert listens(port)


def test_a_process_that_ignores_the_request_is_killed(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.processes.STOP_SECONDS", 0.2)
    component, port = listener("server", STUBBORN)
    processes.start(component)
    processes.wait(component)
    processes.stop(["server"])
    assert not listens(port)


def test_one_that_dies_while_starting_is_told_with_its_log(processes: Processes) -> None:
    broken = Component("server", (sys.executable, "-c", "raise SystemExit('no such table')"), os.environ, lambda: False)
    processes.start(broken)
    with pytest.raises(StartFailed, match="no such table"):
        processes.wait(broken, seconds=20)


def test_a_pid_that_was_given_to_somebody_else_is_left_alone(processes: Processes, tmp_path: Path) -> None:
    known = {"pid": os.getpid(), "created": psutil.Process().create_time() - 100}
    (tmp_path / "run" / "server.json").write_text(json.dumps(known))
    assert processes.living("server") is None
    assert processes.stop(["server"]) == []


def test_a_taken_port_is_passed_over() -> None:
    taken: set[int] = set()
    first = free_port(21_000, taken)
    second = free_port(first, taken)
    assert (second > first, taken) == (True, {first, second})
