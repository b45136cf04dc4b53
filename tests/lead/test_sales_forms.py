"""What each form of selling brings about; an order keeps the form of its lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from lianxiao.lead.v1 import lead_pb2, lead_service_pb2, sales_report_service_pb2
from services.lead.actions import leads, sales_forms
from services.lead.models import Sale
from shared.caller import Caller
from shared.db import Database
from shared.errors import InvalidInput
from shared.ids import uuid7
from tests.lead.people import Person
from tests.lead.selling import APRIL, World

DAY = timedelta(days=1)


def test_a_form_is_judged_by_its_leads_and_by_what_was_paid_and_paid_back(database: Database, caller: Caller) -> None:
    world = World(database, caller)
    one, two = (lead.id for lead in world.leads)
    with database.begin(caller) as tx:
        leads.update(tx, one, {"sales_form": "phone"})
    order = world.order(0, 100_00)
    with database.begin(caller) as tx:
        leads.update(tx, one, {"sales_form": "meeting"})
        leads.update(tx, two, {"sales_form": "meeting"})
        now = tx.now
    # The refund belongs to the form by which was sold, whatever the lead is called now.
    world.refund(order, 0, 30_00)
    world.order(1, 40_00)
    with database.begin(caller) as tx:
        assert {row.sales_form for row in tx.session.query(Sale).filter_by(order_id=order)} == {"phone"}
        # Leads are counted by when they came in, which is now; what was paid by when it was paid.
        paid = {row.form: row for row in sales_forms.report(tx, start=APRIL - DAY, end=APRIL + DAY)}
        came = {row.form: row for row in sales_forms.report(tx, start=now - DAY, end=now + DAY)}
        assert [(form, row.orders, row.revenue_fen, row.refunded_fen) for form, row in paid.items()] == [
            ("phone", 1, 100_00, 30_00),
            ("meeting", 1, 40_00, 0),
        ]
        assert [(form, row.leads, row.enrolled, row.conversion_basis_points) for form, row in came.items()] == [
            ("meeting", 2, 2, 10_000)
        ]
        assert sales_forms.report(tx, start=APRIL - DAY, end=APRIL + DAY, campus_id=uuid7()) == []
        with pytest.raises(InvalidInput):
            sales_forms.report(tx, start=now, end=now)


def test_forms_on_the_wire(chief: Person, campus: UUID) -> None:
    lead_id = chief.capture(campus).lead.lead_id
    change = lead_service_pb2.UpdateLeadRequest(lead=lead_pb2.Lead(lead_id=lead_id, sales_form="complex"))
    change.update_mask.paths.append("sales_form")
    assert chief.leads.UpdateLead(change).lead.sales_form == "complex"
    wanted = sales_report_service_pb2.GetSalesFormReportRequest(campus_id=str(campus))
    now = datetime.now(UTC).replace(tzinfo=None)
    wanted.start_time.FromDatetime(now - timedelta(days=1))
    wanted.end_time.FromDatetime(now + timedelta(days=1))
    (row,) = chief.reports.GetSalesFormReport(wanted).rows
    assert (row.sales_form, row.leads, row.orders) == ("complex", 1, 0)
