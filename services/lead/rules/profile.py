"""What a lead knows of its people that must not be read in the database: stored as one sealed JSON text."""

from __future__ import annotations

import json
from dataclasses import dataclass

from services.lead.rules.children import Person, union_contact
from services.lead.rules.rows import Enquiry


@dataclass(frozen=True, slots=True)
class Profile:
    """Names, numbers and free text of a family; phones in E.164."""

    guardian_phone: str = ""
    alternate_phone: str = ""
    child_name: str = ""
    guardian_name: str = ""
    guardian_email: str = ""
    wechat_id: str = ""
    wechat_union_id: str = ""
    remark: str = ""

    @classmethod
    def of(cls, enquiry: Enquiry) -> Profile:
        """Take from an enquiry what is personal."""
        return cls(**{name: getattr(enquiry, name) for name in cls.__slots__})

    @classmethod
    def from_json(cls, text: str) -> Profile:
        """Read what `to_json` wrote; fields of a later version are left out."""
        return cls(**{key: value for key, value in json.loads(text).items() if key in cls.__slots__})

    def to_json(self) -> str:
        """Return the text to seal; empty fields are left out."""
        return json.dumps({name: value for name, value in self.told().items() if value}, ensure_ascii=False)

    def told(self) -> dict[str, str]:
        """Return every field by its name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def phones(self) -> frozenset[str]:
        """Return the numbers of the family."""
        return frozenset(filter(None, (self.guardian_phone, self.alternate_phone)))

    def person(self, *, birth_date: str, school: str, campus: str) -> Person:
        """Return what identifies the child, together with what stands in columns of its own."""
        union = {union_contact(self.wechat_union_id)} if self.wechat_union_id else set()
        return Person(
            phones=self.phones() | union,
            child_name=self.child_name,
            guardian_name=self.guardian_name,
            wechat_id=self.wechat_id,
            birth_date=birth_date,
            school=school,
            campus=campus,
        )
