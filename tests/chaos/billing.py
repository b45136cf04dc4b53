"""`make chaos-billing SEED=n`: billing is killed part by part while attendances and payments come in.

20,000 attendances arrive by the bus and 2,000 payments by gRPC, each asked again until it is answered. Afterwards every
attendance was consumed once, every payment posted once, the books hold, and all queues are empty in time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import grpc
from sqlalchemy.exc import DBAPIError

from lianxiao.billing.v1 import payment_service_pb2 as pb
from lianxiao.billing.v1 import payment_service_pb2_grpc as stubs
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed
from shared.caller import Caller
from shared.errors import Unavailable
from shared.ids import uuid7
from shared.settings import settings
from shared.testing import callers
from shared.testing.waiting import until
from shared.tokens import TokenIssuer
from tests.billing import factories
from tests.billing.books import broken
from tests.chaos.billing_rig import COMPONENTS, BillingRig
from tests.chaos.writers import Writers
from tools import servers

DRAIN_SECONDS = 60.0
_STUDENTS = 100
_CAMPUSES = 5
_PARTS = 10
_FEN = 10_000
_HOUR = 100
_PAYERS = 4
_SLOWEST_SECONDS = 300.0
_QUIET_SECONDS = 3.0
_AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED}
_AGAIN |= {grpc.StatusCode.ABORTED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL}
_FIGURES = """
select (select count(distinct attendance_id) from consumption where state = 'consumed') as consumed,
  (select count(*) from consumption) as consumptions,
  (select coalesce(sum(hundredths), 0) from lot_entry) as hundredths,
  (select count(*) from payment where method = 'transfer') as payments,
  (select coalesce(sum(amount_fen), 0) from payment where method = 'transfer') as paid_fen"""
_HEARD = """
select count(*) filter (where kind = 'HoursConsumed') as consumed,
  count(*) filter (where kind = 'PaymentReceived') as paid from heard"""


class _State(NamedTuple):
    """How many events are under way, and how many consumptions and payments the audience was told of."""

    pending: int
    consumed: int
    paid: int


class Town:
    """An institution whose students have hours, and orders that wait to be paid in ten parts each."""

    def __init__(self, rig: BillingRig, attendances: int, payments: int) -> None:
        self.institution = uuid7()
        self.attendances, self.payments = attendances, payments
        hours = (attendances * _HOUR // _STUDENTS + 1) * 10
        with rig.billing.begin(Caller.system(self.institution)) as tx:
            factories.split_rule(tx)
            self.campuses = [factories.campus(tx) for _ in range(_CAMPUSES)]
            self._bought = [
                factories.paid_order(tx, campus_id=self.campuses[n % _CAMPUSES], hours=hours) for n in range(_STUDENTS)
            ]
            price = _PARTS * _FEN
            self.orders = [
                factories.order(tx, campus_id=self.campuses[n % _CAMPUSES], hours=_HOUR, unit_price_fen=price).order.id
                for n in range(payments // _PARTS)
            ]

    def confirmed(self, attendance_id: UUID, account: UUID, _amount: int) -> AttendanceConfirmed:
        """Return the attendance that a sale of the till stands for."""
        bought = self._bought[account.int % _STUDENTS]
        return factories.confirmed(
            bought, campus_id=self.campuses[attendance_id.int % _CAMPUSES], attendance_id=attendance_id
        )


class Payers:
    """Threads that pay, as a till at a desk would: with a request id, again and again until they are answered."""

    def __init__(self, rig: BillingRig, town: Town, token: str) -> None:
        self._rig, self._town = rig, town
        self._metadata = (("authorization", f"Bearer {token}"),)
        self.answered = 0
        self.asked_again = 0
        self._lock = threading.Lock()
        self._pause = threading.Event()

    def work(self, orders: Sequence[UUID]) -> None:
        """Pay each of the orders in parts."""
        with grpc.insecure_channel(f"127.0.0.1:{self._rig.port}") as channel:
            stub: Any = stubs.PaymentServiceStub(channel)
            for order in orders:
                for _ in range(_PARTS):
                    self._pay(stub, order)

    def _pay(self, stub: Any, order: UUID) -> None:
        request = pb.RecordPaymentRequest(
            order_id=str(order), amount_fen=_FEN, method="transfer", request_id=str(uuid7())
        )
        while True:
            try:
                stub.RecordPayment(request, metadata=self._metadata, timeout=10)
            except grpc.RpcError as error:
                if error.code() not in _AGAIN:
                    raise
                with self._lock:
                    self.asked_again += 1
                self._pause.wait(0.1)
            else:
                with self._lock:
                    self.answered += 1
                return


class Attack:
    """One run: writers and payers work, components die, everything settles, the books are read."""

    def __init__(self, rig: BillingRig, town: Town, seed: int) -> None:
        self._rig, self._town = rig, town
        self._seed = seed
        self._chance = random.Random(seed)
        self._pause = threading.Event()
        self.kills: Counter[str] = Counter()

    def execute(self, kills: int) -> dict[str, object]:
        """Return what became of it."""
        begun = time.monotonic()
        key = settings().jwt_private_key_file
        assert key is not None, "the rig has made a key"
        payers = Payers(self._rig, self._town, TokenIssuer(key).issue(callers.staff(self._town.institution), 12 * 3600))
        events, town = self._town.attendances, self._town
        _wait(self._rig.serves, "the server answers")
        with (
            Writers(self._rig.till, town.institution, events, self._seed, event_of=town.confirmed) as writers,
            ThreadPoolExecutor(_PAYERS) as pool,
        ):
            paying = [pool.submit(payers.work, town.orders[number::_PAYERS]) for number in range(_PAYERS)]
            for number in range(kills):
                writers.allow(events * (number + 1) // kills)
                moment = self._chance.randint(events * number // kills, events * (number + 1) // kills)
                _wait(lambda bound=moment: writers.written >= bound, "the moment of the fault")
                self._strike(COMPONENTS[number % len(COMPONENTS)])
            _wait(lambda: writers.written >= events, "all attendances are written")
            for job in paying:
                job.result(_SLOWEST_SECONDS)
        drained = self._settle()
        return self._report(payers, drained, time.monotonic() - begun)

    def _strike(self, component: str) -> None:
        self._rig.kill(component)
        self.kills[component] += 1
        self._pause.wait(self._chance.uniform(0, 0.5))
        self._rig.start(component)
        # The next fault may hit another part while this one is still on its way up, but never stays down.
        self._rig.ensure()

    def _settle(self) -> float:
        """Wait until nothing is under way, or until nothing moves any more; return the seconds it took."""
        begun = last = time.monotonic()
        state: _State | None = None
        while time.monotonic() - begun < DRAIN_SECONDS * 2:
            now = self._state()
            if now != state:
                state, last = now, time.monotonic()
            if now is not None and self._is_over(now, quiet=time.monotonic() - last > _QUIET_SECONDS):
                break
            self._rig.ensure()
            self._pause.wait(0.2)
        return time.monotonic() - begun

    def _is_over(self, state: _State, *, quiet: bool) -> bool:
        """Say whether nothing is to come any more; what a queue holds shows late, so what was told counts as well."""
        # Each student has paid once before.
        told = state.consumed >= self._town.attendances and state.paid >= self._town.payments + _STUDENTS
        return state.pending == 0 and (told or quiet) and self._rig.queued() == 0

    def _state(self) -> _State | None:
        """Return how far everything is, or None while the server is away."""
        try:
            with self._rig.audience.begin(Caller.system(self._town.institution), read_only=True) as tx:
                heard = tx.run(_HEARD).one()
            return _State(self._rig.pending(), heard.consumed, heard.paid)
        except (DBAPIError, Unavailable):
            return None

    def _report(self, payers: Payers, drained: float, seconds: float) -> dict[str, object]:
        town = self._town
        with self._rig.billing.begin(Caller.system(town.institution), read_only=True) as tx:
            found, wrong = tx.run(_FIGURES).one(), broken(tx)
        with self._rig.audience.begin(Caller.system(town.institution), read_only=True) as tx:
            told = dict(tx.run("select kind, count(*) from heard where times = 1 group by kind").all())
            twice = int(tx.run("select count(*) from heard where times > 1").scalar() or 0)
        clean = (
            not wrong
            and (found.consumed, found.consumptions) == (town.attendances, town.attendances)
            and found.hundredths == town.attendances * _HOUR
            and (found.payments, found.paid_fen) == (town.payments, town.payments * _FEN)
            and told.get("HoursConsumed") == town.attendances
            and twice == 0
        )
        return {
            "seed": self._seed,
            "kills": dict(self.kills),
            "attendances": town.attendances,
            "consumed": int(found.consumed),
            "consumptions": int(found.consumptions),
            "payments": int(found.payments),
            "payments_asked_again": payers.asked_again,
            "broken": wrong,
            "told": {kind: int(count) for kind, count in told.items()},
            "told_twice": twice,
            "drain_seconds": round(drained, 1),
            "seconds": round(seconds),
            "clean": bool(clean and drained <= DRAIN_SECONDS),
        }


def main(words: Sequence[str]) -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(prog="make chaos-billing", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--attendances", type=int, default=20_000)
    parser.add_argument("--payments", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=40)
    options = parser.parse_args(words)
    os.environ.update(servers.broker())
    with tempfile.TemporaryDirectory(prefix="lxchaos") as folder:
        rig = BillingRig(Path(folder))
        try:
            town = Town(rig, options.attendances, options.payments)
            report = Attack(rig, town, options.seed).execute(options.kills)
            if not report["clean"]:
                sys.stderr.write(rig.log())
        finally:
            rig.stop()
    sys.stdout.write(f"{json.dumps(report)}\n")
    return 0 if report["clean"] else 1


def _wait(condition: Any, what: str) -> None:
    until(condition, seconds=_SLOWEST_SECONDS, what=what, longest_pause_seconds=0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
