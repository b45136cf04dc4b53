"""Tables of lead."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, synonym

from shared.crypto import Sealed
from shared.tables import COLUMN_TYPES, CampusRow, OwnedRow, Row, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES | {bool: Boolean()}


class Campus(Row, Base):
    """What lead knows of a campus, from org's events; the id is the campus's."""

    __tablename__ = "campus"

    name: Mapped[str]
    time_zone: Mapped[str]
    active: Mapped[bool]


class Staff(Row, Base):
    """What lead knows of a staff member, from org's events. `campus_ids` is None for a role of the whole chain."""

    __tablename__ = "staff"

    display_name: Mapped[str]
    active: Mapped[bool]
    roles: Mapped[list[str]]
    campus_ids: Mapped[list[UUID] | None]


class Lead(OwnedRow, Base):
    """One enquiry about one child. `profile` is the JSON of rules.profile.Profile."""

    __tablename__ = "lead"

    customer_id: Mapped[UUID]
    stage: Mapped[str]
    stage_time: Mapped[datetime]
    state: Mapped[str]
    grade: Mapped[str]
    grade_reasons: Mapped[list[list[Any]]] = mapped_column(JSONB)
    score: Mapped[float | None]
    score_model: Mapped[str | None]
    score_time: Mapped[datetime | None]
    source: Mapped[str]
    campaign_id: Mapped[UUID | None]
    profile_sealed: Mapped[bytes]
    birth_date: Mapped[str]
    gender: Mapped[str]
    school: Mapped[str]
    school_grade: Mapped[str]
    guardian_relation: Mapped[str]
    intended_courses: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    next_contact_time: Mapped[datetime | None]
    last_contact_time: Mapped[datetime | None]
    last_touch_time: Mapped[datetime]
    touch_count: Mapped[int]
    lost_reason: Mapped[str]
    merged_into_id: Mapped[UUID | None]

    profile = Sealed("profile_sealed")


class LeadKey(Base):
    """One blind index under which a lead is found: phones, WeChat, names, and the keys of rules.matching.

    No foreign key: two dozen checks per capture would cost more than the rows; leads are never deleted.
    """

    __tablename__ = "lead_key"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)


class Touch(Row, Base):
    """One arrival of a family; never changed. `payload` is the JSON of what came in."""

    __tablename__ = "touch"

    lead_id: Mapped[UUID]
    source: Mapped[str]
    campaign_id: Mapped[UUID | None]
    utm: Mapped[dict[str, Any]]
    payload_sealed: Mapped[bytes | None]
    import_id: Mapped[UUID | None]
    staff_id: Mapped[UUID | None]

    payload = Sealed("payload_sealed")


class FollowUp(Row, Base):
    """One contact with a family; never changed."""

    __tablename__ = "follow_up"

    lead_id: Mapped[UUID]
    staff_id: Mapped[UUID | None]
    channel: Mapped[str]
    content_sealed: Mapped[bytes]
    next_contact_time: Mapped[datetime | None]

    content = Sealed("content_sealed")


class Assignment(Row, Base):
    """One change of owner with all that decided it; never changed. `inputs` replays through rules.assignment."""

    __tablename__ = "assignment"

    lead_id: Mapped[UUID]
    owner_id: Mapped[UUID | None]
    previous_owner_id: Mapped[UUID | None]
    rule_id: Mapped[UUID | None]
    inputs: Mapped[dict[str, Any]]
    reason: Mapped[str]
    staff_id: Mapped[UUID | None]


class StageChange(Row, Base):
    """One stay in a stage, from create_time to exit_time; None: it is there now."""

    __tablename__ = "stage_change"

    lead_id: Mapped[UUID]
    stage: Mapped[str]
    previous_stage: Mapped[str]
    exit_time: Mapped[datetime | None]
    reason: Mapped[str]
    detail_sealed: Mapped[bytes | None]
    staff_id: Mapped[UUID | None]

    detail = Sealed("detail_sealed")


class Trial(Row, Base):
    """A trial lesson as scheduling's events tell it; the id is the trial's."""

    __tablename__ = "trial"

    lead_id: Mapped[UUID]
    lesson_id: Mapped[UUID | None]
    course_id: Mapped[UUID | None]
    teacher_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    state: Mapped[str]
    result: Mapped[str]
    feedback_sealed: Mapped[bytes | None]

    feedback = Sealed("feedback_sealed")


