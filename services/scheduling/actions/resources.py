"""What lessons occupy: locks, the search for collisions, and the claims themselves.

Every change of the timetable takes locks in this order: class groups, then teachers and rooms, then rows of lessons
by id, then students. So two changes wait for each other, but never in a circle, and whoever looks for collisions
under the locks sees all of them. The exclusion constraint stands behind that for whatever forgets a lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.models import LessonResource
from services.scheduling.rules.locking import lock_keys
from services.scheduling.rules.spans import LONGEST, Span
from shared.db import Tx
from shared.errors import Conflict, Refused
from shared.tables import stamped

TEACHER, ROOM, CLASS_GROUP, STUDENT = "teacher", "room", "class_group", "student"

# The lower bound on start_time keeps the index range short: no lesson lasts longer than a day.
# Comparisons of columns only: range operators are not leak-proof and would lose the index under row-level security.
# Not "state = 'live'": the index of the exclusion constraint knows that, and nothing else of what is asked, and a
# planner without statistics would read all of it.
# The limit inside keeps the planner from turning the join round while it has no statistics of a new table.
COLLISIONS = """
select r.resource_kind, r.resource_id, r.lesson_id, r.start_time, r.end_time, w.start_time as wanted_start_time
from unnest(%(ids)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) as w (id, start_time, end_time)
cross join lateral (
  select * from lesson_resource h where h.resource_id = w.id and h.state not in ('released', 'cancelled')
    and h.start_time < w.end_time and h.end_time > w.start_time
    and h.start_time > w.start_time - interval '24 hours' and h.lesson_id <> all (%(ignored)s::uuid[])
  order by h.start_time limit %(limit)s) r
order by w.start_time, r.resource_kind, r.resource_id, r.lesson_id limit %(limit)s"""
MOST_COLLISIONS = 200
_RETIME = """
update lesson_resource r set start_time = w.start_time, end_time = w.end_time, state = 'live', update_time = %(now)s
from unnest(%(ids)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[]) as w (id, start_time, end_time)
where r.id = w.id"""


@dataclass(frozen=True, slots=True)
class Want:
    """A resource that should be free during a span."""

    resource_id: UUID
    span: Span


@dataclass(frozen=True, slots=True)
class Collision:
    """A resource that is not free, the lesson that holds it, and the start of the span that was wanted."""

    resource_kind: str
    resource_id: UUID
    lesson_id: UUID
    start_time: datetime
    end_time: datetime
    wanted_start_time: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A resource of a lesson; `origin` and `class_group_id` say how a student came in."""

    lesson_id: UUID
    resource_kind: str
    resource_id: UUID
    span: Span
    origin: str = ""
    class_group_id: UUID | None = None
    # Where a teacher is then: the way to the next lesson needs its time.
    campus_id: UUID | None = None


def lock(tx: Tx, resource_ids: Iterable[UUID]) -> None:
    """Hold the timetables of resources until the end of the transaction; see the module's text for the order."""
    keys = lock_keys(tx.institution_id, resource_ids)
    if keys:
        tx.run("select pg_advisory_xact_lock(key) from unnest(%(keys)s::bigint[]) as wanted (key)", {"keys": keys})


def collisions(tx: Tx, wants: Sequence[Want], *, ignoring: Collection[UUID] = ()) -> list[Collision]:
    """Return who collides with what, by wanted time; `ignoring` are lessons that do not count."""
    if not wants:
        return []
    parameters = {
        "ids": [str(want.resource_id) for want in wants],
        "starts": [want.span.start for want in wants],
        "ends": [want.span.end for want in wants],
        "ignored": [str(each) for each in ignoring],
        "limit": MOST_COLLISIONS,
    }
    return [Collision(**row) for row in tx.run(COLLISIONS, parameters).mappings()]


