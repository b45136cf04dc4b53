"""Nothing about people lies in a table, and no column about them has no purpose, unless the inventory says so."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from sqlalchemy import Table, text

from services.__main__ import names
from shared.crypto import sealed_columns
from shared.holdings import erasable
from shared.rls import ERASABLE
from tests.contract.conftest import Migrated
from tools import inventory

# Sealed, but no data about people.
SECRETS = {
    ("lead", "webhook", "secret_sealed"),
    ("scheduling", "attendance_device", "secret_sealed"),
    ("billing", "custody_account", "number_sealed"),
}
# By these names columns tell whose rows they are.
OWNERS = {"student_id", "customer_id", "guardian_id", "person_id", "lead_id", "contract_id", "household_id"}
# By these names columns tell about people.
TELLING = {"gender", "school", "school_grade", "birth_date", "birth_year", "display_name", "phone", "email", "address"}
# Addresses of the house.
APART = {("org", "campus", "address")}


def tables(service: str) -> Iterator[Table]:
    """Yield the tables of the models of a service."""
    models = importlib.import_module(f"services.{service}.models")
    base = getattr(models, "Base", None) or importlib.import_module(f"services.{service}.models.base").Base
    yield from base.metadata.sorted_tables


@pytest.mark.parametrize("service", names())
def test_every_sealed_column_and_index_has_a_purpose(service: str) -> None:
    listed = {(each.table, column) for each in inventory.holdings(service) for column, _ in each.personal}
    keyed = {
        (table.name, column.name)
        for table in tables(service)
        for column in table.columns
        if column.name.endswith(("_sealed", "_index", "_key", "token")) and column.type.python_type is bytes
    }
    secrets = {(table, column) for owner, table, column in SECRETS if owner == service}
    assert ({*sealed_columns(f"services.{service}")} | keyed) - listed == secrets


@pytest.mark.parametrize("service", names())
def test_every_table_about_people_is_listed(service: str) -> None:
    listed = {each.table for each in inventory.holdings(service)}
    about = {t.name for t in tables(service) if OWNERS & {column.name for column in t.columns}}
    assert about - listed == set()


@pytest.mark.parametrize("service", names())
def test_a_column_that_tells_about_people_is_listed(service: str) -> None:
    listed = {(service, each.table, column) for each in inventory.holdings(service) for column, _ in each.personal}
    telling = {
        (service, t.name, column.name) for t in tables(service) for column in t.columns if column.name in TELLING
    }
    assert telling - listed <= APART


@pytest.mark.parametrize("service", names())
def test_a_list_names_tables_and_columns_that_exist(service: str) -> None:
    there = {t.name: {column.name for column in t.columns} for t in tables(service)}
    for each in inventory.holdings(service):
        assert {column for column, _ in each.personal} | {each.key} <= there[each.table] | {"id"}, each.table


@pytest.mark.parametrize("service", names())
def test_the_database_lets_go_exactly_what_an_erasure_empties(migrated: Migrated, service: str) -> None:
    marked = (
        "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where col_description(c.oid, a.attnum) = :mark"
    )
    with migrated(service).connect() as connection:
        found = {(table, column) for table, column in connection.execute(text(marked), {"mark": ERASABLE})}
    wanted = erasable(inventory.holdings(service))
    assert found == {(table, column) for table, columns in wanted.items() for column in columns}


def test_every_purpose_of_the_lists_is_in_the_register() -> None:
    used = {each.purpose for service in names() for each in inventory.holdings(service)}
    assert used <= set(inventory.purposes())


def test_the_inventory_is_up_to_date() -> None:
    assert inventory.PAGE.read_text("utf-8") == inventory.page(), "run make inventory"
    assert inventory.SHEET.read_text("utf-8") == inventory.sheet(), "run make inventory"
