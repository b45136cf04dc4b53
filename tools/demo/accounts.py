"""Who may sign in to the demo chain: one known person per role, all of the institution `qiming`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

CODE, NAME = "qiming", "启明教育"
DOMAIN = "qiming.example"
USERS_FILE = "LIANXIAO_DEMO_USERS_FILE"


@dataclass(frozen=True, slots=True)
class Account:
    """A way in; `user` is the e-mail address, to be typed together with the code of the institution."""

    role: str
    institution: str
    user: str
    password: str


# The name before the @ and the middle of the password; both are known to everybody who reads this.
WORDS = {
    "hq_admin": "hq",
    "principal": "principal",
    "course_advisor": "advisor",
    "class_tutor": "tutor",
    "academic_admin": "academic",
    "teacher": "teacher",
    "finance": "finance",
    "marketing": "marketing",
    "channel_manager": "channel",
    "auditor": "auditor",
    "channel_partner": "partner",
}


def account(role: str, code: str = CODE) -> Account:
    """Return the known account of a role."""
    word = WORDS[role]
    return Account(role, code, f"{word}@{DOMAIN}", f"lx-{word}-2718")


def write(code: str = CODE) -> Path | None:
    """Leave the accounts where `make up` looks for them; returns the file, None when nobody asked for one."""
    place = os.environ.get(USERS_FILE, "")
    if not place:
        return None
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    people = [asdict(account(role, code)) for role in WORDS]
    path.write_text(json.dumps(people, ensure_ascii=False, indent=1))
    return path
