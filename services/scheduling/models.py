"""Tables of scheduling."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, Date
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.crypto import Sealed
from shared.tables import COLUMN_TYPES, CampusRow, Row, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Campus(Row, Base):
    """What org says about a campus, and lead about its days; its time zone decides what a day is there."""

    __tablename__ = "campus"

    name: Mapped[str]
    time_zone: Mapped[str]
    active: Mapped[bool]
    # As lead says; None: never said, there is none.
    closed_dates: Mapped[list[date] | None] = mapped_column(ARRAY(Date()))


class Student(Row, Base):
    """What the student service says about a student; the id is the customer id.

    Seen by every campus: a student of one campus may learn at another. Only rosters show the name.
    """

    __tablename__ = "student"

    campus_id: Mapped[UUID]
    display_name_sealed: Mapped[bytes | None]
    display_name = Sealed("display_name_sealed")


class Teacher(Row, Base):
    """What org says about a teacher, and what the timetable needs beyond that; the id is the staff id."""

    __tablename__ = "teacher"

    display_name: Mapped[str]
    # Empty: every campus.
    campus_ids: Mapped[list[UUID]]
    # Subject and level codes: [{"subject": "math", "level": ""}].
    skills: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())
    active: Mapped[bool]


class TeacherAvailability(Row, Base):
    """One weekly range of a teacher at a campus, in that campus's local time; replaced ones stay as history."""

    __tablename__ = "teacher_availability"

    teacher_id: Mapped[UUID]
    campus_id: Mapped[UUID]
    # ISO: 1 Monday .. 7 Sunday.
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    replace_time: Mapped[datetime | None]


class Course(Row, Base):
    __tablename__ = "course"

    name: Mapped[str]
    # "one_to_one", "class" or "camp".
    kind: Mapped[str]
    subject: Mapped[str]
    level: Mapped[str]
    lesson_minutes: Mapped[int]
    lesson_hours_hundredths: Mapped[int]
    total_lesson_hours_hundredths: Mapped[int]
    active: Mapped[bool]
    # None: for every school year, for any age.
    school_grades: Mapped[list[str] | None]
    least_age_years: Mapped[int | None]
    most_age_years: Mapped[int | None]


class Room(CampusRow, Base):
    __tablename__ = "room"

    name: Mapped[str]
    capacity: Mapped[int]
    equipment: Mapped[list[str]]
    active: Mapped[bool]


class ClassGroup(CampusRow, Base):
    """A class group. `member_count` is guarded by a check: it never passes `capacity`."""

    __tablename__ = "class_group"

    course_id: Mapped[UUID]
    name: Mapped[str]
    teacher_id: Mapped[UUID | None]
    room_id: Mapped[UUID | None]
    capacity: Mapped[int]
    member_count: Mapped[int]
    # "open" or "closed".
    state: Mapped[str]


class Membership(CampusRow, Base):
    """A student's time in a class group, [join_time, leave_time); those of one student in one group never overlap."""

    __tablename__ = "membership"

    class_group_id: Mapped[UUID]
    student_id: Mapped[UUID]
    join_time: Mapped[datetime]
    leave_time: Mapped[datetime | None]
    leave_reason: Mapped[str]


class LessonSeries(CampusRow, Base):
    """The weekly pattern that lessons came from."""

    __tablename__ = "lesson_series"

    course_id: Mapped[UUID]
    start_date: Mapped[date]
    end_date: Mapped[date]
    # [{"weekday": 1, "start": "18:00", "lesson_minutes": 90}], local time.
    slots: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())
    holiday_dates: Mapped[list[date]] = mapped_column(ARRAY(Date()))


class Lesson(CampusRow, Base):
    """A lesson. `seats_taken` counts students and trials, guarded by a check against `seat_limit`."""

    __tablename__ = "lesson"

    course_id: Mapped[UUID]
    series_id: Mapped[UUID | None]
    class_group_ids: Mapped[list[UUID]]
    # The main teacher first.
    teacher_ids: Mapped[list[UUID]]
    # The main teacher: who has an `own` grant sees the lesson through this column.
    teacher_id: Mapped[UUID | None]
    room_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    # "scheduled" or "cancelled".
    state: Mapped[str]
    # "open" or "confirmed".
    roll_call_state: Mapped[str]
    lesson_hours_hundredths: Mapped[int]
    seat_limit: Mapped[int]
    seats_taken: Mapped[int]
    cancel_reason: Mapped[str]
    override_reason: Mapped[str]
    override_by: Mapped[UUID | None]


