"""Permission patterns and how far one holding reaches over another."""

from __future__ import annotations

from collections.abc import Iterable

from shared.caller import Grant


def covers(granted: str, wanted: str) -> bool:
    """Say whether every permission that `wanted` matches is matched by `granted`; both may hold `*`."""
    return all(have in ("*", want) for have, want in zip(_parts(granted), _parts(wanted), strict=True))


def may_give(held: Iterable[Grant], given: Grant) -> bool:
    """Say whether a person who holds `held` may give `given` to somebody.

    Nobody gives what they do not hold, wherever they give it: each pattern has to be covered in each campus,
    though not by the same grant. A grant limited to own rows covers only grants limited in the same way.
    """
    usable = [grant for grant in held if given.own or not grant.own]
    return all(_holds(usable, pattern, given) for pattern in given.permissions)


def _holds(held: list[Grant], pattern: str, given: Grant) -> bool:
    covering = [grant for grant in held if any(covers(own, pattern) for own in grant.permissions)]
    if any(grant.campuses is None for grant in covering):
        return True
    if given.campuses is None:
        return False
    reach: set[object] = set()
    for grant in covering:
        reach |= grant.campuses or frozenset()
    return bool(covering) and given.campuses <= reach


def _parts(pattern: str) -> tuple[str, str]:
    noun, _, verb = pattern.partition(".")
    return noun, verb or "*"
