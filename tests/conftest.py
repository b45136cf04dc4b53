"""All tests share the fixtures of the chassis."""

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ["shared.testing.fixtures", "tests.journeys.fixtures"]

# Machines are noisy: how long an example takes says nothing about the code.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")

_JOURNEYS = "tests/journeys"


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """Deals out whole files; the journeys go together, as they share systems that take long to start."""

    def _split_scope(self, nodeid: str) -> str:
        return _JOURNEYS if nodeid.startswith(_JOURNEYS) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Deal out by ByFile."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process waits for another in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
