"""Institutions and their borders."""

from uuid import UUID

import pytest
from sqlalchemy import select

from services.org.actions import institutions, roles, service_accounts
from services.org.models import Role, Staff
from services.org.rules.institutions import id_of
from services.org.rules.roles import BUILT_IN
from shared.caller import Caller
from shared.db import Database
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound
from shared.testing import callers
from tests.org import factories


def test_a_new_institution_has_its_built_in_roles_and_one_administrator(database: Database) -> None:
    code = factories.new_code()
    with database.begin(Caller.system(id_of(code)), keep=False) as tx:
        admin = factories.institution(tx, code=code)
        codes = set(tx.execute(select(Role.code)).scalars())
        held = roles.assignments(tx, [admin.id])[admin.id]
        assert codes == {role.code for role in BUILT_IN}
        assert [assignment.scope for assignment in held] == ["chain"]
        assert admin.has_password


def test_a_code_is_taken_once_whatever_its_case(database: Database) -> None:
    code, _ = factories.committed_institution(database)
    with pytest.raises(AlreadyExists) as refusal, database.begin(Caller.system(id_of(code.upper()))) as tx:
        factories.institution(tx, code=code.upper())
    assert refusal.value.reason == "INSTITUTION_CODE_TAKEN"


def test_an_institution_cannot_be_opened_from_within_another(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution), keep=False) as tx, pytest.raises(ValueError, match="own id"):
        factories.institution(tx, code=factories.new_code())


def test_another_institution_and_its_people_are_not_there(database: Database) -> None:
    code, admin_id = factories.committed_institution(database)
    other, _ = factories.committed_institution(database)
    with database.begin(Caller.system(id_of(other)), read_only=True) as tx:
        with pytest.raises(NotFound) as refusal:
            institutions.get(tx, id_of(code))
        assert refusal.value.reason == "INSTITUTION_NOT_FOUND"
        assert tx.session.get(Staff, (id_of(code), admin_id)) is None
        assert len(tx.execute(select(Staff.id)).all()) == 1


def test_an_institution_is_renamed_and_moved_to_another_time_zone(database: Database) -> None:
    code, _ = factories.committed_institution(database)
    with database.begin(Caller.system(id_of(code)), keep=False) as tx:
        fields = {"name", "time_zone"}
        row = institutions.update(tx, id_of(code), fields=fields, name=" 新名 ", time_zone="Asia/Urumqi")
        assert (row.name, row.time_zone) == ("新名", "Asia/Urumqi")
        with pytest.raises(InvalidInput) as refusal:
            institutions.update(tx, id_of(code), fields={"time_zone"}, name="", time_zone="Asia/Nowhere")
        assert refusal.value.reason == "TIME_ZONE_UNKNOWN"


def test_only_the_operator_of_the_platform_may_open_institutions(database: Database) -> None:
    code, admin_id = factories.committed_institution(database)
    with database.begin(Caller.system(id_of(code))) as tx:
        usual, _ = service_accounts.create(tx, name="伙伴", permissions=["institution.create"])
        operator, _ = service_accounts.create(
            tx, name="平台", permissions=["institution.create"], platform_operator=True
        )
    for subject in (admin_id, usual.id):
        caller = callers.staff(id_of(code), subject=subject)
        with database.begin(caller, read_only=True) as tx, pytest.raises(NotAllowed):
            institutions.check_operator(tx)
    with database.begin(callers.staff(id_of(code), subject=operator.id), read_only=True) as tx:
        institutions.check_operator(tx)
        assert tx.institution_id == id_of(code)
