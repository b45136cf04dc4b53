"""A partner finds what is for it and what is for all while it holds; nothing that is for others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from lianxiao.lead.v1 import partner_material_pb2, partner_pb2, partner_service_pb2
from lianxiao.lead.v1 import partner_material_service_pb2 as pb
from services.org.rules.roles import BUILT_IN
from shared.caller import Caller, Grant
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.wire import Wire
from tests.lead import people
from tests.lead.people import Person

NOW = datetime.now(UTC).replace(microsecond=0)
ROLES = {role.code: role.permissions for role in BUILT_IN}


def program(wire: Wire, institution: UUID) -> Person:
    return Person(wire, Caller(institution, uuid7(), "partner", (Grant(ROLES["channel_partner"]),)))


def manager(wire: Wire, institution: UUID) -> Person:
    return Person(wire, callers.staff(institution, ROLES["channel_manager"]))


def signed(name: str, *accounts: Person) -> partner_pb2.Partner:
    return partner_pb2.Partner(
        name=name,
        kind=partner_pb2.PARTNER_KIND_AGENCY,
        stage=partner_pb2.PARTNER_STAGE_SIGNED,
        account_ids=[str(account.id) for account in accounts],
    )


def partner(by: Person, name: str, *accounts: Person) -> str:
    request = partner_service_pb2.CreatePartnerRequest(partner=signed(name, *accounts))
    return by.partners.CreatePartner(request).partner.partner_id


def give(by: Person, title: str, partner_id: str = "", **details: Any) -> partner_material_pb2.PartnerMaterial:
    told: dict[str, Any] = {"text": "话术", "title": title, "partner_id": partner_id} | details
    wanted = partner_material_pb2.PartnerMaterial(**told)
    request = pb.CreatePartnerMaterialRequest(partner_material=wanted)
    return by.materials.CreatePartnerMaterial(request).partner_material


def titles(who: Person, text: str = "") -> list[str]:
    request = pb.ListPartnerMaterialsRequest(filter=text, order_by="title")
    return [each.title for each in who.materials.ListPartnerMaterials(request).partner_materials]


def test_a_partner_finds_its_own_and_what_is_for_all(wire: Wire, institution: UUID) -> None:
    chief, one, two, nobodys = (
        manager(wire, institution),
        *(program(wire, institution) for _ in range(3)),
    )
    mine, theirs = partner(chief, "甲渠道", one), partner(chief, "乙渠道", two)
    give(chief, "甲的价目表", mine, text="", link="https://example.com/a.pdf?x=1#p")
    give(chief, "乙的价目表", theirs)
    give(chief, "宣传册")
    assert titles(one) == ["宣传册", "甲的价目表"]
    assert titles(two) == ["乙的价目表", "宣传册"]
    assert titles(one, f'partner_id = "{theirs}"') == []
    assert titles(nobodys) == []
    assert titles(chief) == ["乙的价目表", "宣传册", "甲的价目表"]
    assert titles(chief, f'partner_id = "{theirs}"') == ["乙的价目表"]
    assert titles(manager(wire, uuid7())) == titles(program(wire, uuid7())) == []
    # The account goes to the other partner, and sees what that one sees.
    for partner_id, wanted in ((mine, signed("甲渠道")), (theirs, signed("乙渠道", one))):
        wanted.partner_id = partner_id
        chief.partners.UpdatePartner(partner_service_pb2.UpdatePartnerRequest(partner=wanted))
    assert titles(one) == ["乙的价目表", "宣传册"]


def test_a_partner_finds_what_holds_now(wire: Wire, institution: UUID) -> None:
    chief, one = manager(wire, institution), program(wire, institution)
    mine, hour = partner(chief, "甲渠道", one), timedelta(hours=1)
    give(chief, "旧", mine, start_time=NOW - 2 * hour, end_time=NOW - hour)
    give(chief, "新", mine, start_time=NOW + hour)
    row = give(chief, "现", mine, start_time=NOW - hour, end_time=NOW + hour)
    assert titles(one) == ["现"]
    assert titles(chief) == ["新", "旧", "现"]
    row.end_time.FromDatetime(NOW.replace(tzinfo=None) - timedelta(minutes=1))
    row.title, row.partner_id = "不改", ""
    change = pb.UpdatePartnerMaterialRequest(partner_material=row, update_mask=FieldMask(paths=["end_time"]))
    changed = chief.materials.UpdatePartnerMaterial(change).partner_material
    assert (changed.title, changed.partner_id) == ("现", mine)
    assert titles(one) == []


def test_a_partner_writes_nothing_and_a_part_of_the_chain_nothing_for_all(
    wire: Wire, institution: UUID, chief: Person
) -> None:
    one = program(wire, institution)
    mine = partner(chief, "甲渠道", one)
    for call in (
        lambda: give(one, "自己的", mine),
        lambda: one.materials.UpdatePartnerMaterial(pb.UpdatePartnerMaterialRequest(partner_material={"title": "改"})),
    ):
        assert people.refused(call)[0] == "PERMISSION_DENIED"
    regional = Person(wire, callers.staff(institution, ["partner_material.*"], [uuid7()]))
    for_all = give(chief, "宣传册")
    change = pb.UpdatePartnerMaterialRequest(partner_material=for_all, update_mask=FieldMask(paths=["text"]))
    assert people.refused(lambda: give(regional, "宣传册"))[1] == "CHAIN_SCOPE_NEEDED"
    assert people.refused(lambda: regional.materials.UpdatePartnerMaterial(change))[1] == "CHAIN_SCOPE_NEEDED"
    assert give(regional, "海报", mine).partner_id == mine


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"title": "\u3000 "}, "NAME_MISSING"),
        ({"text": " \n"}, "MATERIAL_EMPTY"),
        ({"start_time": NOW, "end_time": NOW}, "MATERIAL_PERIOD_INVALID"),
        ({"end_time": NOW - timedelta(days=1)}, "MATERIAL_PERIOD_INVALID"),
        ({"partner_id": str(uuid7())}, "PARTNER_NOT_FOUND"),
        ({"link": "javascript:alert(1)"}, "INVALID_FIELD"),
        ({"link": "https://例子.cn"}, "INVALID_FIELD"),
    ],
)
def test_what_is_no_material(chief: Person, details: dict[str, Any], reason: str) -> None:
    found = people.refused(lambda: give(chief, **{"title": "宣传册"} | details))
    assert found[1] == reason


def test_a_change_is_checked_as_a_whole(chief: Person) -> None:
    row = give(chief, "宣传册")
    for path, reason in (("text", "MATERIAL_EMPTY"), ("title", "NAME_MISSING")):
        gone = partner_material_pb2.PartnerMaterial(partner_material_id=row.partner_material_id)
        change = pb.UpdatePartnerMaterialRequest(partner_material=gone, update_mask=FieldMask(paths=[path]))
        assert people.refused(lambda: chief.materials.UpdatePartnerMaterial(change))[1] == reason  # noqa: B023 - called at once
    change.partner_material.partner_material_id = str(uuid7())
    found = people.refused(lambda: chief.materials.UpdatePartnerMaterial(change))
    assert found == ("NOT_FOUND", "PARTNER_MATERIAL_NOT_FOUND")
