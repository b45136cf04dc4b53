"""Plays the story, phase by phase, with a line about each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy.engine import URL

from services.org.actions import institutions
from services.org.rules.institutions import id_of
from shared.caller import Caller
from shared.leader import Leader
from tools.demo import accounts
from tools.demo.crew import PROCESSES, Crew, Task
from tools.demo.places import CAMPUS_KEYS, CAMPUSES, REGIONS
from tools.demo.size import HISTORY_DAYS, Size
from tools.demo.stage import enquiries, groups, letters, opening, selling, teaching, trials
from tools.demo.stage.databases import HistoryDatabase, open_all
from tools.demo.story import hours
from tools.demo.story.beats import Story
from tools.demo.story.whole import tell

WEEK = timedelta(days=7)
MORNING = timedelta(hours=10)
ABSENT, UNFINISHED, COMPLETE = "absent", "unfinished", "complete"
_HOW_TO_START_ANEW = (
    "an earlier run was interrupted and left half a chain under the code {}:\n"
    "`make demo RESET=1` takes it away and begins anew"
)
Say = Callable[[str], None]


class Unfinished(RuntimeError):
    """An earlier run was interrupted; what it left must go first."""


class NotAlone(RuntimeError):
    """Workers run on these databases; they would handle events of the past as of today."""


@dataclass(slots=True)
class Settings:
    """What to make, and where."""

    seed: str = "1"
    scale: float = 1.0
    code: str = accounts.CODE
    today: date = field(default_factory=date.today)
    processes: int = PROCESSES


def state_of(database: HistoryDatabase, code: str) -> str:
    """Return ABSENT, UNFINISHED or COMPLETE."""
    with database.begin(Caller.system(id_of(code)), read_only=True) as tx:
        found = institutions.find(tx)
        if found is None:
            return ABSENT
        return UNFINISHED if found.name.endswith(opening.UNFINISHED) else COMPLETE


def make(wanted: Settings, urls: Mapping[str, URL], say: Say) -> Story | None:
    """Make the demo chain; None when it is there already.

    Raises Unfinished after an interrupted run, delivery.NotDelivered for events that could not be handled.
    """
    with _opened(urls) as databases:
        found = state_of(databases["org"], wanted.code)
    if found == COMPLETE:
        return None
    if found == UNFINISHED:
        raise Unfinished(_HOW_TO_START_ANEW.format(wanted.code))
    story = tell(wanted.seed, Size.of(wanted.scale), wanted.today)
    with Crew(story, wanted.code, urls, processes=wanted.processes) as crew:
        Play(story, crew, say).run()
    return story


@contextmanager
def alone(urls: Mapping[str, URL]) -> Iterator[None]:
    """Lead every service, so that no worker relays, consumes or keeps time; raises NotAlone where one does."""
    with ExitStack() as stack:
        databases = stack.enter_context(_opened(urls))
        leaders = {name: Leader(database, f"lianxiao leader {name}") for name, database in databases.items()}
        for leader in leaders.values():
            stack.callback(leader.resign)
        if led := [name for name, leader in leaders.items() if not leader.leads()]:
            raise NotAlone(f"workers run ({', '.join(led)}): stop them while the chain is made or taken away")
        yield


@contextmanager
def _opened(urls: Mapping[str, URL]) -> Iterator[dict[str, HistoryDatabase]]:
    databases = open_all(urls)
    try:
        yield databases
    finally:
        for database in databases.values():
            database.dispose()


class Play:
    """The phases of the story."""

    def __init__(self, story: Story, crew: Crew, say: Say) -> None:
        self._story = story
        self._crew = crew
        self._say = say

    def run(self) -> None:
        """Run all phases."""
        story, each = self._story, self._at_each_campus
        self._phase("institution, campuses, staff", len(story.staff), [Task(opening.found)])
        self._phase("courses, rooms, prices, rules, campaigns", len(CAMPUSES), [Task(opening.furnish)])
        touches = len(story.enquiries) + sum(len(enquiry.again) for enquiry in story.enquiries)
        tasks = [*(Task(enquiries.capture, (region,)) for region in range(len(REGIONS))), *each(groups.schedule)]
        self._phase("enquiries, class groups and their lessons", touches + len(story.groups), tasks)
        contacts = sum(len(enquiry.contacts) for enquiry in story.enquiries)
        self._phase("follow-ups and trials", contacts, [*each(enquiries.follow_up), *each(trials.hold)])
        tasks = [*each(selling.sell_first), *each(enquiries.follow_up_trials)]
        self._phase("offers, contracts, orders, payments", story.renewals_from, tasks)
        self._phase("class places", len(story.places) + len(story.privates), each(teaching.place))
        self._teach()
        self._phase("name on the door", 1, [Task(opening.finish)])

    def _teach(self) -> None:
        story = self._story
        begin = story.cutoff - timedelta(days=HISTORY_DAYS)
        while begin < story.cutoff:
            end = begin + WEEK
            taught = sum(begin <= call.start < end for call in story.roll_calls)
            # The messages about the week before leave in the morning, while the lessons of this one are taught.
            tasks = [Task(letters.send, (begin + MORNING,)), *self._at_each_campus(teaching.teach, begin, end)]
            self._phase(f"lessons of the week from {hours.local_day(begin)}", taught, tasks)
            begin = end
        tasks = [Task(letters.send, (story.cutoff,)), *self._at_each_campus(teaching.settle, story.cutoff)]
        self._phase("last refunds and messages", len(story.refunds), tasks)

    def _phase(self, name: str, count: int, tasks: Sequence[Task]) -> None:
        started = time.monotonic()
        self._crew.do(tasks)
        written = time.monotonic()
        events = self._crew.drain()
        done = time.monotonic()
        self._say(f"{name}: {count} ({written - started:.1f} s), {events} events ({done - written:.1f} s)")

    def _at_each_campus(self, function: object, *words: object) -> list[Task]:
        return [Task(function, (campus, *words)) for campus in CAMPUS_KEYS]  # type: ignore[arg-type]
