"""Texts that people write with names in braces, to be filled in later: `{student} begins on {day}`."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping

from shared.errors import InvalidInput


def check(text: str, allowed: Collection[str], field: str) -> None:
    """Raise InvalidInput TEMPLATE_BRACES or TEMPLATE_VARIABLE_UNKNOWN unless `fill` can fill a text in."""
    try:
        parts = [part for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise InvalidInput(field, "a brace is open or closed alone", "TEMPLATE_BRACES") from error
    # A width or a conversion is refused too: a text of a billion spaces is a variable's width away.
    wrong = {f"{name}!{how}" if how else f"{name}:{width}" if width else name for _, name, width, how in parts}
    unknown = sorted(str(name) for name in wrong - set(allowed))
    if unknown:
        told = ", ".join(unknown) or "an empty name"
        message = f"{told} is no variable here; there are {', '.join(allowed)}"
        raise InvalidInput(field, message, "TEMPLATE_VARIABLE_UNKNOWN")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text that `check` has accepted with its variables filled in; braces in values stay as they are."""
    return text.format_map(values)
