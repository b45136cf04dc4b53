"""All tests share the fixtures of the chassis."""

pytest_plugins = ["shared.testing.fixtures", "tests.journeys.fixtures"]
