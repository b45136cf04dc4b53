"""`python -m services <name>|all ROLE`: the processes of services, and what their operators do by hand."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

import services

COMMANDS = ("parked", "keys", "audit", "announce")
ROLES = ("server", "worker", "migrate", *COMMANDS, "check-books", "verify-ledger", "repeat-erasures")


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
    alone = {"check-books": _check_books, "verify-ledger": _verify_ledger, "repeat-erasures": _repeat_erasures}
    if options.role in alone:
        return alone[options.role]()
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


def _check_books() -> int:
    """Say what the checks of a controller find in each institution; return 1 when the books are wrong."""
    from shared.caller import Caller  # noqa: PLC0415 - nothing comes before a worker is patched
    from shared.db import Database  # noqa: PLC0415 - as above
    from shared.settings import settings  # noqa: PLC0415 - as above

    checks = importlib.import_module("services.billing.actions.book_checks")
    database = Database(settings().role_url("billing", "app"), pool_size=2)
    wrong = 0
    for institution_id in _institutions(database):
        with database.begin(Caller.system(institution_id), read_only=True, timeout_ms=600_000) as tx:
            report = checks.report(tx)
        wrong += report.wrong
        sys.stdout.write("".join(f"{institution_id} {line}\n" for line in report.lines))
    database.dispose()
    return 1 if wrong else 0


def _verify_ledger() -> int:
    """Compare the rows of the books with their seals; return 1 when one was changed, taken away or put in."""
    from shared.caller import Caller  # noqa: PLC0415 - nothing comes before a worker is patched
    from shared.db import Database  # noqa: PLC0415 - as above
    from shared.settings import settings  # noqa: PLC0415 - as above

    seals = importlib.import_module("services.billing.actions.row_seals")
    database = Database(settings().role_url("billing", "app"), pool_size=2)
    report = seals.Report()
    for institution_id in _institutions(database):
        with database.begin(Caller.system(institution_id), timeout_ms=3_600_000) as tx:
            seals.verify(tx, settings().audit_checkpoint_dir, report)
    database.dispose()
    sys.stdout.write("".join(f"{line}\n" for line in (*report.problems, report)))
    return 1 if report.problems else 0


def _repeat_erasures() -> int:
    """Let every service forget again whom it was told to forget; for the hour after a restored backup."""
    from shared.caller import Caller  # noqa: PLC0415 - nothing comes before a worker is patched
    from shared.db import Database  # noqa: PLC0415 - as above
    from shared.settings import settings  # noqa: PLC0415 - as above

    requests = importlib.import_module("services.student.actions.subject_requests")
    database = Database(settings().role_url("student", "app"), pool_size=2)
    for institution_id in _institutions(database):
        with database.begin(Caller.system(institution_id)) as tx:
            count = requests.repeat_erasures(tx)
        sys.stdout.write(f"{institution_id}: {count} erasures are done again\n")
    database.dispose()
    return 0


def _institutions(database: Any) -> list[Any]:
    with database.system(read_only=True) as tx:
        return list(tx.run("select institution_id from institution order by institution_id").scalars())


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
