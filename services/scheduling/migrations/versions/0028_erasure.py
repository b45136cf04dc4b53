"""Personal cells that may be emptied when somebody asks to be forgotten."""

from __future__ import annotations

from alembic import op

from shared import chassis

revision = "0028"
down_revision = "0027"

_COLUMNS: dict[str, tuple[str, ...]] = {
    "student": ("display_name_sealed", "wished_styles"),
    "attendance": ("remark_sealed",),
    "attendance_change": ("reason",),
    "student_remark": ("remark_sealed",),
    "student_remark_change": ("remark_sealed",),
    "homework_submission": ("remark_sealed",),
    "homework_submission_change": ("remark_sealed",),
    "leave_request": ("reason_sealed", "decision_note"),
    "trial": ("feedback_sealed", "child_name_sealed"),
    "trial_step": ("reason",),
    "student_card": ("card_index",),
    "suspension": ("reason", "return_problem"),
    "membership": ("leave_reason",),
}


def upgrade() -> None:
    """Create the function and mark the columns."""
    chassis.create_erasure(op, _COLUMNS)


def downgrade() -> None:
    """Drop the function and the marks."""
    chassis.drop_erasure(op, _COLUMNS)
