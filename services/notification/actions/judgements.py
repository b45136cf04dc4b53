"""What is known of many messages at once, for the gate to judge each of them as it stands now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select

from services.notification.actions import campuses, frequency_caps, quiet_hours
from services.notification.actions.consents import MARKETING
from services.notification.models import ConsentWord, Contact, Message, OptOut, PurposeSetting
from services.notification.rules import gate
from services.notification.rules.gate import Facts, Verdict, Word
from shared import aliases
from shared.db import Tx

_ALIASED = """select id::text as id, target_id::text as target from alias where institution_id = %(institution)s
  and not undone and (id = any(%(people)s::uuid[]) or target_id = any(%(people)s::uuid[]))"""


@dataclass(slots=True)
class Judge:
    """What was looked up for a batch; times of earlier marketing messages grow while it is judged."""

    unwanted: Collection[tuple[UUID, UUID]]
    words: Mapping[UUID, Mapping[str, Word]]
    opted_out: Collection[bytes]
    sent: dict[bytes, list[datetime]]
    caps: Mapping[int, int]
    setting: PurposeSetting | None
    quiet: Mapping[UUID, datetime]
    now: datetime

    def judge(self, row: Message) -> Verdict:
        """Say what becomes of a message; one that may leave counts for those behind it."""
        index = row.address_index or b""
        setting, marketing = self.setting, row.purpose == gate.MARKETING
        facts = Facts(
            purpose=row.purpose,
            channel=row.channel,
            wanted=(row.student_id, row.guardian_id) not in self.unwanted,
            words=self.words.get(row.student_id),
            valid_from_time=setting.valid_from_time if setting else None,
            enabled=setting is None or setting.enabled,
            opted_out=index in self.opted_out,
            capped=marketing and gate.is_capped(self.sent.get(index, ()), self.caps, self.now),
            quiet_until=None if row.any_hour else self.quiet[row.campus_id],
            expire_time=row.expire_time,
        )
        verdict = gate.decide(facts, self.now)
        if verdict.allowed and marketing:
            self.sent.setdefault(index, []).append(self.now)
        return verdict


def look_up(tx: Tx, rows: Sequence[Message]) -> Judge:
    """Gather what the gate asks about these messages."""
    asked = [row for row in rows if row.purpose != gate.SERVICE]
    indexes = {row.address_index for row in asked if row.address_index}
    campus_ids = {row.campus_id for row in rows if not row.any_hour}
    caps = frequency_caps.current(tx) if asked else {}
    return Judge(
        unwanted=_unwanted(tx, rows),
        words=_words(tx, {row.student_id for row in asked}) if asked else {},
        opted_out=_opted_out(tx, indexes) if indexes else set(),
        sent=_sent(tx, indexes, max(caps)) if indexes else {},
        caps=caps,
        setting=_setting(tx) if asked else None,
        quiet={key: quiet_hours.send_time(tx, key, campuses.zone(tx, key)) for key in campus_ids},
        now=tx.now,
    )


def _unwanted(tx: Tx, rows: Sequence[Message]) -> set[tuple[UUID, UUID]]:
    mine = (Contact.institution_id == tx.institution_id, Contact.guardian_id.in_({row.guardian_id for row in rows}))
    query = select(Contact.student_id, Contact.guardian_id).where(*mine, ~Contact.may_contact)
    return {(student_id, guardian_id) for student_id, guardian_id in tx.execute(query)}


def _words(tx: Tx, people: Collection[UUID]) -> dict[UUID, dict[str, Word]]:
    """Return the words on marketing by person and channel; of two ids that are one person the later word counts."""
    families = _families(tx, people)
    query = select(ConsentWord.person_id, ConsentWord.channel, ConsentWord.granted, ConsentWord.decide_time).where(
        ConsentWord.institution_id == tx.institution_id,
        ConsentWord.purpose == MARKETING,
        or_(ConsentWord.person_id.in_(people), ConsentWord.person_id.in_(families)),
    )
    found: dict[UUID, dict[str, Word]] = defaultdict(dict)
    for person_id, channel, granted, time in tx.execute(query.order_by(ConsentWord.decide_time, ~ConsentWord.granted)):
        for one in {person_id, *families.get(person_id, ())}:
            found[one][channel] = Word(granted, time)
    return found


def _families(tx: Tx, people: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return all ids of a person by each of them, for those few who have several."""
    given = {"institution": str(tx.institution_id), "people": [str(key) for key in people]}
    several = {UUID(text) for row in tx.run(_ALIASED, given) for text in (row.id, row.target)}
    families = [aliases.family(tx, key) for key in several]
    return {key: family for family in families for key in family}


def _opted_out(tx: Tx, indexes: Collection[bytes]) -> set[bytes]:
    mine = (OptOut.institution_id == tx.institution_id, OptOut.address_index.in_(indexes), OptOut.active)
    return {bytes(index) for index in tx.execute(select(OptOut.address_index).where(*mine)).scalars()}


def _sent(tx: Tx, indexes: Collection[bytes], days: int) -> dict[bytes, list[datetime]]:
    query = select(Message.address_index, Message.claim_time).where(
        Message.institution_id == tx.institution_id,
        Message.purpose == gate.MARKETING,
        Message.address_index.in_(indexes),
        Message.claim_time > tx.now - timedelta(days=days),
    )
    found: dict[bytes, list[datetime]] = defaultdict(list)
    for index, time in tx.execute(query):
        found[bytes(index)].append(time)
    return found


def _setting(tx: Tx) -> PurposeSetting | None:
    query = select(PurposeSetting).where(
        PurposeSetting.institution_id == tx.institution_id, PurposeSetting.purpose == MARKETING
    )
    return tx.session.scalars(query).one_or_none()
