"""The pipeline as a chain calls it: every lead stands in one stage, money is counted by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1.billing_events_pb2 import ContractSigned, HoursConsumed, OrderActivated
from lianxiao.lead.v1 import lead_pb2, lead_service_pb2, pipeline_pb2, pipeline_service_pb2
from services.lead.actions import leads, pipelines
from services.lead.consumers import CONSUMERS
from services.lead.rules import pipeline, stages
from services.lead.rules.pipeline import DEFAULT, Stage
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import InvalidInput
from shared.ids import uuid7
from shared.testing.bus import deliver, published
from tests.lead import factories, people
from tests.lead.people import Person

FOLD = st.lists(st.sampled_from(pipeline.CALLED), min_size=0, max_size=9)


def test_the_default_is_a_pipeline() -> None:
    pipeline.check(DEFAULT)
    assert [stage.name_zh for stage in DEFAULT] == ["咨询", "试听", "报名", "缴费", "课消"]


@given(st.lists(FOLD, min_size=1, max_size=6))
def test_only_what_places_each_stage_once_is_a_pipeline(words: list[list[str]]) -> None:
    wanted = [Stage(f"s{number}", "阶", "s", 50, tuple(some)) for number, some in enumerate(words)]
    flat = [word for some in words for word in some]
    if sorted(flat) == sorted(pipeline.CALLED):
        pipeline.check(wanted)
        return
    with pytest.raises(pipeline.Wrong) as wrong:
        pipeline.check(wanted)
    assert wrong.value.reason in {"PIPELINE_AMBIGUOUS", "PIPELINE_INCOMPLETE"}


def test_expected_money_is_rounded_per_stage() -> None:
    assert pipeline.weighted(DEFAULT, {"enquiry": 4, "contacted": 1, "quoted": 100}) == 1 + 60
    assert pipeline.weighted(DEFAULT, {}) == 0


def test_the_board_counts_and_the_forecast_weighs(tx: Tx) -> None:
    campus, other = factories.campus(tx), factories.campus(tx)
    found = [factories.lead(tx, campus, **factories.stranger(number)) for number in range(3)]
    factories.lead(tx, other, **factories.stranger(9))
    for lead, fen in zip(found[:2], (100_00, 200_00), strict=True):
        leads.update(tx, lead.id, {"expected_amount_fen": fen, "expected_close_date": date(2026, 4, 9)})
    leads.move(tx, found[1].id, stage="quoted")
    leads.update(tx, found[2].id, {"expected_amount_fen": 1_00})
    columns = pipelines.board(tx, campus_id=campus, cards=1)
    assert [(column.stage.code, column.lead_count, column.amount_fen) for column in columns] == [
        ("consulting", 2, 101_00),
        ("trying", 0, 0),
        ("signing", 1, 200_00),
        ("paying", 0, 0),
        ("learning", 0, 0),
    ]
    assert [len(column.leads) for column in columns] == [1, 0, 1, 0, 0]
    months = pipelines.forecast(tx, campus_id=campus)
    assert [(row.month, row.lead_count, row.amount_fen, row.weighted_fen) for row in months] == [
        (date(2026, 4, 1), 2, 300_00, 10_00 + 120_00),
        (None, 1, 1_00, 10),
    ]


def test_a_chain_calls_its_stages_as_it_likes(tx: Tx) -> None:
    split = [
        Stage("fresh", "新线索", "New", 5, ("enquiry",)),
        Stage("rest", "其他", "Others", 50, tuple(word for word in pipeline.CALLED if word != "enquiry")),
    ]
    pipelines.replace(tx, split)
    assert pipelines.get(tx).stages == tuple(split)
    with pytest.raises(InvalidInput) as error:
        pipelines.replace(tx, [split[0], replace(split[1], code="fresh")])
    assert error.value.reason == "PIPELINE_CODE_TAKEN"


def test_contract_payment_and_first_lesson_move_a_lead_on(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus = factories.campus(tx)
        lead = factories.lead(tx, campus)
    who: dict[str, Any] = {"customer_id": str(lead.customer_id), "campus_id": str(campus)}
    lesson = HoursConsumed(
        consumption_id=str(uuid7()), student_id=who["customer_id"], campus_id=who["campus_id"], course_id=str(uuid7())
    )
    seen = []
    for event in (
        lesson,
        ContractSigned(contract_id=str(uuid7()), **who),
        OrderActivated(order_id=str(uuid7()), lead_id=str(lead.id), total_fen=1, course_id=str(uuid7()), **who),
        ContractSigned(contract_id=str(uuid7()), **who),
        lesson,
        lesson,
    ):
        deliver(database, CONSUMERS, event, caller.institution_id, times=2)
        seen.append(_stage(database, caller, lead.id))
    assert seen == ["enquiry", "signed", "enrolled", "enrolled", "studying", "studying"]
    events = published(database, caller.institution_id, "lead.lead_stage_changed.v1")
    assert [event["stage"] for event in events] == ["signed", "enrolled", "studying"]
    assert stages.state_of("studying") == "enrolled"


def _stage(database: Database, caller: Caller, lead_id: UUID) -> str:
    with database.begin(caller) as tx:
        return str(leads.get(tx, lead_id).stage)


def test_the_board_on_the_wire(chief: Person, campus: UUID) -> None:
    lead = chief.capture(campus).lead
    change = lead_pb2.Lead(
        lead_id=lead.lead_id,
        expected_amount_fen=500_00,
        expected_close_date=Date(year=2026, month=5, day=2),
        customer_type="organisation",
    )
    request = lead_service_pb2.UpdateLeadRequest(lead=change)
    request.update_mask.paths.extend(["expected_amount_fen", "expected_close_date", "customer_type"])
    changed = chief.leads.UpdateLead(request).lead
    assert (changed.expected_amount_fen, changed.customer_type) == (500_00, "organisation")
    columns = chief.pipeline.GetPipelineBoard(pipeline_service_pb2.GetPipelineBoardRequest()).columns
    assert [column.leads[0].lead_id for column in columns if column.leads] == [lead.lead_id]
    months = chief.pipeline.GetForecast(pipeline_service_pb2.GetForecastRequest()).months
    assert [(month.month_date, month.weighted_fen) for month in months] == [(Date(year=2026, month=5, day=1), 50_00)]
    shown = chief.pipeline.GetPipeline(pipeline_service_pb2.GetPipelineRequest()).pipeline
    again = pipeline_service_pb2.SetPipelineRequest(stages=shown.stages)
    assert list(chief.pipeline.SetPipeline(again).pipeline.stages) == list(shown.stages)
    wrong = pipeline_service_pb2.SetPipelineRequest(stages=[*shown.stages, shown.stages[0]])
    assert people.refused(lambda: chief.pipeline.SetPipeline(wrong))[1] == "PIPELINE_CODE_TAKEN"
    alone = pipeline_service_pb2.SetPipelineRequest(stages=shown.stages[:1])
    assert people.refused(lambda: chief.pipeline.SetPipeline(alone))[1] == "PIPELINE_INCOMPLETE"
    assert isinstance(shown.stages[0], pipeline_pb2.PipelineStage)
