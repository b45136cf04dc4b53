"""The register of consents: who agreed to what, on what evidence, and whether data may be used now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.lead.v1.lead_events_pb2 import GuardianConsented, MarketingDeclined
from lianxiao.student.v1.student_events_pb2 import ConsentChanged
from services.student.actions import purposes
from services.student.models import Campus, Consent, ConsentEntry, GuardianLink, Student
from services.student.rules import consents as rules
from services.student.rules.consents import ANY_CHANNEL, CHILD_FILE, MARKETING, Purpose, Word
from shared import aliases
from shared.birthdays import Birth
from shared.caller import NOBODY
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import as_uuid, uuid7
from shared.listing import Field, Listing, ListRequest, Page
from shared.wire_values import instant

_EXISTS = "select exists (select from student where institution_id = %(institution)s and id = %(id)s)"
DEFAULT_ZONE = "Asia/Shanghai"
LISTING: Listing[ConsentEntry] = Listing(
    ConsentEntry,
    fields={
        "purpose": Field(ConsentEntry.purpose, sortable=False),
        "granted": Field(ConsentEntry.granted, sortable=False),
        "decide_time": Field(ConsentEntry.decide_time),
    },
    default_order="decide_time desc",
)


class Said(NamedTuple):
    """How somebody said yes or no: for which channel, by what means, on what evidence, through which guardian."""

    means: str
    channel: str = ANY_CHANNEL
    evidence_sha256: str = ""
    guardian_id: UUID | None = None


class State(NamedTuple):
    """The last word of a person on a purpose and channel, and whether data may be used so now."""

    row: Consent
    stands: bool


def give(tx: Tx, person_id: UUID, purpose: str, *, version: str, said: Said) -> ConsentEntry:
    """Put on record that somebody agreed.

    Raises PURPOSE_NOT_FOUND, PERSON_NOT_FOUND, Refused PURPOSE_NOT_BY_CONSENT, CONSENT_OUTDATED,
    GUARDIAN_CONSENT_NEEDED, and InvalidInput CONSENT_CHANNEL_WRONG, GUARDIAN_UNKNOWN.
    """
    person_id = aliases.resolve(tx, person_id)
    now = purposes.get(tx, purpose)
    _check_channel(now, said.channel)
    if now.basis != rules.CONSENT and not now.contact:
        raise Refused("PURPOSE_NOT_BY_CONSENT", "nobody is asked to agree to this", purpose=purpose, basis=now.basis)
    if version != now.version:
        raise Refused("CONSENT_OUTDATED", "the text has changed; read and agree again", version=now.version)
    child = _file(tx, person_id)
    _check_guardian(tx, child, said.guardian_id)
    if now.basis == rules.CONSENT and said.guardian_id is None and child is not None and _is_young(tx, child):
        raise Refused("GUARDIAN_CONSENT_NEEDED", "for a child under fourteen a guardian has to agree", purpose=purpose)
    return _enter(tx, person_id, now, said, granted=True)


def from_lead(tx: Tx, event: GuardianConsented) -> None:
    """Enter what a guardian agreed to when the family enquired; the guardian is not on file yet."""
    said = Said(event.means, ANY_CHANNEL, event.evidence_sha256, NOBODY)
    purpose = replace(purposes.get(tx, CHILD_FILE), version=event.version)
    person_id = aliases.resolve(tx, as_uuid(event.customer_id))
    _enter(tx, person_id, purpose, said, granted=True, decide_time=instant(event.decide_time))


def from_opt_out(tx: Tx, event: MarketingDeclined) -> None:
    """Enter that a family told its advisor to be left alone."""
    withdraw(tx, as_uuid(event.customer_id), MARKETING, Said("call"))


def withdraw(tx: Tx, person_id: UUID, purpose: str, said: Said) -> list[ConsentEntry]:
    """Put on record that somebody does not agree, for one channel or for all; nobody has to say why.

    Raises PURPOSE_NOT_FOUND, Refused PURPOSE_NOT_BY_CONSENT, InvalidInput CONSENT_CHANNEL_WRONG, GUARDIAN_UNKNOWN.
    """
    person_id = aliases.resolve(tx, person_id)
    now = purposes.get(tx, purpose)
    _check_channel(now, said.channel)
    if now.basis != rules.CONSENT and not now.contact:
        raise Refused("PURPOSE_NOT_BY_CONSENT", "nobody is asked to agree to this", purpose=purpose, basis=now.basis)
    _check_guardian(tx, _file(tx, person_id), said.guardian_id)
    channels = [said.channel]
    if said.channel == ANY_CHANNEL:
        channels += [row.channel for row in _rows(tx, person_id, purpose) if row.granted and row.channel]
    return [_enter(tx, person_id, now, said._replace(channel=channel), granted=False) for channel in channels]


def current(tx: Tx, person_id: UUID) -> Sequence[State]:
    """Return how things stand for a person, by purpose and channel.

    A student has to be visible to the caller, who for anybody else needs the scope of the chain: PERSON_NOT_FOUND,
    CHAIN_SCOPE_NEEDED.
    """
    child = _visible(tx, person_id)
    young = child is not None and _is_young(tx, child)
    found = []
    for purpose in purposes.every(tx):
        rows = _rows(tx, person_id, purpose.purpose)
        words = {row.channel: _word(row) for row in rows}
        found += [State(row, rules.permits(purpose, words, row.channel, under_fourteen=young)) for row in rows]
    return found


def history(tx: Tx, person_id: UUID, request: ListRequest) -> Page[ConsentEntry]:
    """Return a page of all that a person ever said; visible as `current` is."""
    _visible(tx, person_id)
    return LISTING.page(tx, request, where=[ConsentEntry.person_id.in_(aliases.family(tx, person_id))])


def permits(tx: Tx, person_id: UUID, purpose: str, channel: str = ANY_CHANNEL) -> bool:
    """Say whether a person's data may be used for a purpose now; raises PURPOSE_NOT_FOUND."""
    person_id = aliases.resolve(tx, person_id)
    child = tx.session.get(Student, (tx.institution_id, person_id))
    words = {row.channel: _word(row) for row in _rows(tx, person_id, purpose)}
    young = child is not None and _is_young(tx, child)
    return rules.permits(purposes.get(tx, purpose), words, channel, under_fourteen=young)


