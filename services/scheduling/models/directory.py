"""What other services say about campuses and students."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Date
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduling.models.base import Base
from shared.crypto import Sealed
from shared.tables import Row


class Campus(Row, Base):
    """What org says about a campus, and lead about its days; its time zone decides what a day is there."""

    __tablename__ = "campus"

    name: Mapped[str]
    time_zone: Mapped[str]
    active: Mapped[bool]
    # As lead says; None: never said, there is none.
    closed_dates: Mapped[list[date] | None] = mapped_column(ARRAY(Date()))
    # City or district, as in terms and regulations; None: never said.
    city: Mapped[str | None]
    # ISO weekdays on which the campus opens; None: every day.
    open_weekdays: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger()))
    opens_on_public_holidays: Mapped[bool | None]


class CampusTravel(Row, Base):
    """How long a teacher needs from one campus to another; where nothing is said, no time."""

    __tablename__ = "campus_travel"

    from_campus_id: Mapped[UUID]
    to_campus_id: Mapped[UUID]
    minutes: Mapped[int]


class Student(Row, Base):
    """What the student service says about a student; the id is the customer id.

    Seen by every campus: a student of one campus may learn at another. Only rosters show the name.
    """

    __tablename__ = "student"

    campus_id: Mapped[UUID]
    display_name_sealed: Mapped[bytes | None]
    display_name = Sealed("display_name_sealed")
    # Codes of the styles of teaching that suit the student; None: nothing was said.
    wished_styles: Mapped[list[str] | None]


class StudentTime(Row, Base):
    """A weekly range in which a student can come, in the time of the campus that teaches; replaced ones are history."""

    __tablename__ = "student_time"

    student_id: Mapped[UUID]
    # ISO: 1 Monday .. 7 Sunday.
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    preferred: Mapped[bool]
    replace_time: Mapped[datetime | None]
    staff_id: Mapped[UUID]
