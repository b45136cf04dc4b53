"""InstalmentService on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from lianxiao.billing.v1 import instalment_pb2
from lianxiao.billing.v1 import instalment_service_pb2 as pb
from lianxiao.billing.v1 import instalment_service_pb2_grpc as pb_grpc
from services.billing.actions import instalment_policies, instalments, rulebooks
from services.billing.models import Instalment, InstalmentPolicy
from services.billing.rules.instalments import Part, Template
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, stored_word


class InstalmentService(Servicer, pb_grpc.InstalmentServiceServicer):
    """Orders that are paid in parts."""

    @command
    def CreateInstalmentPlan(self, request: pb.CreateInstalmentPlanRequest, tx: Tx) -> pb.CreateInstalmentPlanResponse:
        by_template = request.WhichOneof("plan") == "template"
        parts = [
            Part(local_date(part.due_date, f"parts.parts[{index}].due_date"), part.amount_fen)
            for index, part in enumerate(request.parts.parts)
        ]
        template = _template(request.template) if by_template else None
        rows = instalments.create(tx, as_uuid(request.order_id), template=template, parts=parts)
        return pb.CreateInstalmentPlanResponse(instalments=_all(tx, rows))

    @query
    def PreviewInstalmentPlan(
        self, request: pb.PreviewInstalmentPlanRequest, tx: Tx
    ) -> pb.PreviewInstalmentPlanResponse:
        parts = instalments.preview(tx, as_uuid(request.order_id), _template(request.template))
        shown = [instalment_pb2.InstalmentPart(due_date=date_pb(day), amount_fen=amount) for day, amount in parts]
        return pb.PreviewInstalmentPlanResponse(parts=shown)

    @query
    def GetInstalmentPlan(self, request: pb.GetInstalmentPlanRequest, tx: Tx) -> pb.GetInstalmentPlanResponse:
        rows = instalments.get(tx, as_uuid(request.order_id))
        return pb.GetInstalmentPlanResponse(instalments=_all(tx, rows))

    @query
    def ListInstalments(self, request: pb.ListInstalmentsRequest, tx: Tx) -> pb.ListInstalmentsResponse:
        page = instalments.LISTING.page(tx, request)
        return pb.ListInstalmentsResponse(instalments=_all(tx, page.rows), next_page_token=page.next_page_token)

    @command
    def CreateInstalmentPolicy(
        self, request: pb.CreateInstalmentPolicyRequest, tx: Tx
    ) -> pb.CreateInstalmentPolicyResponse:
        wanted = request.instalment_policy
        policy = instalment_policies.create(
            tx,
            start_date=local_date(wanted.start_date, "instalment_policy.start_date"),
            unpaid=stored_word(instalment_pb2.UnpaidInstalments, wanted.unpaid, "instalment_policy.unpaid"),
            stage_days=wanted.stage_days,
        )
        return pb.CreateInstalmentPolicyResponse(instalment_policy=_policy_to_pb(policy))

    @query
    def ListInstalmentPolicies(
        self, request: pb.ListInstalmentPoliciesRequest, tx: Tx
    ) -> pb.ListInstalmentPoliciesResponse:
        page = instalment_policies.LISTING.page(tx, request)
        rows = [_policy_to_pb(row) for row in page.rows]
        return pb.ListInstalmentPoliciesResponse(instalment_policies=rows, next_page_token=page.next_page_token)


def to_pb(row: Instalment, today: date) -> instalment_pb2.Instalment:
    """Return the wire form; `today` is the local day of the campus."""
    return instalment_pb2.Instalment(
        instalment_id=str(row.id),
        order_id=str(row.order_id),
        customer_id=str(row.customer_id),
        campus_id=str(row.campus_id),
        number=row.number,
        due_date=date_pb(row.due_date),
        amount_fen=row.amount_fen,
        paid_fen=row.paid_fen,
        state=enum_value(instalment_pb2.InstalmentState, row.state),
        overdue=row.state in {"due", "part"} and row.due_date < today,
        unpaid=enum_value(instalment_pb2.UnpaidInstalments, row.unpaid),
        stage_days=row.stage_days,
        owner_id=id_text(row.owner_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _all(tx: Tx, rows: Iterable[Instalment]) -> list[instalment_pb2.Instalment]:
    books = rulebooks.load(tx)
    return [to_pb(row, books.day(row.campus_id, tx.now)) for row in rows]


def _template(wanted: instalment_pb2.InstalmentTemplate) -> Template:
    first = local_date(wanted.first_date, "template.first_date")
    return Template(wanted.count, first, wanted.months_between)


def _policy_to_pb(row: InstalmentPolicy) -> instalment_pb2.InstalmentPolicy:
    return instalment_pb2.InstalmentPolicy(
        instalment_policy_id=str(row.id),
        start_date=date_pb(row.start_date),
        unpaid=enum_value(instalment_pb2.UnpaidInstalments, row.unpaid),
        stage_days=row.stage_days,
        staff_id=str(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )
