"""AccountTitleService on the wire."""

from __future__ import annotations

from lianxiao.billing.v1 import account_title_pb2
from lianxiao.billing.v1 import account_title_service_pb2 as pb
from lianxiao.billing.v1 import account_title_service_pb2_grpc as pb_grpc
from services.billing.actions import account_titles
from services.billing.rules.chart import Own, Title
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import enum_value


class AccountTitleService(Servicer, pb_grpc.AccountTitleServiceServicer):
    """The chart of accounts."""

    @query
    def ListAccountTitles(self, request: pb.ListAccountTitlesRequest, tx: Tx) -> pb.ListAccountTitlesResponse:  # noqa: ARG002 - has no fields
        own = account_titles.remapped(tx)
        rows = [_to_pb(title, is_own=title.code in own) for title in account_titles.every(tx)]
        return pb.ListAccountTitlesResponse(account_titles=rows)

    @command
    def SetAccountTitle(self, request: pb.SetAccountTitleRequest, tx: Tx) -> pb.SetAccountTitleResponse:
        wanted = request.account_title
        title = account_titles.set_own(tx, wanted.code, Own(wanted.number, wanted.name_zh, wanted.name_en))
        return pb.SetAccountTitleResponse(account_title=_to_pb(title, is_own=True))


def _to_pb(title: Title, *, is_own: bool) -> account_title_pb2.AccountTitle:
    return account_title_pb2.AccountTitle(
        code=title.code,
        number=title.number,
        name_zh=title.name_zh,
        name_en=title.name_en,
        category=enum_value(account_title_pb2.AccountCategory, title.category),
        normal_side=enum_value(account_title_pb2.AccountSide, title.normal_side),
        dimensions=[enum_value(account_title_pb2.AccountDimension, each) for each in title.dimensions],
        is_own=is_own,
    )
