"""Schemathesis against the running gateway: every operation, boundary values and drawn ones, nothing that breaks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.conftest import Whole
from tests.contract.wires import json_name

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

# Drawn values per operation, beside about seventy boundary values of each; more in a longer run.
EXAMPLES = os.environ.get("LIANXIAO_FUZZ_EXAMPLES", "2")
SEED = os.environ.get("LIANXIAO_FUZZ_SEED", "1")
# No schema can say that February has no 30th, that a lesson is over, or that a name is taken.
ACCEPTED = ["2xx", "401", "403", "404", "409", "413", "422", "429"]
SETTINGS = f"[checks.positive_data_acceptance]\nexpected-statuses = {json.dumps(ACCEPTED)}\n"
MOST_IDS = 5
# Each half in a process of its own: threads of one would wait for each other, and Python's parser is not made for them.
_FIRST = "^/v1/[a-o]"
HALVES = (("--include-path-regex", _FIRST), ("--exclude-path-regex", _FIRST))


def environment(whole: Whole) -> dict[str, str]:
    """Return what the hooks need to sign requests and to lend ids."""
    ids = {json_name(name): values[:MOST_IDS] for name, values in whole.seen.ids.items()}
    root = Path(__file__).resolve().parents[2]
    return {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.contract.fuzz_hooks",
        "FUZZ_SECRETS": str(whole.system.folder / "secrets"),
        "FUZZ_INSTITUTION": str(whole.cast.admin.institution_id),
        "FUZZ_STAFF": str(whole.cast.admin.staff_id),
        "FUZZ_IDS": json.dumps(ids),
        "PYTHONPATH": os.pathsep.join([str(root), str(root / "gen")]),
        "PYTHONWARNINGS": "ignore",
    }


def failures(report: str) -> str:
    """Return what failed, without the hints and warnings around it."""
    _, found, rest = report.partition("= FAILURES =")
    return rest.partition("= WARNINGS =")[0][:8000] if found else report[-8000:]


def report_of(whole: Whole, address: str, folder: Path, half: Sequence[str]) -> str:
    """Return what a run over a half of the operations printed, after it passed."""
    program = str(Path(sys.executable).parent / "st")
    words = ("--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES, "--phases", "coverage,fuzzing")
    done = subprocess.run(
        [program, "run", address, *words, *half, "--workers", "1", "--continue-on-failure", "--no-color"],
        capture_output=True,
        text=True,
        check=False,
        timeout=1000,
        cwd=folder,
        env=environment(whole),
    )
    assert done.returncode == 0, failures(done.stdout) + done.stderr[-2000:]
    return done.stdout


def test_no_request_breaks_the_gateway(whole: Whole, tmp_path: Path, record_testsuite_property: Any) -> None:
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, "utf-8")
    address = f"{whole.system.url}/openapi.json"
    with ThreadPoolExecutor(len(HALVES)) as pool:
        reports = list(pool.map(partial(report_of, whole, address, tmp_path), HALVES))
    found = [re.search(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)", report) for report in reports]
    cases = [re.search(r"(\d+) generated, (\d+) passed", report) for report in reports]
    document = httpx.get(address, timeout=30).json()
    operations = sum(len(item) for item in document["paths"].values())
    assert [each and (each[1], int(each[2])) for each in found] == [each and (each[3], operations) for each in found]
    assert sum(int(each[1]) for each in found if each) == operations
    assert all(each and each[1] == each[2] for each in cases), reports[-1][-2000:]
    record_testsuite_property("fuzz_operations", operations)
    record_testsuite_property("fuzz_cases", sum(int(each[1]) for each in cases if each))
