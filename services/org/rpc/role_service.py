"""RoleService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from lianxiao.org.v1 import role_assignment_pb2, role_pb2
from lianxiao.org.v1 import role_service_pb2 as pb
from lianxiao.org.v1 import role_service_pb2_grpc as pb_grpc
from services.org.actions import roles
from services.org.models import Role, RoleAssignment
from services.org.rules.roles import Scope
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value, ids

_EDITABLE = ("name", "permissions", "default_scope")
_SCOPES: dict[role_pb2.RoleScope, Scope] = {
    role_pb2.ROLE_SCOPE_OWN: "own",
    role_pb2.ROLE_SCOPE_CAMPUS: "campus",
    role_pb2.ROLE_SCOPE_REGION: "region",
    role_pb2.ROLE_SCOPE_CHAIN: "chain",
}


class RoleService(Servicer, pb_grpc.RoleServiceServicer):
    """Roles and who holds them."""

    @command
    def CreateRole(self, request: pb.CreateRoleRequest, tx: Tx) -> pb.CreateRoleResponse:
        wanted = request.role
        role = roles.create(
            tx,
            code=wanted.code,
            name=wanted.name,
            permissions=wanted.permissions,
            default_scope=_scope_of_role(wanted),
        )
        return pb.CreateRoleResponse(role=to_pb(role))

    @command
    def UpdateRole(self, request: pb.UpdateRoleRequest, tx: Tx) -> pb.UpdateRoleResponse:
        wanted = request.role
        fields = named_fields(request.update_mask.paths, _EDITABLE)
        role = roles.update(
            tx,
            as_uuid(wanted.role_id),
            fields=fields,
            name=wanted.name,
            permissions=wanted.permissions,
            default_scope=_scope_of_role(wanted) if "default_scope" in fields else "campus",
        )
        return pb.UpdateRoleResponse(role=to_pb(role))

    @command
    def AssignRole(self, request: pb.AssignRoleRequest, tx: Tx) -> pb.AssignRoleResponse:
        assignment = roles.assign(
            tx,
            as_uuid(request.staff_id),
            role=request.role,
            scope=_SCOPES.get(request.scope),
            campus_ids=ids(request.campus_ids),
            region_ids=ids(request.region_ids),
        )
        return pb.AssignRoleResponse(role_assignment=assignments_to_pb(tx, [assignment])[0])

    @command
    def RevokeRoleAssignment(self, request: pb.RevokeRoleAssignmentRequest, tx: Tx) -> pb.RevokeRoleAssignmentResponse:
        assignment = roles.revoke(tx, as_uuid(request.role_assignment_id))
        return pb.RevokeRoleAssignmentResponse(role_assignment=assignments_to_pb(tx, [assignment])[0])

    @query
    def ListRoleAssignments(self, request: pb.ListRoleAssignmentsRequest, tx: Tx) -> pb.ListRoleAssignmentsResponse:
        page = roles.ASSIGNMENTS.page(tx, request, roles.holding())
        return pb.ListRoleAssignmentsResponse(
            role_assignments=assignments_to_pb(tx, page.rows), next_page_token=page.next_page_token
        )

    @query
    def ListRoles(self, request: pb.ListRolesRequest, tx: Tx) -> pb.ListRolesResponse:
        page = roles.LISTING.page(tx, request)
        return pb.ListRolesResponse(roles=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token)


def to_pb(role: Role) -> role_pb2.Role:
    """Return the wire form."""
    return role_pb2.Role(
        role_id=str(role.id),
        code=role.code,
        name=role.name,
        permissions=role.permissions,
        default_scope=enum_value(role_pb2.RoleScope, role.default_scope),
        built_in=role.built_in,
        create_time=role.create_time,
        update_time=role.update_time,
    )


def assignments_to_pb(tx: Tx, assignments: Sequence[RoleAssignment]) -> list[role_assignment_pb2.RoleAssignment]:
    """Return the wire form of assignments, with the codes of their roles."""
    codes = roles.codes(tx, {assignment.role_id for assignment in assignments})
    return [
        role_assignment_pb2.RoleAssignment(
            role_assignment_id=str(assignment.id),
            staff_id=str(assignment.staff_id),
            role=codes[assignment.role_id],
            scope=enum_value(role_pb2.RoleScope, assignment.scope),
            campus_ids=[str(each) for each in assignment.campus_ids],
            region_ids=[str(each) for each in assignment.region_ids],
            revoke_time=assignment.revoke_time,
            create_time=assignment.create_time,
            update_time=assignment.update_time,
        )
        for assignment in assignments
    ]


def _scope_of_role(role: role_pb2.Role) -> Scope:
    scope = _SCOPES.get(role.default_scope)
    if scope is None:
        raise InvalidInput("role.default_scope", "say how far an assignment reaches that names no scope")
    return scope
