"""LotPolicyService on the wire."""

from __future__ import annotations

from collections.abc import Iterable

from lianxiao.billing.v1 import lot_pb2, lot_policy_pb2
from lianxiao.billing.v1 import lot_policy_service_pb2 as pb
from lianxiao.billing.v1 import lot_policy_service_pb2_grpc as pb_grpc
from services.billing.actions import lot_policies, lot_previews
from services.billing.models import LotPolicy
from services.billing.rules import lot_policies as rules
from services.billing.rules.lot_previews import Comparison, Taken
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, id_text, local_date, optional_id, stored_word


class LotPolicyService(Servicer, pb_grpc.LotPolicyServiceServicer):
    """Which lots pay for lessons."""

    @command
    def CreateLotPolicy(self, request: pb.CreateLotPolicyRequest, tx: Tx) -> pb.CreateLotPolicyResponse:
        return pb.CreateLotPolicyResponse(lot_policy=to_pb(lot_policies.create(tx, _policy(request.lot_policy))))

    @query
    def ListLotPolicies(self, request: pb.ListLotPoliciesRequest, tx: Tx) -> pb.ListLotPoliciesResponse:
        page = lot_policies.LISTING.page(tx, request)
        rows = [to_pb(row) for row in page.rows]
        return pb.ListLotPoliciesResponse(lot_policies=rows, next_page_token=page.next_page_token)

    @query
    def PreviewLotPolicy(self, request: pb.PreviewLotPolicyRequest, tx: Tx) -> pb.PreviewLotPolicyResponse:
        start, end = local_date(request.start_date, "start_date"), local_date(request.end_date, "end_date")
        found = lot_previews.preview(tx, _policy(request.lot_policy), start, end)
        return pb.PreviewLotPolicyResponse(
            lesson_count=found.lesson_count,
            changed_count=found.changed_count,
            actual_uncovered_count=found.actual_uncovered_count,
            preview_uncovered_count=found.preview_uncovered_count,
            actual_fen=found.actual_fen,
            preview_fen=found.preview_fen,
            comparisons=[_comparison_to_pb(comparison) for comparison in found.comparisons],
        )


def to_pb(row: LotPolicy) -> lot_policy_pb2.LotPolicy:
    """Return the wire form."""
    factors = sorted(row.factors.items())
    return lot_policy_pb2.LotPolicy(
        lot_policy_id=str(row.id),
        campus_id=id_text(row.campus_id),
        course_id=id_text(row.course_id),
        start_date=date_pb(row.start_date),
        criteria=[enum_value(lot_policy_pb2.LotCriterion, each) for each in row.criteria],
        factors=[lot_policy_pb2.LotFactor(paying_course_id=each, factor_hundredths=factor) for each, factor in factors],
        staff_id=str(row.staff_id),
        create_time=row.create_time,
        update_time=row.update_time,
    )


def _policy(wanted: lot_policy_pb2.LotPolicy) -> rules.LotPolicy:
    return rules.LotPolicy(
        local_date(wanted.start_date, "lot_policy.start_date"),
        tuple(stored_word(lot_policy_pb2.LotCriterion, each, "lot_policy.criteria") for each in wanted.criteria),
        optional_id(wanted.campus_id),
        optional_id(wanted.course_id),
        {as_uuid(each.paying_course_id): each.factor_hundredths for each in wanted.factors},
    )


def _comparison_to_pb(comparison: Comparison) -> pb.LotComparison:
    lesson = comparison.lesson
    return pb.LotComparison(
        consumption_id=str(lesson.consumption_id),
        student_id=str(lesson.student_id),
        course_id=str(lesson.course_id),
        lesson_start_time=lesson.start_time,
        charge_hundredths=lesson.hundredths,
        actual=_entries(lesson.taken),
        preview=_entries(comparison.taken),
    )


def _entries(taken: Iterable[Taken]) -> list[lot_pb2.ConsumptionEntry]:
    return [
        lot_pb2.ConsumptionEntry(
            lot_id=str(each.lot_id),
            consumed_hundredths=each.hundredths,
            amount_fen=each.amount_fen,
            explanation=each.explanation,
        )
        for each in taken
    ]
