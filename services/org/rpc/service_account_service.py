"""ServiceAccountService on the wire."""

from __future__ import annotations

import grpc

from lianxiao.org.v1 import service_account_pb2
from lianxiao.org.v1 import service_account_service_pb2 as pb
from lianxiao.org.v1 import service_account_service_pb2_grpc as pb_grpc
from services.org.actions import service_accounts
from services.org.models import ServiceAccount
from services.org.rules.secrets import client_id
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, call_of, command, query
from shared.wire_values import ids


class ServiceAccountService(Servicer, pb_grpc.ServiceAccountServiceServicer):
    """Accounts of programs."""

    def CreateServiceAccount(
        self, request: pb.CreateServiceAccountRequest, context: grpc.ServicerContext
    ) -> pb.CreateServiceAccountResponse:
        """Add the secret to the reply after the transaction: replies are stored for repeats, secrets are not."""
        shown = ""

        def create(tx: Tx) -> pb.CreateServiceAccountResponse:
            nonlocal shown
            wanted = request.service_account
            campus_ids = ids(wanted.campus_ids)
            account, shown = service_accounts.create(
                tx, name=wanted.name, permissions=wanted.permissions, campus_ids=campus_ids
            )
            return pb.CreateServiceAccountResponse(service_account=to_pb(account))

        response = call_of(context).command(self.database, request, create, pb.CreateServiceAccountResponse)
        response.client_secret = shown
        return response

    @command
    def DisableServiceAccount(
        self, request: pb.DisableServiceAccountRequest, tx: Tx
    ) -> pb.DisableServiceAccountResponse:
        account = service_accounts.disable(tx, as_uuid(request.service_account_id))
        return pb.DisableServiceAccountResponse(service_account=to_pb(account))

    @query
    def ListServiceAccounts(self, request: pb.ListServiceAccountsRequest, tx: Tx) -> pb.ListServiceAccountsResponse:
        page = service_accounts.LISTING.page(tx, request)
        return pb.ListServiceAccountsResponse(
            service_accounts=[to_pb(row) for row in page.rows], next_page_token=page.next_page_token
        )


def to_pb(row: ServiceAccount) -> service_account_pb2.ServiceAccount:
    """Return the wire form."""
    return service_account_pb2.ServiceAccount(
        service_account_id=str(row.id),
        name=row.name,
        client_id=client_id(row.institution_id, row.id),
        permissions=row.permissions,
        campus_ids=[str(each) for each in row.campus_ids or ()],
        active=row.active,
        last_use_time=row.last_use_time,
        create_time=row.create_time,
        update_time=row.update_time,
    )
