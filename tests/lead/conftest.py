from shared.testing.fixtures import service_database

database = service_database("lead")
