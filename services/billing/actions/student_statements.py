"""The statement of a student (BI-05): every movement of hours and money, with what was left after it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.billing.actions import contract_documents
from services.billing.rules import student_statements as rules
from services.billing.rules.print_texts import word
from services.billing.rules.student_statements import Line
from shared import aliases, table_files
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.printing import Block, Paragraph, Table, Title, pdf

MOST_LINES = 5_000
PDF = "pdf"
KINDS = table_files.KINDS | {PDF: "application/pdf"}

# Balances run over everything, and the period is cut out of it afterwards. `place` orders what one moment brought.
_LINES = """
with mine as (
  select m.*, case when o.transfer_id is not null then 'transfer_in' when o.channel = 'opening' then 'opening'
      when m.kind = 'gift' then 'gift' else 'bought' end as came
  from lot m join sales_order o on o.institution_id = m.institution_id and o.id = m.order_id
  where m.institution_id = %(institution)s and m.student_id = any (%(family)s::uuid[])),
moved as (
  select c.id, c.create_time as time, m.came as kind, m.campus_id, m.course_id, m.order_id, '' as method,
    c.hundredths, c.amount_fen as value_fen, 0::bigint as paid_fen,
    case m.kind when 'gift' then 2 else 1 end as place
  from lot_opening c join mine m on m.institution_id = c.institution_id and m.id = c.lot_id
  union all
  select e.id, e.create_time, e.kind, e.campus_id, m.course_id, m.order_id, '', -e.hundredths, -e.amount_fen, 0, 3
  from lot_entry e join mine m on m.institution_id = e.institution_id and m.id = e.lot_id
  where e.hundredths <> 0 or e.amount_fen <> 0
  union all
  select p.id, p.receive_time, 'payment', p.campus_id, null, p.order_id, p.method, 0, 0, p.amount_fen, 0
  from payment p where p.institution_id = %(institution)s and p.customer_id = any (%(family)s::uuid[])
  union all
  select r.id, r.done_time, 'payout', r.campus_id, null, f.order_id, r.method, 0, 0, -r.amount_fen, 4
  from refund f join refund_payout r on r.institution_id = f.institution_id and r.refund_id = f.id
  where f.institution_id = %(institution)s and f.customer_id = any (%(family)s::uuid[]) and r.state = 'succeeded'),
counted as (
  select m.*, (sum(hundredths) over course)::bigint as hundredths_after,
    (sum(value_fen) over course)::bigint as value_after_fen,
    (sum(paid_fen) over (order by time, place, id))::bigint as paid_after_fen
  from moved m window course as (partition by course_id order by time, place, id))
select m.id, m.time, m.time at time zone c.time_zone as local_time, m.kind, m.campus_id, c.name, m.course_id,
  coalesce(k.name, ''), m.order_id, m.method, m.hundredths, m.value_fen, m.paid_fen, m.hundredths_after,
  m.value_after_fen, m.paid_after_fen
from counted m join campus c on c.institution_id = %(institution)s and c.id = m.campus_id
left join course k on k.institution_id = %(institution)s and k.id = m.course_id
where (%(course)s::uuid is null or m.course_id = %(course)s)
  and (%(start)s::date is null or (m.time at time zone c.time_zone)::date >= %(start)s)
  and (%(end)s::date is null or (m.time at time zone c.time_zone)::date < %(end)s)
order by m.time, m.place, m.id limit %(most)s"""


def lines(
    tx: Tx, student_id: UUID, *, start: date | None = None, end: date | None = None, course_id: UUID | None = None
) -> list[Line]:
    """Return the movements on the local days [start, end), the oldest first; all of them without days.

    Only of campuses within the caller's reach, and the balances count only those. Raises InvalidInput DATES_REVERSED,
    Refused STATEMENT_TOO_LONG above 5,000.
    """
    if start is not None and end is not None and end <= start:
        raise InvalidInput("end_date", "the last day is before the first", reason="DATES_REVERSED")
    values = {
        "institution": tx.institution_id,
        "family": [str(each) for each in aliases.family(tx, student_id)],
        "course": course_id,
        "start": start,
        "end": end,
        "most": MOST_LINES + 1,
    }
    found = [Line._make(row) for row in tx.run(_LINES, values)]
    if len(found) > MOST_LINES:
        raise Refused("STATEMENT_TOO_LONG", f"more than {MOST_LINES} lines: choose a shorter period", most=MOST_LINES)
    return found


def file(tx: Tx, student_id: UUID, found: list[Line], *, language: str, kind: str) -> bytes:
    """Return the statement as csv, xlsx or pdf. On paper it names nobody: billing knows families by ids."""
    if kind != PDF:
        return table_files.write(rules.cells(found, language), sheet="statement", file=kind)
    blocks: list[Block] = [
        Title(word(language, "statement")),
        Paragraph(word(language, "institution").format(institution=contract_documents.institution_name(tx))),
        Paragraph(word(language, "statement_of").format(number=student_id.hex[-12:].upper())),
        Table(rules.printed(found, language)),
    ]
    return pdf(word(language, "statement"), blocks, foot=contract_documents.institution_name(tx))
