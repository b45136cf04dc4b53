"""Trials: booked by advisors into real lessons, and judged by the teachers."""

from __future__ import annotations

from datetime import timedelta

from services.scheduling.actions import trials
from services.scheduling.actions.trials import Guest
from tools.demo.stage.known import Known
from tools.demo.stage.world import Acts, World, batches
from tools.demo.story.beats import Trial


def hold(world: World, known: Known, campus: int) -> Known:
    """Book the trials in the lessons of a campus and record what came of those that are over."""
    booked = [
        each.trial
        for each in world.story.enquiries
        if each.trial is not None and each.key in known.leads and world.story.groups[each.trial.group].campus == campus
    ]
    for batch in batches(sorted(booked, key=lambda trial: trial.book_time)):
        with world.acts("scheduling") as acts:
            for trial in batch:
                _hold(acts, world, known, trial)
    return Known()


def _hold(acts: Acts, world: World, known: Known, trial: Trial) -> None:
    ids = known.leads[trial.enquiry]
    guest = Guest(ids.lead_id, ids.customer_id, world.story.enquiries[trial.enquiry].family.child)
    lesson_id = known.lessons[trial.group, None, trial.start]
    made = trials.book(acts.at(trial.book_time, ids.owner_id), guest, lesson_id=lesson_id)
    if trial.attended is not None:
        teacher = known.staff[world.story.groups[trial.group].teacher]
        tx = acts.at(trial.start + timedelta(minutes=100), teacher)
        trials.record_result(tx, made.id, attended=trial.attended, result=trial.result, feedback=trial.feedback)
