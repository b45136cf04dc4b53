"""Wishes and ties in the search, compiled: by how much a change of one day of one resource, or of one start, costs."""

from __future__ import annotations

from services.scheduling.rules.timetabling.arrays import LEARNS, Facts, State
from services.scheduling.rules.timetabling.compiling import compiled, inlined

# Columns of limits in a row of wishes; the weight is beside each (see WishKind).
_WEEK_GAPS, _DAYS, _LATE, _DAY_GAPS, _LEAST, _LEAST_EVERY, _MOST, _RUN, _SPAN, _LEAST_DAYS = range(1, 20, 2)


@inlined
def ones(word: int) -> int:
    """Count the ones."""
    count = 0
    while word:
        word &= word - 1
        count += 1
    return count


@inlined
def _filled(word: int) -> int:
    """Return a word with all ones below its highest one."""
    for shift in (1, 2, 4, 8, 16, 32):
        word |= word >> shift
    return word


@inlined
def gaps(word: int) -> int:
    """Count the zeros between the lowest and the highest one."""
    if word == 0:
        return 0
    low = word & -word
    return ones(_filled(word) & ~(low - 1) & ~word)


@inlined
def _longest_run(word: int) -> int:
    count = 0
    while word:
        word &= word << 1
        count += 1
    return count


@inlined
def _over(f: Facts, resource: int, column: int, value: int) -> int:
    excess: int = f.wishes[resource, column + 1] * max(0, value - f.wishes[resource, column])
    return excess


@inlined
def _under(f: Facts, resource: int, column: int, value: int) -> int:
    lack: int = f.wishes[resource, column + 1] * max(0, f.wishes[resource, column] - value)
    return lack


@inlined
def _late(word: int, blocked: int) -> int:
    """Count the periods that are free before the first meeting of a day."""
    return ones(((word & -word) - 1) & ~blocked) if word else 0


@inlined
def _day_cost(f: Facts, resource: int, word: int, blocked: int) -> int:
    """Return what one day of a resource costs by itself."""
    cost = 0
    count = ones(word)
    if f.wishes[resource, _LEAST_EVERY + 1] and f.day_periods - ones(blocked) >= f.wishes[resource, _LEAST_EVERY]:
        cost += _under(f, resource, _LEAST_EVERY, count)
    if word == 0:
        return cost
    if f.wishes[resource, _DAY_GAPS + 1]:
        cost += _over(f, resource, _DAY_GAPS, _free_gaps(word, blocked))
    cost += _under(f, resource, _LEAST, count) + _over(f, resource, _MOST, count)
    if f.wishes[resource, _RUN + 1]:
        cost += _over(f, resource, _RUN, _longest_run(word))
    if f.wishes[resource, _SPAN + 1]:
        cost += _over(f, resource, _SPAN, ones(_filled(word) & ~((word & -word) - 1)))
    if f.wishes[resource, _LATE + 1]:
        cost += f.wishes[resource, _LATE + 1] * max(0, _late(word, blocked) - 1)
    return cost


@inlined
def _free_gaps(word: int, blocked: int) -> int:
    return ones(_filled(word) & ~((word & -word) - 1) & ~word & ~blocked) if word else 0


@inlined
def _count(f: Facts, s: State, resource: int, number: int, column: int, change: int) -> int:
    """Change a count of the week; return what that costs."""
    if change == 0:
        return 0
    count = s.week[resource, number]
    s.week[resource, number] = count + change
    return _over(f, resource, column, count + change) - _over(f, resource, column, count)


@compiled
def wished(f: Facts, s: State, meeting: int, resource: int, start: int, before: int, after: int) -> int:
    """Return by how much wishes cost more when a meeting changes a day of a resource from `before` to `after`."""
    day = start // f.day_periods
    delta = 0
    if f.last.size and f.wishes[resource, 0] & LEARNS:
        ends = s.last_ends[resource, day]
        delta -= f.last_weight * ones(ends & (_filled(before) >> 1))
        if f.last[meeting]:
            ends ^= 1 << (start - day * f.day_periods + f.duration[meeting] - 1)
            s.last_ends[resource, day] = ends
        delta += f.last_weight * ones(ends & (_filled(after) >> 1))
    if f.wishes[resource, 0] & 1 == 0:
        return delta
    blocked = f.blocked[resource, day]
    delta += _day_cost(f, resource, after, blocked) - _day_cost(f, resource, before, blocked)
    if f.wishes[resource, _WEEK_GAPS + 1]:
        change = _free_gaps(after, blocked) - _free_gaps(before, blocked)
        delta += _count(f, s, resource, 0, _WEEK_GAPS, change)
    if f.wishes[resource, _LATE + 1]:
        change = int(_late(after, blocked) > 0) - int(_late(before, blocked) > 0)
        delta += _count(f, s, resource, 2, _LATE, change)
    change = int(after != 0) - int(before != 0)
    if change:
        days = s.week[resource, 1]
        delta += _under(f, resource, _LEAST_DAYS, days + change) - _under(f, resource, _LEAST_DAYS, days)
        delta += _count(f, s, resource, 1, _DAYS, change)
    return delta


@compiled
def tied(f: Facts, s: State, meeting: int, start: int) -> int:
    """Return what the soft ties of a meeting to those that are placed cost at a start."""
    cost = 0
    for index in range(f.ties_at[meeting], f.ties_at[meeting + 1]):
        other = f.ties[index, 0]
        there = s.start[other]
        if f.ties[index, 4] > 0 and there >= 0:
            second = f.ties[index, 2]
            a, b = (there, start) if second else (start, there)
            first, last = (other, meeting) if second else (meeting, other)
            if _is_broken(f, f.ties[index, 1], f.ties[index, 3], a, a + f.duration[first], b, b + f.duration[last]):
                cost += f.ties[index, 4]
    return cost


@inlined
def _is_broken(f: Facts, kind: int, amount: int, start: int, end: int, other: int, other_end: int) -> bool:
    """Say whether two meetings break a tie of a kind; numbers are those of TieKind."""
    day, other_day = start // f.day_periods, other // f.day_periods
    apart = abs(day - other_day)
    touching = apart == 0 and (end == other or other_end == start)
    between = max(start, other) - min(end, other_end)
    same_day = apart == 0
    # A bit for each kind.
    broken = int(apart < amount) | int(apart > amount) << 1 | int(start != other) << 2 | int(not same_day) << 3
    broken |= int((start - other) % f.day_periods != 0) << 4
    broken |= int(same_day and not touching) << 5 | int(same_day and between < amount) << 6 | int(not touching) << 7
    broken |= int(not same_day or end != other) << 8 | int(end > other) << 9 | int(same_day and end > other) << 10
    broken |= int(between < 0) << 11
    return broken >> kind & 1 == 1


@compiled
def trouble(f: Facts, s: State, meeting: int) -> int:
    """Return what ties of a meeting, and wishes of those that it always holds, cost on its day and in the week."""
    start = s.start[meeting]
    if start < 0:
        return 1 << 40
    day = start // f.day_periods
    cost = tied(f, s, meeting, start)
    for index in range(f.holds_at[meeting], f.holds_at[meeting + 1]):
        resource = f.holds[index]
        if f.wishes.size and f.wishes[resource, 0] & 1:
            cost += _day_cost(f, resource, s.taken[resource, day], f.blocked[resource, day])
            cost += _over(f, resource, _WEEK_GAPS, s.week[resource, 0]) + _over(f, resource, _DAYS, s.week[resource, 1])
            cost += _over(f, resource, _LATE, s.week[resource, 2])
    return cost
