"""The story of the demo chain, before anybody plays it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta
from random import Random

import phonenumbers
import pytest

from tools.demo import accounts, names, people, staff, timetable
from tools.demo.catalogue import COURSES
from tools.demo.size import Size
from tools.demo.story import sales
from tools.demo.story.beats import Story
from tools.demo.story.whole import tell
from tools.demo.timetable import Occupancy

TODAY = date(2026, 3, 11)


@pytest.fixture(scope="module")
def story() -> Story:
    return tell("1", Size.of(1), TODAY)


def test_the_full_chain_has_the_size_that_it_promises(story: Story) -> None:
    assert 3000 <= len(story.enquiries) <= 3050
    assert len(story.groups) == 120
    buyers = {sale.enquiry for sale in story.sales if sale.paid_time is not None}
    assert len(buyers) == 800
    assert 5000 <= sum(len(call.marks) for call in story.roll_calls) <= 9000


def test_the_same_seed_tells_the_same_story_and_another_one_another() -> None:
    size = Size.of(0.05)
    assert asdict(tell("1", size, TODAY)) == asdict(tell("1", size, TODAY))
    assert asdict(tell("1", size, TODAY)) != asdict(tell("2", size, TODAY))


@pytest.mark.parametrize("seed", [str(number) for number in range(8)])
@pytest.mark.parametrize("scale", [0.02, 0.3])
def test_every_seed_tells_a_story(seed: str, scale: float) -> None:
    size = Size.of(scale)
    story = tell(seed, size, TODAY)
    assert len({sale.enquiry for sale in story.sales if sale.paid_time}) == size.students


def test_no_teacher_and_no_room_is_in_two_lessons_at_once(story: Story) -> None:
    busy: Counter[tuple[object, ...]] = Counter()
    for group in story.groups:
        for start in group.lessons():
            for minute in range(0, group.course.lesson_minutes, 10):
                moment = start + timedelta(minutes=minute)
                busy["teacher", group.teacher, moment] += 1
                busy["room", group.campus, group.room, moment] += 1
    for private in story.privates:
        for start in timetable.starts([private.slot], private.first, private.last):
            busy["teacher", private.teacher, start] += 1
    assert max(busy.values()) == 1


def test_no_class_group_gives_away_more_places_than_it_has(story: Story) -> None:
    members = Counter(place.group for place in story.places)
    assert all(count <= story.groups[group].capacity - 2 for group, count in members.items())


def test_everything_happens_before_today_and_in_its_order(story: Story) -> None:
    for enquiry in story.enquiries:
        moments = [contact.time for contact in enquiry.contacts]
        ends = [each for each in (enquiry.quoted_time, enquiry.lost_time) if each is not None]
        assert all(enquiry.time < each < story.cutoff for each in [*moments, *ends, *enquiry.again])
        assert moments == sorted(moments)
        if enquiry.trial is not None:
            assert enquiry.time < enquiry.trial.book_time < story.cutoff
            assert enquiry.trial.book_time < enquiry.trial.start
            assert (enquiry.trial.attended is None) == (enquiry.trial.start >= story.cutoff)
    for sale in story.sales:
        moments = [sale.quote_time, *([sale.sign_time] if sale.sign_time else []), *(p.time for p in sale.payments)]
        assert moments == sorted(moments)
        assert moments[-1] < story.cutoff
    for place in story.places:
        assert story.sales[place.sale].paid_time is not None
        assert place.join_time < story.cutoff


def test_nobody_is_marked_before_joining_or_after_leaving(story: Story) -> None:
    places = {(place.enquiry, place.group): place for place in story.places}
    for call in story.roll_calls:
        for mark in call.marks:
            if call.group is not None:
                place = places[mark.enquiry, call.group]
                assert place.join_time <= call.start < (place.leave_time or story.cutoff)


def test_payments_never_exceed_the_price(story: Story) -> None:
    for sale in story.sales:
        assert 0 <= sum(payment.amount_fen for payment in sale.payments) <= sale.total_fen
        assert sale.total_fen > 0


def test_children_have_names_of_their_time(story: Story) -> None:
    children = [enquiry.family.child for enquiry in story.enquiries]
    three = sum(len(name) == 3 for name in children)
    assert three / len(children) > 0.8
    # Common surnames are common, and no name is borne by a crowd.
    assert Counter(name[0] for name in children).most_common(3)[0][1] > len(children) * 0.04
    assert Counter(children).most_common(1)[0][1] < 15


def test_phones_are_valid_and_belong_to_one_family_each(story: Story) -> None:
    for enquiry in story.enquiries[::50]:
        assert phonenumbers.is_valid_number(phonenumbers.parse(enquiry.family.phone, "CN"))
    parents = {(enquiry.family.phone, enquiry.family.guardian) for enquiry in story.enquiries}
    assert len(parents) == len({phone for phone, _ in parents})
    siblings = Counter(enquiry.family.phone for enquiry in story.enquiries)
    assert max(siblings.values()) == 2
    assert sum(count == 2 for count in siblings.values()) > 20


def test_brothers_and_sisters_share_no_sound_of_their_names() -> None:
    chance = Random("siblings")
    for _ in range(300):
        first = names.child(chance, "王", "male")
        second = names.child(chance, "王", "female", unlike=[first])
        assert not set(first[1:]) & set(second[1:])


def test_every_built_in_role_has_a_known_account() -> None:
    from services.org.rules.roles import BUILT_IN  # noqa: PLC0415 - the story itself knows no service

    assert set(accounts.WORDS) == {role.code for role in BUILT_IN}
    hired = staff.hire("1", Size.of(0.02))
    knowing = {person.role: person for person in hired if person.password}
    assert {role: (p.email, p.password) for role, p in knowing.items()} == {
        role: (accounts.account(role).user, accounts.account(role).password) for role in accounts.WORDS
    }
    assert len({person.email for person in hired}) == len(hired)


def test_an_hour_with_a_teacher_is_given_once() -> None:
    occupancy, chance = Occupancy(), Random("private")
    taken = []
    while (place := timetable.private_place(chance, [1, 2], COURSES[10], occupancy)) is not None:
        taken.append(place)
    assert len(taken) == len(set(taken)) == 16


def test_a_child_is_as_old_as_the_course_wants() -> None:
    from tools.demo.places import CAMPUSES  # noqa: PLC0415 - one test needs it

    chance = Random("ages")
    for course in COURSES:
        family = people.meet(chance, CAMPUSES[0], 1, course.ages, TODAY)
        assert course.ages[0] - 1 <= TODAY.year - int(family.birth_date[:4]) <= course.ages[1] + 1


def test_a_pack_is_priced_to_the_fen() -> None:
    chance = Random("packs")
    for course in COURSES:
        hundredths, gift, discount = sales.pack(chance, course)
        assert hundredths * course.price_fen % 100 == 0
        assert 0 <= discount < hundredths * course.price_fen // 100
        assert gift < hundredths
