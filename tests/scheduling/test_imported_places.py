"""A student who came with a file sits in the class group once, or waits where somebody sees it."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import ClassGroupPlaceImported
from services.scheduling.consumers import CONSUMERS
from services.scheduling.models import Membership
from shared.caller import Caller
from shared.db import Database
from shared.errors import DomainError, Refused
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.scheduling import factories as make


def wanted(student_id: UUID, group_id: UUID) -> ClassGroupPlaceImported:
    return ClassGroupPlaceImported(
        student_id=str(student_id),
        campus_id=str(group_id),
        class_group_id=str(group_id),
        student_import_id=str(uuid7()),
    )


def test_a_place_is_given_once_and_a_full_group_leaves_it_open(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        here = make.campus(tx)
        group = make.class_group(tx, here, capacity=1)
        first, second = (make.student(tx, here) for _ in range(2))
    for _ in range(2):
        deliver(database, CONSUMERS, wanted(first, group.id), institution)
    with pytest.raises(Refused) as full:
        deliver(database, CONSUMERS, wanted(second, group.id), institution)
    assert full.value.reason == "CLASS_GROUP_FULL"
    with pytest.raises(DomainError):
        deliver(database, CONSUMERS, wanted(uuid7(), group.id), institution)
    with database.begin(Caller.system(institution)) as tx:
        query = select(Membership.student_id).where(Membership.class_group_id == group.id)
        assert list(tx.execute(query).scalars()) == [first]
