"""The short form of the chaos run: the whole pattern loses and doubles nothing, and each guard is there for a reason."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.chaos.rig import COMPONENTS, Ground, rig
from tests.chaos.run import Fault, Run, faults_of

pytestmark = [pytest.mark.chaos, pytest.mark.amqp, pytest.mark.timeout(300)]
SEED = 11
# What brings out each fault at once; the long form finds them by chance.
CONTROLS = {
    "no_inbox": (2400, [Fault("relay", in_backlog=True)]),
    "no_confirms": (2400, [Fault("broker", in_backlog=True)]),
    "dual_write": (400, [Fault("broker")]),
    "cursor": (1500, []),
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    standing = Ground(tmp_path_factory.mktemp("chaos"))
    yield standing
    standing.stop()


def test_ten_kills_over_all_components_lose_and_double_nothing(ground: Ground) -> None:
    faults = faults_of(10, random.Random(SEED))
    with rig(ground) as running:
        report = Run(running, 2000, SEED).execute(faults)
        assert set(report.kills) == set(COMPONENTS)
        assert report.verdict.sales == 2000
        assert report.verdict.is_clean, (report.line(), running.log())
        assert (running.pending(), report.left) == (0, 0), report.line()


@pytest.mark.parametrize("guard", sorted(CONTROLS))
def test_without_any_one_guard_the_same_run_fails(ground: Ground, guard: str) -> None:
    """B2: a run that cannot fail proves nothing."""
    events, faults = CONTROLS[guard]
    with rig(ground, guard) as running:
        report = Run(running, events, SEED).execute(faults)
    found = report.verdict
    assert found.sales == events
    expected = found.duplicated if guard == "no_inbox" else found.lost
    assert expected > 0, report.line()
