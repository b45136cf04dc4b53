"""The shared fixtures on notification's database."""

from shared.testing.fixtures import service_database

database = service_database("notification")
