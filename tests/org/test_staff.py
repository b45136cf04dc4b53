"""People on a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text

from services.org.actions import campuses, profiles, regions, service_accounts, staff
from services.org.models import Staff
from services.org.rules.institutions import id_of
from services.org.rules.secrets import client_id
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, NotAllowed, NotFound, Refused
from shared.ids import uuid7
from shared.testing import callers
from tests.org import factories


@pytest.fixture
def code(database: Database) -> str:
    return factories.committed_institution(database)[0]


@pytest.fixture
def tx(database: Database, code: str) -> Iterator[Tx]:
    with database.begin(Caller.system(id_of(code)), keep=False) as transaction:
        yield transaction


def test_an_address_is_taken_once_whatever_its_case(tx: Tx) -> None:
    factories.person(tx, email="li@example.com")
    with pytest.raises(AlreadyExists) as refusal:
        factories.person(tx, email=" LI@example.com ")
    assert refusal.value.reason == "STAFF_EMAIL_TAKEN"


def test_addresses_and_phones_lie_sealed_on_disk(tx: Tx) -> None:
    person = staff.create(tx, display_name="李雷", email="lilei@example.com", phone="138 0013-8000")
    row = tx.execute(text("select s::text from staff s where id = :id"), {"id": person.id}).scalar_one()
    assert Staff.phone.reveal(tx, person) == "+8613800138000"
    assert "lilei" not in row
    assert "13800138000" not in row


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("staff.display_name", {"display_name": " ", "email": "a@example.com"}),
        ("staff.email", {"display_name": "李雷", "email": " "}),
        ("staff.phone", {"display_name": "李雷", "email": "a@example.com", "phone": "12"}),
        ("password", {"display_name": "李雷", "email": "a@example.com", "password": "12345678"}),
    ],
)
def test_wrong_facts_are_named(tx: Tx, field: str, arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        staff.create(tx, **arguments)  # type: ignore[arg-type]  # one wrong field each
    assert refusal.value.violations[0][0] == field


def test_a_person_is_changed_field_by_field(tx: Tx) -> None:
    person = factories.person(tx)
    campus = factories.campus(tx)
    details = staff.Details("李梅", "new@example.com", phone="13900139000", campus_id=campus.id)
    staff.update(tx, person.id, fields={"display_name", "phone"}, details=details)
    assert (person.display_name, person.campus_id) == ("李梅", None)
    staff.update(tx, person.id, fields={"campus_id", "email"}, details=details)
    assert (person.campus_id, Staff.email.reveal(tx, person)) == (campus.id, "new@example.com")


def test_who_left_is_not_changed_any_more(tx: Tx) -> None:
    person = factories.person(tx)
    assert staff.deactivate(tx, person.id).deactivate_time == tx.now
    assert staff.deactivate(tx, person.id).active is False
    with pytest.raises(Refused) as refusal:
        staff.set_password(tx, person.id, password=factories.PASSWORD)
    assert refusal.value.reason == "STAFF_INACTIVE"


def test_a_campus_does_not_see_people_of_others_or_of_headquarters(database: Database, code: str) -> None:
    with database.begin(Caller.system(id_of(code))) as tx:
        here, there = factories.campus(tx).id, factories.campus(tx).id
        mine, theirs = factories.person(tx, campus_id=here).id, factories.person(tx, campus_id=there).id
        chief = factories.person(tx).id
    caller = callers.staff(id_of(code), ["staff.*", "campus.*"], [here])
    with database.begin(caller, scope=Scope(frozenset({here})), keep=False) as tx:
        assert staff.get(tx, mine).campus_id == here
        for unseen in (theirs, chief):
            with pytest.raises(NotFound):
                staff.get(tx, unseen)
        with pytest.raises(NotFound):
            campuses.get(tx, there)
        with pytest.raises(InvalidInput):
            factories.person(tx)
        with pytest.raises(NotFound):
            factories.person(tx, campus_id=there)


def test_a_campus_is_opened_and_closed_by_the_chain_only(database: Database, code: str) -> None:
    with database.begin(Caller.system(id_of(code))) as tx:
        campus = factories.campus(tx)
        region = factories.region(tx)
    caller = callers.staff(id_of(code), ["campus.*"], [campus.id])
    with database.begin(caller, scope=Scope(frozenset({campus.id})), keep=False) as tx:
        details = campuses.Details("新校区", region_id=region.id, address=" 世纪大道 1 号 ", active=False)
        changed = campuses.update(tx, campus.id, fields={"name", "address"}, details=details)
        assert (changed.name, changed.address, changed.active) == ("新校区", "世纪大道 1 号", True)
        for field in ("region_id", "active"):
            with pytest.raises(NotAllowed):
                campuses.update(tx, campus.id, fields={field}, details=details)
        with pytest.raises(NotAllowed):
            campuses.create(tx, code="NEW", details=details)


def test_campuses_have_names_codes_and_time_zones_of_their_own(tx: Tx) -> None:
    campus = factories.campus(tx, name="浦东校区")
    assert campus.time_zone == "Asia/Shanghai"
    with pytest.raises(InvalidInput):
        campuses.create(tx, code="", details=campuses.Details("无码"))
    with pytest.raises(InvalidInput):
        campuses.create(tx, code="A1", details=campuses.Details(" "))
    changed = campuses.update(
        tx,
        campus.id,
        fields={"time_zone", "active"},
        details=campuses.Details("", time_zone="Asia/Urumqi", active=False),
    )
    assert (changed.time_zone, changed.active) == ("Asia/Urumqi", False)
    with pytest.raises(Refused) as closed:
        factories.person(tx, campus_id=campus.id)
    with pytest.raises(AlreadyExists) as refusal:
        factories.campus(tx, name="浦东校区")
    assert (closed.value.reason, refusal.value.reason) == ("CAMPUS_INACTIVE", "CAMPUS_NAME_TAKEN")


def test_a_region_with_campuses_stays_open(tx: Tx) -> None:
    region = factories.region(tx, name="华东")
    campus = factories.campus(tx, region_id=region.id)
    with pytest.raises(Refused) as refusal:
        regions.update(tx, region.id, fields={"active"}, name="", active=False)
    campuses.update(tx, campus.id, fields={"region_id"}, details=campuses.Details(""))
    closed = regions.update(tx, region.id, fields={"active", "name"}, name="华东一区", active=False)
    assert (closed.active, closed.name, closed.campus_ids) == (False, "华东一区", [])
    with pytest.raises(Refused):
        factories.campus(tx, region_id=region.id)
    with pytest.raises(InvalidInput):
        regions.create(tx, name=" ")
    assert refusal.value.reason == "REGION_HAS_CAMPUSES"


def test_a_region_has_a_name_of_its_own(tx: Tx) -> None:
    factories.region(tx, name="华东")
    with pytest.raises(AlreadyExists) as refusal:
        factories.region(tx, name="华东")
    assert refusal.value.reason == "REGION_NAME_TAKEN"


def test_a_profile_lists_the_open_campuses_within_reach(tx: Tx) -> None:
    mine, other = factories.campus(tx), factories.campus(tx)
    person, _ = factories.holder(tx, "teacher", campus_id=mine.id)
    chief, _ = factories.holder(tx, "auditor")
    assert [campus.id for campus in profiles.get(tx, person.id).campuses] == [mine.id]
    assert {campus.id for campus in profiles.get(tx, chief.id).campuses} == {mine.id, other.id}
    with pytest.raises(NotFound):
        profiles.get(tx, uuid7())


def test_a_program_signs_in_with_its_secret_until_it_is_disabled(tx: Tx) -> None:
    campus = factories.campus(tx)
    account, secret = service_accounts.create(tx, name="合作平台", permissions=["lead.capture"], campus_ids=[campus.id])
    caller = service_accounts.authenticate(tx, account.id, secret)
    assert caller is not None
    assert (caller.kind, caller.grants[0].campuses) == ("partner", frozenset({campus.id}))
    assert service_accounts.authenticate(tx, account.id, secret + "x") is None
    assert service_accounts.authenticate(tx, uuid7(), secret) is None
    assert service_accounts.disable(tx, account.id).active is False
    assert service_accounts.disable(tx, account.id).active is False
    assert service_accounts.authenticate(tx, account.id, secret) is None
    assert len(client_id(tx.institution_id, account.id)) == 43


def test_a_program_gets_no_more_than_its_maker_holds(database: Database, code: str) -> None:
    caller = callers.staff(id_of(code), ["service_account.*", "lead.capture"])
    with database.begin(caller, keep=False) as tx:
        account, _ = service_accounts.create(tx, name="一", permissions=["lead.capture"])
        with pytest.raises(NotAllowed) as refusal:
            service_accounts.create(tx, name="二", permissions=["lead.*"])
        with pytest.raises(InvalidInput):
            service_accounts.create(tx, name="三", permissions=[])
        with pytest.raises(InvalidInput):
            service_accounts.create(tx, name=" ", permissions=["lead.capture"])
        with pytest.raises(NotFound):
            service_accounts.get(tx, uuid7())
        assert service_accounts.get(tx, account.id).campus_ids is None
        with pytest.raises(AlreadyExists):
            service_accounts.create(tx, name="一", permissions=["lead.capture"])
    assert refusal.value.reason == "ROLE_OUT_OF_REACH"


def test_a_second_institution_sees_nothing_of_the_first(database: Database, code: str) -> None:
    other, _ = factories.committed_institution(database)
    with database.begin(Caller.system(id_of(code))) as tx:
        region = factories.region(tx)
        campus = factories.campus(tx, region_id=region.id)
        person = factories.person(tx, campus_id=campus.id)
        account, _ = service_accounts.create(tx, name="合作平台", permissions=["lead.capture"])
    with database.begin(Caller.system(id_of(other)), keep=False) as tx:
        for look in (
            lambda: regions.get(tx, region.id),
            lambda: campuses.get(tx, campus.id),
            lambda: staff.get(tx, person.id),
            lambda: service_accounts.get(tx, account.id),
            lambda: factories.campus(tx, region_id=region.id),
        ):
            with pytest.raises(NotFound):
                look()
        assert tx.scalar(select(func.count()).select_from(Staff)) == 1
