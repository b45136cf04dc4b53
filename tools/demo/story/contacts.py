"""How advisors follow an enquiry up."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from tools.demo.catalogue import AFTER_TRIAL_WORDS, CHANNELS, FIRST_WORDS, LATER_WORDS
from tools.demo.story import hours
from tools.demo.story.beats import Contact, Enquiry

_SILENT, _PROMISES = 0.09, 0.65
_LATER = (0, 0, 0, 0, 1, 1)


def follow_up(chance: Random, enquiry: Enquiry, end: datetime, *, is_open: bool) -> list[Contact]:
    """Return the contacts of an enquiry before `end`; an open one may end with a promise that lies ahead."""
    times = _times(chance, enquiry, end)
    found = []
    for index, moment in enumerate(times):
        following = times[index + 1] if index + 1 < len(times) else None
        promised = following if following and chance.random() < _PROMISES else None
        if following is None and is_open and chance.random() < _PROMISES:
            promised = hours.after(chance, moment, hours=(30, 240))
        found.append(Contact(moment, _channel(chance), _words(chance, enquiry, moment, index), promised))
    return found


def _times(chance: Random, enquiry: Enquiry, end: datetime) -> list[datetime]:
    if chance.random() < _SILENT:
        return []
    moment = hours.after(chance, enquiry.time, hours=(0.2, 26))
    wanted = [moment]
    for _ in range(chance.choice(_LATER)):
        moment = hours.after(chance, moment, hours=(30, 190))
        wanted.append(moment)
    if enquiry.trial is not None and enquiry.trial.attended is not None:
        wanted.append(hours.after(chance, enquiry.trial.start, hours=(3, 30)))
    return sorted(each for each in wanted if each < end - timedelta(minutes=5))


def _channel(chance: Random) -> str:
    return chance.choices([name for name, _ in CHANNELS], [weight for _, weight in CHANNELS])[0]


def _words(chance: Random, enquiry: Enquiry, moment: datetime, index: int) -> str:
    if enquiry.trial is not None and moment > enquiry.trial.start:
        return chance.choice(AFTER_TRIAL_WORDS)
    words = chance.choice(LATER_WORDS if index else FIRST_WORDS)
    return words.format(grade=enquiry.family.school_grade, course=enquiry.course.name)
