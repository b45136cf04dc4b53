"""All tests share the fixtures of the chassis."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["shared.testing.fixtures", "tests.journeys.fixtures"]

# Machines are noisy: how long an example takes says nothing about the code.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")
