"""Tables of notification. The feed has no model: it is written and read by two statements."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped

from shared.crypto import Sealed
from shared.tables import COLUMN_TYPES, CampusRow, Row, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Contact(CampusRow, Base):
    """A guardian as a recipient of messages about one student; follows the student service's events."""

    __tablename__ = "contact"

    student_id: Mapped[UUID]
    guardian_id: Mapped[UUID]
    name_sealed: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    email_sealed: Mapped[bytes | None]
    may_contact: Mapped[bool]

    name = Sealed("name_sealed")
    phone = Sealed("phone_sealed")
    email = Sealed("email_sealed")


class Pupil(CampusRow, Base):
    """What messages call a student; follows the student service's events. The id is the student's."""

    __tablename__ = "pupil"

    name_sealed: Mapped[bytes | None]

    name = Sealed("name_sealed")


class Campus(Row, Base):
    """What org says about a campus; the id is the campus's."""

    __tablename__ = "campus"

    time_zone: Mapped[str]


class QuietHours(Row, Base):
    """What was set from start_time on, in minutes after local midnight; no campus: for the institution."""

    __tablename__ = "quiet_hours"

    campus_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    # None: not set then.
    start_minute: Mapped[int | None]
    end_minute: Mapped[int | None]


class ConsentWord(Row, Base):
    """What a student or customer said last about a purpose and a channel, as the register of consents tells it."""

    __tablename__ = "consent_word"

    person_id: Mapped[UUID]
    purpose: Mapped[str]
    # Empty: wherever a channel has no word of its own.
    channel: Mapped[str]
    granted: Mapped[bool]
    decide_time: Mapped[datetime]


class PurposeSetting(Row, Base):
    """What the institution lets data be used for, and since when agreements count."""

    __tablename__ = "purpose_setting"

    purpose: Mapped[str]
    enabled: Mapped[bool]
    valid_from_time: Mapped[datetime | None]


class OptOut(Row, Base):
    """An address whose owner wants no advertising; `active` is false once that was taken back."""

    __tablename__ = "opt_out"

    address_index: Mapped[bytes]
    # "link" or "keyword".
    source: Mapped[str]
    active: Mapped[bool]
    decide_time: Mapped[datetime]


class FrequencyCap(Row, Base):
    """At most so many marketing messages to one address in a window, from start_time on; the newest word counts."""

    __tablename__ = "frequency_cap"

    start_time: Mapped[datetime]
    window_days: Mapped[int]
    max_count: Mapped[int]


class OwnTemplate(Row, Base):
    """An institution's own text in place of a shipped one."""

    __tablename__ = "own_template"

    code: Mapped[str]
    language: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]


class Staff(Row, Base):
    """Where a staff member is reached, as org says; the id is the staff id."""

    __tablename__ = "staff"

    name: Mapped[str]
    email_sealed: Mapped[bytes | None]
    active: Mapped[bool]
    # Looks after the timetable of these campuses; None: of all.
    academic: Mapped[bool]
    campus_ids: Mapped[list[UUID] | None]

    email = Sealed("email_sealed")


class Message(CampusRow, Base):
    """One message to one recipient; `business_key` makes it the only one of its cause (I-22).

    To a staff member: without student and guardian.
    """

    __tablename__ = "message"

    student_id: Mapped[UUID]
    guardian_id: Mapped[UUID]
    template: Mapped[str]
    business_key: Mapped[str]
    channel: Mapped[str]
    address_sealed: Mapped[bytes | None]
    subject_sealed: Mapped[bytes | None]
    body_sealed: Mapped[bytes | None]
    state: Mapped[str]
    reason: Mapped[str]
    # Not before; None: at once.
    send_time: Mapped[datetime | None]
    claim_time: Mapped[datetime | None]
    finish_time: Mapped[datetime | None]
    staff_id: Mapped[UUID | None]
    # What it is for; see rules.gate.
    purpose: Mapped[str]
    # Of the address, to count and to find opt-outs by.
    address_index: Mapped[bytes | None]
    # The recipient has just asked for it, or waits for it: quiet hours do not hold it up.
    any_hour: Mapped[bool]
    # Is not sent from then on.
    expire_time: Mapped[datetime | None]

    address = Sealed("address_sealed", of=("student_id", "guardian_id"))
    subject = Sealed("subject_sealed", of=("student_id", "guardian_id"))
    body = Sealed("body_sealed", of=("student_id", "guardian_id"))
