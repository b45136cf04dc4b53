"""Personal cells that may be emptied when somebody asks to be forgotten."""

from __future__ import annotations

from alembic import op

from shared import chassis

revision = "0027"
down_revision = "0026"

_COLUMNS: dict[str, tuple[str, ...]] = {
    "lead": (
        "profile_sealed",
        "name_key",
        "birth_date",
        "gender",
        "school",
        "school_grade",
        "school_district",
        "guardian_relation",
        "tags",
        "industry",
    ),
    "touch": ("payload_sealed", "utm"),
    "follow_up": ("content_sealed", "notes_sealed"),
    "stage_change": ("detail_sealed",),
    "grade_change": ("reason_sealed",),
    "trial": ("feedback_sealed", "opinion_sealed"),
    "task": ("note_sealed", "result_sealed"),
    "plan_message": ("subject_sealed", "body_sealed"),
    "contact": ("person_sealed", "phone_key", "position"),
    "teaching_handover": ("told_sealed", "plan_sealed"),
    "import_row": ("row_key",),
    "form_visit": ("address_key",),
    "assessment_report": ("choices", "scores"),
}


def upgrade() -> None:
    """Create the function and mark the columns."""
    chassis.create_erasure(op, _COLUMNS)


def downgrade() -> None:
    """Drop the function and the marks."""
    chassis.drop_erasure(op, _COLUMNS)
