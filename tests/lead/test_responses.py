"""First answers: on the clock of the campus, measured, alerted, reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.lead.actions import follow_ups, intake, leads, policies, responses, working_hours
from services.lead.actions.follow_ups import Contact
from services.lead.models import Lead, Task
from services.lead.rules import policy
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, InvalidInput
from shared.ids import uuid7
from shared.testing.bus import published
from shared.working_hours import Opening
from tests.lead import factories

# 10:00 in Shanghai, a Monday; default hours are nine to eight in the evening.
MORNING = datetime(2026, 3, 2, 2, tzinfo=UTC)
CALL = Contact("phone", "约周六")


class World:
    """A campus, an advisor, and transactions at chosen times."""

    def __init__(self, database: Database, caller: Caller) -> None:
        self.database, self.caller = database, caller
        with self.at() as tx:
            self.campus = factories.campus(tx)
            self.advisor = factories.advisor(tx, self.campus)

    def at(self, minutes: int = 0) -> Any:
        """Open a transaction so many minutes after the morning."""
        return self.database.begin(self.caller, now=MORNING + timedelta(minutes=minutes))

    def lead(self, minutes: int = 0, *, number: int = 0, **details: Any) -> UUID:
        """Capture a lead that the advisor owns."""
        with self.at(minutes) as tx:
            told = factories.stranger(number) | {"owner_id": self.advisor} | details
            lead_id: UUID = factories.lead(tx, self.campus, **told).id
        return lead_id

    def run(self, minutes: int) -> None:
        """Run both jobs at a time."""
        for job in (responses.start_clocks, responses.watch):
            with self.at(minutes) as tx:
                job(tx)

    def seen(self, lead_id: UUID) -> Any:
        """Return the lead."""
        with self.at() as tx:
            return leads.get(tx, lead_id)


@pytest.fixture
def world(database: Database, caller: Caller) -> World:
    return World(database, caller)


def test_an_answer_in_time_is_measured_in_working_minutes(world: World) -> None:
    lead_id = world.lead()
    world.run(1)
    assert world.seen(lead_id).response_due_time == MORNING + timedelta(minutes=30)
    with world.at(12) as tx:
        follow_ups.add(tx, lead_id, CALL)
    world.run(60)
    lead = world.seen(lead_id)
    assert (lead.response_state, lead.first_response_minutes) == (responses.MET, 12)
    with world.at(90) as tx:
        follow_ups.add(tx, lead_id, CALL)
    assert world.seen(lead_id).first_response_minutes == 12
    events = published(world.database, world.caller.institution_id, "lead.lead_followed_up.v1")
    assert [event.get("first_response_minutes") for event in events] == ["12", None]


def test_a_lead_of_the_night_is_due_half_an_hour_after_opening(world: World) -> None:
    lead_id = world.lead(13 * 60)
    world.run(13 * 60 + 1)
    assert world.seen(lead_id).response_due_time == datetime(2026, 3, 3, 1, 30, tzinfo=UTC)


def test_whoever_was_not_answered_becomes_one_task_and_one_event(world: World) -> None:
    lead_id = world.lead()
    for minutes in (1, 29, 30, 31, 90):
        world.run(minutes)
    lead = world.seen(lead_id)
    assert (lead.response_state, lead.first_response_minutes) == (responses.BREACHED, None)
    with world.at(100) as tx:
        task = tx.session.scalars(select(Task)).one()
        assert (task.kind, task.owner_id, task.state) == ("first_response", world.advisor, "open")
    assert len(published(world.database, world.caller.institution_id, "lead.lead_response_breached.v1")) == 1
    with world.at(100) as tx:
        follow_ups.add(tx, lead_id, CALL)
    with world.at(101) as tx:
        assert tx.session.scalars(select(Task.state)).one() == "done"
    lead = world.seen(lead_id)
    assert (lead.response_state, lead.first_response_minutes) == (responses.BREACHED, 100)


def test_an_answer_before_the_clock_was_started_counts_as_well(world: World) -> None:
    lead_id = world.lead()
    with world.at(3) as tx:
        follow_ups.add(tx, lead_id, CALL)
    world.run(60)
    lead = world.seen(lead_id)
    assert (lead.response_state, lead.first_response_minutes) == (responses.MET, 3)


def test_leads_of_files_are_exempt(world: World) -> None:
    lead_id = world.lead()
    with world.at() as tx:
        arrival = factories.arrival(world.campus, **factories.stranger(5))
        imported = intake.take_in(tx, [replace(arrival, import_id=uuid7())])[0].lead.id
    world.run(1)
    assert world.seen(imported).response_state == responses.EXEMPT
    assert world.seen(lead_id).response_state == responses.WAITING


def test_hours_and_limits_are_data(world: World) -> None:
    with world.at() as tx:
        policies.change(tx, None, {policy.RESPONSE_LIMIT_MINUTES: 90, policy.REMINDER_MINUTES: 5}, None)
        policies.change(tx, world.campus, {policy.RESPONSE_LIMIT_MINUTES: 60}, None)
        openings = [Opening(0, time(10), time(10, 30)), Opening(1, time(10), time(12))]
        working_hours.replace(tx, world.campus, openings=openings, closed=[])
    lead_id = world.lead()
    world.run(1)
    assert world.seen(lead_id).response_due_time == datetime(2026, 3, 3, 2, 30, tzinfo=UTC)
    with world.at() as tx, pytest.raises(InvalidInput) as error:
        working_hours.replace(tx, world.campus, openings=[openings[0], openings[0]], closed=[])
    assert error.value.reason == "HOURS_OVERLAP"


def test_the_report_counts_by_advisor_and_campus(world: World) -> None:
    first, _second = world.lead(), world.lead(1, number=1)
    world.lead(2, number=2, owner_id=None)
    world.run(3)
    with world.at(10) as tx:
        follow_ups.add(tx, first, CALL)
    world.run(70)
    span = {"start": MORNING, "end": MORNING + timedelta(days=1)}
    with world.at(80) as tx:
        rows = responses.report(tx, **span, group="owner_id")
        assert [(row.who, row.leads, row.answered, row.breached, row.average_minutes) for row in rows] == [
            (world.advisor, 2, 1, 1, 10.0),
            (None, 1, 0, 1, None),
        ]
        rows = responses.report(tx, **span, group="campus_id")
        assert [(row.who, row.leads, row.median_minutes) for row in rows] == [(world.campus, 3, 10.0)]
        for end in (MORNING, MORNING + timedelta(days=500)):
            with pytest.raises(DomainError) as error:
                responses.report(tx, start=MORNING, end=end, group="owner_id")
            assert error.value.reason == "PERIOD_INVALID"


def test_two_workers_that_start_clocks_do_not_wait_for_each_other(world: World) -> None:
    world.lead()
    with world.at(1) as tx, world.at(1) as other:
        assert not responses.start_clocks(tx)
        assert not responses.start_clocks(other)
    with world.at(2) as tx:
        assert tx.scalar(select(Lead.response_state)) == responses.WAITING


def test_a_campus_that_never_opens_measures_nothing(tx: Tx) -> None:
    campus = factories.campus(tx)
    working_hours.replace(tx, campus, openings=[], closed=[])
    lead = factories.lead(tx, campus)
    tx.session.flush()
    responses.start_clocks(tx)
    assert leads.get(tx, lead.id).response_state == responses.EXEMPT
    assert leads.get(tx, lead.id).first_response_minutes is None
