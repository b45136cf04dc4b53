"""A failing step is shown with its words, and does not hide the others."""

from __future__ import annotations

import sys

import pytest

from tools.steps import Step, command, run


def test_every_step_is_reported_and_one_failure_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    bad = command(sys.executable, "-c", "import sys; sys.exit('seven findings')")
    assert run([Step("bad", bad), Step("good", lambda: "with a remark")]) is False
    shown = capsys.readouterr()
    assert "FAIL bad" in shown.out
    assert "with a remark" in shown.out
    assert "1 of 2 failed" in shown.out
    assert "seven findings" in shown.err


def test_all_good_is_good() -> None:
    assert run([Step("good", command(sys.executable, "-c", "pass"))]) is True
