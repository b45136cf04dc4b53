"""What institution A and its families tell each other."""

from __future__ import annotations

from tests.journeys.chain import Chain

PRIVATE = ("投诉内容绝密",)


def furnish(chain: Chain, student_id: str) -> None:
    """Let one family of everything that is for families."""
    ticket = {
        "studentId": student_id,
        "kind": "TICKET_KIND_COMPLAINT",
        "subject": "投诉内容绝密",
        "text": "投诉内容绝密：老师迟到",
    }
    chain.admin.post("/v1/tickets", {"ticket": ticket})
