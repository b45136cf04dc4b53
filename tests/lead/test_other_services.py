"""The other services of lead on the wire, one happy path each."""

from __future__ import annotations

from uuid import UUID

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from lianxiao.lead.v1 import (
    assignment_rule_pb2,
    assignment_rule_service_pb2,
    claim_service_pb2,
    duplicate_pb2,
    duplicate_service_pb2,
    import_pb2,
    import_service_pb2,
    lead_service_pb2,
    task_service_pb2,
)
from services.lead.actions import import_files
from shared.caller import Caller
from shared.db import Database
from shared.testing.wire import Wire
from tests.lead import factories, people, sheets
from tests.lead.people import Person


def test_a_file_is_imported_watched_and_explained(
    database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    rows = [sheets.family(1), sheets.family(2), sheets.family(2), sheets.family(3, phone="12")]
    data = sheets.xlsx_of([sheets.HEADER, *rows])
    create = import_service_pb2.CreateImportRequest(campus_id=str(campus), file_name="名单.xlsx")
    import_id = chief.imports.CreateImport(create).lead_import.import_id
    for offset in range(0, len(data), 3000):
        part = import_service_pb2.AppendImportDataRequest(
            import_id=import_id, offset=offset, data=data[offset : offset + 3000]
        )
        size = chief.imports.AppendImportData(part).size_bytes
    assert size == len(data)
    started = chief.imports.StartImport(import_service_pb2.StartImportRequest(import_id=import_id)).lead_import
    assert started.state == import_pb2.IMPORT_STATE_WAITING
    assert [column.field for column in started.columns][:3] == ["child_name", "guardian_name", "guardian_phone"]
    busy = True
    while busy:
        with database.begin(caller) as tx:
            busy = import_files.step(tx)
    done = chief.imports.GetImport(import_service_pb2.GetImportRequest(import_id=import_id)).lead_import
    assert done.state == import_pb2.IMPORT_STATE_DONE
    assert (done.total, done.created, done.merged, done.in_review, done.rejected) == (4, 2, 1, 0, 1)
    rejected = chief.imports.ListImportRows(
        import_service_pb2.ListImportRowsRequest(import_id=import_id, filter='outcome = "rejected"')
    ).rows
    assert [(row.line, row.reason, row.field) for row in rejected] == [(5, "PHONE_INVALID", "guardian_phone")]
    first = chief.imports.ListImportRows(import_service_pb2.ListImportRowsRequest(import_id=import_id, page_size=3))
    second = import_service_pb2.ListImportRowsRequest(
        import_id=import_id, page_size=3, page_token=first.next_page_token
    )
    assert [row.line for row in [*first.rows, *chief.imports.ListImportRows(second).rows]] == [2, 3, 4, 5]
    assert len(chief.imports.ListImports(import_service_pb2.ListImportsRequest(filter='state = "done"')).imports) == 1
    cancel = import_service_pb2.CancelImportRequest(import_id=import_id)
    assert people.refused(lambda: chief.imports.CancelImport(cancel)) == ("FAILED_PRECONDITION", "IMPORT_FINISHED")


def test_a_pair_is_listed_merged_and_parted(chief: Person, campus: UUID) -> None:
    birth = Date(year=2016, month=3, day=8)
    first = chief.capture(campus, birth_date=birth, guardian_name="王建国").lead
    second = chief.capture(campus, birth_date=birth, guardian_name="李芳", guardian_phone="13900139000").lead
    (pair,) = chief.duplicates.ListDuplicates(duplicate_service_pb2.ListDuplicatesRequest()).duplicates
    assert (pair.lead.lead_id, pair.other_lead.child_name) == (second.lead_id, "王小明")
    assert "NAME_EQUAL" in {reason.code for reason in pair.reasons}
    resolve = duplicate_service_pb2.ResolveDuplicateRequest(
        duplicate_id=pair.duplicate_id, resolution=duplicate_service_pb2.DUPLICATE_RESOLUTION_MERGE
    )
    merged = chief.duplicates.ResolveDuplicate(resolve).duplicate
    assert merged.state == duplicate_pb2.DUPLICATE_STATE_MERGED
    assert chief.get(second.lead_id).merged_into_lead_id == first.lead_id
    ask = duplicate_service_pb2.ResolveCustomerRequest(customer_id=second.customer_id)
    assert chief.duplicates.ResolveCustomer(ask).customer_id == first.customer_id
    assert [each.lead_id for each in chief.leads.ListLeads(lead_service_pb2.ListLeadsRequest()).leads] == [
        first.lead_id
    ]
    parted = chief.duplicates.UndoMerge(duplicate_service_pb2.UndoMergeRequest(merge_id=merged.merge_id))
    assert (parted.survivor_lead_id, parted.restored_lead_id) == (first.lead_id, second.lead_id)
    assert chief.duplicates.ResolveCustomer(ask).customer_id == second.customer_id


def test_rules_are_made_listed_and_paused(database: Database, caller: Caller, campus: UUID, chief: Person) -> None:
    with database.begin(caller) as tx:
        advisor = factories.advisor(tx, campus)
    rule = assignment_rule_pb2.AssignmentRule(
        name="徐汇",
        campus_id=str(campus),
        strategy=assignment_rule_pb2.ASSIGNMENT_STRATEGY_LEAST_OPEN,
        candidates=[assignment_rule_pb2.RuleCandidate(staff_id=str(advisor), capacity=5)],
    )
    create = assignment_rule_service_pb2.CreateAssignmentRuleRequest(assignment_rule=rule)
    made = chief.rules.CreateAssignmentRule(create).assignment_rule
    assert chief.capture(campus).lead.owner_id == str(advisor)
    made.paused = True
    update = assignment_rule_service_pb2.UpdateAssignmentRuleRequest(
        assignment_rule=made, update_mask=FieldMask(paths=["paused"])
    )
    assert chief.rules.UpdateAssignmentRule(update).assignment_rule.paused
    assert chief.capture(campus, **factories.stranger(1)).lead.owner_id == ""
    listed = chief.rules.ListAssignmentRules(assignment_rule_service_pb2.ListAssignmentRulesRequest())
    assert [(each.assignment_rule_id, each.paused) for each in listed.assignment_rules] == [
        (made.assignment_rule_id, True)
    ]


def test_tasks_are_made_listed_and_done_once(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    advisor = people.advisor(wire, database, caller, campus, "pii.read")
    lead = chief.capture(campus, owner_id=str(advisor.id)).lead
    due = Timestamp(seconds=1_900_000_000)
    create = task_service_pb2.CreateTaskRequest(lead_id=lead.lead_id, kind="call", note="问问周末", due_time=due)
    task = advisor.tasks.CreateTask(create).task
    assert (task.owner_id, task.customer_id, task.note) == (str(advisor.id), lead.customer_id, "问问周末")
    mine = task_service_pb2.ListTasksRequest(filter='state = "open"')
    assert [each.task_id for each in advisor.tasks.ListTasks(mine).tasks] == [task.task_id]
    complete = task_service_pb2.CompleteTaskRequest(task_id=task.task_id, result="约好了")
    assert advisor.tasks.CompleteTask(complete).task.result == "约好了"
    assert people.refused(lambda: advisor.tasks.CompleteTask(complete)) == ("FAILED_PRECONDITION", "TASK_DONE")
    assert not advisor.tasks.ListTasks(mine).tasks
    nowhere = task_service_pb2.CreateTaskRequest(kind="call", due_time=due)
    assert people.refused(lambda: advisor.tasks.CreateTask(nowhere))[0] == "INVALID_ARGUMENT"


def test_a_claim_is_registered_and_its_owner_told(
    wire: Wire, database: Database, caller: Caller, campus: UUID, chief: Person
) -> None:
    advisor = people.advisor(wire, database, caller, campus)
    lead = chief.capture(campus, owner_id=str(advisor.id)).lead
    claim = advisor.claims.ClaimLead(claim_service_pb2.ClaimLeadRequest(lead_id=lead.lead_id, days=7)).claim
    assert claim.claimant_id == str(advisor.id)
    again = claim_service_pb2.ClaimLeadRequest(lead_id=lead.lead_id)
    assert people.refused(lambda: chief.claims.ClaimLead(again)) == ("FAILED_PRECONDITION", "CUSTOMER_CLAIMED")
    owner = advisor.claims.GetOwnership(claim_service_pb2.GetOwnershipRequest(phone=people.PHONE)).ownership
    assert (owner.owned, owner.owner_name, owner.end_time) == (True, "顾**", claim.end_time)