def check_child(tx: Tx, person_id: UUID, birth: Birth, campus_id: UUID) -> None:
    """Refuse to open or add to the file of a child under fourteen unless a guardian agreed.

    Holds where `child_file` is enabled; the database refuses the same (trigger `guardian_gate`). Raises Refused
    GUARDIAN_CONSENT_NEEDED.
    """
    if not rules.is_under_fourteen(birth, _today(tx, campus_id)):
        return
    purpose = purposes.get(tx, CHILD_FILE)
    if not purpose.enabled:
        return
    words = {row.channel: _word(row) for row in _rows(tx, aliases.resolve(tx, person_id), CHILD_FILE)}
    if not rules.permits(purpose, words, ANY_CHANNEL, under_fourteen=True):
        raise Refused(
            "GUARDIAN_CONSENT_NEEDED", "for a child under fourteen a guardian has to agree", purpose=CHILD_FILE
        )


def _enter(
    tx: Tx, person_id: UUID, purpose: Purpose, said: Said, *, granted: bool, decide_time: datetime | None = None
) -> ConsentEntry:
    decided = decide_time or tx.now
    facts = (person_id, purpose.purpose, said.channel, granted, purpose.version, said.means, said.guardian_id)
    entry = ConsentEntry(
        person_id=person_id,
        purpose=purpose.purpose,
        channel=said.channel,
        granted=granted,
        version=purpose.version,
        means=said.means,
        guardian_id=said.guardian_id,
        evidence_sha256=said.evidence_sha256,
        entry_sha256=rules.digest(purpose.notice_zh, *facts, said.evidence_sha256, decided.isoformat()),
        decide_time=decided,
        staff_id=tx.caller.subject_id,
    )
    tx.session.add(entry)
    tx.session.flush()
    _keep(tx, entry)
    publish(
        tx,
        ConsentChanged(
            person_id=str(person_id),
            purpose=entry.purpose,
            channel=entry.channel,
            granted=granted,
            version=entry.version,
            decide_time=decided,
        ),
    )
    return entry


