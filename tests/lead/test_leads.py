"""Leads are read, changed, moved, lost and taken up again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.lead.actions import assignments, follow_ups, known, leads, timelines
from services.lead.actions.follow_ups import Contact
from services.lead.models import Assignment, FollowUp, StageChange, Task
from shared.caller import Scope
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.lead import factories


def test_an_unknown_lead_is_not_found(tx: Tx) -> None:
    with pytest.raises(NotFound) as error:
        leads.get(tx, uuid7())
    assert error.value.reason == "LEAD_NOT_FOUND"


def test_what_the_family_told_us_can_be_changed_and_is_found_under_the_new_name(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    changes = {"child_name": "李雷", "alternate_phone": "139 0013 9000", "school": "光明小学", "birth_date": "2015"}
    leads.update(tx, lead.id, changes)
    stored = leads.get(tx, lead.id)
    profile = known.profile_of(tx, stored)
    assert (profile.child_name, profile.alternate_phone, profile.guardian_phone) == (
        "李雷",
        "+8613900139000",
        factories.PHONE,
    )
    assert (stored.school, stored.birth_date) == ("光明小学", "2015")
    again = factories.lead(tx, stored.campus_id, child_name="李雷", guardian_phone="+8613900139000")
    assert again.id == lead.id


@pytest.mark.parametrize(
    "changes",
    [{}, {"stage": "enrolled"}, {"owner_id": None}, {"guardian_phone": "12"}, {"guardian_phone": ""}],
)
def test_nonsense_changes_nothing(tx: Tx, changes: dict[str, object]) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    with pytest.raises(InvalidInput):
        leads.update(tx, lead.id, changes)


def test_a_lead_moves_to_a_campus_that_is_open_and_in_scope(tx: Tx) -> None:
    here, there, closed = factories.campus(tx), factories.campus(tx), factories.campus(tx, active=False)
    lead = factories.lead(tx, here)
    assert leads.update(tx, lead.id, {"campus_id": there}).campus_id == there
    with pytest.raises(Refused):
        leads.update(tx, lead.id, {"campus_id": closed})
    tx.scope = Scope(frozenset({there}))
    with pytest.raises(NotFound):
        leads.update(tx, lead.id, {"campus_id": here})


def test_a_lead_that_moves_where_its_owner_does_not_work_waits_there_in_the_pool(tx: Tx) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    stays, comes = factories.advisor(tx, here), factories.advisor(tx, here, there)
    for number, (owner, left) in enumerate(((stays, None), (comes, comes))):
        lead = factories.lead(tx, here, owner_id=owner, **factories.stranger(number))
        moved = leads.update(tx, lead.id, {"campus_id": there})
        assert (moved.owner_id, moved.pool_time is None) == (left, left is not None)
        rows = tx.session.scalars(select(Assignment).where(Assignment.lead_id == lead.id)).all()
        gone = {(row.previous_owner_id, row.owner_id, row.reason) for row in rows if row.reason}
        assert gone == ({(owner, None, "campus_changed")} if left is None else set())


def test_every_stay_in_a_stage_has_its_times(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    leads.move(tx, lead.id, stage="quoted")
    leads.lose(tx, lead.id, reason="price", detail="太贵")
    stays = tx.session.scalars(select(StageChange).order_by(StageChange.create_time, StageChange.id)).all()
    told = {(stay.stage, stay.previous_stage, stay.exit_time is None, stay.reason) for stay in stays}
    assert told == {
        ("enquiry", "", False, ""),
        ("quoted", "enquiry", False, ""),
        ("lost", "quoted", True, "price"),
    }


def test_a_lead_cannot_be_lost_without_a_reason(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    with pytest.raises(InvalidInput):
        leads.lose(tx, lead.id, reason=" ")


def test_a_lost_lead_is_closed_until_it_is_reopened_in_its_old_stage(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    leads.move(tx, lead.id, stage="trialled")
    leads.lose(tx, lead.id, reason="distance")
    for change in (
        lambda: leads.lose(tx, lead.id, reason="price"),
        lambda: leads.move(tx, lead.id, stage="quoted"),
        lambda: assignments.assign(tx, lead.id, owner_id=None),
        lambda: follow_ups.add(tx, lead.id, Contact("phone", "无人接听")),
    ):
        with pytest.raises(Refused) as error:
            change()
        assert error.value.reason == "LEAD_CLOSED"
    reopened = leads.reopen(tx, lead.id)
    assert (reopened.state, reopened.stage, reopened.lost_reason) == ("open", "trialled", "")
    with pytest.raises(Refused) as again:
        leads.reopen(tx, lead.id)
    assert again.value.reason == "LEAD_NOT_LOST"


def test_an_assignment_by_hand_is_recorded_with_its_reason(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead, advisor = factories.lead(tx, campus), factories.advisor(tx, campus)
    assert assignments.assign(tx, lead.id, owner_id=advisor, reason="认识这家人").owner_id == advisor
    assignments.assign(tx, lead.id, owner_id=advisor)
    assert assignments.assign(tx, lead.id, owner_id=None, reason="请假").owner_id is None
    rows = tx.session.scalars(select(Assignment).order_by(Assignment.id)).all()
    assert {(row.previous_owner_id, row.owner_id, row.reason) for row in rows} == {
        (None, advisor, "认识这家人"),
        (advisor, None, "请假"),
    }


def test_nobody_inactive_or_of_another_campus_gets_a_lead(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead = factories.lead(tx, campus)
    for owner in (factories.advisor(tx, campus, active=False), factories.advisor(tx, uuid7()), uuid7()):
        with pytest.raises(Refused) as error:
            assignments.assign(tx, lead.id, owner_id=owner)
        assert error.value.reason == "STAFF_NOT_ASSIGNABLE"


def test_the_first_contact_moves_an_enquiry_on_and_a_promise_becomes_one_task(tx: Tx) -> None:
    campus = factories.campus(tx)
    advisor = factories.advisor(tx, campus)
    lead = factories.lead(tx, campus, owner_id=advisor)
    for days in (1, 3):
        promised = factories.later(tx, days)
        row = follow_ups.add(tx, lead.id, Contact("phone", "约周六试听"), next_contact_time=promised)
    assert FollowUp.content.reveal(tx, row) == "约周六试听"
    stored = leads.get(tx, lead.id)
    assert (stored.stage, stored.last_contact_time, stored.next_contact_time) == (
        "contacted",
        tx.now,
        factories.later(tx, 3),
    )
    tasks = tx.session.scalars(select(Task).order_by(Task.due_time)).all()
    assert [(task.state, task.owner_id, task.due_time) for task in tasks] == [
        ("done", advisor, factories.later(tx, 1)),
        ("open", advisor, factories.later(tx, 3)),
    ]


def test_a_promise_must_lie_in_the_future(tx: Tx) -> None:
    lead = factories.lead(tx, factories.campus(tx))
    with pytest.raises(InvalidInput) as error:
        follow_ups.add(tx, lead.id, Contact("phone", "?"), next_contact_time=tx.now)
    assert error.value.reason == "TIME_PAST"


def test_the_timeline_shows_everything_once_page_by_page(tx: Tx) -> None:
    campus = factories.campus(tx)
    advisor = factories.advisor(tx, campus)
    lead = factories.lead(tx, campus, owner_id=advisor)
    factories.lead(tx, campus)
    for text in ("一", "二", "三"):
        follow_ups.add(tx, lead.id, Contact("wechat", text))
    whole = timelines.page(tx, lead.id, size=50)
    kinds = sorted(type(row).__name__ for row in whole.rows)
    assert kinds == [
        "Assignment",
        *["FollowUp"] * 3,
        *["StageChange"] * 2,
        *["Touch"] * 2,
    ]
    seen, token = [], ""
    while True:
        page = timelines.page(tx, lead.id, size=3, token=token)
        seen += [row.id for row in page.rows]
        token = page.next_page_token
        if not token:
            break
    assert seen == [row.id for row in whole.rows]


def test_a_token_of_another_timeline_is_refused(tx: Tx) -> None:
    campus = factories.campus(tx)
    lead, other = (
        factories.lead(tx, campus),
        factories.lead(tx, campus, guardian_phone="+8613900139000", child_name="李雷"),
    )
    token = timelines.page(tx, lead.id, size=1).next_page_token
    for bad in (token, "nonsense"):
        with pytest.raises(InvalidInput):
            timelines.page(tx, other.id, size=1, token=bad)
