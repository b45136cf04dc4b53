"""The runner's verdict follows what really ran."""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex

import pytest

from tools.test import REPORTS, Tally, parts, run


def counts(tally: Tally) -> tuple[int, int, int, bool]:
    return tally.passed, tally.failed, tally.skipped, tally.trouble


def verdict_of(tmp_path: Path, code: str) -> Tally:
    file = tmp_path / "test_sample.py"
    file.write_text(code)
    name = f"sample-{token_hex(4)}"
    tally = Tally()
    # Plugins are not what is tested here, and take seconds to import.
    run(name, [str(file), "-q", "-p", "no:cacheprovider"], {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, tally)
    (REPORTS / f"{name}.xml").unlink(missing_ok=True)
    return tally


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def test_a(): pass\ndef test_b(): pass", Tally(passed=2)),
        ("def test_a(): pass\ndef test_b(): assert False", Tally(passed=1, failed=1, trouble=True)),
        ("import pytest\n@pytest.mark.skip\ndef test_a(): pass", Tally(skipped=1)),
        ("x = 1", Tally()),
        ("raise RuntimeError('at import')", Tally(failed=1, trouble=True)),
        ("import os\ndef test_a(): os._exit(3)", Tally(trouble=True)),
    ],
)
def test_what_ran_is_counted_and_what_died_is_trouble(tmp_path: Path, code: str, expected: Tally) -> None:
    assert counts(verdict_of(tmp_path, code)) == counts(expected)


def test_one_broken_fixture_is_one_line_however_many_tests_it_fails(tmp_path: Path) -> None:
    broken = "import pytest\n@pytest.fixture(scope='module')\ndef house(): raise RuntimeError('no place left')\n"
    several = "@pytest.mark.parametrize('n', range(20))\ndef test_a(house, n): pass\ndef test_b(): assert 1 == 2\n"
    lines = verdict_of(tmp_path, broken + several).failures()
    assert ["20 x" in lines[0], "no place left" in lines[0]] == [True, True]
    assert ["1 x" in lines[1], "test_b: assert 1 == 2" in lines[1]] == [True, True]


def test_tests_whose_server_is_missing_are_left_out_of_every_part() -> None:
    for _, words in parts("", "not amqp", chaos=False):
        assert words[-1].endswith("and not amqp")
    assert [name for name, _ in parts("", "", chaos=False)] == ["fast", "alone"]
    assert parts("tests/lead -k phone", "", chaos=False) == [("chosen", ["tests/lead", "-k", "phone"])]
