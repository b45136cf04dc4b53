"""Grades and their reasons; the way along the stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.lead.rules import grading, stages
from services.lead.rules.grading import Facts

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def _facts(stage: str = "enquiry", *, source: str = "web_form", days: int = 0, touches: int = 1) -> Facts:
    return Facts(stage, source, touches > 1, touches, NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("facts", "letter"),
    [
        (_facts(), "c"),
        (_facts(source="walk_in"), "b"),
        (_facts(source="walk_in", touches=2), "a"),
        (_facts("trial_booked"), "a"),
        (_facts("trialled", days=40), "c"),
        (_facts("quoted", days=40), "b"),
        (_facts(days=31), "c"),
    ],
)
def test_grades(facts: Facts, letter: str) -> None:
    assert grading.grade(facts, NOW).letter == letter


def test_a_grade_says_why_strongest_first() -> None:
    result = grading.grade(_facts("quoted", source="referral", days=40), NOW)
    assert result.reasons == (("STAGE_QUOTED", 6), ("SILENT_30_DAYS", -3), ("WARM_SOURCE", 2))


def test_stages_only_move_forward_by_themselves() -> None:
    assert stages.advanced("enquiry", "trialled") == "trialled"
    assert stages.advanced("quoted", "trial_booked") == "quoted"
    assert stages.advanced("enrolled", "trialled") == "enrolled"
    assert stages.advanced("lost", "contacted") == "lost"


def test_each_stage_has_its_state() -> None:
    assert {stage: stages.state_of(stage) for stage in stages.STAGES} == {
        **dict.fromkeys(stages.OPEN_STAGES, "open"),
        "studying": "enrolled",
        "enrolled": "enrolled",
        "lost": "lost",
    }
