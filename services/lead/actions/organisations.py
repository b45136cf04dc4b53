"""Enterprise customers: one organisation for the whole chain, its people, and the leads that belong to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from services.lead.actions import bulk, captures, contacts, leads, staff
from services.lead.actions.intake import Arrival
from services.lead.models import Contact, Lead, Organisation
from services.lead.rules import similarity, stages
from services.lead.rules.rows import Enquiry
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.listing import Field, Listing, Page

SOURCE = "organisation"
EDITABLE = ("name", "registration_code", "industry", "remark")
_LEARNER = "learner"
LISTING: Listing[Organisation] = Listing(
    Organisation,
    fields={
        "name": Field(Organisation.name),
        "create_time": Field(Organisation.create_time),
        "registration_code": Field(Organisation.registration_code, sortable=False),
        "industry": Field(Organisation.industry, sortable=False),
    },
    default_order="name",
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Leads of an organisation that the caller may see."""

    leads: int = 0
    enrolled: int = 0


def create(tx: Tx, values: Mapping[str, str]) -> Organisation:
    """Add an organisation; `values` holds every field of EDITABLE.

    Raises InvalidInput ORGANISATION_NAME_EMPTY, ORGANISATION_EXISTS with the id of the one that has name or code.
    """
    row = bulk.fresh(tx, Organisation, staff_id=staff.actor(tx), remark_sealed=None)
    _write(tx, row, values, EDITABLE)
    return row


def update(tx: Tx, organisation_id: UUID, values: Mapping[str, str], fields: Collection[str]) -> Organisation:
    """Change the named fields; raises what `create` raises, and ORGANISATION_NOT_FOUND."""
    row = get(tx, get_within_reach(tx, organisation_id).id, for_update=True)
    _write(tx, row, values, fields)
    return row


def get(tx: Tx, organisation_id: UUID, *, for_update: bool = False) -> Organisation:
    """Return an organisation. Raises ORGANISATION_NOT_FOUND."""
    return tx.load(Organisation, "organisation", organisation_id, for_update=for_update)


def get_within_reach(tx: Tx, organisation_id: UUID) -> Organisation:
    """Return an organisation whose people the caller may see. Raises ORGANISATION_NOT_FOUND, also for any other.

    These are: who sees a lead of it, who named it, and the whole chain.
    """
    row = get(tx, organisation_id)
    named = row.staff_id is not None and row.staff_id == staff.actor(tx)
    chain = tx.scope.campuses is None and not tx.scope.own
    if chain or named or tx.scalar(_leads_of(tx, row.id).limit(1)) is not None:
        return row
    raise NotFound("organisation", organisation_id)


def page(tx: Tx, request: Any) -> Page[Organisation]:
    """Return a page of organisations; a search finds a part of the name."""
    wanted = _plain(request.search)
    where = [func.strpos(Organisation.plain_name, wanted) > 0] if wanted else []
    return LISTING.page(tx, request, where=where)


def counts(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Counts]:
    """Return how many leads each organisation has, as far as the caller may see them."""
    mine = (Lead.institution_id == tx.institution_id, Lead.organisation_id.in_(ids), Lead.state != stages.MERGED)
    enrolled = func.count().filter(Lead.state == stages.ENROLLED)
    query = select(Lead.organisation_id, func.count(), enrolled).where(*mine).group_by(Lead.organisation_id)
    return {row[0]: Counts(row[1], row[2]) for row in tx.execute(query)}


def lead_ids(tx: Tx, organisation_id: UUID) -> list[UUID]:
    """Return the leads of an organisation that the caller may see."""
    return list(tx.execute(_leads_of(tx, organisation_id)).scalars())


def people(tx: Tx, organisation_id: UUID, request: Any) -> Page[Contact]:
    """Return a page of the people of an organisation. Raises ORGANISATION_NOT_FOUND."""
    row = get_within_reach(tx, organisation_id)
    return contacts.LISTING.page(tx, request, where=[Contact.organisation_id == row.id, Contact.removed.is_(False)])


def add_person(tx: Tx, organisation_id: UUID, person: contacts.Details) -> Contact:
    """Name a person of an organisation. Raises ORGANISATION_NOT_FOUND, InvalidInput PHONE_INVALID."""
    return contacts.add(tx, person, organisation_id=get_within_reach(tx, organisation_id).id)


