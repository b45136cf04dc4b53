"""Tables of org."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.crypto import Sealed
from shared.tables import COLUMN_TYPES, Row, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Institution(Base):
    """A chain. The chassis keeps the table in every service; here it has more columns and is the original."""

    __tablename__ = "institution"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool]
    time_zone: Mapped[str]
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]


class Region(Row, Base):
    """A group of campuses.

    `campus_ids` repeats `campus.region_id` the other way round: rights of a region are worked out in transactions
    that do not see all of its campuses.
    """

    __tablename__ = "region"

    name: Mapped[str]
    active: Mapped[bool]
    campus_ids: Mapped[list[UUID]]


class Campus(Row, Base):
    """A campus is visible to those whose scope covers its own id."""

    __tablename__ = "campus"

    code: Mapped[str]
    name: Mapped[str]
    region_id: Mapped[UUID | None]
    time_zone: Mapped[str]
    address: Mapped[str]
    active: Mapped[bool]


class Staff(Row, Base):
    """A person; without a campus they belong to headquarters and are visible to callers of the whole chain only."""

    __tablename__ = "staff"

    display_name: Mapped[str]
    email_sealed: Mapped[bytes]
    email_index: Mapped[bytes]
    phone_sealed: Mapped[bytes | None]
    campus_id: Mapped[UUID | None]
    active: Mapped[bool]
    has_password: Mapped[bool]
    deactivate_time: Mapped[datetime | None]

    email = Sealed("email_sealed")
    phone = Sealed("phone_sealed")


class Credential(Row, Base):
    """The password of a staff member; the id is theirs."""

    __tablename__ = "credential"

    password_hash: Mapped[str]


class SignInAttempts(Row, Base):
    """Tries to sign in under one name, whether it exists or not: an answer must not tell."""

    __tablename__ = "sign_in_attempts"

    email_index: Mapped[bytes]
    tries: Mapped[int]
    start_time: Mapped[datetime]


class RefreshSession(Row, Base):
    """One sign-in on one device, until its end; the refresh tokens of it form one family."""

    __tablename__ = "refresh_session"

    staff_id: Mapped[UUID]
    expire_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    # "signed_out", "token_reused", "password_changed" or "deactivated"; empty while open.
    end_reason: Mapped[str]


class RefreshToken(Row, Base):
    """One link of a family; used once. Kept until the session expires, to notice a second use."""

    __tablename__ = "refresh_token"

    session_id: Mapped[UUID]
    secret_hash: Mapped[bytes]
    use_time: Mapped[datetime | None]
    # Of an exchange that may be repeated: who asked, and what turns this secret into the next one.
    request_id: Mapped[UUID | None]
    salt: Mapped[bytes | None]


class Role(Row, Base):
    __tablename__ = "role"

    code: Mapped[str]
    name: Mapped[str]
    permissions: Mapped[list[str]]
    # "own", "campus", "region" or "chain".
    default_scope: Mapped[str]
    built_in: Mapped[bool]


class RoleAssignment(Row, Base):
    """A role of a person. Assignments are never changed: revoked ones stay as history."""

    __tablename__ = "role_assignment"

    staff_id: Mapped[UUID]
    role_id: Mapped[UUID]
    scope: Mapped[str]
    campus_ids: Mapped[list[UUID]]
    region_ids: Mapped[list[UUID]]
    revoke_time: Mapped[datetime | None]


class ServiceAccount(Row, Base):
    """A program that calls. `campus_ids` is None for the whole chain."""

    __tablename__ = "service_account"

    name: Mapped[str]
    secret_hash: Mapped[bytes]
    permissions: Mapped[list[str]]
    campus_ids: Mapped[list[UUID] | None]
    # May open institutions: only the command line sets it.
    platform_operator: Mapped[bool]
    active: Mapped[bool]
    last_use_time: Mapped[datetime | None]


class CustomField(Row, Base):
    """A field that an institution adds to a kind of record."""

    __tablename__ = "custom_field"

    subject: Mapped[str]
    code: Mapped[str]
    label: Mapped[str]
    # "text", "number", "date", "boolean" or "choice".
    kind: Mapped[str]
    choices: Mapped[list[str]]
    required: Mapped[bool]


class ApprovalFlow(Row, Base):
    """Who decides, in turn, about documents of a kind from an amount on."""

    __tablename__ = "approval_flow"

    subject: Mapped[str]
    name: Mapped[str]
    from_amount_fen: Mapped[int]
    # Role codes; the first decides first.
    steps: Mapped[list[str]]
    active: Mapped[bool]
    # None: every campus.
    campus_id: Mapped[UUID | None]
    from_discount_basis_points: Mapped[int]


class Approval(Row, Base):
    """A document on its way through a flow, whose steps it keeps as they were; `role` decides next, or is empty."""

    __tablename__ = "approval"

    campus_id: Mapped[UUID]
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    requester_id: Mapped[UUID | None]
    amount_fen: Mapped[int]
    discount_basis_points: Mapped[int]
    approval_flow_id: Mapped[UUID]
    steps: Mapped[list[str]]
    step: Mapped[int]
    role: Mapped[str]
    # "waiting", "approved", "rejected" or "withdrawn".
    state: Mapped[str]
    step_time: Mapped[datetime]
    overdue_time: Mapped[datetime | None]
    finish_time: Mapped[datetime | None]


class ApprovalDecision(Row, Base):
    """What somebody decided about one step; never changed."""

    __tablename__ = "approval_decision"

    campus_id: Mapped[UUID]
    approval_id: Mapped[UUID]
    step: Mapped[int]
    role: Mapped[str]
    staff_id: Mapped[UUID]
    approved: Mapped[bool]
    reason: Mapped[str]


class HandoverRecord(Row, Base):
    """A handover that was announced with StaffChanged; done when every service has answered.

    `home_campus_id` is the person's: whoever sees the person sees the report.
    """

    __tablename__ = "handover"

    staff_id: Mapped[UUID]
    home_campus_id: Mapped[UUID | None]
    leaving: Mapped[bool]
    campus_id: Mapped[UUID | None]
    # "running" or "done".
    state: Mapped[str]
    finish_time: Mapped[datetime | None]
    starter_id: Mapped[UUID]


class HandoverPart(Row, Base):
    """The answer of one service. `items` are [kind, receiver or "", count]; never changed."""

    __tablename__ = "handover_part"

    handover_id: Mapped[UUID]
    service: Mapped[str]
    items: Mapped[list[list[Any]]] = mapped_column(JSONB)
