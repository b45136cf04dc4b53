"""What the gRPC server process of org serves."""

from __future__ import annotations

from lianxiao.org.v1 import approval_flow_service_pb2_grpc as approval_flow
from lianxiao.org.v1 import approval_service_pb2_grpc as approval
from lianxiao.org.v1 import auth_service_pb2_grpc as auth
from lianxiao.org.v1 import campus_service_pb2_grpc as campus
from lianxiao.org.v1 import custom_field_service_pb2_grpc as custom_field
from lianxiao.org.v1 import handover_service_pb2_grpc as handover
from lianxiao.org.v1 import institution_service_pb2_grpc as institution
from lianxiao.org.v1 import region_service_pb2_grpc as region
from lianxiao.org.v1 import role_service_pb2_grpc as role
from lianxiao.org.v1 import service_account_service_pb2_grpc as service_account
from lianxiao.org.v1 import staff_service_pb2_grpc as staff
from services.org.rpc.approval_flow_service import ApprovalFlowService
from services.org.rpc.approval_service import ApprovalService
from services.org.rpc.auth_service import AuthService
from services.org.rpc.campus_service import CampusService
from services.org.rpc.custom_field_service import CustomFieldService
from services.org.rpc.handover_service import HandoverService
from services.org.rpc.institution_service import InstitutionService
from services.org.rpc.region_service import RegionService
from services.org.rpc.role_service import RoleService
from services.org.rpc.service_account_service import ServiceAccountService
from services.org.rpc.staff_service import StaffService
from shared.server import Registration

SERVICERS: list[Registration] = [
    (auth.add_AuthServiceServicer_to_server, AuthService),
    (institution.add_InstitutionServiceServicer_to_server, InstitutionService),
    (region.add_RegionServiceServicer_to_server, RegionService),
    (campus.add_CampusServiceServicer_to_server, CampusService),
    (staff.add_StaffServiceServicer_to_server, StaffService),
    (handover.add_HandoverServiceServicer_to_server, HandoverService),
    (role.add_RoleServiceServicer_to_server, RoleService),
    (service_account.add_ServiceAccountServiceServicer_to_server, ServiceAccountService),
    (custom_field.add_CustomFieldServiceServicer_to_server, CustomFieldService),
    (approval_flow.add_ApprovalFlowServiceServicer_to_server, ApprovalFlowService),
    (approval.add_ApprovalServiceServicer_to_server, ApprovalService),
]
