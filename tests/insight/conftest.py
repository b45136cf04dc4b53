"""The shared fixtures on insight's database."""

from shared.testing.fixtures import service_database

database = service_database("insight")
