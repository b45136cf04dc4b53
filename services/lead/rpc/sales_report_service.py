"""SalesReportService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import sales_report_pb2
from lianxiao.lead.v1 import sales_report_service_pb2 as pb
from lianxiao.lead.v1 import sales_report_service_pb2_grpc as pb_grpc
from services.lead.actions import policies, responses, sales_forms, scorecards
from services.lead.models import NpsAnswer
from shared.db import Tx
from shared.ids import as_uuid
from shared.rpc import Servicer, command, query
from shared.wire_values import id_text, instant, optional_id


class SalesReportService(Servicer, pb_grpc.SalesReportServiceServicer):
    """Figures of selling."""

    @query
    def GetResponseReport(self, request: pb.GetResponseReportRequest, tx: Tx) -> pb.GetResponseReportResponse:
        group = "campus_id" if request.grouping == pb.REPORT_GROUPING_CAMPUS else "owner_id"
        start, end = instant(request.start_time), instant(request.end_time)
        rows = [_row(group, each) for each in responses.report(tx, start=start, end=end, group=group)]
        return pb.GetResponseReportResponse(rows=rows)

    @query
    def GetAdvisorReport(self, request: pb.GetAdvisorReportRequest, tx: Tx) -> pb.GetAdvisorReportResponse:
        found = scorecards.advisors(tx, start=instant(request.start_time), end=instant(request.end_time))
        rows = [sales_report_pb2.AdvisorFigures(owner_id=id_text(each.owner_id), **each.figures) for each in found]
        return pb.GetAdvisorReportResponse(rows=rows)

    @query
    def GetSalesFormReport(self, request: pb.GetSalesFormReportRequest, tx: Tx) -> pb.GetSalesFormReportResponse:
        start, end, campus_id = instant(request.start_time), instant(request.end_time), optional_id(request.campus_id)
        found = sales_forms.report(tx, start=start, end=end, campus_id=campus_id)
        return pb.GetSalesFormReportResponse(rows=[_form(each) for each in found])

    @query
    def GetScorecards(self, request: pb.GetScorecardsRequest, tx: Tx) -> pb.GetScorecardsResponse:
        weights = policies.weights(tx)
        found = scorecards.cards(tx, start=instant(request.start_time), end=instant(request.end_time))
        return pb.GetScorecardsResponse(scorecards=[_card(each, weights) for each in found])

    @command
    def RecordNpsAnswer(self, request: pb.RecordNpsAnswerRequest, tx: Tx) -> pb.RecordNpsAnswerResponse:
        row = scorecards.answer(tx, as_uuid(request.customer_id), score=request.score)
        return pb.RecordNpsAnswerResponse(nps_answer=_answer(row))

    @query
    def ListNpsAnswers(self, request: pb.ListNpsAnswersRequest, tx: Tx) -> pb.ListNpsAnswersResponse:
        page = scorecards.NPS.page(tx, request)
        rows = [_answer(row) for row in page.rows]
        return pb.ListNpsAnswersResponse(nps_answers=rows, next_page_token=page.next_page_token)


def _row(group: str, figures: responses.Figures) -> sales_report_pb2.ResponseFigures:
    return sales_report_pb2.ResponseFigures(
        owner_id=id_text(figures.who) if group == "owner_id" else "",
        campus_id=id_text(figures.who) if group == "campus_id" else "",
        leads=figures.leads,
        answered=figures.answered,
        breached=figures.breached,
        average_minutes=figures.average_minutes,
        median_minutes=figures.median_minutes,
    )


def _form(each: sales_forms.FormFigures) -> sales_report_pb2.SalesFormFigures:
    return sales_report_pb2.SalesFormFigures(
        sales_form=each.form,
        leads=each.leads,
        enrolled=each.enrolled,
        conversion_basis_points=each.conversion_basis_points,
        orders=each.orders,
        revenue_fen=each.revenue_fen,
        refunded_fen=each.refunded_fen,
    )


def _card(card: scorecards.Card, weights: dict[str, int]) -> sales_report_pb2.Scorecard:
    return sales_report_pb2.Scorecard(
        owner_id=str(card.owner_id),
        score=card.score,
        inputs=[
            sales_report_pb2.ScorecardInput(
                measure=each.measure,
                numerator=each.numerator,
                denominator=each.denominator,
                rate=each.rate,
                weight_percent=weights[each.measure],
            )
            for each in card.inputs
        ],
    )


def _answer(row: NpsAnswer) -> sales_report_pb2.NpsAnswer:
    return sales_report_pb2.NpsAnswer(
        nps_answer_id=str(row.id),
        customer_id=str(row.customer_id),
        owner_id=id_text(row.owner_id),
        campus_id=str(row.campus_id),
        score=row.score,
        answer_time=row.create_time,
    )
