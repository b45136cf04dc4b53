"""Moves of the search, compiled: each is tried, and undone unless it stays within what may be lost."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from services.scheduling.rules.timetabling.arrays import Facts, Ints, State
from services.scheduling.rules.timetabling.compiling import compiled, inlined
from services.scheduling.rules.timetabling.kernel import FREE, is_allowed, is_free, put_on, take_off
from services.scheduling.rules.timetabling.patterns import trouble

Random = NDArray[np.uint64]
REJECTED = 1 << 40
LONGEST_CHAIN = 16
_DRAWS = 8
SAME_START = 2  # of TieKind
COST, UNPLACED, BEST_COST, BEST_UNPLACED, ACCEPTED = range(5)  # of a tally; costs without what is unplaced


@inlined
def below(random: Random, count: int) -> int:
    """Return the next chance below a count (xorshift, 64 bits)."""
    x = random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    random[0] = x
    return (np.int64(x >> np.uint64(33)) * count) >> 31  # type: ignore[return-value]


@inlined
def _try_place(f: Facts, s: State, meeting: int, start: int, room: int, choice: int, limit: float) -> int:
    """Move one meeting to a free place."""
    old_start, old_room, old_choice = s.start[meeting], s.room[meeting], s.choice[meeting]
    if start == old_start and room == old_room and choice == old_choice:
        return REJECTED
    if not is_free(f, s, meeting, start, room, choice, FREE):
        return REJECTED
    delta = take_off(f, s, meeting)
    if is_allowed(f, s, meeting, start, room, choice):
        delta += put_on(f, s, meeting, start, room, choice)
        if delta <= limit:
            return delta
        take_off(f, s, meeting)
    put_on(f, s, meeting, old_start, old_room, old_choice)
    return REJECTED


@inlined
def _try_swap(f: Facts, s: State, one: int, other: int, limit: float) -> int:
    """Exchange the places of two meetings; each keeps its teacher."""
    start, room, choice = s.start[one], s.room[one], s.choice[one]
    other_start, other_room, other_choice = s.start[other], s.room[other], s.choice[other]
    if other_start < 0 or f.duration[one] != f.duration[other] or f.group[one] == f.group[other]:
        return REJECTED
    if not is_free(f, s, one, other_start, other_room, choice, other):
        return REJECTED
    if not is_free(f, s, other, start, room, other_choice, one):
        return REJECTED
    delta = take_off(f, s, one) + take_off(f, s, other)
    if is_allowed(f, s, one, other_start, other_room, choice):
        delta += put_on(f, s, one, other_start, other_room, choice)
        if is_allowed(f, s, other, start, room, other_choice):
            delta += put_on(f, s, other, start, room, other_choice)
            if delta <= limit:
                return delta
            take_off(f, s, other)
        take_off(f, s, one)
    put_on(f, s, one, start, room, choice)
    put_on(f, s, other, other_start, other_room, other_choice)
    return REJECTED


@inlined
def _add_holders(f: Facts, s: State, chain: Ints, count: int, row: int, start: int, end: int) -> int:
    """Add who holds a row to a chain; return its new length, above LONGEST_CHAIN when it cannot go on."""
    for period in range(start, end):
        holder = s.holder[row, period]
        if holder >= 0:
            known = False
            for index in range(count):
                known |= chain[index] == holder
            if not known:
                if f.fixed[holder] or count >= LONGEST_CHAIN:
                    return LONGEST_CHAIN + 1
                chain[count] = holder
                count += 1
    return count


@compiled
def _add_clashes(f: Facts, s: State, chain: Ints, count: int, meeting: int, start: int, room: int, choice: int) -> int:
    """Add to a chain all that a meeting would clash with; return its new length, or more than the longest."""
    end = start + f.duration[meeting]
    day = start // f.day_periods
    bits = ((1 << f.duration[meeting]) - 1) << (start - day * f.day_periods)
    if f.start_cost[meeting, start] < 0 or f.room_cost[meeting, room] < 0:
        return LONGEST_CHAIN + 1
    if room < f.site.size - 1:
        if f.blocked[f.resources + room, day] & bits:
            return LONGEST_CHAIN + 1
        count = _add_holders(f, s, chain, count, f.resources + room, start, end)
    if f.teachers[choice] >= 0 and count <= LONGEST_CHAIN:
        if f.blocked[f.teachers[choice], day] & bits:
            return LONGEST_CHAIN + 1
        count = _add_holders(f, s, chain, count, f.teachers[choice], start, end)
    for index in range(f.holds_at[meeting], f.holds_at[meeting + 1]):
        if count > LONGEST_CHAIN:
            break
        count = _add_holders(f, s, chain, count, f.holds[index], start, end)
    return count


@inlined
def _add_companions(f: Facts, s: State, chain: Ints, count: int, meeting: int) -> int:
    """Add to a chain those that begin with a meeting and should: they go where it goes."""
    for index in range(f.ties_at[meeting], f.ties_at[meeting + 1]):
        other = f.ties[index, 0]
        if f.ties[index, 1] == SAME_START and s.start[other] == s.start[meeting]:
            known = False
            for place in range(min(count, LONGEST_CHAIN)):
                known |= chain[place] == other
            if not known:
                if f.fixed[other] or count >= LONGEST_CHAIN:
                    return LONGEST_CHAIN + 1
                chain[count] = other
                count += 1
    return count


@inlined
def _across(f: Facts, s: State, meeting: int, origin: int, target: int, width: int) -> int:
    """Return where a meeting goes when two stretches of a width change places; -1 when it lies in neither wholly."""
    start: int = s.start[meeting]
    most = width - f.duration[meeting]
    if 0 <= start - origin <= most:
        return target + start - origin
    if 0 <= start - target <= most:
        return origin + start - target
    return FREE


@compiled
def _chain(f: Facts, s: State, chain: Ints, meeting: int, target: int) -> int:
    """Collect the meetings that must change between two stretches when one does; return how many, 0: it cannot."""
    origin = s.start[meeting]
    width = f.duration[meeting]
    if abs(origin - target) < width:
        return 0
    chain[0] = meeting
    count = 1
    done = 0
    while done < count <= LONGEST_CHAIN:
        each = chain[done]
        there = _across(f, s, each, origin, target, width)
        if there < 0:
            return 0
        count = _add_clashes(f, s, chain, count, each, there, s.room[each], s.choice[each])
        count = _add_companions(f, s, chain, count, each)
        done += 1
    return count if count <= LONGEST_CHAIN else 0


@compiled
def _try_chain(f: Facts, s: State, chain: Ints, meeting: int, target: int, limit: float) -> int:
    """Exchange two starts for a meeting and all that this pushes away (Kempe); rooms and teachers stay."""
    origin = s.start[meeting]
    width = f.duration[meeting]
    count = _chain(f, s, chain, meeting, target)
    if count == 0:
        return REJECTED
    delta = 0
    for index in range(count):
        chain[LONGEST_CHAIN + index] = _across(f, s, chain[index], origin, target, width)
        delta += take_off(f, s, chain[index])
    placed = 0
    while placed < count:
        each, there = chain[placed], chain[LONGEST_CHAIN + placed]
        if not is_allowed(f, s, each, there, s.room[each], s.choice[each]):
            break
        delta += put_on(f, s, each, there, s.room[each], s.choice[each])
        placed += 1
    if placed == count and delta <= limit:
        return delta
    for index in range(placed):
        take_off(f, s, chain[index])
    for index in range(count):
        each, there = chain[index], chain[LONGEST_CHAIN + index]
        away = origin - target if 0 <= there - target < width else target - origin
        put_on(f, s, each, there + away, s.room[each], s.choice[each])
    return REJECTED


@compiled
def _try_insert(
    f: Facts, s: State, chain: Ints, meeting: int, start: int, room: int, choice: int, limit: float, price: int
) -> int:
    """Place a meeting that is not, at the price of what it pushes out; the chain ends with how many."""
    chain[0] = meeting
    count = _add_clashes(f, s, chain, 1, meeting, start, room, choice)
    if count > LONGEST_CHAIN:
        return REJECTED
    paid = -price * f.bulk[meeting]
    for index in range(1, count):
        paid += price * f.bulk[chain[index]]
    if paid > limit:
        return REJECTED
    delta = 0
    for index in range(1, count):
        chain[LONGEST_CHAIN + index] = s.start[chain[index]]
        delta += take_off(f, s, chain[index])
    if is_allowed(f, s, meeting, start, room, choice):
        delta += put_on(f, s, meeting, start, room, choice)
        if delta + paid <= limit:
            chain[-1] = count - 1
            return delta
        take_off(f, s, meeting)
    for index in range(1, count):
        each = chain[index]
        put_on(f, s, each, chain[LONGEST_CHAIN + index], s.room[each], s.choice[each])
    return REJECTED


@inlined
def _drawn(random: Random, values_at: Ints, meeting: int) -> int:
    """Return the index of a candidate of a meeting; -1 when it has none."""
    first, last = values_at[meeting], values_at[meeting + 1]
    return first + below(random, last - first) if last > first else -1


@inlined
def _step(f: Facts, s: State, random: Random, chain: Ints, mix: Ints, limit: float, tally: Ints, price: int) -> int:
    """Try one move of the mix; return the change of cost, or REJECTED."""
    meeting = f.movable[below(random, f.movable.size)]
    if mix[4] and below(random, 1024) < mix[4]:
        if tally[UNPLACED] and below(random, 4) == 0:
            meeting = _next_unplaced(s, meeting)
        else:
            meeting = _troubled(f, s, random, meeting, mix[5])
    index = _drawn(random, f.starts_at, meeting)
    if index < 0:
        return REJECTED
    start = f.starts[index]
    room = f.rooms[_drawn(random, f.rooms_at, meeting)]
    choice = _drawn(random, f.teachers_at, meeting)
    if s.start[meeting] < 0:
        delta = _try_insert(f, s, chain, meeting, start, room, choice, limit, price)
        if delta != REJECTED:
            tally[UNPLACED] += chain[-1] - 1
        return delta
    kind = below(random, 1024)
    if kind < mix[0]:
        return _try_swap(f, s, meeting, f.movable[below(random, f.movable.size)], limit)
    if kind < mix[1]:
        return _try_chain(f, s, chain, meeting, start, limit)
    return _try_partly(f, s, random, mix, meeting, start, room, choice, limit)


@inlined
def _next_unplaced(s: State, meeting: int) -> int:
    """Return the first meeting without a place from one on, or that one when all have one."""
    count = s.start.size
    for away in range(count):
        other = (meeting + away) % count
        if s.start[other] < 0:
            return other
    return meeting


@inlined
def _troubled(f: Facts, s: State, random: Random, meeting: int, least: int) -> int:
    """Return a meeting whose wishes and ties cost at least so much, or any when none is found soon."""
    for _ in range(_DRAWS):
        if trouble(f, s, meeting) >= least:
            return meeting
        meeting = f.movable[below(random, f.movable.size)]
    return meeting


@inlined
def _try_partly(
    f: Facts, s: State, random: Random, mix: Ints, meeting: int, start: int, room: int, choice: int, limit: float
) -> int:
    """Change some of start, room and teacher: to change all is seldom for the better."""
    kind = below(random, 1024)
    if kind < mix[2]:
        start = s.start[meeting]
    elif kind < mix[3]:
        room = s.room[meeting]
    if kind & 7:
        choice = s.choice[meeting]
    return _try_place(f, s, meeting, start, room, choice, limit)


@compiled
def settle(f: Facts, s: State, wanted: Ints, tally: Ints) -> None:
    """Place what `wanted` [start, room, choice; meeting] says: the fixed meetings, then those that break nothing."""
    for fixed in (1, 0):
        for meeting in range(s.start.size):
            start, room, choice = wanted[0, meeting], wanted[1, meeting], wanted[2, meeting]
            if start < 0 or f.fixed[meeting] != fixed:
                continue
            if fixed or (
                is_free(f, s, meeting, start, room, choice, FREE) and is_allowed(f, s, meeting, start, room, choice)
            ):
                tally[COST] += put_on(f, s, meeting, start, room, choice)
                tally[UNPLACED] -= 1


@compiled
def anneal(
    f: Facts,
    s: State,
    best: Ints,
    random: Random,
    chain: Ints,
    tally: Ints,
    mix: Ints,
    temperature: float,
    moves: int,
    price: int,
) -> None:
    """Try so many moves at one temperature; `best` [start, room, choice; meeting] keeps the best plan met.

    The fewest unplaced are best, then the lowest cost; `price` is what an unplaced meeting costs the search.
    """
    for _ in range(moves):
        chance = (below(random, 1 << 30) + 1) / (1 << 30)
        delta = _step(f, s, random, chain, mix, -temperature * math.log(chance), tally, price)
        if delta == REJECTED:
            continue
        tally[COST] += delta
        tally[ACCEPTED] += 1
        fewer = tally[UNPLACED] < tally[BEST_UNPLACED]
        if fewer or (tally[UNPLACED] == tally[BEST_UNPLACED] and tally[COST] < tally[BEST_COST]):
            tally[BEST_UNPLACED], tally[BEST_COST] = tally[UNPLACED], tally[COST]
            for meeting in range(s.start.size):
                best[0, meeting] = s.start[meeting]
                best[1, meeting] = s.room[meeting]
                best[2, meeting] = s.choice[meeting]
