"""How the chain opens: institution, regions, campuses, staff; then courses, rooms, prices, rules, campaigns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from uuid import UUID

from services.billing.actions import prices, splits
from services.billing.rules import splits as split_rules
from services.billing.rules.splits import ADVISOR, HEADQUARTERS, SELLING, TEACHER, TEACHING, Share
from services.lead.actions import assignment_rules
from services.lead.rules.assignment import LEAST_OPEN, ROUND_ROBIN, WEIGHTED, Candidate
from services.marketing.actions import campaigns
from services.org.actions import campuses, institutions, regions, roles
from services.org.actions import staff as people
from services.scheduling.actions import courses, rooms, teachers
from services.scheduling.rules.availability import Range
from shared.db import Tx
from tools.demo import accounts, timetable
from tools.demo.catalogue import CAMP, CAMPAIGNS, COURSES, ONE_TO_ONE, POOLED, SOURCES
from tools.demo.places import CAMPUSES, REGIONS, ROOMS
from tools.demo.staff import Employee
from tools.demo.stage.known import Known
from tools.demo.stage.world import World

# While the chain is being made its name says so; an interrupted run is recognised by it.
UNFINISHED = "（演示数据生成中）"
_CHAIN_ROLES = ("hq_admin", "finance", "marketing", "channel_manager", "auditor")
_WEEKDAY, _WEEKEND = (15 * 60 + 30, 20 * 60 + 30), (8 * 60, 19 * 60)
_EARLY = timedelta(days=3)


def found(world: World, _known: Known) -> Known:
    """Open the institution with its places and people, three days before the story begins."""
    story, known = world.story, Known()
    moment = timetable.instant(story.first_day, time(10)) - _EARLY
    admin, *others = story.staff
    with world.acts("org") as acts:
        tx = acts.at(moment)
        first = institutions.create(
            tx,
            code=world.code,
            name=accounts.NAME + UNFINISHED,
            admin_name=admin.name,
            admin_email=admin.email,
            admin_password=admin.password,
        )
        known.staff[admin.key] = first.id
        for key, name in enumerate(REGIONS):
            known.regions[key] = regions.create(tx, name=f"{name}大区").id
        for campus in CAMPUSES:
            details = campuses.Details(campus.name, known.regions[campus.region], address=campus.address)
            known.campuses[campus.key] = campuses.create(tx, code=campus.code, details=details).id
        for person in others:
            known.staff[person.key] = _hire(tx, person, known)
    return known


def _hire(tx: Tx, person: Employee, known: Known) -> UUID:
    campus_id = None if person.campus is None else known.campuses[person.campus]
    row = people.create(
        tx,
        display_name=person.name,
        email=person.email,
        phone=person.phone,
        campus_id=campus_id,
        password=person.password,
    )
    roles.assign(tx, row.id, role=person.role, scope="chain" if person.role in _CHAIN_ROLES else None)
    return row.id


def finish(world: World, _known: Known) -> Known:
    """Give the institution its name: from now on the chain counts as complete."""
    with world.acts("org") as acts:
        tx = acts.at(world.story.cutoff)
        institutions.update(tx, world.institution_id, fields=["name"], name=accounts.NAME, time_zone="")
    return Known()


def furnish(world: World, known: Known) -> Known:
    """Set up what teaching, selling and marketing go by."""
    moment = timetable.instant(world.story.first_day, time(14)) - _EARLY
    learned = Known()
    with world.acts("scheduling") as acts:
        _teach(acts.at(moment), world, known, learned)
    with world.acts("billing") as acts:
        _price(acts.at(moment), moment, learned)
    with world.acts("lead") as acts:
        _assign(acts.at(moment), world, known)
    _advertise(world, known, learned)
    return learned


def _teach(tx: Tx, world: World, known: Known, learned: Known) -> None:
    for course in COURSES:
        row = courses.create(
            tx,
            name=course.name,
            kind=course.kind,
            subject=course.subject,
            level=course.level,
            lesson_minutes=course.lesson_minutes,
            lesson_hours_hundredths=course.hours_hundredths,
            total_lesson_hours_hundredths=course.total_hundredths,
        )
        learned.courses[course.key] = row.id
    for key, campus_id in known.campuses.items():
        for number, room in enumerate(ROOMS):
            made = rooms.create(
                tx, campus_id=campus_id, name=room.name, capacity=room.capacity, equipment=room.equipment
            )
            learned.rooms[key, number] = made.id
    ranges = [Range(day, *(_WEEKEND if day > 5 else _WEEKDAY)) for day in range(2, 8)]  # noqa: PLR2004 - after Friday
    for teacher, pairs in timetable.skills(world.story.groups).items():
        teachers.set_skills(tx, known.staff[teacher], pairs)
    for person in world.story.staff:
        if person.role == "teacher" and person.campus is not None:
            campus_id = known.campuses[person.campus]
            teachers.set_availability(tx, known.staff[person.key], campus_id=campus_id, ranges=ranges)


def _price(tx: Tx, moment: datetime, learned: Known) -> None:
    start = moment.date()
    for course in COURSES:
        course_id = learned.courses[course.key]
        prices.create(tx, course_id=course_id, campus_id=None, unit_price_fen=course.price_fen, start_date=start)

    def rule(name: str, base: str, shares: Iterable[Share], *, course_id: UUID | None = None) -> None:
        priority = 10 if course_id else 0
        splits.create_rule(
            tx, split_rules.SplitRule(None, name, base, priority, tuple(shares), start, course_id=course_id)
        )

    usual = (Share(TEACHING, basis_points=7000), Share(SELLING, basis_points=2000))
    rule("课消三方分账", split_rules.CONSUMPTION, [*usual, Share(HEADQUARTERS, is_remainder=True)])
    rule("销售提成", split_rules.CASH, [Share(ADVISOR, basis_points=200), Share(SELLING, is_remainder=True)])
    for course in COURSES:
        shares = {
            ONE_TO_ONE: [Share(TEACHER, basis_points=3500), Share(HEADQUARTERS, basis_points=800)],
            CAMP: [Share(HEADQUARTERS, basis_points=1500), Share(SELLING, basis_points=2500)],
        }.get(course.kind)
        if shares:
            everybody = [*shares, Share(TEACHING, is_remainder=True)]
            rule(f"{course.name}分账", split_rules.CONSUMPTION, everybody, course_id=learned.courses[course.key])


def _assign(tx: Tx, world: World, known: Known) -> None:
    sources = tuple(sorted(each.code for each in SOURCES if each.code not in POOLED))
    for campus in CAMPUSES:
        able = [p for p in world.story.staff if p.role == "course_advisor" and p.campus == campus.key]
        candidates = tuple(Candidate(known.staff[p.key], weight=1 + n % 2) for n, p in enumerate(able))
        strategy = (ROUND_ROBIN, WEIGHTED, LEAST_OPEN)[campus.key % 3]
        assignment_rules.create(
            tx,
            assignment_rules.Details(
                f"{campus.name}新线索", strategy, candidates, campus_id=known.campuses[campus.key], sources=sources
            ),
        )


def _advertise(world: World, known: Known, learned: Known) -> None:
    begin = timetable.instant(world.story.first_day, time(9))
    with world.acts("marketing") as acts:
        for key, plan in enumerate(CAMPAIGNS):
            first = world.story.first_day + timedelta(days=plan.first_day)
            last = first + timedelta(days=plan.days - 1)
            campus_id = None if plan.campus is None else known.campuses[plan.campus]
            wanted = campaigns.Plan(plan.name, plan.channel, first, last, campus_id, plan.budget_fen)
            start = begin + timedelta(days=plan.first_day)
            learned.campaigns[key] = campaigns.create(acts.at(start - _EARLY), wanted).id
            campaigns.change_state(acts.at(start), learned.campaigns[key], "running")
            for week in range(1, plan.days // 7 + 1):
                day = first + timedelta(days=week * 7 - 1)
                if day < world.story.today:
                    # Spending grows a little from week to week, as it does.
                    amount = plan.weekly_fen * (100 + 3 * week) // 100
                    tx = acts.at(start + timedelta(days=week * 7 - 1, hours=8))
                    campaigns.record_cost(tx, learned.campaigns[key], amount_fen=amount, spend_date=day)
            if last < world.story.today:
                campaigns.change_state(acts.at(start + timedelta(days=plan.days)), learned.campaigns[key], "closed")
