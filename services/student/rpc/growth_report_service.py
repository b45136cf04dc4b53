"""GrowthReportService on the wire."""

from __future__ import annotations

from typing import Any

from google.api.httpbody_pb2 import HttpBody
from google.protobuf import json_format

from lianxiao.student.v1 import growth_report_pb2
from lianxiao.student.v1 import growth_report_service_pb2 as pb
from lianxiao.student.v1 import growth_report_service_pb2_grpc as pb_grpc
from services.student.actions import growth_links, growth_reports, growth_settings
from services.student.models import GrowthDelivery, GrowthReport, GrowthSetting
from services.student.rules.scores import share
from shared.db import Tx
from shared.ids import as_uuid
from shared.printing import MEDIA_TYPE
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, ids, local_date, optional_date, stored_word


class GrowthReportService(Servicer, pb_grpc.GrowthReportServiceServicer):
    """Growth reports."""

    @command
    def CreateGrowthReports(self, request: pb.CreateGrowthReportsRequest, tx: Tx) -> pb.CreateGrowthReportsResponse:
        made = growth_reports.create(
            tx,
            ids(request.student_ids),
            period=stored_word(growth_report_pb2.GrowthPeriod, request.period, "period"),
            start=local_date(request.start_date, "start_date"),
            end=local_date(request.end_date, "end_date"),
        )
        return pb.CreateGrowthReportsResponse(reports=_listed(tx, made))

    @query
    def GetGrowthReport(self, request: pb.GetGrowthReportRequest, tx: Tx) -> pb.GetGrowthReportResponse:
        row = growth_reports.get(tx, as_uuid(request.growth_report_id))
        [report] = _listed(tx, [row])
        report.content.CopyFrom(_content(growth_reports.content_of(tx, row)))
        return pb.GetGrowthReportResponse(report=report)

    @query
    def ListGrowthReports(self, request: pb.ListGrowthReportsRequest, tx: Tx) -> pb.ListGrowthReportsResponse:
        page = growth_reports.LISTING.page(tx, request)
        return pb.ListGrowthReportsResponse(reports=_listed(tx, page.rows), next_page_token=page.next_page_token)

    @query
    def GetGrowthReportFile(self, request: pb.GetGrowthReportFileRequest, tx: Tx) -> pb.GetGrowthReportFileResponse:
        found = growth_reports.file_of(tx, growth_reports.get(tx, as_uuid(request.growth_report_id)))
        return pb.GetGrowthReportFileResponse(file=HttpBody(content_type=MEDIA_TYPE, data=found))

    @query
    def GetGrowthReportSetting(
        self, _request: pb.GetGrowthReportSettingRequest, tx: Tx
    ) -> pb.GetGrowthReportSettingResponse:
        return pb.GetGrowthReportSettingResponse(setting=_setting(growth_settings.get(tx)))

    @command
    def SetGrowthReportSetting(
        self, request: pb.SetGrowthReportSettingRequest, tx: Tx
    ) -> pb.SetGrowthReportSettingResponse:
        given = request.setting
        row = growth_settings.replace(
            tx,
            weekly=given.weekly,
            weekday=given.weekday,
            hour=given.hour,
            experiment=given.experiment,
            brief_basis_points=given.brief_basis_points,
        )
        return pb.SetGrowthReportSettingResponse(setting=_setting(row))

    @query
    def GetGrowthReportResults(
        self, request: pb.GetGrowthReportResultsRequest, tx: Tx
    ) -> pb.GetGrowthReportResultsResponse:
        found = growth_links.results(
            tx,
            request.experiment,
            start=optional_date(request, "start_date"),
            end=optional_date(request, "end_date"),
        )
        return pb.GetGrowthReportResultsResponse(results=[_result(name, *counts) for name, counts in found.items()])

    @query
    def GetPublicGrowthReport(
        self, request: pb.GetPublicGrowthReportRequest, tx: Tx
    ) -> pb.GetPublicGrowthReportResponse:
        row = growth_links.opened(tx, as_uuid(request.institution_id), request.token)
        return pb.GetPublicGrowthReportResponse(page=_page(tx, row))

    @command
    def MarkPublicGrowthReport(
        self, request: pb.MarkPublicGrowthReportRequest, tx: Tx
    ) -> pb.MarkPublicGrowthReportResponse:
        row = growth_links.opened(tx, as_uuid(request.institution_id), request.token, for_update=True)
        growth_links.mark(tx, row)
        return pb.MarkPublicGrowthReportResponse(page=_page(tx, row))

    @query
    def GetPublicGrowthReportFile(
        self, request: pb.GetPublicGrowthReportFileRequest, tx: Tx
    ) -> pb.GetPublicGrowthReportFileResponse:
        row = growth_links.opened(tx, as_uuid(request.institution_id), request.token)
        found = growth_reports.file_of(tx, growth_links.report_of(tx, row))
        return pb.GetPublicGrowthReportFileResponse(file=HttpBody(content_type=MEDIA_TYPE, data=found))


def _listed(tx: Tx, rows: Any) -> list[growth_report_pb2.GrowthReport]:
    sent = growth_reports.deliveries_of(tx, [row.id for row in rows])
    return [_report(row, sent[row.id]) for row in rows]


def _report(row: GrowthReport, sent: list[GrowthDelivery]) -> growth_report_pb2.GrowthReport:
    return growth_report_pb2.GrowthReport(
        growth_report_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        period=enum_value(growth_report_pb2.GrowthPeriod, row.period),
        start_date=date_pb(row.start_date),
        end_date=date_pb(row.end_date),
        content_sha256=row.content_sha256,
        create_time=row.create_time,
        deliveries=[
            growth_report_pb2.GrowthDelivery(
                guardian_id=str(each.guardian_id),
                variant=enum_value(growth_report_pb2.GrowthVariant, each.variant),
                send_time=each.create_time,
                open_time=each.open_time,
            )
            for each in sent
        ],
    )


def _content(told: dict[str, Any]) -> growth_report_pb2.GrowthContent:
    if not told:
        return growth_report_pb2.GrowthContent()
    period = f"GROWTH_PERIOD_{told['period'].upper()}"
    return json_format.ParseDict(told | {"period": period}, growth_report_pb2.GrowthContent())


def _page(tx: Tx, row: GrowthDelivery) -> growth_report_pb2.GrowthPage:
    content = _content(growth_reports.content_of(tx, growth_links.report_of(tx, row)))
    return growth_report_pb2.GrowthPage(
        variant=enum_value(growth_report_pb2.GrowthVariant, row.variant), content=content
    )


def _setting(row: GrowthSetting) -> growth_report_pb2.GrowthReportSetting:
    return growth_report_pb2.GrowthReportSetting(
        weekly=row.weekly,
        weekday=row.weekday,
        hour=row.hour,
        experiment=row.experiment,
        brief_basis_points=row.brief_basis_points,
    )


def _result(name: str, sent: int, seen: int) -> growth_report_pb2.GrowthVariantResult:
    return growth_report_pb2.GrowthVariantResult(
        variant=enum_value(growth_report_pb2.GrowthVariant, name),
        sent_count=sent,
        opened_count=seen,
        opened_basis_points=share(seen, sent) if sent else None,
    )
