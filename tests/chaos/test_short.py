"""The short form of the chaos run: the pattern loses and doubles nothing, and each guard is there for a reason."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.chaos.rig import COMPONENTS, Rig, standing
from tests.chaos.run import Fault, Run, faults_of

pytestmark = [pytest.mark.chaos, pytest.mark.amqp, pytest.mark.timeout(300)]
SEED = 11
TRIES = 4
# What brings out each fault at once; the long form finds them by chance.
CONTROLS = {
    "no_inbox": (2000, [Fault("relay", in_backlog=True)]),
    "no_confirms": (2000, [Fault("broker", in_backlog=True)]),
    "dual_write": (400, [Fault("broker")]),
    "cursor": (1500, []),
}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with standing(tmp_path_factory.mktemp("chaos")) as running:
        yield running


def test_ten_kills_over_all_components_lose_and_double_nothing(rig: Rig) -> None:
    report = Run(rig, "none", 2000, SEED).execute(faults_of(10, random.Random(SEED)))
    assert set(report.kills) == set(COMPONENTS)
    assert sum(report.kills.values()) >= 10
    assert report.verdict.sales == 2000
    assert report.verdict.is_clean, (report.line(), rig.log())
    assert (report.pending, report.left) == (0, 0), report.line()


@pytest.mark.parametrize("guard", sorted(CONTROLS))
def test_without_any_one_guard_the_same_run_fails(rig: Rig, guard: str) -> None:
    """B2: a run that cannot fail proves nothing. A blow may fall between two batches, and then strikes again."""
    events, faults = CONTROLS[guard]
    reports = []
    for seed in range(SEED, SEED + TRIES):
        reports.append(Run(rig, guard, events, seed).execute(faults))
        found = reports[-1].verdict
        assert found.sales == events
        if found.duplicated if guard == "no_inbox" else found.lost:
            return
    pytest.fail(f"nothing was noticed: {[report.line() for report in reports]}")
