"""The shared fixtures on student's database."""

from shared.testing.fixtures import service_database

database = service_database("student")