def _keep(tx: Tx, entry: ConsentEntry) -> None:
    told = {
        "granted": entry.granted,
        "version": entry.version,
        "guardian_id": entry.guardian_id,
        "decide_time": entry.decide_time,
    }
    key = {"person_id": entry.person_id, "purpose": entry.purpose, "channel": entry.channel}
    fresh = {"institution_id": tx.institution_id, "id": uuid7(), "create_time": tx.now, "update_time": tx.now}
    statement = insert(Consent).values(**fresh, **key, **told)
    tx.execute(
        statement.on_conflict_do_update(
            constraint="uq_consent_word",
            set_=told | {"update_time": tx.now},
            # Of two words at once the refusal stays.
            where=(Consent.decide_time < entry.decide_time)
            | ((Consent.decide_time == entry.decide_time) & Consent.granted),
        )
    )


def _rows(tx: Tx, person_id: UUID, purpose: str) -> list[Consent]:
    """Return a person's last words on a purpose; of two ids that are one child the later word counts."""
    query = select(Consent).where(Consent.person_id.in_(aliases.family(tx, person_id)), Consent.purpose == purpose)
    latest: dict[str, Consent] = {}
    query = query.order_by(Consent.decide_time, Consent.granted.desc())
    # Words are written past the session.
    for row in tx.session.scalars(query.execution_options(populate_existing=True)):
        latest[row.channel] = row
    return [latest[channel] for channel in sorted(latest)]


def _word(row: Consent) -> Word:
    return Word(row.granted, row.decide_time, by_guardian=row.guardian_id is not None)


def _visible(tx: Tx, person_id: UUID) -> Student | None:
    child = tx.session.get(Student, (tx.institution_id, aliases.resolve(tx, person_id)))
    if child is None:
        tx.check_chain()
    return child


def _file(tx: Tx, person_id: UUID) -> Student | None:
    """Return the file of a person, or None for whoever has none; a file out of the caller's sight is refused."""
    child = tx.session.get(Student, (tx.institution_id, person_id))
    if child is None:
        with tx.across_campuses():
            hidden = tx.run(_EXISTS, {"institution": str(tx.institution_id), "id": str(person_id)}).scalar()
        if hidden:
            raise NotFound("person", person_id)
    return child


def _is_young(tx: Tx, child: Student) -> bool:
    birth = Birth(child.birth_year, child.birth_month, child.birth_day)
    return rules.is_under_fourteen(birth, _today(tx, child.campus_id))


def _today(tx: Tx, campus_id: UUID) -> date:
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    return tx.now.astimezone(ZoneInfo(campus.time_zone if campus else DEFAULT_ZONE)).date()


def _check_channel(purpose: Purpose, channel: str) -> None:
    if channel and not purpose.contact:
        raise InvalidInput("channel", "this is not about being contacted", "CONSENT_CHANNEL_WRONG")


def _check_guardian(tx: Tx, child: Student | None, guardian_id: UUID | None) -> None:
    """Refuse a guardian who is none of this very child; whoever has no file has none on record yet."""
    if guardian_id is None or child is None:
        return
    mine = (GuardianLink.student_id == child.id, GuardianLink.guardian_id == guardian_id)
    if tx.session.scalars(select(GuardianLink.id).where(*mine)).first() is None:
        raise InvalidInput("guardian_id", "this is no guardian of the child", "GUARDIAN_UNKNOWN")