class Task(OwnedRow, Base):
    """Something to do. `origin` makes a task unique that follows from an event; None for tasks made by people."""

    __tablename__ = "task"

    lead_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    kind: Mapped[str]
    origin: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    note_sealed: Mapped[bytes | None]
    due_time: Mapped[datetime]
    state: Mapped[str]
    result_sealed: Mapped[bytes | None]
    complete_time: Mapped[datetime | None]
    __table_args__ = (ForeignKeyConstraint(["institution_id", "lead_id"], ["lead.institution_id", "lead.id"]),)

    note = Sealed("note_sealed")
    result = Sealed("result_sealed")


class AssignmentRule(Row, Base):
    """Who gets which new lead; campus_id None holds for every campus. `turn` counts its decisions."""

    __tablename__ = "assignment_rule"

    name: Mapped[str]
    campus_id: Mapped[UUID | None]
    sources: Mapped[list[str]]
    course_ids: Mapped[list[UUID]]
    strategy: Mapped[str]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    priority: Mapped[int]
    paused: Mapped[bool]
    turn: Mapped[int] = mapped_column(default=0)


class Duplicate(CampusRow, Base):
    """Two leads that may be the same child; the campus is that of the later one."""

    __tablename__ = "duplicate"

    lead_id: Mapped[UUID]
    other_lead_id: Mapped[UUID]
    score: Mapped[float]
    reasons: Mapped[list[list[Any]]] = mapped_column(JSONB)
    state: Mapped[str]
    merge_id: Mapped[UUID | None]
    resolved_by_id: Mapped[UUID | None]
    resolve_time: Mapped[datetime | None]


class LeadMerge(Row, Base):
    """One merge, and what the merged lead was before, so that it can be undone."""

    __tablename__ = "lead_merge"

    lead_id: Mapped[UUID]
    survivor_lead_id: Mapped[UUID]
    previous_state: Mapped[str]
    staff_id: Mapped[UUID | None]
    undo_time: Mapped[datetime | None]


class CustomerAlias(Row, Base):
    """A customer id that stands for another one since a merge; the id is the old customer's."""

    __tablename__ = "customer_alias"

    survivor_id: Mapped[UUID]
    merge_id: Mapped[UUID]


class Import(Row, Base):
    """One file. `campus_id` takes the rows that name no campus; `scope_campuses` limits where rows may go.

    `mapping` is what the user chose, header -> field; `columns` what came of it, [header, field] in their order.
    """

    __tablename__ = "lead_import"

    campus_id: Mapped[UUID | None]
    scope_campuses: Mapped[list[UUID] | None]
    file_name: Mapped[str]
    source: Mapped[str]
    campaign_id: Mapped[UUID | None]
    dry_run: Mapped[bool]
    mapping: Mapped[dict[str, Any]]
    columns: Mapped[list[list[str]]] = mapped_column(JSONB)
    header_line: Mapped[int]
    state: Mapped[str]
    error_reason: Mapped[str]
    size_bytes: Mapped[int]
    total: Mapped[int]
    created: Mapped[int]
    merged: Mapped[int]
    in_review: Mapped[int]
    rejected: Mapped[int]
    staff_id: Mapped[UUID]
    finish_time: Mapped[datetime | None]


class ImportPart(Row, Base):
    """Bytes of a file in base64, until the import is over."""

    __tablename__ = "import_part"

    import_id: Mapped[UUID]
    start_byte: Mapped[int]
    size_bytes: Mapped[int]
    content_sealed: Mapped[bytes]

    content = Sealed("content_sealed")


class ImportBatch(Row, Base):
    """Rows that were read and wait to be taken in: JSON of [[line, [cell, ...]], ...]."""

    __tablename__ = "import_batch"

    import_id: Mapped[UUID]
    number: Mapped[int]
    rows_sealed: Mapped[bytes]

    rows = Sealed("rows_sealed")


class ImportRow(Base):
    """What became of one line of a file. `row_key` recognises a row that any file has brought before."""

    __tablename__ = "import_row"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    lead_id: Mapped[UUID | None]
    reason: Mapped[str]
    field: Mapped[str]
    row_key: Mapped[bytes | None]
    id = synonym("line")


class Claim(Row, Base):
    """A right to a customer; at any instant at most one is live (exclusion constraint)."""

    __tablename__ = "claim"

    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID]
    claimant_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
