"""The whole vocabulary of refusals. Actions and rules raise these; the boundary translates them by one table each."""

from __future__ import annotations

from typing import ClassVar

Fact = str | int | bool | None


class DomainError(Exception):
    """Something the caller should know: a stable `reason`, a message, and facts that the message mentions."""

    code: ClassVar[str] = "INTERNAL"

    def __init__(self, reason: str, message: str, **info: Fact) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.info = {key: str(value) for key, value in info.items() if value is not None}


class InvalidInput(DomainError):
    """A field does not hold what it must; `violations` lists every wrong field with its own sentence."""

    code = "INVALID_ARGUMENT"

    def __init__(self, field: str, message: str, reason: str = "INVALID_FIELD", **info: Fact) -> None:
        super().__init__(reason, message, field=field, **info)
        self.violations: list[tuple[str, str]] = [(field, message)]

    @classmethod
    def of(cls, violations: list[tuple[str, str]]) -> InvalidInput:
        """Build one error out of several (field, message) pairs; the list must not be empty."""
        error = cls(violations[0][0], violations[0][1])
        error.violations = violations
        return error


class NotSignedIn(DomainError):
    """No token, or one that is expired, revoked or forged."""

    code = "UNAUTHENTICATED"


class NotAllowed(DomainError):
    """The caller is known but lacks the permission."""

    code = "PERMISSION_DENIED"


class NotFound(DomainError):
    """No such row for this caller; rows of other institutions and campuses look exactly the same."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind.upper()}_NOT_FOUND", f"there is no {kind.replace('_', ' ')} {key}", key=str(key))


class AlreadyExists(DomainError):
    """A row with the same identity is there already."""

    code = "ALREADY_EXISTS"


class Refused(DomainError):
    """The state of things forbids it; a retry will not help."""

    code = "FAILED_PRECONDITION"


class Conflict(DomainError):
    """Someone else was faster; a retry may help."""

    code = "ABORTED"


class LimitReached(DomainError):
    """A quota or rate limit; the caller may come back after `retry_after_seconds`."""

    code = "RESOURCE_EXHAUSTED"

    def __init__(self, reason: str, message: str, retry_after_seconds: int = 1, **info: Fact) -> None:
        super().__init__(reason, message, **info)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(DomainError):
    """Something that this call needs is away; a retry after `retry_after_seconds` may help."""

    code = "UNAVAILABLE"

    def __init__(self, reason: str, message: str, retry_after_seconds: int = 2, **info: Fact) -> None:
        super().__init__(reason, message, **info)
        self.retry_after_seconds = retry_after_seconds
