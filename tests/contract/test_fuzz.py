"""Schemathesis against the running gateway: every operation, boundary values and drawn ones, nothing that breaks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
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


def test_no_request_breaks_the_gateway(whole: Whole, tmp_path: Path, record_testsuite_property: Any) -> None:
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, "utf-8")
    program = str(Path(sys.executable).parent / "st")
    words = ("--checks", "all", "--seed", SEED, "--max-examples", EXAMPLES, "--phases", "coverage,fuzzing")
    address = f"{whole.system.url}/openapi.json"
    done = subprocess.run(
        [program, "run", address, *words, "--workers", "2", "--continue-on-failure", "--no-color"],
        capture_output=True,
        text=True,
        check=False,
        timeout=1000,
        cwd=tmp_path,
        env=environment(whole),
    )
    assert done.returncode == 0, failures(done.stdout) + done.stderr[-2000:]
    document = httpx.get(address, timeout=30).json()
    operations = sum(len(item) for item in document["paths"].values())
    assert f"Selected: {operations}/{operations}" in done.stdout
    assert f"Tested: {operations}" in done.stdout
    cases = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert cases, done.stdout[-2000:]
    assert cases[1] == cases[2]
    record_testsuite_property("fuzz_operations", operations)
    record_testsuite_property("fuzz_cases", int(cases[1]))
