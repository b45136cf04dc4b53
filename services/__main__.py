"""`python -m services <name>|all server|worker|migrate|parked|keys|audit|announce`: processes and chores."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

import services

COMMANDS = ("parked", "keys", "audit", "announce")
ROLES = ("server", "worker", "migrate", *COMMANDS)


def names() -> list[str]:
    """Return every service: the folders beside this file."""
    return sorted(module.name for module in pkgutil.iter_modules(services.__path__) if module.ispkg)


def main(arguments: Sequence[str]) -> int:
    """Start what the command line names; wrong words are answered with the right ones."""
    parser = argparse.ArgumentParser(prog="python -m services", description=__doc__)
    parser.add_argument("service", choices=[*names(), "all"], help="which service, or all of them in one process")
    parser.add_argument("role", choices=ROLES, help="what to run")
    parser.add_argument(
        "words",
        nargs="*",
        help="parked: nothing to list, or replay ID|all; keys: rotate-kek, rotate-data ID, destroy ID; audit: verify",
    )
    options = parser.parse_args(arguments)
    chosen = names() if options.service == "all" else [options.service]
    if options.role in COMMANDS:
        return int(importlib.import_module(f"shared.{options.role}_command").run(chosen, options.words))
    {"server": _server, "worker": _worker, "migrate": _migrate}[options.role](chosen)
    return 0


def _attribute(service: str, module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"services.{service}.{module}"), name)


def _server(chosen: list[str]) -> None:
    from shared.server import serve  # noqa: PLC0415 - a worker process must not import grpc

    serve({name: _attribute(name, "server", "SERVICERS") for name in chosen})


def _worker(chosen: list[str]) -> None:
    importlib.import_module("shared.green")
    from shared.worker import run  # noqa: PLC0415 - after eventlet has patched the process

    run({name: _attribute(name, "worker", "WORKER") for name in chosen})


def _migrate(chosen: list[str]) -> None:
    from shared.migrations import migrate  # noqa: PLC0415 - nothing comes before a worker is patched
    from shared.settings import settings  # noqa: PLC0415 - nothing comes before a worker is patched

    for name in chosen:
        migrate(name)
        sys.stdout.write(f"{name}: schema is up to date\n")
    if settings().amqp_url:
        from shared.bus import declare  # noqa: PLC0415 - only with a broker

        for name in chosen:
            declare(settings().amqp_url, name, _attribute(name, "worker", "WORKER").all_consumers(name))
            sys.stdout.write(f"{name}: queue is declared\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
