"""The board and the forecast, by the stages as a chain calls them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from services.lead.models import Lead, PipelineSetting
from services.lead.rules import pipeline, stages
from services.lead.rules.pipeline import Stage
from shared.db import Tx
from shared.errors import InvalidInput

DEFAULT_CARDS = 10
_RECENT = timedelta(days=90)
_CLOSED = (stages.ENROLLED, stages.STUDYING)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages in their order; `update_time` is None for the default."""

    stages: tuple[Stage, ...]
    update_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in one stage; `leads` are the newest."""

    stage: Stage
    lead_count: int
    amount_fen: int
    leads: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Month:
    """What is expected in a month; None: nobody has said when."""

    month: date | None
    lead_count: int
    amount_fen: int
    weighted_fen: int


def get(tx: Tx) -> Pipeline:
    """Return the stages of the institution."""
    row = tx.session.get(PipelineSetting, (tx.institution_id, tx.institution_id))
    if row is None:
        return Pipeline(pipeline.DEFAULT)
    return Pipeline(tuple(Stage.of(each) for each in row.stages), row.update_time)


def replace(tx: Tx, wanted: Sequence[Stage]) -> Pipeline:
    """Name all stages anew.

    Raises CHAIN_SCOPE_NEEDED, InvalidInput PIPELINE_CODE_TAKEN, PIPELINE_AMBIGUOUS, PIPELINE_INCOMPLETE.
    """
    tx.check_chain()
    try:
        pipeline.check(wanted)
    except pipeline.Wrong as wrong:
        message = "each stage of a lead belongs to exactly one stage of the pipeline, and codes differ"
        raise InvalidInput("stages", message, wrong.reason, about=wrong.about) from wrong
    row = tx.session.get(PipelineSetting, (tx.institution_id, tx.institution_id))
    row = row or PipelineSetting(id=tx.institution_id)
    row.stages = [stage.stored() for stage in wanted]
    tx.session.add(row)
    tx.session.flush()
    return Pipeline(tuple(wanted), row.update_time)


def board(tx: Tx, *, campus_id: UUID | None = None, owner_id: UUID | None = None, cards: int = 0) -> list[Column]:
    """Return the columns: open leads, and those enrolled lately."""
    where = _where(tx, campus_id, owner_id)
    shown = [*where, or_(Lead.state == stages.OPEN, Lead.stage_time >= tx.now - _RECENT), Lead.state != stages.MERGED]
    counts = select(Lead.stage, func.count(), func.coalesce(func.sum(Lead.expected_amount_fen), 0))
    counted = {row[0]: (int(row[1]), int(row[2])) for row in tx.execute(counts.where(*shown).group_by(Lead.stage))}
    return [
        Column(
            stage,
            sum(counted.get(word, (0, 0))[0] for word in stage.lead_stages),
            sum(counted.get(word, (0, 0))[1] for word in stage.lead_stages),
            tx.execute(_cards(stage, shown, cards or DEFAULT_CARDS)).all(),
        )
        for stage in get(tx).stages
    ]


def forecast(tx: Tx, *, campus_id: UUID | None = None, owner_id: UUID | None = None) -> list[Month]:
    """Return what open leads are expected to bring, by month, the undated last."""
    month = func.date_trunc("month", Lead.expected_close_date)
    query = (
        select(month, Lead.stage, func.count(), func.sum(Lead.expected_amount_fen))
        .where(*_where(tx, campus_id, owner_id), Lead.state == stages.OPEN, Lead.expected_amount_fen > 0)
        .group_by(month, Lead.stage)
    )
    counts: dict[date | None, int] = defaultdict(int)
    amounts: dict[date | None, dict[str, int]] = defaultdict(dict)
    for first, stage, count, amount in tx.execute(query):
        when = first.date() if first is not None else None
        counts[when] += count
        amounts[when][stage] = int(amount)
    called = get(tx).stages
    return [
        Month(when, counts[when], sum(amounts[when].values()), pipeline.weighted(called, amounts[when]))
        for when in sorted(counts, key=lambda each: (each is None, each))
    ]


def _where(tx: Tx, campus_id: UUID | None, owner_id: UUID | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Lead.institution_id == tx.institution_id]
    if campus_id is not None:
        found.append(Lead.campus_id == campus_id)
    if owner_id is not None:
        found.append(Lead.owner_id == owner_id)
    return found


def _cards(stage: Stage, where: Sequence[ColumnElement[bool]], size: int) -> Select[Any]:
    table = Lead.__table__
    return select(table).where(*where, Lead.stage.in_(stage.lead_stages)).order_by(Lead.id.desc()).limit(size)
