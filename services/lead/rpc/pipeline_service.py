"""PipelineService on the wire."""

from __future__ import annotations

from lianxiao.lead.v1 import lead_pb2, pipeline_pb2
from lianxiao.lead.v1 import pipeline_service_pb2 as pb
from lianxiao.lead.v1 import pipeline_service_pb2_grpc as pb_grpc
from services.lead.actions import pipelines
from services.lead.rpc import leads_pb
from services.lead.rules.pipeline import Stage
from shared.db import Tx
from shared.rpc import Servicer, command, query
from shared.wire_values import date_pb, enum_value, optional_id, stored_word


class PipelineService(Servicer, pb_grpc.PipelineServiceServicer):
    """The way from enquiry to lessons as a chain calls it."""

    @query
    def GetPipeline(self, _request: pb.GetPipelineRequest, tx: Tx) -> pb.GetPipelineResponse:
        return pb.GetPipelineResponse(pipeline=to_pb(pipelines.get(tx)))

    @command
    def SetPipeline(self, request: pb.SetPipelineRequest, tx: Tx) -> pb.SetPipelineResponse:
        wanted = [_stage(each) for each in request.stages]
        return pb.SetPipelineResponse(pipeline=to_pb(pipelines.replace(tx, wanted)))

    @query
    def GetPipelineBoard(self, request: pb.GetPipelineBoardRequest, tx: Tx) -> pb.GetPipelineBoardResponse:
        columns = pipelines.board(
            tx,
            campus_id=optional_id(request.campus_id),
            owner_id=optional_id(request.owner_id),
            cards=request.card_count,
        )
        return pb.GetPipelineBoardResponse(columns=[_column(tx, each) for each in columns])

    @query
    def GetForecast(self, request: pb.GetForecastRequest, tx: Tx) -> pb.GetForecastResponse:
        months = pipelines.forecast(
            tx, campus_id=optional_id(request.campus_id), owner_id=optional_id(request.owner_id)
        )
        return pb.GetForecastResponse(months=[_month(each) for each in months])


def to_pb(found: pipelines.Pipeline) -> pipeline_pb2.Pipeline:
    """Return the wire form."""
    return pipeline_pb2.Pipeline(stages=[_stage_pb(each) for each in found.stages], update_time=found.update_time)


def _stage_pb(stage: Stage) -> pipeline_pb2.PipelineStage:
    return pipeline_pb2.PipelineStage(
        code=stage.code,
        name_zh=stage.name_zh,
        name_en=stage.name_en,
        probability_percent=stage.probability_percent,
        lead_stages=[enum_value(lead_pb2.LeadStage, word) for word in stage.lead_stages],
    )


def _stage(stage: pipeline_pb2.PipelineStage) -> Stage:
    words = tuple(stored_word(lead_pb2.LeadStage, each, "stages.lead_stages") for each in stage.lead_stages)
    return Stage(stage.code, stage.name_zh, stage.name_en, stage.probability_percent, words)


def _column(tx: Tx, column: pipelines.Column) -> pipeline_pb2.BoardColumn:
    return pipeline_pb2.BoardColumn(
        stage=_stage_pb(column.stage),
        lead_count=column.lead_count,
        amount_fen=column.amount_fen,
        leads=[leads_pb.to_pb(tx, lead) for lead in column.leads],
    )


def _month(month: pipelines.Month) -> pipeline_pb2.ForecastMonth:
    return pipeline_pb2.ForecastMonth(
        month_date=date_pb(month.month),
        lead_count=month.lead_count,
        amount_fen=month.amount_fen,
        weighted_fen=month.weighted_fen,
    )
