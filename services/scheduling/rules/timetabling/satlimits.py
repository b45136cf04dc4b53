"""Constraints that tie several meetings together beyond sharing somebody: loads, days between, ways between sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.scheduling.rules.timetabling.problem import TRAVELLING, Problem

if TYPE_CHECKING:
    from services.scheduling.rules.timetabling.satmodel import SatModel


def _holders(built: SatModel) -> Mapping[int, list[int]]:
    """Return the meetings that hold or may hold each resource."""
    found: dict[int, list[int]] = {}
    for place, choice in built.choices.items():
        for resource in choice.held:
            found.setdefault(resource, []).append(place)
    return found


def loads(built: SatModel) -> None:
    """Nobody has more periods a day or a week than allowed."""
    for resource, places in _holders(built).items():
        one = built.problem.resources[resource]
        if ("load", one.id) in built.lifted:
            continue
        lengths = {place: built.problem.meetings[place].duration for place in places}
        if one.most_a_week is not None and sum(lengths.values()) > one.most_a_week:
            week = [lengths[p] * literal for p in places for literal in built.choices[p].held[resource].values()]
            built.model.add(sum(week) <= one.most_a_week)
        if one.most_a_day is not None and sum(lengths.values()) > one.most_a_day:
            for day in range(built.problem.days):
                load = [lengths[p] * literal for p in places for literal in built.on_day(p, day, resource)]
                built.model.add(sum(load) <= one.most_a_day)


def separations(built: SatModel) -> None:
    """Meetings that belong apart lie so many days apart: of so many days in a row, one at most has one of them."""
    problem = built.problem
    for one in problem.separations:
        here = [place for place in one.meetings if place in built.choices]
        if one.weight is not None or not here or ("separation", _group(built, here[0])) in built.lifted:
            continue
        for first in range(max(1, problem.days - one.min_days + 1)):
            days = range(first, min(first + one.min_days, problem.days))
            built.model.add_at_most_one(literal for p in here for day in days for literal in built.on_day(p, day))


def _group(built: SatModel, place: int) -> str:
    return built.problem.groups[built.problem.meetings[place].group].id


def ways(built: SatModel) -> None:
    """Who is at two sites on one day has the time to get from one to the other."""
    if not any(any(row) for row in built.problem.travel):
        return
    for resource, places in _holders(built).items():
        one = built.problem.resources[resource]
        sites = frozenset().union(*(built.choices[place].sites for place in places))
        if one.kind in TRAVELLING and len(sites) > 1 and ("travel", one.id) not in built.lifted:
            _ways(built, resource, places)


def _ways(built: SatModel, resource: int, places: list[int]) -> None:
    """Keep somebody from a site in the periods that the way from or to another site takes."""
    at: dict[tuple[int, int], Any] = {}
    stays = [
        (range(s, s + built.problem.meetings[p].duration), site, lit)
        for p in places
        for s, site, lit in _stays(built, p, resource)
    ]
    for periods, site, literal in stays:
        for period in periods:
            if (site, period) not in at:
                at[site, period] = built.model.new_bool_var("")
            built.model.add_implication(literal, at[site, period])
    for periods, site, literal in stays:
        for (other, period), busy in at.items():
            if _too_near(built.problem, periods, site, (other, period)):
                built.model.add_bool_or(~literal, ~busy)


def _too_near(problem: Problem, periods: range, site: int, elsewhere: tuple[int, int]) -> bool:
    """Say whether being at another site in a period leaves no time for the way to or from a meeting."""
    other, period = elsewhere
    to, fro = problem.travel[other][site], problem.travel[site][other]
    same_day = problem.day_of(period) == problem.day_of(periods.start)
    return same_day and (periods.start - to <= period < periods.start or periods.stop <= period < periods.stop + fro)


def _stays(built: SatModel, place: int, resource: int) -> list[tuple[int, int, Any]]:
    """Return a literal per start and site at which a meeting holds somebody."""
    choice = built.choices[place]
    found: dict[tuple[int, int], list[Any]] = {}
    for (start, room), spot in choice.spots.items():
        if room is not None and start in choice.held[resource]:
            found.setdefault((start, built.problem.rooms[room].site), []).append(spot)
    stays = []
    for (start, site), spots in found.items():
        held = choice.held[resource][start]
        if len(choice.sites) == 1:
            stays.append((start, site, held))
            continue
        both = built.model.new_bool_var("")
        for spot in spots:
            built.model.add_bool_or(both, ~spot, ~held)
        stays.append((start, site, both))
    return stays
