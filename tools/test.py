"""Run the tests (`make test`, `make test-one`, `make chaos`): side by side where they may be, alone where not."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools import node, servers, web
from tools.sources import ROOT

REPORTS = ROOT / ".lianxiao" / "reports"
NOTHING_COLLECTED = 5
GROUPS_SHOWN, WIDTH = 15, 300


@dataclass(slots=True)
class Tally:
    """Sums over the parts of one run."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    trouble: bool = False
    reasons: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, report: Path, code: int) -> None:
        """Add what one pytest run reported; a run that ended without a report is trouble."""
        self.trouble |= code not in {0, NOTHING_COLLECTED}
        if not report.exists():
            self.trouble = True
            return
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - we wrote it ourselves
            count = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
            failed = count["failures"] + count["errors"]
            self.failed += failed
            self.skipped += count["skipped"]
            self.passed += max(0, count["tests"] - failed - count["skipped"])
            self._note(suite)

    def _note(self, suite: ET.Element) -> None:
        for case in suite.iter("testcase"):
            for verdict in (*case.iter("failure"), *case.iter("error")):
                name = f"{case.get('classname', '')}::{case.get('name', '')}".removeprefix("::")
                self.reasons[" ".join(verdict.get("message", "").split())[:WIDTH]].append(name)

    def failures(self) -> list[str]:
        """Say what failed, most frequent reason first: a broken fixture fails a thousand tests for one reason."""
        groups = sorted(self.reasons.items(), key=lambda group: -len(group[1]))
        lines = [f"FAILED {len(names)} x {names[0]}: {reason}" for reason, names in groups[:GROUPS_SHOWN]]
        more = len(groups) - GROUPS_SHOWN
        return lines if more <= 0 else [*lines, f"FAILED for {more} more reasons, see {REPORTS.relative_to(ROOT)}"]


def main() -> int:
    """Choose the parts by the command line; the exit code is 0 only when something ran and nothing failed."""
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("--only", default="", help="paths or tests, and options of pytest")
    parser.add_argument("--chaos", action="store_true", help="the long form of the tests that kill components")
    options = parser.parse_args()
    started = time.monotonic()
    tally = Tally()
    found = prepare(options.only, tally)
    without = " and ".join(f"not {marker}" for marker in sorted(found.missing))
    for name, words in parts(options.only, without, chaos=options.chaos):
        run(name, words, found.environment, tally)
    for sentence in found.missing.values():
        print(f"NOT TESTED: {sentence}", flush=True)
    for line in tally.failures():
        print(line)
    ran = tally.passed + tally.failed
    verdict = "ok" if ran and not tally.failed and not tally.trouble else "FAILED"
    print(f"tests: {verdict} in {time.monotonic() - started:.0f} s")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped", flush=True)
    return 0 if verdict == "ok" else 1


def prepare(only: str, tally: Tally) -> servers.Servers:
    """Get the servers and build the console; whatever is missing is said now and again at the end.

    What a developer's machine cannot have is left out; CI may leave out nothing.
    """
    found = servers.provide()
    if not only or any(word in only for word in ("browser", "console", "web", "journeys")):
        try:
            if not web.build():
                found.missing.setdefault("browser", "the console: there is none in gateway/web yet")
        except (node.NodeFailed, subprocess.CalledProcessError) as error:
            print(f"console: {error}", file=sys.stderr, flush=True)
            found.missing.setdefault("browser", "the console: it could not be built, see above")
            tally.trouble = True
    for sentence in found.missing.values():
        print(f"set-up: will not test with {sentence}", flush=True)
    tally.trouble |= bool(found.missing) and os.environ.get("CI") == "true"
    return found


def parts(only: str, without: str, *, chaos: bool) -> list[tuple[str, Sequence[str]]]:
    """Return the pytest runs as name and arguments."""
    if only:
        return [("chosen", shlex.split(only))]
    rest = f" and {without}" if without else ""
    if chaos:
        return [("chaos", ["-m", f"chaos{rest}"])]
    fast = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-m", f"not chaos and not bench{rest}"]
    return [("fast", fast), ("alone", ["-m", f"chaos{rest}"])]


def run(name: str, words: Sequence[str], environment: dict[str, str], tally: Tally) -> None:
    """Run pytest once and add up what it says."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    full = {"LIANXIAO_CHAOS": "full"} if name == "chaos" else {}
    command = [sys.executable, "-m", "pytest", "--junitxml", str(report), *words]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment | full, check=False)
    tally.add(report, done.returncode)


if __name__ == "__main__":
    sys.exit(main())
