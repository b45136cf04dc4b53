"""Records of a labelled file as leads of an institution, among as many others as are asked for."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from itertools import islice
from typing import Any
from uuid import UUID

from services.lead.actions import bulk, intake, keys, known
from services.lead.actions.intake import Arrival
from services.lead.models import Lead
from services.lead.rules import matching
from services.lead.rules.adults import Adult
from services.lead.rules.children import Person
from services.lead.rules.matching import Record
from services.lead.rules.profile import Profile
from services.lead.rules.rows import Enquiry
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7

_BATCH = 1000
_PHONE_DIGITS = 8
_HOUSE = re.compile(r"^\s*\d+")


def fill(database: Database, caller: Caller, records: Sequence[Record], count: int) -> None:
    """Store the records and others, mixed of their fields, until there are `count`."""
    campus = uuid7()
    everybody = [*records, *(mixed(records, number) for number in range(count - len(records)))]
    waiting = iter(everybody)
    while batch := list(islice(waiting, _BATCH)):
        with database.begin(caller) as tx:
            _store(tx, campus, batch)


def mixed(records: Sequence[Record], number: int) -> Record:
    """Return a record whose every field is some record's, but whose numbers are nobody's, as in a larger town."""
    chance = random.Random(number)
    first = chance.choice(records)
    drawn = replace(first, **{field.name: getattr(chance.choice(records), field.name) for field in fields(first)})
    if isinstance(drawn, Person):
        return replace(drawn, phones=frozenset(_other(phone, chance) for phone in sorted(drawn.phones)))
    if isinstance(drawn, Adult):
        birth_date = f"{chance.randint(1900, 1999)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
        return replace(drawn, birth_date=drawn.birth_date and birth_date, street_number=str(chance.randint(1, 300)))
    beginning, ending = drawn.name.split(), chance.choice(records).name.split()  # type: ignore[union-attr]
    name = " ".join(beginning[: len(beginning) // 2 + 1] + ending[len(ending) // 2 :])
    address = _HOUSE.sub(str(chance.randint(1, 9999)), drawn.address)
    return replace(drawn, name=name, address=address, phone=_other(drawn.phone, chance))


def _other(phone: str, chance: random.Random) -> str:
    kept = phone[:-_PHONE_DIGITS]
    return kept + "".join(chance.choices("0123456789", k=len(phone) - len(kept)))


def _store(tx: Tx, campus: UUID, records: Sequence[Record]) -> None:
    rows, keyed = [], []
    for record in records:
        told: dict[str, Any] = (
            {"birth_date": record.birth_date, "school": record.school} if isinstance(record, Person) else {}
        )
        lead = intake.fresh(tx, Arrival(Enquiry("", **told), campus, "import", payload={}))
        Lead.profile.seal(tx, lead, _text(record))
        rows.append(lead)
        keyed += [(keys.match_key(tx, key), str(lead.id)) for key in matching.keys(record)]
    parameters = {"institution": str(tx.institution_id)} | intake.keyed(keyed)
    bulk.insert(tx, {Lead: rows}, steps=[intake.KEYED], parameters=parameters)
    tx.run("select")


def _text(record: Record) -> str:
    if not isinstance(record, Person):
        return json.dumps(asdict(record))
    numbers = [*sorted(record.phones), "", ""]
    told = Profile(numbers[0], numbers[1], record.child_name, record.guardian_name, wechat_id=record.wechat_id)
    return told.to_json()


def look_up(database: Database, caller: Caller, record: Record) -> float:
    """Return the milliseconds in which a record is judged among those that are stored."""
    begin = time.perf_counter()
    with database.begin(caller, read_only=True) as tx:
        if isinstance(record, Person):
            known.load(tx, [record], lock=False)[0].decide(tx, record)
        else:
            rows = known.look_up(tx, [keys.match_key(tx, key) for key in matching.keys(record)])
            kind = type(record)
            found = {row.id: kind(**json.loads(Lead.profile.reveal(tx, row) or "{}")) for row in rows}
            matching.decide(record, found)
    return (time.perf_counter() - begin) * 1000
