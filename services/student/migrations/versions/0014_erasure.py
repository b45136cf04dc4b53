"""Personal cells that may be emptied when somebody asks to be forgotten."""

from __future__ import annotations

from alembic import op

from shared import chassis

revision = "0014"
down_revision = "0013"

_COLUMNS: dict[str, tuple[str, ...]] = {
    "student": ("name_sealed", "birth_year", "birth_month", "birth_day", "gender", "school", "school_grade"),
    "guardian": ("name_sealed", "phone_sealed", "email_sealed", "phone_index"),
    "guardian_link": ("relation",),
    "student_state_entry": ("reason",),
    "student_tag": ("reason_sealed",),
    "ticket": ("subject_sealed", "text_sealed", "resolution_sealed"),
    "ticket_entry": ("text_sealed",),
    "survey_answer": ("text_sealed",),
    "family_comment": ("text_sealed",),
    "call_attempt": ("note_sealed",),
    "family_message": ("body_sealed",),
    "interview": ("note_sealed",),
}


def upgrade() -> None:
    """Create the function and mark the columns."""
    chassis.create_erasure(op, _COLUMNS)


def downgrade() -> None:
    """Drop the function and the marks."""
    chassis.drop_erasure(op, _COLUMNS)
