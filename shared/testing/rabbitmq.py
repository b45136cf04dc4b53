"""A private RabbitMQ for tests: own node name, own loopback ports, own folder; may be killed and restarted.

It runs the installed programs, or those that were unpacked into LIANXIAO_RABBITMQ_HOME, as the present user.
Queues are looked at with rabbitmqctl; no plugin is loaded. The node's name server (epmd) is private as well, so
that nothing of it outlives `stop()`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex

import amqp

from shared.testing.waiting import until

START_SECONDS = 90.0
SYSTEM_SCRIPTS = Path("/usr/lib/rabbitmq/bin")


class BrokerUnavailable(RuntimeError):
    """No RabbitMQ can be had here; the text says why and what to do."""


def scripts() -> Path | None:
    """Return the folder of RabbitMQ's own scripts, unpacked or installed, or None."""
    home = os.environ.get("LIANXIAO_RABBITMQ_HOME", "")
    unpacked = Path(home) / "usr/lib/rabbitmq/bin" if home else SYSTEM_SCRIPTS
    for folder in (unpacked, SYSTEM_SCRIPTS):
        if (folder / "rabbitmq-server").exists():
            return folder
    return None


class RabbitMQ:
    """One broker whose state lives under `folder`. Not started by the constructor."""

    def __init__(self, folder: Path) -> None:
        found = scripts()
        if found is None:
            raise BrokerUnavailable("RabbitMQ is not installed: run `make test` once, or set LIANXIAO_AMQP_URL")
        self._scripts = found
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self._dist_port, self._epmd_port = _free_ports(3)
        self._node = self._own_name()
        self._environment = self._make_environment()
        self._server: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the AMQP URL of the default virtual host."""
        return self.url_of("/")

    def url_of(self, vhost: str) -> str:
        """Return the AMQP URL of a virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/{'' if vhost == '/' else vhost}"

    def start(self, *, wait_seconds: float = START_SECONDS) -> None:
        """Start, or restart with what is on disk, and return when clients can connect; running already, do nothing."""
        if self._server is not None and self._server.poll() is None:
            return
        self._start_epmd(wait_seconds)
        log = (self.folder / "server.log").open("ab")
        with log:
            self._server = subprocess.Popen(
                [str(self._scripts / "rabbitmq-server")],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._ready, seconds=wait_seconds, what="RabbitMQ accepts connections")

    def stop(self) -> None:
        """Shut down in order; messages that are persistent stay on disk. Stopped already, do nothing."""
        self._end(self._server, signal.SIGTERM, patience_seconds=30.0)
        self._end(self._epmd, signal.SIGTERM, patience_seconds=5.0)
        self._server = self._epmd = None

    def kill(self, *, flush: bool = True) -> None:
        """End the broker with SIGKILL, as a crash would; `start()` brings it back with its disk.

        RabbitMQ writes the register of quorum queues to disk every three minutes only: a queue declared within
        them and killed is there afterwards, but answers nobody (measured with 3.10.8). `flush` writes that
        register first, so that a young test node behaves as one that has been up for long. Messages are untouched.
        """
        if flush and self._server is not None and self._server.poll() is None:
            self.flush()
        self._end(self._server, signal.SIGKILL, patience_seconds=10.0)
        self._server = None

    def flush(self) -> None:
        """Write the register of quorum queues to disk, see `kill`."""
        self.ctl("eval", "[ok = dets:sync(Table) || Table <- dets:all()], ok.")

    def freeze(self) -> None:
        """Stop the broker in the middle of its work: its connections stay open and nobody answers. End it by `kill`."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGSTOP)

    def ctl(self, *args: str) -> str:
        """Run rabbitmqctl against this node and return what it prints; raises BrokerUnavailable with its complaint."""
        command = [str(self._scripts / "rabbitmqctl"), "--quiet", "--node", self._node, *args]
        done = subprocess.run(
            command, env=self._environment, cwd=self.folder, check=False, capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            raise BrokerUnavailable(f"rabbitmqctl {' '.join(args)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def add_vhost(self, name: str) -> str:
        """Create a virtual host, empty and accessible to everyone of this node, and return its URL."""
        if name in self.ctl("list_vhosts", "name").split():
            self.ctl("delete_vhost", name)
        self.ctl("add_vhost", name)
        self.ctl("set_permissions", "--vhost", name, "guest", ".*", ".*", ".*")
        return self.url_of(name)

    def queues(self, vhost: str = "/", columns: Sequence[str] = ("name", "messages")) -> list[Mapping[str, object]]:
        """List queues with columns of `rabbitmqctl list_queues`; counts of quorum queues lag by some seconds."""
        text = self.ctl("list_queues", "--vhost", vhost, "--formatter", "json", *columns)
        return list(json.loads(text or "[]"))

    def _own_name(self) -> str:
        """Return the node's name; what is on disk belongs to it, so it stays the same for a folder."""
        file = self.folder / "node"
        if not file.exists():
            file.write_text(f"lianxiao{token_hex(4)}@localhost")
        return file.read_text()

    def _make_environment(self) -> dict[str, str]:
        folder = self.folder
        (folder / "enabled_plugins").write_text("[].\n")
        configuration = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "disk_free_limit.absolute": "50MB",
            "log.console": "true",
            "log.console.level": "warning",
            "log.file": "false",
            # A segment of the default 512 MB for each of many small nodes would fill a small disk.
            "raft.wal_max_size_bytes": "33554432",
        }
        (folder / "rabbitmq.conf").write_text("".join(f"{k} = {v}\n" for k, v in configuration.items()))
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("RABBITMQ_", "ERL_"))}
        environment |= {
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        root = _unpacked_root(self._scripts)
        if root is not None:
            erlang = root / "usr/lib/erlang"
            environment["ERL_ROOTDIR"] = str(erlang)
            environment["PATH"] = f"{erlang / 'bin'}:{environment.get('PATH', '/usr/bin:/bin')}"
        return environment

    def _start_epmd(self, wait_seconds: float) -> None:
        """Start the name server ourselves: the one that Erlang starts would be a daemon that nobody ends."""
        if self._epmd is not None and self._epmd.poll() is None:
            return
        root = _unpacked_root(self._scripts)
        program = "/usr/bin/epmd" if root is None else str(root / "usr/lib/erlang/bin/epmd")
        self._epmd = subprocess.Popen(
            [program],
            env=self._environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(lambda: _listens(self._epmd_port), seconds=wait_seconds, what="epmd listens")

    def _ready(self) -> bool:
        if self._server is None or self._server.poll() is not None:
            tail = (self.folder / "server.log").read_text(errors="replace")[-2000:]
            raise BrokerUnavailable(f"RabbitMQ ended while starting:\n{tail}")
        try:
            with amqp.Connection(f"127.0.0.1:{self.port}", connect_timeout=2.0):
                return True
        except (OSError, amqp.exceptions.AMQPError):
            return False

    @staticmethod
    def _end(process: subprocess.Popen[bytes] | None, kind: signal.Signals, *, patience_seconds: float) -> None:
        if process is None or process.poll() is not None:
            return
        # Each was started as the leader of its own process group, so that the Erlang machine goes with its script.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, kind)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _unpacked_root(folder: Path) -> Path | None:
    return None if folder == SYSTEM_SCRIPTS else folder.parents[3]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
