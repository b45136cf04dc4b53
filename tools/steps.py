"""Run named steps side by side and report each in one line as it ends."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from tools.node import environment
from tools.sources import ROOT

Work = Callable[[], str]


class StepFailed(Exception):
    """A step found something; the text is what it printed."""


@dataclass(frozen=True, slots=True)
class Step:
    """Work that returns a remark, empty or a sentence, or raises StepFailed. Long ones are listed first."""

    name: str
    work: Work


def command(*words: str) -> Work:
    """Return work that runs a program in the root of the repository."""

    def work() -> str:
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=environment(),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            raise StepFailed(done.stdout.strip())
        return ""

    return work


def run(steps: Sequence[Step], *, side_by_side: int = 2) -> bool:
    """Run all steps, report each, and say whether all passed."""
    started = time.monotonic()
    with ThreadPoolExecutor(side_by_side) as pool:
        running = {pool.submit(_timed, step): step for step in steps}
        passed = [_report(running[future], *future.result()) for future in as_completed(running)]
    verdict = "all passed" if all(passed) else f"{passed.count(False)} of {len(passed)} failed"
    print(f"{verdict} in {time.monotonic() - started:.1f} s", flush=True)
    return all(passed)


def _timed(step: Step) -> tuple[bool, str, float]:
    started = time.monotonic()
    try:
        return True, step.work(), time.monotonic() - started
    except Exception as error:  # noqa: BLE001 - whatever a step dies of is its verdict, and the others go on
        return False, str(error) or repr(error), time.monotonic() - started


def _report(step: Step, passed: bool, text: str, seconds: float) -> bool:  # noqa: FBT001 - one caller, right above
    remark = f"  {text}" if passed and text else ""
    print(f"{'ok  ' if passed else 'FAIL'} {step.name:<14} {seconds:6.1f} s{remark}", flush=True)
    if not passed:
        print(text, file=sys.stderr, flush=True)
    return passed
