"""SalesTargetService on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lianxiao.lead.v1 import sales_target_pb2
from lianxiao.lead.v1 import sales_target_service_pb2 as pb
from lianxiao.lead.v1 import sales_target_service_pb2_grpc as pb_grpc
from services.lead.actions import sales, sales_targets, target_splits
from services.lead.actions.target_splits import Split
from services.lead.models import Sale, SalesTarget, SalesTeam
from shared.db import Tx
from shared.errors import InvalidInput
from shared.ids import as_uuid
from shared.listing import named_fields
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, ids, local_date, optional_id, stored_word


class SalesTargetService(Servicer, pb_grpc.SalesTargetServiceServicer):
    """Targets, teams and sales."""

    @command
    def CreateSalesTarget(self, request: pb.CreateSalesTargetRequest, tx: Tx) -> pb.CreateSalesTargetResponse:
        row = sales_targets.create(tx, _target(request.sales_target))
        return pb.CreateSalesTargetResponse(sales_target=_shown(tx, [row])[0])

    @query
    def ListSalesTargets(self, request: pb.ListSalesTargetsRequest, tx: Tx) -> pb.ListSalesTargetsResponse:
        page = sales_targets.TARGETS.page(tx, request)
        return pb.ListSalesTargetsResponse(sales_targets=_shown(tx, page.rows), next_page_token=page.next_page_token)

    @command
    def UpdateSalesTarget(self, request: pb.UpdateSalesTargetRequest, tx: Tx) -> pb.UpdateSalesTargetResponse:
        named_fields(request.update_mask.paths, ["value"])
        target_id = _needed(request.sales_target.sales_target_id, "sales_target.sales_target_id")
        row = target_splits.update(
            tx, target_id, value=request.sales_target.value, accept_difference=request.accept_difference
        )
        return pb.UpdateSalesTargetResponse(sales_target=_shown(tx, [row])[0])

    @command
    def SplitSalesTarget(self, request: pb.SplitSalesTargetRequest, tx: Tx) -> pb.SplitSalesTargetResponse:
        target_id = as_uuid(request.sales_target_id)
        parts = [_dimensions(each) for each in request.parts]
        rows = target_splits.split(tx, target_id, parts, accept_difference=request.accept_difference)
        whole, *children = _shown(tx, [tx.load(SalesTarget, "sales_target", target_id), *rows])
        return pb.SplitSalesTargetResponse(sales_target=whole, children=children)

    @command
    def CreateSalesTeam(self, request: pb.CreateSalesTeamRequest, tx: Tx) -> pb.CreateSalesTeamResponse:
        team = request.sales_team
        row = sales_targets.create_team(
            tx, name=team.name, campus_id=optional_id(team.campus_id), staff_ids=ids(team.staff_ids)
        )
        return pb.CreateSalesTeamResponse(sales_team=team_to_pb(row))

    @query
    def ListSalesTeams(self, request: pb.ListSalesTeamsRequest, tx: Tx) -> pb.ListSalesTeamsResponse:
        page = sales_targets.TEAMS.page(tx, request)
        rows = [team_to_pb(row) for row in page.rows]
        return pb.ListSalesTeamsResponse(sales_teams=rows, next_page_token=page.next_page_token)

    @command
    def UpdateSalesTeam(self, request: pb.UpdateSalesTeamRequest, tx: Tx) -> pb.UpdateSalesTeamResponse:
        team = request.sales_team
        told: dict[str, Any] = {"name": team.name, "staff_ids": ids(team.staff_ids)}
        names = named_fields(request.update_mask.paths, sales_targets.TEAM_EDITABLE)
        team_id = _needed(team.sales_team_id, "sales_team.sales_team_id")
        row = sales_targets.update_team(tx, team_id, {name: told[name] for name in names})
        return pb.UpdateSalesTeamResponse(sales_team=team_to_pb(row))

    @query
    def ListSales(self, request: pb.ListSalesRequest, tx: Tx) -> pb.ListSalesResponse:
        page = sales.LISTING.page(tx, request)
        return pb.ListSalesResponse(sales=[sale_to_pb(row) for row in page.rows], next_page_token=page.next_page_token)


def to_pb(row: SalesTarget, attained: int, split: Split | None) -> sales_target_pb2.SalesTarget:
    """Return the wire form with what has been reached, and what the parts make."""
    return sales_target_pb2.SalesTarget(
        sales_target_id=str(row.id),
        month_date=date_pb(row.month_date),
        measure=enum_value(sales_target_pb2.SalesMeasure, row.measure),
        value=row.value,
        campus_id=id_text(row.campus_id),
        course_id=id_text(row.course_id),
        customer_type=row.customer_type,
        sales_team_id=id_text(row.team_id),
        staff_id=id_text(row.staff_id),
        attained=attained,
        parent_sales_target_id=id_text(row.parent_id),
        split=sales_target_pb2.TargetSplit(**asdict(split)) if split is not None else None,
        create_time=row.create_time,
        update_time=row.update_time,
    )


def team_to_pb(row: SalesTeam) -> sales_target_pb2.SalesTeam:
    """Return the wire form of a team."""
    return sales_target_pb2.SalesTeam(
        sales_team_id=str(row.id),
        name=row.name,
        campus_id=id_text(row.campus_id),
        staff_ids=[str(each) for each in row.staff_ids],
        create_time=row.create_time,
        update_time=row.update_time,
    )


def sale_to_pb(row: Sale) -> sales_target_pb2.Sale:
    """Return the wire form of a sale."""
    return sales_target_pb2.Sale(
        sale_id=str(row.id),
        order_id=str(row.order_id),
        is_refund=row.is_refund,
        is_first=row.is_first,
        amount_fen=row.amount_fen,
        customer_id=str(row.customer_id),
        lead_id=id_text(row.lead_id),
        campus_id=str(row.campus_id),
        course_id=id_text(row.course_id),
        owner_id=id_text(row.owner_id),
        customer_type=row.customer_type,
        source=row.source,
        sales_form=row.sales_form,
        sale_time=row.sale_time,
    )


def _shown(tx: Tx, rows: Sequence[SalesTarget]) -> list[sales_target_pb2.SalesTarget]:
    attained, splits = sales_targets.attained(tx, rows), target_splits.splits(tx, rows)
    return [to_pb(row, attained.get(row.id, 0), splits.get(row.id)) for row in rows]


def _target(wanted: sales_target_pb2.SalesTarget) -> SalesTarget:
    row = _dimensions(wanted)
    row.month_date = local_date(wanted.month_date, "sales_target.month_date")
    row.measure = stored_word(sales_target_pb2.SalesMeasure, wanted.measure, "sales_target.measure")
    return row


def _dimensions(wanted: sales_target_pb2.SalesTarget | sales_target_pb2.TargetPart) -> SalesTarget:
    return SalesTarget(
        value=wanted.value,
        campus_id=optional_id(wanted.campus_id),
        course_id=optional_id(wanted.course_id),
        customer_type=wanted.customer_type,
        team_id=optional_id(wanted.sales_team_id),
        staff_id=optional_id(wanted.staff_id),
    )


def _needed(text: str, field: str) -> Any:
    if not text:
        raise InvalidInput(field, "an id is needed here")
    return as_uuid(text)