def check_free(tx: Tx, wants: Sequence[Want], *, ignoring: Collection[UUID] = ()) -> None:
    """Refuse with LESSON_CONFLICT, naming the first collision, unless every resource is free."""
    found = collisions(tx, wants, ignoring=ignoring)
    if found:
        first = found[0]
        raise Refused(
            "LESSON_CONFLICT",
            f"the {first.resource_kind.replace('_', ' ')} has another lesson then",
            resource_kind=first.resource_kind,
            resource_id=str(first.resource_id),
            lesson_id=str(first.lesson_id),
            start_time=first.start_time.isoformat(),
            end_time=first.end_time.isoformat(),
            wanted_start_time=first.wanted_start_time.isoformat(),
            conflict_count=len(found),
        )


def busy(tx: Tx, resource_ids: Collection[UUID], period: Span) -> dict[UUID, list[Span]]:
    """Return when each resource is held around a period; nothing for one that is free all the time."""
    row = LessonResource
    taken = (row.state == "live", row.start_time > period.start - LONGEST, row.start_time < period.end)
    wanted = select(row.resource_id, row.start_time, row.end_time).where(row.resource_id.in_(resource_ids), *taken)
    found: dict[UUID, list[Span]] = defaultdict(list)
    for resource_id, start, end in tx.execute(wanted):
        found[resource_id].append(Span(start, end))
    return found


def claim(tx: Tx, claims: Sequence[Claim]) -> None:
    """Write claims in one statement; a released claim of the same lesson and resource comes to life again."""
    if not claims:
        return
    statement = insert(LessonResource)
    renewed = {
        name: statement.excluded[name]
        for name in ("origin", "class_group_id", "campus_id", "start_time", "end_time", "state", "update_time")
    }
    statement = statement.on_conflict_do_update(constraint="uq_lesson_resource_once", set_=renewed)
    with tx.translating(
        {"ex_lesson_resource_during": lambda: Conflict("LESSON_CONFLICT", "somebody took that time just now")}
    ):
        tx.execute(statement, [_row(tx, each) for each in _sorted(claims)])


def release(tx: Tx, lesson_ids: Collection[UUID], *, resource_ids: Collection[UUID], origin: str = "") -> list[UUID]:
    """Free resources of lessons, only those that came in by `origin` if given; return the lessons they were in."""
    row = LessonResource
    which = [row.lesson_id.in_(list(lesson_ids)), row.resource_id.in_(list(resource_ids)), row.state == "live"]
    if origin:
        which.append(row.origin == origin)
    done = update(row).where(*which).values(state="released", update_time=tx.now).returning(row.lesson_id)
    return list(tx.execute(done).scalars())


def let_go(tx: Tx, lesson_id: UUID) -> None:
    """Free all that a cancelled lesson holds."""
    row = LessonResource
    held = (row.lesson_id == lesson_id, row.state == "live")
    tx.execute(update(row).where(*held).values(state="cancelled", update_time=tx.now))


def retime(tx: Tx, spans: Mapping[UUID, Span]) -> None:
    """Give what lessons hold new times; one may take the time that another one of them gives up."""
    row = LessonResource
    wanted = select(row.id, row.lesson_id).where(row.lesson_id.in_(list(spans)), row.state == "live")
    held = [(key, spans[lesson_id]) for key, lesson_id in tx.execute(wanted.order_by(row.id))]
    if not held:
        return
    keys = [key for key, _ in held]
    # The constraint looks at each row as it changes: all let go first.
    tx.execute(update(row).where(row.id.in_(keys)).values(state="released"))
    parameters = {
        "ids": [str(key) for key in keys],
        "starts": [span.start for _, span in held],
        "ends": [span.end for _, span in held],
        "now": tx.now,
    }
    with tx.translating(
        {"ex_lesson_resource_during": lambda: Conflict("LESSON_CONFLICT", "somebody took that time just now")}
    ):
        tx.run(_RETIME, parameters)


def _sorted(claims: Sequence[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda each: (each.resource_kind, each.resource_id, each.span.start))


def _row(tx: Tx, each: Claim) -> dict[str, object]:
    return stamped(
        tx,
        lesson_id=each.lesson_id,
        resource_kind=each.resource_kind,
        resource_id=each.resource_id,
        origin=each.origin,
        class_group_id=each.class_group_id,
        campus_id=each.campus_id,
        start_time=each.span.start,
        end_time=each.span.end,
        state="live",
    )
