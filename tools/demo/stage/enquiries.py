"""Enquiries come in, are followed up, quoted and lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.lead.actions import assignments, captures, duplicates, follow_ups, intake, leads
from services.lead.actions.intake import Arrival
from services.lead.models import Duplicate
from services.lead.rules import rows, stages
from services.lead.rules.matching import Verdict
from shared.db import Tx
from tools.demo.catalogue import CAMPAIGNS
from tools.demo.places import CAMPUSES
from tools.demo.stage.known import Known, LeadIds
from tools.demo.stage.world import Acts, World, batches
from tools.demo.story.beats import Contact, Enquiry
from tools.demo.story.enrolments import IMPORT_SOURCE

_TAKES = timedelta(minutes=50)


def capture(world: World, known: Known, region: int) -> Known:
    """Let all enquiries of a region arrive in the order of time, and families come again."""
    learned = Known()
    here = [each for each in world.story.enquiries if CAMPUSES[each.campus].region == region]
    imported = [each for each in here if each.source == IMPORT_SOURCE]
    if imported:
        with world.acts("lead") as acts:
            tx = acts.at(imported[0].time)
            taken = intake.take_in(tx, [_arrival(each, known) for each in imported])
            for enquiry, one in zip(imported, taken, strict=True):
                _learn(learned, enquiry, one.verdict, one.lead)
    moments = [(each.time, 0, each.key) for each in here if each.source != IMPORT_SOURCE]
    moments += [(again, 1, each.key) for each in here for again in each.again]
    for batch in batches(sorted(moments)):
        with world.acts("lead") as acts:
            for moment, again, key in batch:
                enquiry = world.story.enquiries[key]
                verdict, lead, _ = captures.capture(acts.at(moment), _arrival(enquiry, known))
                if not again:
                    _learn(learned, enquiry, verdict, lead)
    return learned


def follow_up(world: World, known: Known, campus: int) -> Known:
    """Care for the leads of a campus until their trial, or to the end where there is none."""
    learned = _hand_out(world, known, campus)
    known.learn(learned)
    for batch in batches(_of_campus(world, known, campus)):
        with world.acts("lead") as acts:
            for enquiry in batch:
                trial = enquiry.trial
                early = [c for c in enquiry.contacts if trial is None or c.time < trial.start]
                _contact(acts, enquiry, known.leads[enquiry.key], early)
                if trial is None:
                    _close(acts, enquiry, known.leads[enquiry.key])
    return learned


def follow_up_trials(world: World, known: Known, campus: int) -> Known:
    """Care for the leads of a campus after their trials, and decide about children who were told of twice."""
    tried = [each for each in _of_campus(world, known, campus) if each.trial is not None]
    for batch in batches(tried):
        with world.acts("lead") as acts:
            for enquiry in batch:
                late = [c for c in enquiry.contacts if enquiry.trial and c.time >= enquiry.trial.start]
                _contact(acts, enquiry, known.leads[enquiry.key], late)
                _close(acts, enquiry, known.leads[enquiry.key])
    _look_at_doubles(world, known, campus)
    return Known()


def _learn(learned: Known, enquiry: Enquiry, verdict: Verdict, lead: object) -> None:
    # A child that was taken for one we know has no lead of its own, and no further story.
    if verdict != Verdict.ATTACH:
        learned.leads[enquiry.key] = LeadIds(*(getattr(lead, name) for name in ("id", "customer_id", "owner_id")))


def _arrival(enquiry: Enquiry, known: Known) -> Arrival:
    family = enquiry.family
    told: dict[str, Any] = {
        "guardian_phone": f"+86{family.phone}",
        "child_name": family.child,
        "guardian_name": family.guardian,
        "guardian_email": family.email,
        "guardian_relation": family.relation,
        "wechat_id": family.wechat,
        "birth_date": family.birth_date,
        "gender": family.gender,
        "school": family.school,
        "school_grade": family.school_grade,
    }
    campaign = enquiry.campaign
    utm = {} if campaign is None else {"utm_source": CAMPAIGNS[campaign].channel, "utm_campaign": f"c{campaign}"}
    return Arrival(
        enquiry=rows.Enquiry(**told),
        campus_id=known.campuses[enquiry.campus],
        source=enquiry.source,
        payload=told | {"intended_course": enquiry.course.name},
        campaign_id=None if campaign is None else known.campaigns[campaign],
        courses=(leads.course(enquiry.course.name, course_id=str(known.courses[enquiry.course.key])),),
        utm=utm,
    )


def _of_campus(world: World, known: Known, campus: int) -> list[Enquiry]:
    return [each for each in world.story.enquiries if each.campus == campus and each.key in known.leads]


def _hand_out(world: World, known: Known, campus: int) -> Known:
    """Let the principal give pooled leads that somebody cared for to the advisors, in turn."""
    learned = Known()
    advisors = cycle(_staff(world, known, campus, "course_advisor"))
    principal = _staff(world, known, campus, "principal")[0]
    pooled = [
        each
        for each in _of_campus(world, known, campus)
        if known.leads[each.key].owner_id is None and (each.contacts or each.quoted_time)
    ]
    for batch in batches(pooled):
        with world.acts("lead") as acts:
            for enquiry in batch:
                ids = known.leads[enquiry.key]
                owner_id = next(advisors)
                tx = acts.at(enquiry.time + timedelta(minutes=5), principal)
                assignments.assign(tx, ids.lead_id, owner_id=owner_id, reason="公海分配")
                learned.leads[enquiry.key] = ids._replace(owner_id=owner_id)
    return learned


def _staff(world: World, known: Known, campus: int, role: str) -> list[UUID]:
    return [known.staff[each.key] for each in world.story.staff if each.role == role and each.campus == campus]


def _contact(acts: Acts, enquiry: Enquiry, ids: LeadIds, contacts: Iterable[Contact]) -> None:
    for contact in contacts:
        tx = acts.at(max(contact.time, enquiry.time + timedelta(minutes=6)), ids.owner_id)
        said = follow_ups.Contact(contact.channel, contact.text)
        follow_ups.add(tx, ids.lead_id, said, next_contact_time=contact.next_time)


def _close(acts: Acts, enquiry: Enquiry, ids: LeadIds) -> None:
    if enquiry.quoted_time is not None:
        leads.move(acts.at(enquiry.quoted_time, ids.owner_id), ids.lead_id, stage=stages.QUOTED)
    elif enquiry.lost_time is not None:
        leads.lose(acts.at(enquiry.lost_time, ids.owner_id), ids.lead_id, reason=enquiry.lost_reason)


def _look_at_doubles(world: World, known: Known, campus: int) -> None:
    """Merge one in three children who were told of twice, keep one apart, leave one to be looked at."""
    principal = _staff(world, known, campus, "principal")[0]
    doubles = [each for each in _of_campus(world, known, campus) if each.key >= world.story.told_twice_from]
    with world.acts("lead") as acts:
        for number, enquiry in enumerate(doubles):
            moment = enquiry.time + _TAKES
            if number % 3 < 2 and moment < world.story.cutoff:  # noqa: PLR2004 - one and two of three
                _decide(acts, moment, principal, known.leads[enquiry.key].lead_id, merge=number % 3 == 0)


def _decide(acts: Acts, moment: datetime, who: UUID, lead_id: UUID, *, merge: bool) -> None:
    tx: Tx = acts.at(moment, who)
    pair = tx.scalar(select(Duplicate.id).where(Duplicate.lead_id == lead_id, Duplicate.state == duplicates.OPEN))
    if pair is not None:
        duplicates.resolve(tx, pair, merge=merge)
