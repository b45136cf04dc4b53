"""The chassis is tested on tables of its own and one small table `thing`."""

from __future__ import annotations

from shared.testing.fixtures import service_database
from tests.shared import things

database = service_database("chassis", things.build)
