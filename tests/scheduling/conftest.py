"""The shared fixtures on this service's database."""

from shared.testing.fixtures import service_database

database = service_database("scheduling")
