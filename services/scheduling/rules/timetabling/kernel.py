"""The inner loop of the search, compiled: a plan that never breaks a hard constraint, changed piece by piece.

A meeting is taken off and put on; each tells by how much the cost changes. Moves are made of these two, so that none
of them knows a single goal. Import this only where plans are searched: compilation costs seconds.
"""

from __future__ import annotations

from services.scheduling.rules.timetabling.arrays import Facts, State
from services.scheduling.rules.timetabling.compiling import compiled, inlined
from services.scheduling.rules.timetabling.patterns import gaps, ones, tied, wished

FREE = -1


@inlined
def _scattered(f: Facts, resource: int, before: int, after: int) -> int:
    """Return by how much it costs more that a resource has the day `after` instead of `before`."""
    delta = 0
    weight = f.lonely_weight[resource]
    if weight:
        lonely = ones(after & ~(after << 1) & ~(after >> 1)) - ones(before & ~(before << 1) & ~(before >> 1))
        delta += weight * lonely
    weight = f.gap_weight[resource]
    if weight:
        delta += weight * (gaps(after) - gaps(before))
    return delta


@inlined
def _occupy(f: Facts, s: State, meeting: int, resource: int, start: int, sign: int) -> int:
    """Let a meeting hold a resource (sign 1) or give it back (-1); return the change of cost."""
    duration = f.duration[meeting]
    day = start // f.day_periods
    bits = ((1 << duration) - 1) << (start - day * f.day_periods)
    before = s.taken[resource, day]
    after = before | bits if sign > 0 else before & ~bits
    s.taken[resource, day] = after
    for period in range(start, start + duration):
        s.holder[resource, period] = meeting if sign > 0 else FREE
    delta = _scattered(f, resource, before, after)
    if f.wishes.size and f.wishes[resource, 0]:
        delta += wished(f, s, meeting, resource, start, before, after)
    load = s.load[resource]
    s.load[resource] = load + sign * duration
    if f.load_weight:
        fair = f.fair_load[resource]
        delta += f.load_weight * (max(0, load + sign * duration - fair) - max(0, load - fair))
    return delta


@inlined
def _regroup(f: Facts, s: State, meeting: int, start: int, room: int, sign: int) -> int:
    """Count a meeting among the days and rooms of its group; return the change of cost."""
    group = f.group[meeting]
    delta = 0
    day = start // f.day_periods
    count = s.group_days[group, day]
    s.group_days[group, day] = count + sign
    if count == 0 or count + sign == 0:
        days = s.group_day_count[group]
        s.group_day_count[group] = days + sign
        least = f.min_days[group]
        delta += f.min_days_weight * (max(0, least - days - sign) - max(0, least - days))
    if room < f.site.size - 1:
        count = s.group_rooms[group, room]
        s.group_rooms[group, room] = count + sign
        if count == 0 or count + sign == 0:
            rooms = s.group_room_count[group]
            s.group_room_count[group] = rooms + sign
            delta += f.stability_weight * (max(0, rooms + sign - 1) - max(0, rooms - 1))
    return delta


@compiled
def _shift(f: Facts, s: State, meeting: int, sign: int) -> int:
    start, room, choice = s.start[meeting], s.room[meeting], s.choice[meeting]
    own = f.start_cost[meeting, start] + f.room_cost[meeting, room] + f.teacher_cost[choice]
    delta: int = sign * own
    if f.ties_at[meeting + 1] > f.ties_at[meeting]:
        delta += sign * tied(f, s, meeting, start)
    for index in range(f.holds_at[meeting], f.holds_at[meeting + 1]):
        delta += _occupy(f, s, meeting, f.holds[index], start, sign)
    if f.teachers[choice] >= 0:
        delta += _occupy(f, s, meeting, f.teachers[choice], start, sign)
    if room < f.site.size - 1:
        for period in range(start, start + f.duration[meeting]):
            s.holder[f.resources + room, period] = meeting if sign > 0 else FREE
    return delta + _regroup(f, s, meeting, start, room, sign)


