"""`make sim-ledger SEEDS=2000`: lives of institutions from seeds, every invariant after every command.

Prints one JSON object. A seed that fails prints one line that replays it: `make sim-ledger SEED=n`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy.engine import make_url

from shared import postgres
from shared.db import Database
from shared.testing import databases
from tests.billing.books import untold
from tests.simulation import checks, oracle
from tests.simulation.checks import Checks
from tests.simulation.commands import COMMANDS, SILENT, run
from tests.simulation.world import Violation, World

_COMMANDS = 60
_SHARE = 25


@dataclass
class Outcome:
    """What became of some seeds."""

    commands: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Count another outcome to this one."""
        self.commands += other.commands
        self.done += other.done
        self.refused += other.refused
        self.failures += other.failures


def live(checked: Checks, seed: int, commands: int) -> Outcome:
    """Run the commands of one seed; a violation ends it."""
    outcome = Outcome()
    world = World(checked.database, seed)
    weights, choices = [weight for weight, _ in COMMANDS], [command for _, command in COMMANDS]
    step = "the start"
    try:
        while outcome.commands < commands:
            world.pass_time()
            command = world.random.choices(choices, weights)[0]
            step = command.__name__
            done = run(world, command)
            if done is False:
                continue
            outcome.commands += 1
            if done:
                outcome.done[step] += 1
            changed = check(checked, world)
            oracle.expect(command not in SILENT or not changed, "a repeated delivery changed rows")
        step = "the end"
        check_all(checked, world)
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed that shows it must be told
        reason = str(error) if isinstance(error, Violation) else traceback.format_exc()
        outcome.failures.append(
            f"seed {seed}, command {outcome.commands} ({step}): {reason}\nreplay: make sim-ledger SEED={seed}"
        )
    outcome.refused = world.told
    return outcome


def check(checked: Checks, world: World) -> frozenset[str]:
    """Raise a violation that names what does not hold since the last check; returns the tables that changed since."""
    with world.database.begin(world.caller, read_only=True) as tx:
        changed = checked.changed(tx)
        wrong = checked.broken(tx, changed)
    if wrong:
        raise Violation("; ".join(wrong))
    return changed


def check_all(checked: Checks, world: World) -> None:
    """Raise a violation that names what does not hold at the end of a life."""
    with world.database.begin(world.caller, read_only=True) as tx:
        wrong = [*checked.all_broken(tx), *untold(tx)]
    if wrong:
        raise Violation("; ".join(wrong))


def main(words: Sequence[str]) -> int:
    """Run the seeds on all cores and report."""
    parser = argparse.ArgumentParser(prog="make sim-ledger", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--commands", type=int, default=_COMMANDS, help="per seed")
    options = parser.parse_args(words)
    seeds = [options.seed] if options.seed is not None else list(range(1, options.seeds + 1))
    cores = min(os.cpu_count() or 1, len(seeds))
    with _databases(cores) as urls:
        begun = time.monotonic()
        outcome = _spread(seeds, urls, options.commands)
        seconds = time.monotonic() - begun
    return _report(outcome, len(seeds), seconds)


@contextmanager
def standing_checks() -> Iterator[Checks]:
    """Start a PostgreSQL with an empty database of billing for the length of a block."""
    with _databases(1) as urls, connected(urls[0]) as checked:
        yield checked


@contextmanager
def _databases(count: int) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="lxsim") as name:
        folder = Path(name)
        databases.provide_secrets(folder)
        try:
            admin = make_url(postgres.ensure(folder / "postgres", durable=False))
            copies = [databases.copy_for("billing", f"copy{number}", admin, folder) for number in range(count)]
            for copy in copies:
                checks.install(admin.set(database=copy.database), str(copy.username))
            yield [copy.render_as_string(hide_password=False) for copy in copies]
        finally:
            postgres.remove(folder / "postgres")


@contextmanager
def connected(url: str) -> Iterator[Checks]:
    """Reach a database that has the checks over the one connection that notes need."""
    database = Database(make_url(url), pool_size=1)
    # The same few statements run a hundred thousand times: plan them once.
    database.engine = database.engine.execution_options(prepared=True)
    yield Checks(database)
    database.dispose()


def _spread(seeds: Sequence[int], urls: Sequence[str], commands: int) -> Outcome:
    outcome = Outcome()
    shares = [seeds[start : start + _SHARE] for start in range(0, len(seeds), _SHARE)]
    with ProcessPoolExecutor(len(urls), mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_work, urls[index % len(urls)], share, commands) for index, share in enumerate(shares)]
        for job in jobs:
            outcome.add(job.result())
    return outcome


def _work(url: str, seeds: Sequence[int], commands: int) -> Outcome:
    outcome = Outcome()
    # What was imported stays, and a life leaves little behind in cycles.
    gc.freeze()
    gc.set_threshold(50_000)
    with connected(url) as checked:
        for seed in seeds:
            outcome.add(live(checked, seed, commands))
    return outcome


def _report(outcome: Outcome, seeds: int, seconds: float) -> int:
    for failure in outcome.failures[:10]:
        sys.stderr.write(f"{failure}\n")
    figures = {
        "seeds": seeds,
        "commands": outcome.commands,
        "violations": len(outcome.failures),
        "seconds": round(seconds, 1),
        "per_second": round(outcome.commands / seconds),
        "done": dict(outcome.done.most_common()),
        "refused": dict(outcome.refused.most_common()),
    }
    sys.stdout.write(f"{json.dumps(figures)}\n")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
