"""One organisation for the chain: its people, its learners, its leads - shared, merged and taken apart again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from lianxiao.lead.v1 import contact_pb2, contact_service_pb2, lead_pb2, lead_service_pb2, organisation_pb2
from lianxiao.lead.v1 import organisation_service_pb2 as pb
from services.lead.actions import contacts, leads, merges, organisations
from services.lead.actions.contacts import Changes, Details
from services.lead.models import Organisation
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from shared.testing.wire import Wire
from tests.lead import factories, people
from tests.lead.people import Person

NAME = "东方 电气（上海）有限公司"


def values(**told: str) -> dict[str, str]:
    """Return every field of an organisation."""
    return {"name": NAME, "registration_code": "", "industry": "", "remark": ""} | told


def organisation(tx: Tx, **told: str) -> Organisation:
    """Add an organisation."""
    return organisations.create(tx, values(**told))


@pytest.mark.parametrize(
    "told", [{"name": "东方电气(上海) 有限公司"}, {"name": "别的", "registration_code": "91310000X"}]
)
def test_an_organisation_stands_once(tx: Tx, told: dict[str, str]) -> None:
    first = organisation(tx, registration_code="91310000X")
    tx.session.flush()
    with pytest.raises(DomainError) as error:
        organisation(tx, **told)
    assert (error.value.reason, error.value.info) == ("ORGANISATION_EXISTS", {"organisation_id": str(first.id)})
    other = organisation(tx, name="爱婴宝贝")
    tx.session.flush()
    with pytest.raises(DomainError) as error:
        organisations.update(tx, other.id, values(**told), [*told])
    assert error.value.info == {"organisation_id": str(first.id)}
    assert organisation(tx, name="爱婴").id != other.id
    with pytest.raises(DomainError) as error:
        organisations.update(tx, other.id, values(name="（）"), ["name"])
    assert error.value.reason == "ORGANISATION_NAME_EMPTY"


def test_of_many_who_name_it_at_once_one_does(database: Database, caller: Caller) -> None:
    name = f"{NAME}{uuid7()}"

    def attempt(_number: int) -> str:
        try:
            with database.begin(caller) as tx:
                organisation(tx, name=name)
        except DomainError as error:
            return error.reason
        return "created"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(attempt, range(6))) == ["ORGANISATION_EXISTS"] * 5 + ["created"]


def learner(tx: Tx, owner: Organisation, **told: Any) -> UUID:
    """Name a learner; return the contact."""
    details: dict[str, Any] = {"name": "赵 工", "phone": "13911112222", "role": "learner", "weight_percent": 0} | told
    row = organisations.add_person(tx, owner.id, Details(**details))
    tx.session.flush()
    return row.id


def test_learners_become_leads_of_the_organisation_once(tx: Tx) -> None:
    campus, owner = factories.campus(tx), organisation(tx)
    one, two = learner(tx, owner), learner(tx, owner, name="钱工")
    first, visible = organisations.capture_learner(tx, owner.id, one, campus_id=campus)
    assert (visible, first.organisation_id, first.customer_type) == (True, owner.id, "organisation")
    assert organisations.capture_learner(tx, owner.id, one, campus_id=campus)[0].id == first.id
    # The same phone and another name: another person.
    second, _ = organisations.capture_learner(tx, owner.id, two, campus_id=campus)
    assert second.id != first.id
    tx.session.flush()
    assert set(organisations.lead_ids(tx, owner.id)) == {first.id, second.id}
    assert organisations.counts(tx, [owner.id])[owner.id].leads == 2


@pytest.mark.parametrize(
    ("told", "reason"), [({"role": "hr_buyer"}, "NOT_A_LEARNER"), ({"phone": ""}, "PHONE_MISSING")]
)
def test_who_is_no_learner_or_has_no_phone_becomes_no_lead(tx: Tx, told: dict[str, str], reason: str) -> None:
    campus, owner = factories.campus(tx), organisation(tx)
    with pytest.raises(DomainError) as error:
        organisations.capture_learner(tx, owner.id, learner(tx, owner, **told), campus_id=campus)
    assert error.value.reason == reason


def test_a_learner_whom_another_organisation_has_is_refused(tx: Tx) -> None:
    campus, owner, other = factories.campus(tx), organisation(tx), organisation(tx, name="别的")
    organisations.capture_learner(tx, owner.id, learner(tx, owner), campus_id=campus)
    with pytest.raises(DomainError) as error:
        organisations.capture_learner(tx, other.id, learner(tx, other), campus_id=campus)
    assert error.value.reason == "LEAD_OF_ANOTHER_ORGANISATION"


def test_a_merge_hands_the_organisation_on_and_undoing_it_takes_it_back(tx: Tx) -> None:
    campus, owner = factories.campus(tx), organisation(tx)
    survivor, one, two = (
        leads.get_for_update(tx, factories.lead(tx, campus, **factories.stranger(n)).id) for n in range(3)
    )
    for lead in (one, two):
        leads.join(tx, lead, owner.id)
    boss = contacts.create(tx, one.id, Details("李总", "13700001111", "decision_maker", 80))
    first = merges.merge(tx, survivor=survivor, merged=one)
    second = merges.merge(tx, survivor=survivor, merged=two)
    tx.session.flush()
    assert organisations.lead_ids(tx, owner.id) == [survivor.id]
    found = contacts.caller(tx, "13700001111")
    assert ([row.id for row in found.leads], [row.id for row in found.contacts]) == ([survivor.id], [boss.id])
    assert contacts.update(tx, survivor.id, boss.id, Changes("user", 10)).weight_percent == 10
    merges.undo(tx, first.id)
    tx.session.flush()
    # The second one is still in it, and of the same organisation.
    assert survivor.organisation_id == owner.id
    merges.undo(tx, second.id)
    tx.session.flush()
    now = leads.get(tx, survivor.id)
    assert (now.organisation_id, now.customer_type) == (None, None)
    assert set(organisations.lead_ids(tx, owner.id)) == {one.id, two.id}


def test_only_who_sees_a_lead_of_it_sees_its_people(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    told = organisation_pb2.Organisation(name=f"{NAME}{uuid7()}", remark="大客户")
    made = chief.organisations.CreateOrganisation(pb.CreateOrganisationRequest(organisation=told)).organisation
    named = pb.CreateOrganisationContactRequest(
        organisation_id=made.organisation_id,
        name="孙经理",
        phone="13766667777",
        role=contact_pb2.CONTACT_ROLE_HR_BUYER,
        weight_percent=60,
    )
    buyer = chief.organisations.CreateOrganisationContact(named).contact
    advisor = people.advisor(wire, database, caller, campus, "organisation.*", "pii.read")
    asked = pb.ListOrganisationContactsRequest(organisation_id=made.organisation_id)
    timeline = pb.ListOrganisationTimelineRequest(organisation_id=made.organisation_id)
    # It is found, so that nobody makes it a second time.
    search = pb.ListOrganisationsRequest(search=made.name[3:])
    assert [each.name for each in advisor.organisations.ListOrganisations(search).organisations] == [made.name]
    for call in (
        lambda: advisor.organisations.ListOrganisationContacts(asked),
        lambda: advisor.organisations.ListOrganisationTimeline(timeline),
        lambda: advisor.organisations.CreateOrganisationContact(named),
        lambda: advisor.organisations.UpdateOrganisation(pb.UpdateOrganisationRequest(organisation=made)),
    ):
        assert people.refused(call) == ("NOT_FOUND", "ORGANISATION_NOT_FOUND")
    mine = advisor.capture(campus, owner_id=str(advisor.id)).lead.lead_id
    change = lead_service_pb2.UpdateLeadRequest(
        lead=lead_pb2.Lead(lead_id=mine, guardian_phone=people.PHONE, organisation_id=made.organisation_id)
    )
    change.update_mask.paths.append("organisation_id")
    assert advisor.leads.UpdateLead(change).lead.customer_type == "organisation"
    assert list(advisor.organisations.ListOrganisationContacts(asked).contacts) == [buyer]
    of_lead = contact_service_pb2.ListContactsRequest(lead_id=mine)
    assert list(advisor.contacts.ListContacts(of_lead).contacts) == [buyer]
    chief.capture(campus, child_name="另一个", guardian_phone="13755556666")
    whose = f'organisation_id = "{made.organisation_id}"'
    listed = advisor.leads.ListLeads(lead_service_pb2.ListLeadsRequest(filter=whose)).leads
    assert [lead.lead_id for lead in listed] == [mine]
    entries = advisor.organisations.ListOrganisationTimeline(timeline).entries
    assert {entry.lead_id for entry in entries} == {mine}
    get = pb.GetOrganisationRequest(organisation_id=made.organisation_id)
    assert advisor.organisations.GetOrganisation(get).organisation.lead_count == 1
    gone = pb.UpdateOrganisationContactRequest(
        organisation_id=made.organisation_id, contact_id=buyer.contact_id, role=buyer.role, removed=True
    )
    assert advisor.organisations.UpdateOrganisationContact(gone).contact.removed
    assert not advisor.organisations.ListOrganisationContacts(asked).contacts


def test_a_learner_on_the_wire(chief: Person, campus: UUID) -> None:
    told = organisation_pb2.Organisation(name=f"{NAME}{uuid7()}")
    made = chief.organisations.CreateOrganisation(pb.CreateOrganisationRequest(organisation=told)).organisation
    person = chief.organisations.CreateOrganisationContact(
        pb.CreateOrganisationContactRequest(
            organisation_id=made.organisation_id,
            name="周工",
            phone="13733334444",
            role=contact_pb2.CONTACT_ROLE_LEARNER,
        )
    ).contact
    lead = chief.organisations.CaptureLearner(
        pb.CaptureLearnerRequest(
            organisation_id=made.organisation_id, contact_id=person.contact_id, campus_id=str(campus)
        )
    ).lead
    assert (lead.child_name, lead.organisation_id) == ("周工", made.organisation_id)
    asked = pb.ListOrganisationContactsRequest(
        organisation_id=made.organisation_id, filter='role = "CONTACT_ROLE_LEARNER"'
    )
    listed = chief.organisations.ListOrganisationContacts(asked).contacts
    assert [each.learner_lead_id for each in listed] == [lead.lead_id]
    change = pb.UpdateOrganisationRequest(
        organisation=organisation_pb2.Organisation(organisation_id=made.organisation_id, name="-", industry="制造")
    )
    change.update_mask.paths.append("industry")
    assert chief.organisations.UpdateOrganisation(change).organisation.name == made.name
