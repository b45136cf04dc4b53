"""The other services of org over the wire: one happy path each, masks, lists, repeats, borders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from lianxiao.common.v1 import reveal_pb2
from lianxiao.org.v1 import (
    approval_flow_pb2,
    approval_flow_service_pb2,
    approval_flow_service_pb2_grpc,
    campus_pb2,
    campus_service_pb2,
    campus_service_pb2_grpc,
    custom_field_pb2,
    custom_field_service_pb2,
    custom_field_service_pb2_grpc,
    institution_pb2,
    institution_service_pb2,
    institution_service_pb2_grpc,
    region_pb2,
    region_service_pb2,
    region_service_pb2_grpc,
    role_pb2,
    role_service_pb2,
    role_service_pb2_grpc,
    service_account_pb2,
    service_account_service_pb2,
    service_account_service_pb2_grpc,
    staff_pb2,
    staff_service_pb2,
    staff_service_pb2_grpc,
)
from services.org.actions import service_accounts
from services.org.rules.institutions import id_of
from services.org.server import SERVICERS
from shared.caller import Caller
from shared.crypto import blind_index
from shared.db import Database
from shared.ids import uuid7
from shared.testing import callers
from shared.testing.wire import Wire, refusal, serving
from tests.org import factories

Metadata = tuple[tuple[str, str | bytes], ...]


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    with serving("org", SERVICERS, database) as running:
        yield running


@pytest.fixture
def code(database: Database) -> str:
    return factories.committed_institution(database)[0]


@pytest.fixture
def chief(wire: Wire, code: str) -> Metadata:
    return _metadata(wire, callers.staff(id_of(code)))


def _metadata(wire: Wire, caller: Caller) -> Metadata:
    return tuple(wire.metadata(caller))


def _refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return refusal(error.value)


def test_places_are_opened_listed_and_changed(wire: Wire, chief: Metadata) -> None:
    regions = region_service_pb2_grpc.RegionServiceStub(wire.channel)
    campuses = campus_service_pb2_grpc.CampusServiceStub(wire.channel)
    made = region_service_pb2.CreateRegionRequest(region=region_pb2.Region(name="华东"))
    region = regions.CreateRegion(made, metadata=chief).region
    for number in range(3):
        wanted = campus_pb2.Campus(code=f"PD0{number}", name=f"浦东{number}", region_id=region.region_id)
        campuses.CreateCampus(campus_service_pb2.CreateCampusRequest(campus=wanted), metadata=chief)
    query = f'region_id = "{region.region_id}" AND active = true'
    request = campus_service_pb2.ListCampusesRequest(page_size=2, filter=query, order_by="code desc")
    first = campuses.ListCampuses(request, metadata=chief)
    request.page_token = first.next_page_token
    second = campuses.ListCampuses(request, metadata=chief)
    assert [campus.code for campus in [*first.campuses, *second.campuses]] == ["PD02", "PD01", "PD00"]
    assert second.next_page_token == ""
    change = campus_service_pb2.UpdateCampusRequest(
        campus=campus_pb2.Campus(campus_id=first.campuses[0].campus_id, name="张江", address="祖冲之路 1 号"),
        update_mask=FieldMask(paths=["name"]),
    )
    changed = campuses.UpdateCampus(change, metadata=chief).campus
    assert (changed.name, changed.address, changed.active, changed.region_id) == ("张江", "", True, region.region_id)
    change.update_mask.paths.append("code")
    assert _refused(lambda: campuses.UpdateCampus(change, metadata=chief)) == ("INVALID_ARGUMENT", "MASK_INVALID")
    renamed = region_service_pb2.UpdateRegionRequest(
        region=region_pb2.Region(region_id=region.region_id, name="华东一区"), update_mask=FieldMask(paths=["name"])
    )
    regions.UpdateRegion(renamed, metadata=chief)
    got = regions.GetRegion(region_service_pb2.GetRegionRequest(region_id=region.region_id), metadata=chief).region
    assert (got.name, got.active) == ("华东一区", True)
    assert len(regions.ListRegions(region_service_pb2.ListRegionsRequest(), metadata=chief).regions) == 1


def test_a_person_is_added_given_a_role_listed_and_leaves(wire: Wire, chief: Metadata, code: str) -> None:
    people = staff_service_pb2_grpc.StaffServiceStub(wire.channel)
    roles = role_service_pb2_grpc.RoleServiceStub(wire.channel)
    wanted = staff_pb2.Staff(display_name="王芳", email="wang@example.com", phone="13800138000")
    made = staff_service_pb2.CreateStaffRequest(staff=wanted, password=factories.PASSWORD, request_id=str(uuid7()))
    person = people.CreateStaff(made, metadata=chief).staff
    assert people.CreateStaff(made, metadata=chief).staff.staff_id == person.staff_id
    assign = role_service_pb2.AssignRoleRequest(staff_id=person.staff_id, role="marketing")
    assignment = roles.AssignRole(assign, metadata=chief).role_assignment
    assert assignment.scope == role_pb2.ROLE_SCOPE_CHAIN
    listed = people.ListStaff(staff_service_pb2.ListStaffRequest(role="marketing"), metadata=chief).staff
    assert [each.role_assignments[0].role_assignment_id for each in listed] == [assignment.role_assignment_id]
    assert (listed[0].email, listed[0].phone) == ("wang@example.com", "138****8000")
    asked = staff_service_pb2.RevealStaffRequest(
        staff_id=person.staff_id, field=reveal_pb2.REVEAL_FIELD_PHONE, reason=reveal_pb2.REVEAL_REASON_EMERGENCY
    )
    assert people.RevealStaff(asked, metadata=chief).revealed.value == "+8613800138000"
    masked = _metadata(wire, callers.staff(id_of(code), ["staff.read"]))
    seen = people.GetStaff(staff_service_pb2.GetStaffRequest(staff_id=person.staff_id), metadata=masked).staff
    assert (seen.email, seen.phone) == ("w***@example.com", "138****8000")
    held = role_service_pb2.ListRoleAssignmentsRequest(filter='role = "marketing"')
    assert [each.role_assignment_id for each in roles.ListRoleAssignments(held, metadata=chief).role_assignments] == [
        assignment.role_assignment_id
    ]
    revoke = role_service_pb2.RevokeRoleAssignmentRequest(role_assignment_id=assignment.role_assignment_id)
    assert roles.RevokeRoleAssignment(revoke, metadata=chief).role_assignment.HasField("revoke_time")
    update = staff_service_pb2.UpdateStaffRequest(
        staff=staff_pb2.Staff(staff_id=person.staff_id, display_name="王小芳"),
        update_mask=FieldMask(paths=["display_name"]),
    )
    assert people.UpdateStaff(update, metadata=chief).staff.email == "wang@example.com"
    password = staff_service_pb2.SetPasswordRequest(staff_id=person.staff_id, password="Another-horse-9")
    assert people.SetPassword(password, metadata=chief) == staff_service_pb2.SetPasswordResponse()
    leave = staff_service_pb2.DeactivateStaffRequest(staff_id=person.staff_id)
    left = people.DeactivateStaff(leave, metadata=chief).staff
    assert (left.active, left.HasField("deactivate_time"), len(left.role_assignments)) == (False, True, 0)


def test_nothing_that_is_kept_for_repeats_depends_on_a_password(
    wire: Wire, chief: Metadata, database: Database, code: str
) -> None:
    people = staff_service_pb2_grpc.StaffServiceStub(wire.channel)
    wanted = staff_pb2.Staff(display_name="王芳", email="wang@example.com")
    request = staff_service_pb2.CreateStaffRequest(staff=wanted, password=factories.PASSWORD, request_id=str(uuid7()))
    people.CreateStaff(request, metadata=chief)
    request.ClearField("password")
    bare = sha256(request.SerializeToString(deterministic=True)).hexdigest()
    with database.begin(Caller.system(id_of(code)), read_only=True) as tx:
        kept = bytes(tx.run("select fingerprint from stored_reply").scalar_one())
        assert kept == blind_index(tx, "request", bare)


def test_roles_are_made_and_changed(wire: Wire, chief: Metadata) -> None:
    roles = role_service_pb2_grpc.RoleServiceStub(wire.channel)
    wanted = role_pb2.Role(
        code="front_desk", name="前台", permissions=["lead.capture"], default_scope=role_pb2.ROLE_SCOPE_CAMPUS
    )
    made = roles.CreateRole(role_service_pb2.CreateRoleRequest(role=wanted), metadata=chief).role
    change = role_service_pb2.UpdateRoleRequest(
        role=role_pb2.Role(role_id=made.role_id, permissions=["lead.capture", "task.*"]),
        update_mask=FieldMask(paths=["permissions"]),
    )
    assert list(roles.UpdateRole(change, metadata=chief).role.permissions) == ["lead.capture", "task.*"]
    own = roles.ListRoles(role_service_pb2.ListRolesRequest(filter="built_in = false"), metadata=chief).roles
    assert [(role.code, role.name) for role in own] == [("front_desk", "前台")]
    wanted.default_scope = role_pb2.ROLE_SCOPE_UNSPECIFIED
    request = role_service_pb2.CreateRoleRequest(role=wanted)
    assert _refused(lambda: roles.CreateRole(request, metadata=chief))[0] == "INVALID_ARGUMENT"


def test_the_secret_of_a_program_is_shown_once_and_not_kept(
    wire: Wire, chief: Metadata, database: Database, code: str
) -> None:
    accounts = service_account_service_pb2_grpc.ServiceAccountServiceStub(wire.channel)
    wanted = service_account_pb2.ServiceAccount(name="合作平台", permissions=["lead.capture"])
    request = service_account_service_pb2.CreateServiceAccountRequest(service_account=wanted, request_id=str(uuid7()))
    made = accounts.CreateServiceAccount(request, metadata=chief)
    again = accounts.CreateServiceAccount(request, metadata=chief)
    assert (again.service_account.service_account_id, again.client_secret) == (
        made.service_account.service_account_id,
        "",
    )
    with database.begin(Caller.system(id_of(code)), read_only=True) as tx:
        kept = b"".join(bytes(row.reply) for row in tx.run("select reply from stored_reply"))
    assert made.client_secret.encode() not in kept
    disable = service_account_service_pb2.DisableServiceAccountRequest(
        service_account_id=made.service_account.service_account_id
    )
    assert accounts.DisableServiceAccount(disable, metadata=chief).service_account.active is False
    listed = accounts.ListServiceAccounts(
        service_account_service_pb2.ListServiceAccountsRequest(filter="active = false"), metadata=chief
    )
    assert [each.client_id for each in listed.service_accounts] == [made.service_account.client_id]


def test_fields_and_flows_are_added_and_listed(wire: Wire, chief: Metadata) -> None:
    fields = custom_field_service_pb2_grpc.CustomFieldServiceStub(wire.channel)
    flows = approval_flow_service_pb2_grpc.ApprovalFlowServiceStub(wire.channel)
    field = custom_field_pb2.CustomField(
        subject="lead", code="school", label="学校", kind=custom_field_pb2.CUSTOM_FIELD_KIND_CHOICE, choices=["一小"]
    )
    new_field = custom_field_service_pb2.CreateCustomFieldRequest(custom_field=field)
    assert list(fields.CreateCustomField(new_field, metadata=chief).custom_field.choices) == ["一小"]
    assert _refused(lambda: fields.CreateCustomField(new_field, metadata=chief))[1] == "CUSTOM_FIELD_CODE_TAKEN"
    new_field.custom_field.kind = custom_field_pb2.CUSTOM_FIELD_KIND_TEXT
    assert _refused(lambda: fields.CreateCustomField(new_field, metadata=chief))[0] == "INVALID_ARGUMENT"
    listed = fields.ListCustomFields(custom_field_service_pb2.ListCustomFieldsRequest(), metadata=chief)
    assert [each.label for each in listed.custom_fields] == ["学校"]
    flow = approval_flow_pb2.ApprovalFlow(
        subject="refund", name="大额退费", from_amount_fen=500_000, steps=["principal", "finance"]
    )
    new_flow = approval_flow_service_pb2.CreateApprovalFlowRequest(approval_flow=flow)
    made = flows.CreateApprovalFlow(new_flow, metadata=chief).approval_flow
    assert _refused(lambda: flows.CreateApprovalFlow(new_flow, metadata=chief))[1] == "APPROVAL_FLOW_TAKEN"
    new_flow.approval_flow.steps.append("astronaut")
    assert _refused(lambda: flows.CreateApprovalFlow(new_flow, metadata=chief)) == ("NOT_FOUND", "ROLE_NOT_FOUND")
    every = flows.ListApprovalFlows(approval_flow_service_pb2.ListApprovalFlowsRequest(), metadata=chief)
    assert [each.approval_flow_id for each in every.approval_flows] == [made.approval_flow_id]


def test_the_operator_of_the_platform_opens_a_chain(wire: Wire, chief: Metadata, database: Database, code: str) -> None:
    chains = institution_service_pb2_grpc.InstitutionServiceStub(wire.channel)
    new = factories.new_code()
    request = institution_service_pb2.CreateInstitutionRequest(
        institution=institution_pb2.Institution(code=new, name="新机构"),
        admin_name="李总",
        admin_email=f"li@{new}.example",
        admin_password=factories.PASSWORD,
    )
    assert _refused(lambda: chains.CreateInstitution(request, metadata=chief)) == ("PERMISSION_DENIED", "OPERATOR_ONLY")
    with database.begin(Caller.system(id_of(code))) as tx:
        account, _ = service_accounts.create(
            tx, name="平台", permissions=["institution.create"], platform_operator=True
        )
    operator = _metadata(wire, callers.staff(id_of(code), ["institution.create"], subject=account.id, kind="partner"))
    made = chains.CreateInstitution(request, metadata=operator)
    assert made.institution.institution_id == str(id_of(new))
    assert _refused(lambda: chains.CreateInstitution(request, metadata=operator))[1] == "INSTITUTION_CODE_TAKEN"
    get = institution_service_pb2.GetInstitutionRequest(institution_id=made.institution.institution_id)
    assert _refused(lambda: chains.GetInstitution(get, metadata=chief)) == ("NOT_FOUND", "INSTITUTION_NOT_FOUND")
    update = institution_service_pb2.UpdateInstitutionRequest(
        institution=institution_pb2.Institution(institution_id=str(id_of(code)), name="启明学堂"),
        update_mask=FieldMask(paths=["name"]),
    )
    assert chains.UpdateInstitution(update, metadata=chief).institution.name == "启明学堂"


def test_another_chain_finds_nothing_of_this_one(wire: Wire, chief: Metadata, database: Database) -> None:
    other, admin_id = factories.committed_institution(database)
    people = staff_service_pb2_grpc.StaffServiceStub(wire.channel)
    get = staff_service_pb2.GetStaffRequest(staff_id=str(admin_id))
    deactivate = staff_service_pb2.DeactivateStaffRequest(staff_id=str(admin_id))
    assert _refused(lambda: people.GetStaff(get, metadata=chief)) == ("NOT_FOUND", "STAFF_NOT_FOUND")
    assert _refused(lambda: people.DeactivateStaff(deactivate, metadata=chief)) == ("NOT_FOUND", "STAFF_NOT_FOUND")
    own = _metadata(wire, callers.staff(id_of(other)))
    assert people.GetStaff(get, metadata=own).staff.active