def change_person(tx: Tx, organisation_id: UUID, contact_id: UUID, changes: contacts.Changes) -> Contact:
    """Change what somebody is to the decision. Raises ORGANISATION_NOT_FOUND, CONTACT_NOT_FOUND."""
    return contacts.change(tx, _person(tx, organisation_id, contact_id), changes)


def capture_learner(tx: Tx, organisation_id: UUID, contact_id: UUID, *, campus_id: UUID) -> tuple[Lead, bool]:
    """Take a learner in as a lead of the organisation; return it, and whether the caller may see it.

    Raises NOT_A_LEARNER, InvalidInput PHONE_MISSING, LEAD_OF_ANOTHER_ORGANISATION, and what a capture raises.
    """
    row, scope = _person(tx, organisation_id, contact_id), tx.scope
    tx.check_campus(campus_id)
    if row.role != _LEARNER or row.removed:
        raise Refused("NOT_A_LEARNER", "only people who are learners become leads")
    if row.learner_lead_id is not None:
        tx.enter(tx.institution_id)
        lead = leads.get_survivor(tx, row.learner_lead_id)
        return lead, captures.is_visible(tx, scope, lead)
    told = contacts.told(tx, row)
    if not told["phone"]:
        raise InvalidInput("contact_id", "a lead needs a phone", reason="PHONE_MISSING")
    enquiry = Enquiry(guardian_phone=told["phone"], child_name=told["name"])
    arrival = Arrival(enquiry, campus_id, SOURCE, payload={"organisationId": str(organisation_id)})
    lead = leads.get_survivor(tx, captures.capture(tx, arrival)[1].id)
    if lead.organisation_id not in (None, organisation_id):
        raise Refused("LEAD_OF_ANOTHER_ORGANISATION", "this person belongs to another organisation already")
    leads.join(tx, lead, organisation_id)
    row.learner_lead_id = lead.id
    return lead, captures.is_visible(tx, scope, lead)


def _person(tx: Tx, organisation_id: UUID, contact_id: UUID) -> Contact:
    """Return a person of an organisation, locked."""
    organisation = get_within_reach(tx, organisation_id)
    row = tx.load(Contact, "contact", contact_id, for_update=True)
    if row.organisation_id != organisation.id:
        raise NotFound("contact", contact_id)
    return row


def _leads_of(tx: Tx, organisation_id: UUID) -> Select[UUID]:
    mine = Lead.institution_id == tx.institution_id
    return select(Lead.id).where(mine, Lead.organisation_id == organisation_id, Lead.state != stages.MERGED)


def _write(tx: Tx, row: Organisation, values: Mapping[str, str], fields: Collection[str]) -> None:
    name, code = (
        values[field].strip() if field in fields else getattr(row, field) for field in ("name", "registration_code")
    )
    plain = _plain(name)
    if not plain:
        raise InvalidInput("organisation.name", "an organisation needs a name", reason="ORGANISATION_NAME_EMPTY")
    # Asked before anything is set: what is set goes out with the next question, and is refused there.
    other = _other(tx, row.id, plain, code)
    if other is not None:
        raise _exists(other)
    # Whoever is faster by a moment is found by the constraint.
    with tx.translating({"uq_organisation_name": _exists, "uq_organisation_code": _exists}):
        row.name, row.plain_name, row.registration_code = name, plain, code
        if "industry" in fields:
            row.industry = values["industry"].strip()
        if "remark" in fields:
            Organisation.remark.seal(tx, row, values["remark"])
        tx.session.add(row)


def _other(tx: Tx, organisation_id: UUID, plain: str, code: str) -> UUID | None:
    same = Organisation.plain_name == plain
    if code:
        same = or_(same, Organisation.registration_code == code)
    mine = (Organisation.institution_id == tx.institution_id, Organisation.id != organisation_id)
    found: UUID | None = tx.scalar(select(Organisation.id).where(*mine, same).limit(1))
    return found


def _exists(other: UUID | None = None) -> AlreadyExists:
    told = {"organisation_id": str(other)} if other else {}
    return AlreadyExists("ORGANISATION_EXISTS", "there is an organisation of this name or code", **told)


def _plain(name: str) -> str:
    return similarity.plain(name).replace(" ", "")
