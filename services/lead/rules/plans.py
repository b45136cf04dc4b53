"""What ends a follow-up plan by itself."""

from __future__ import annotations

REPLY, BOOKING, ENROLMENT, OPT_OUT = "reply", "booking", "enrolment", "opt_out"
CAUSES = (REPLY, BOOKING, ENROLMENT, OPT_OUT)
