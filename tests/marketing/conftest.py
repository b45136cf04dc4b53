"""The shared fixtures on marketing's database."""

from shared.testing.fixtures import service_database

database = service_database("marketing")