@compiled
def take_off(f: Facts, s: State, meeting: int) -> int:
    """Take a placed meeting out of the plan; return the change of cost."""
    delta = _shift(f, s, meeting, -1)
    s.start[meeting] = FREE
    return delta


@compiled
def put_on(f: Facts, s: State, meeting: int, start: int, room: int, choice: int) -> int:
    """Place a meeting where `is_free` and `is_allowed` say yes; return the change of cost."""
    s.start[meeting], s.room[meeting], s.choice[meeting] = start, room, choice
    return _shift(f, s, meeting, 1)


@inlined
def _held_by_others(s: State, resource: int, start: int, end: int, one: int, other: int) -> bool:
    for period in range(start, end):
        holder = s.holder[resource, period]
        if holder != FREE and holder != one and holder != other:  # noqa: PLR1714 - a set costs a tenth of the speed
            return True
    return False


@inlined
def is_free(f: Facts, s: State, meeting: int, start: int, room: int, choice: int, other: int) -> bool:
    """Say whether a place is free for a meeting, or would be if it and `other` were not where they are."""
    if f.start_cost[meeting, start] < 0 or f.room_cost[meeting, room] < 0:
        return False
    end = start + f.duration[meeting]
    if room < f.site.size - 1 and _is_taken(f, s, f.resources + room, meeting, start, other):
        return False
    for index in range(f.holds_at[meeting], f.holds_at[meeting + 1]):
        if _held_by_others(s, f.holds[index], start, end, meeting, other):
            return False
    return f.teachers[choice] < 0 or not _is_taken(f, s, f.teachers[choice], meeting, start, other)


@inlined
def _is_taken(f: Facts, s: State, row: int, meeting: int, start: int, other: int) -> bool:
    duration = f.duration[meeting]
    day = start // f.day_periods
    bits = ((1 << duration) - 1) << (start - day * f.day_periods)
    return f.blocked[row, day] & bits != 0 or _held_by_others(s, row, start, start + duration, meeting, other)


@compiled
def is_allowed(f: Facts, s: State, meeting: int, start: int, room: int, choice: int) -> bool:
    """Say whether travel, limits, separations and blocks by site let a meeting that is off be put on there."""
    if not f.limited:
        return True
    day = start // f.day_periods
    for index in range(f.ties_at[meeting], f.ties_at[meeting + 1]):
        other = s.start[f.ties[index, 0]]
        if f.ties[index, 4] < 0 and other >= 0 and abs(other // f.day_periods - day) < f.ties[index, 3]:
            return False
    for index in range(f.holds_at[meeting], f.holds_at[meeting + 1]):
        if not _can_hold(f, s, meeting, f.holds[index], start, f.site[room]):
            return False
    return f.teachers[choice] < 0 or _can_hold(f, s, meeting, f.teachers[choice], start, f.site[room])


@compiled
def _can_hold(f: Facts, s: State, meeting: int, resource: int, start: int, site: int) -> bool:
    duration = f.duration[meeting]
    day = start // f.day_periods
    if s.load[resource] + duration > f.most_a_week[resource]:
        return False
    if ones(s.taken[resource, day]) + duration > f.most_a_day[resource]:
        return False
    if site < 0:
        return True
    if f.blocked_at.size:
        bits = ((1 << duration) - 1) << (start - day * f.day_periods)
        if f.blocked_at[resource, site, day] & bits:
            return False
    return f.travels[resource] == 0 or _can_travel(f, s, resource, start, start + duration, site)


@compiled
def _can_travel(f: Facts, s: State, resource: int, start: int, end: int, site: int) -> bool:
    day = start // f.day_periods
    for away in range(f.longest_travel):
        before = start - 1 - away
        if before >= day * f.day_periods and s.holder[resource, before] >= 0:
            other = f.site[s.room[s.holder[resource, before]]]
            if other >= 0 and f.travel[other, site] > away:
                return False
        after = end + away
        if after < (day + 1) * f.day_periods and s.holder[resource, after] >= 0:
            other = f.site[s.room[s.holder[resource, after]]]
            if other >= 0 and f.travel[site, other] > away:
                return False
    return True
