"""Sign-in names are e-mail addresses, compared without case."""

from __future__ import annotations


def normal(email: str) -> str:
    """Return the form that is stored, indexed and compared."""
    return email.strip().casefold()