class LessonResource(Row, Base):
    """What a lesson occupies: a teacher, room, class group or student. No live one overlaps another of its resource.

    Seen by every campus: teachers and students are shared, and a collision has to be found wherever it lies.
    Holds ids and times only.
    """

    __tablename__ = "lesson_resource"

    lesson_id: Mapped[UUID]
    # "teacher", "room", "class_group" or "student".
    resource_kind: Mapped[str]
    resource_id: Mapped[UUID]
    # How a student came in: "membership", "assigned" or "trial"; "" for the other kinds.
    origin: Mapped[str]
    class_group_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    during: Mapped[Range[datetime]] = mapped_column(
        TSTZRANGE(), Computed("tstzrange(start_time, end_time, '[)')", persisted=True)
    )
    # "live", "released" (left before the lesson) or "cancelled" (with the lesson).
    state: Mapped[str]


class Trial(CampusRow, Base):
    """A lead's seat in a lesson, or the invitation to one. A check keeps it from being closed without a result."""

    __tablename__ = "trial"

    lead_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    # None while invited, as is the time.
    lesson_id: Mapped[UUID | None]
    course_id: Mapped[UUID]
    teacher_id: Mapped[UUID | None]
    # Who cares for the lead, else who booked it.
    owner_id: Mapped[UUID]
    lesson_start_time: Mapped[datetime | None]
    # "invited", "booked", "closed" or "cancelled"; what callers see of it: rules.trials.seen_as.
    state: Mapped[str]
    # Not known until the roll call or the result says it.
    attended: Mapped[bool | None]
    result: Mapped[str]
    feedback_sealed: Mapped[bytes | None]
    feedback = Sealed("feedback_sealed")
    child_name_sealed: Mapped[bytes | None]
    child_name = Sealed("child_name_sealed")
    cancel_reason: Mapped[str]
    # The lesson was planned for this trial alone.
    one_to_one: Mapped[bool | None]
    previous_trial_id: Mapped[UUID | None]


class TrialStep(CampusRow, Base):
    """One step of a trial, by whom; append-only. `reason` says why it was cancelled."""

    __tablename__ = "trial_step"

    trial_id: Mapped[UUID]
    # "invited", "booked", "attended", "no_show" or "cancelled".
    state: Mapped[str]
    staff_id: Mapped[UUID | None]
    reason: Mapped[str]


class AttendanceCode(Row, Base):
    __tablename__ = "attendance_code"

    code: Mapped[str]
    name: Mapped[str]
    charge_factor_hundredths: Mapped[int]
    makeup_entitled: Mapped[bool]
    counts_as_present: Mapped[bool]


class Attendance(CampusRow, Base):
    """One student at one lesson, as it stands now; `attendance_change` has how it came about."""

    __tablename__ = "attendance"

    lesson_id: Mapped[UUID]
    student_id: Mapped[UUID]
    class_group_id: Mapped[UUID | None]
    course_id: Mapped[UUID]
    teacher_id: Mapped[UUID | None]
    code: Mapped[str]
    charge_hundredths: Mapped[int]
    late_minutes: Mapped[int]
    remark_sealed: Mapped[bytes | None]
    remark = Sealed("remark_sealed")
    # "confirmed" or "unconfirmed".
    state: Mapped[str]
    revision: Mapped[int]
    lesson_start_time: Mapped[datetime]


class AttendanceChange(CampusRow, Base):
    """One confirmation, or taking back, of an attendance; append-only."""

    __tablename__ = "attendance_change"

    attendance_id: Mapped[UUID]
    revision: Mapped[int]
    # "confirmed" or "unconfirmed".
    state: Mapped[str]
    code: Mapped[str]
    charge_hundredths: Mapped[int]
    late_minutes: Mapped[int]
    reason: Mapped[str]
    actor_id: Mapped[UUID]
