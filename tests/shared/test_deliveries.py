"""Outbox, relay, deliveries and inbox: nothing lost, nothing done twice, whatever fails in between."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from lianxiao.lead.v1.lead_events_pb2 import LeadAssigned, LeadEnrolled
from shared import inbox, parked
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import NotFound
from shared.events import publish
from shared.ids import uuid7
from shared.inbox import AnyConsumer, Arrival, Consumer, Delivery, Handler, WildConsumer, claim, store
from shared.relay import DirectSink, Relay
from shared.settings import settings
from shared.testing.bus import arrival, deliver, published, waiting


@pytest.fixture(autouse=True)
def _clean(database: Database) -> None:
    """Claims see every institution, so each test starts without deliveries of the ones before it."""
    with database.system() as tx:
        tx.run("delete from delivery")
        tx.run("delete from outbox")


def assigned(lead_id: UUID | None = None, owner_id: str = "") -> LeadAssigned:
    """Return an event."""
    return LeadAssigned(lead_id=str(lead_id or uuid7()), campus_id=str(uuid7()), owner_id=owner_id or str(uuid7()))


def published_in_vain(tx: Tx) -> None:
    """Publish, then fail."""
    publish(tx, assigned())
    tx.run("select 1 / 0")


def insert_thing(tx: Tx, event: LeadAssigned) -> None:
    """Handle an event with an effect that shows when it happens twice."""
    tx.run(
        "insert into thing (institution_id, id, name, quantity) values (%(i)s, %(id)s, %(name)s, 1)"
        " on conflict (institution_id, name) do update set quantity = thing.quantity + 1",
        {"i": str(tx.institution_id), "id": str(uuid7()), "name": event.lead_id},
    )


def quantity(database: Database, institution: UUID, name: str) -> int:
    """Return how often an event had its effect."""
    with database.begin(Caller.system(institution)) as tx:
        return int(tx.run("select coalesce(sum(quantity), 0) from thing where name = %s", (name,)).scalar() or 0)


COUNTING: list[AnyConsumer] = [Consumer("test.count", LeadAssigned, insert_thing)]


def test_an_event_leaves_with_its_transaction_or_not_at_all(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        publish(tx, assigned())
    with pytest.raises(DBAPIError), database.begin(Caller.system(institution)) as tx:
        published_in_vain(tx)
    assert [event["type"] for event in published(database, institution)] == ["lead.lead_assigned.v1"]


def test_personal_fields_are_sealed_in_the_outbox_and_open_in_the_handler(
    database: Database, institution: UUID
) -> None:
    seen: list[str] = []
    event = LeadEnrolled(
        lead_id=str(uuid7()), campus_id=str(uuid7()), child_name="张小明", guardian_phone="13812345678"
    )
    with database.begin(Caller.system(institution)) as tx:
        publish(tx, event)
    body = published(database, institution)[0]
    assert "张小明" not in str(body)
    assert "13812345678" not in str(body)
    consumers = [Consumer("test.names", LeadEnrolled, lambda _tx, e: seen.append(e.child_name + e.guardian_phone))]
    assert deliver(database, consumers, event, institution) == 1
    assert seen == ["张小明13812345678"]


def test_a_message_that_arrives_three_times_has_one_effect(database: Database, institution: UUID) -> None:
    event = assigned()
    assert deliver(database, COUNTING, event, institution, times=3) == 1
    assert quantity(database, institution, event.lead_id) == 1


def test_forty_deliveries_by_four_threads_have_one_effect(database: Database, institution: UUID) -> None:
    event = assigned()
    message = arrival(institution, event)

    def once(_: int) -> None:
        with database.system() as tx:
            store(tx, [message], COUNTING)
        for delivery in waiting(database, message.event_id):
            Handler(database, COUNTING).handle(delivery)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(once, range(40)))
    assert quantity(database, institution, event.lead_id) == 1


def test_sixteen_writers_and_a_relay_lose_nothing(database: Database, institution: UUID) -> None:
    """B4: transactions of random length; ids are given out in another order than commits happen."""
    done = threading.Event()
    subscribers: list[AnyConsumer] = [WildConsumer("test.all", lambda _tx, _deliveries: None)]
    relay = Relay("test", database, DirectSink({"test": (database, subscribers)}))

    def write(number: int) -> int:
        chance = random.Random(number)
        written = 0
        while written < 625:
            size = chance.randint(1, 12)
            with database.begin(Caller.system(institution)) as tx:
                for _ in range(min(size, 625 - written)):
                    publish(tx, assigned())
                if chance.random() < 0.1:
                    tx.run("select pg_sleep(%s)", (chance.random() * 0.02,))
            written += size
        return min(written, 625)

    def relay_all() -> int:
        moved = 0
        while not done.is_set() or moved < 10_000:
            count = relay.run_once()
            moved += count
            if done.is_set() and count == 0:
                return moved
        return moved

    with ThreadPoolExecutor(17) as pool:
        relaying = pool.submit(relay_all)
        total = sum(pool.map(write, range(16)))
        done.set()
        assert total == 10_000
        assert relaying.result(60) == 10_000
    with database.system() as tx:
        count = tx.run("select count(distinct event_id) from delivery where institution_id = %s", (str(institution),))
        assert count.scalar() == 10_000


def failing(_tx: Tx, _event: LeadAssigned) -> None:
    """Handle nothing, ever."""
    raise ValueError("四川")


def drain(database: Database, handler: Handler) -> None:
    """Run what is due until nothing is, with the clock of retries moved on."""
    for _ in range(200):
        with database.system() as tx:
            tx.run("update delivery set next_time = clock_timestamp() where not parked")
        claimed = claim(database, 50, fresh=True) + claim(database, 50, fresh=False)
        for delivery in claimed:
            handler.handle(delivery)
        if not claimed:
            return
    raise AssertionError("deliveries never end")


def test_a_handler_that_always_fails_parks_its_event_and_can_be_replayed(database: Database, institution: UUID) -> None:
    """B6, B9: parked after the last attempt with its error, nothing lost; replayed once the handler is mended."""
    event = assigned()
    broken = [Consumer("test.count", LeadAssigned, failing)]
    with database.system() as tx:
        store(tx, [arrival(institution, event)], broken)
    drain(database, Handler(database, broken))
    with database.begin(Caller.system(institution)) as tx:
        rows = [row for row in parked.page(tx) if row.institution_id == institution]
    assert [(row.error, row.attempts) for row in rows] == [("ValueError", settings().max_attempts)]
    assert quantity(database, institution, event.lead_id) == 0
    with database.system() as tx:
        parked.replay(tx, rows[0].id)
    drain(database, Handler(database, COUNTING))
    assert quantity(database, institution, event.lead_id) == 1
    with database.begin(Caller.system(institution)) as tx:
        assert tx.run("select count(*) from audit_entry where action = 'parked.replay'").scalar() == 1
    with pytest.raises(NotFound), database.system() as tx:
        parked.replay(tx, rows[0].id)


def test_an_event_that_kills_its_worker_is_parked_without_its_neighbours(database: Database, institution: UUID) -> None:
    """A claim counts the attempt before the handler runs, so dying is an attempt like any other."""
    poison = assigned()
    with database.system() as tx:
        store(tx, [arrival(institution, poison)], COUNTING)
    for _ in range(settings().max_attempts):
        with database.system() as tx:
            tx.run("update delivery set next_time = clock_timestamp()")
        assert len(claim(database, 10, fresh=True) + claim(database, 10, fresh=False)) == 1
    innocent = assigned()
    with database.system() as tx:
        store(tx, [arrival(institution, innocent)], COUNTING)
    drain(database, Handler(database, COUNTING))
    with database.begin(Caller.system(institution)) as tx:
        assert [row.aggregate_id for row in parked.page(tx)] == [poison.lead_id]
    assert quantity(database, institution, innocent.lead_id) == 1


def test_events_of_one_aggregate_are_claimed_one_after_the_other(database: Database, institution: UUID) -> None:
    lead = uuid7()
    messages = [arrival(institution, assigned(lead)) for _ in range(3)]
    other = arrival(institution, assigned())
    with database.system() as tx:
        store(tx, [*reversed(messages), other], COUNTING)
    first = claim(database, 50, fresh=True)
    assert {delivery.sequence for delivery in first} == {messages[0].sequence, other.sequence}
    handler = Handler(database, COUNTING)
    for delivery in first:
        handler.handle(delivery)
    assert [delivery.sequence for delivery in claim(database, 50, fresh=True)] == [messages[1].sequence]


def pages_of_a_claim(database: Database, admin: Engine, burst: list[Arrival]) -> int:
    """Return how many pages a claim of 200 touches after a burst into a table that was known empty."""
    with database.system() as tx:
        store(tx, burst, COUNTING)
        tx.run("delete from delivery")
    with admin.connect() as connection:
        # Pages that were full once stay with the table while others use it.
        connection.exec_driver_sql("vacuum (analyze, truncate off) delivery")
    with database.system() as tx:
        store(tx, burst, COUNTING)
    with database.system() as tx, tx.along_indexes():
        statement = inbox._CLAIM.format(which="d.attempts = 0", among="")  # noqa: SLF001 - the statement itself is tested
        explain = "explain (analyze, buffers, timing off, format json) "
        [plan] = tx.run(explain + statement, {"limit": 200, "base": 1}).scalar_one()
        tx.connection.rollback()
    assert plan["Plan"]["Actual Rows"] == 200
    return int(plan["Plan"]["Shared Hit Blocks"])


def test_a_burst_into_a_table_that_was_known_empty_is_claimed_by_the_index(
    database: Database, institution: UUID, postgres: str
) -> None:
    """The planner then takes everything for one row; a join of all with all waits there."""
    owner = make_url(postgres).set(drivername="postgresql+psycopg2", database=database.engine.url.database)
    admin = create_engine(owner, isolation_level="AUTOCOMMIT")
    burst = [arrival(institution, assigned()) for _ in range(1500)]
    # Whoever reads beside keeps the vacuum from its work, and dead rows in the index: the best of three tells the plan.
    pages = min(pages_of_a_claim(database, admin, burst) for _ in range(3))
    admin.dispose()
    # Two pages of the index and one of the table for each row that is claimed, and what it takes to write it.
    assert pages < 200 * 40


def test_an_ordered_consumer_parks_what_comes_too_late(database: Database, institution: UUID) -> None:
    """B5: applied out of order would be wrong, dropped would be lost."""
    lead = uuid7()
    early, late = arrival(institution, assigned(lead)), arrival(institution, assigned(lead))
    ordered: list[AnyConsumer] = [replace(COUNTING[0], ordered=True)]
    handler = Handler(database, ordered)
    for message in (late, early):
        with database.system() as tx:
            store(tx, [message], ordered)
        drain(database, handler)
    with database.begin(Caller.system(institution)) as tx:
        assert [row.error.split(":")[0] for row in parked.page(tx)] == ["LATE"]
    assert quantity(database, institution, str(lead)) == 1


def test_an_event_that_nobody_wants_stays_in_the_outbox(database: Database, institution: UUID) -> None:
    with database.begin(Caller.system(institution)) as tx:
        publish(tx, assigned())
    relay = Relay("test", database, DirectSink({"test": (database, [])}))
    assert relay.run_once() == 1
    assert len(published(database, institution)) == 1
    assert relay.run_once() == 0, "it is asked again later, not in a loop"


def test_a_wild_consumer_sees_every_type(database: Database, institution: UUID) -> None:
    seen: list[Delivery] = []
    wild: list[AnyConsumer] = [WildConsumer("test.wild", lambda _tx, deliveries: seen.extend(deliveries))]
    deliver(database, wild, assigned(), institution)
    deliver(database, wild, LeadEnrolled(lead_id=str(uuid7())), institution)
    assert [delivery.type for delivery in seen] == ["lead.lead_assigned.v1", "lead.lead_enrolled.v1"]


def test_a_wild_consumer_is_given_what_waits_together_and_one_by_one_when_that_fails(
    database: Database, institution: UUID
) -> None:
    """Of ten events one was handled before and one cannot be handled: each of the others has its effect once."""
    messages = [arrival(institution, assigned()) for _ in range(10)]
    done, poison = messages[3], messages[6]
    sizes: list[int] = []

    def note(tx: Tx, deliveries: Sequence[Delivery]) -> None:
        sizes.append(len(deliveries))
        for delivery in deliveries:
            insert_thing(tx, LeadAssigned(lead_id=delivery.aggregate_id))
            if delivery.event_id == UUID(poison.event_id):
                tx.run("select 1 / 0")

    wild: list[AnyConsumer] = [WildConsumer("test.wild", note)]
    handler = Handler(database, wild)
    with database.system() as tx:
        store(tx, messages, wild)
    claimed = claim(database, 50, fresh=True)
    handler.handle(next(each for each in claimed if each.event_id == UUID(done.event_id)))
    for group in handler.groups(claimed):
        handler.handle_group(group)

    assert sizes == [1, 10, *[1] * 10]
    assert [quantity(database, institution, each.aggregate_id) for each in messages] == [1] * 6 + [0] + [1] * 3
    with database.system() as tx:
        assert tx.run("select event_id::text, attempts, error from delivery").all() == [
            (poison.event_id, 1, "DataError")
        ]


def test_events_of_two_institutions_never_share_a_transaction(database: Database, institution: UUID) -> None:
    wild: list[AnyConsumer] = [WildConsumer("test.wild", lambda _tx, _deliveries: None), *COUNTING]
    other = uuid7()
    with database.system() as tx:
        store(tx, [arrival(place, assigned()) for place in (institution, other, institution)], wild)

    groups = Handler(database, wild).groups(claim(database, 50, fresh=True))

    together = [[each.institution_id for each in group] for group in groups if group[0].consumer == "test.wild"]
    assert sorted(together, key=len) == [[other], [institution, institution]]
    assert [len(group) for group in groups if group[0].consumer == "test.count"] == [1, 1, 1]
