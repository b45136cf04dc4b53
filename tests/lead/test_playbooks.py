"""A library of what people say, and who used it."""

from __future__ import annotations

from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask

from lianxiao.lead.v1 import lead_pb2, playbook_pb2
from lianxiao.lead.v1 import playbook_service_pb2 as pb
from shared.caller import Caller
from shared.db import Database
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.wire import Wire
from tests.lead import people
from tests.lead.people import Person


def test_a_playbook_is_found_by_stage_and_role_and_its_uses_are_counted(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    told = playbook_pb2.Playbook(
        name="首次电话", stage=lead_pb2.LEAD_STAGE_ENQUIRY, role="course_advisor", content="您好"
    )
    made = chief.playbooks.CreatePlaybook(pb.CreatePlaybookRequest(playbook=told)).playbook
    guide = playbook_pb2.Playbook(name="读懂测评", role="teacher", content="先看薄弱项")
    chief.playbooks.CreatePlaybook(pb.CreatePlaybookRequest(playbook=guide))
    advisor = people.advisor(wire, database, caller, campus, "playbook.read", "playbook.use")
    lead_id = chief.capture(campus, owner_id=str(advisor.id)).lead.lead_id
    for helpful in (True, False):
        use = pb.RecordPlaybookUseRequest(playbook_id=made.playbook_id, lead_id=lead_id, helpful=helpful)
        assert advisor.playbooks.RecordPlaybookUse(use).playbook_use.staff_id == str(advisor.id)
    asked = pb.ListPlaybooksRequest(filter='stage = "LEAD_STAGE_ENQUIRY" AND role = "course_advisor"')
    (seen,) = advisor.playbooks.ListPlaybooks(asked).playbooks
    assert (seen.name, seen.use_count, seen.staff_count, seen.helpful_count) == ("首次电话", 2, 1, 1)
    uses = advisor.playbooks.ListPlaybookUses(pb.ListPlaybookUsesRequest(playbook_id=made.playbook_id)).playbook_uses
    assert [(each.lead_id, each.helpful) for each in uses] == [(lead_id, False), (lead_id, True)]


def test_what_cannot_be_done_with_a_playbook(wire: Wire, chief: Person, caller: Caller, campus: UUID) -> None:
    told = playbook_pb2.Playbook(name="报价", content="先问预算")
    made = chief.playbooks.CreatePlaybook(pb.CreatePlaybookRequest(playbook=told)).playbook
    use = pb.RecordPlaybookUseRequest(playbook_id=made.playbook_id, lead_id=str(uuid7()))
    assert people.refused(lambda: chief.playbooks.RecordPlaybookUse(use))[1] == "LEAD_NOT_FOUND"
    made.paused, made.content = True, " "
    change = pb.UpdatePlaybookRequest(playbook=made, update_mask=FieldMask(paths=["paused"]))
    assert chief.playbooks.UpdatePlaybook(change).playbook.content == "先问预算"
    use.lead_id = ""
    assert people.refused(lambda: chief.playbooks.RecordPlaybookUse(use))[1] == "PLAYBOOK_PAUSED"
    empty = pb.UpdatePlaybookRequest(playbook=made, update_mask=FieldMask(paths=["content"]))
    assert people.refused(lambda: chief.playbooks.UpdatePlaybook(empty))[1] == "CONTENT_MISSING"
    principal = Person(wire, callers.staff(caller.institution_id, ["playbook.*"], [campus]))
    create = pb.CreatePlaybookRequest(playbook=told)
    assert people.refused(lambda: principal.playbooks.CreatePlaybook(create))[1] == "CHAIN_SCOPE_NEEDED"
    unknown = pb.ListPlaybookUsesRequest(playbook_id=str(uuid7()))
    assert people.refused(lambda: chief.playbooks.ListPlaybookUses(unknown))[1] == "PLAYBOOK_NOT_FOUND"
