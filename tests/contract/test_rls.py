"""Row-level security holds in the catalogue of every service, and the lint that says so finds what is planted."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.contract.conftest import Migrated
from tests.contract.naming import every_service
from tests.contract.rls_lint import RULES, Rule, broken

BY_NAME = {rule.name: rule for rule in RULES}
# What may never be changed or deleted by the app, whatever a migration says.
CHASSIS_APPENDED = ["audit_entry", "audit_seal", "inbox"]
APPENDED = {
    "billing": [
        "journal",
        "journal_line",
        "lot_opening",
        "lot_entry",
        "wallet_entry",
        "custody_entry",
        "period_acknowledgement",
        "ledger_sum",
        "ledger_day",
        "charge_override",
        "contract_document",
        "paper_contract",
        "signature_evidence",
        "payment",
        "refund_item",
        "split_row",
        "split_rule_version",
        "settlement_line",
        "reconciliation_match",
        "threshold_notice",
        "hour_policy",
        "lot_policy",
        "instalment_policy",
        "ledger_account",
        "ledger_period",
        "ledger_turnover",
        "voucher",
        "voucher_journal",
        "row_seal",
        "opening_balance",
        "opening_undo",
    ],
    "lead": [
        *("touch", "follow_up", "assignment", "import_row", "form_visit", "grade_change", "nps_answer", "sale"),
        *("lead_policy", "grading_rule", "arbitration", "claim_move", "partner_visit", "registration"),
        *("assessment_sitting", "assessment_report", "playbook_use", "plan_message"),
    ],
    "marketing": ["campaign_cost"],
    "notification": ["frequency_cap", "quiet_hours"],
    "org": ["handover_part", "approval_decision"],
    "scheduling": [
        *("attendance_change", "attendance_code_change", "trial_step", "lesson_change"),
        "teacher_attendance_change",
        "timetable_proposal_change",
        *("sign_in", "device_event", "roll_call_chase", "placement", "lesson_reminder"),
        *("syllabus", "syllabus_point", "class_group_syllabus", "class_record_change", "student_remark_change"),
        *("homework_submission_change", "quality_alert"),
    ],
    "student": [
        "student_state_entry",
        "timeline_entry",
        "purpose_notice",
        "consent_entry",
        "exam_score_change",
        "student_level",
        "growth_report",
        "student_import_row",
        "impact_assessment",
        "reveal",
        "ticket_entry",
        "survey_version",
        "survey_answer",
        "family_message",
        "interview_sample",
        "article_version",
        "call_attempt",
        "care_event",
    ],
}
# Balances are written by a function of the owner alone.
READ_ONLY = {"ledger_account"}
# The chassis empties its queues, and signs people in, before an institution is known.
SYSTEM = [
    *CHASSIS_APPENDED,
    *("access_revocation", "audit_queue", "delivery", "institution", "keyset", "outbox", "stored_reply"),
]
# Queues that are emptied across institutions in the order of these keys, which the database or uuid7 assigns: no
# caller chooses one, so none can learn or block another institution's.
KEYS = "unique, primary and exclusion keys begin with the institution"
EXCEPTIONS = {KEYS: {"outbox.outbox_pkey", "delivery.delivery_pkey", "audit_queue.audit_queue_pkey"}}


def found(migrated: Migrated, service: str, rule: Rule, *planted: str) -> set[str]:
    """Return what breaks a rule, with violations planted before and taken back afterwards."""
    app = f"{service}_app"
    appended = CHASSIS_APPENDED + APPENDED.get(service, [])
    with migrated(service).connect() as connection, connection.begin() as transaction:
        for statement in planted:
            connection.execute(text(statement.format(app=app)))
        result = broken(connection, rule, app, appended=appended, system=SYSTEM)
        transaction.rollback()
    return result


@pytest.mark.parametrize("rule", RULES, ids=[rule.name.replace(" ", "-") for rule in RULES])
@pytest.mark.parametrize("service", every_service())
def test_the_catalogue_keeps_the_rule(migrated: Migrated, service: str, rule: Rule) -> None:
    assert found(migrated, service, rule) == EXCEPTIONS.get(rule.name, set())


@pytest.mark.parametrize("service", every_service())
def test_the_tables_without_update_are_the_ones_listed_here(migrated: Migrated, service: str) -> None:
    granted = (
        "select relname from pg_class where relkind in ('r', 'p') and has_table_privilege(:app, oid, 'insert')"
        " and not has_table_privilege(:app, oid, 'update') and not has_any_column_privilege(:app, oid, 'update')"
    )
    with migrated(service).connect() as connection:
        appended = set(connection.execute(text(granted), {"app": f"{service}_app"}).scalars())
    assert appended == {*CHASSIS_APPENDED, *APPENDED.get(service, ())} - READ_ONLY


_TABLE = "create table planted (institution_id uuid not null, id uuid not null"
_SAFE = (
    "alter table planted enable row level security",
    "alter table planted force row level security",
)
_COMPARES = "institution_id = nullif(current_setting('app.institution', true), '')::uuid"
_FUNCTION = "create function planted() returns int language sql {} as 'select 1'"
PLANTED: dict[str, list[tuple[str, ...]]] = {
    "row security is enabled and forced on every table with an institution": [
        (f"{_TABLE})",),
        ("alter table audit_entry no force row level security",),
        ("alter table audit_entry disable row level security",),
    ],
    "the app role reaches no table without an institution": [
        ("create table planted (id int)", "grant select on planted to {app}"),
        ("grant select on alembic_version to {app}",),
    ],
    "every permissive policy compares the institution, for reading and for writing": [
        (f"{_TABLE})", *_SAFE, "create policy p on planted using (true) with check (true)"),
        (f"{_TABLE})", *_SAFE, f"create policy p on planted using ({_COMPARES}) with check (id is not null)"),
        ("create policy p on audit_entry for select using (current_setting('app.system', true) = 'on')",),
    ],
    "every policy that is about writing says what may be written": [
        (f"{_TABLE})", *_SAFE, f"create policy p on planted using ({_COMPARES})"),
        (f"{_TABLE})", *_SAFE, f"create policy p on planted as restrictive for update using ({_COMPARES})"),
    ],
    "only queues and sign-in open to a system transaction": [
        (f"{_TABLE})", f"create policy p on planted using ({_COMPARES} or current_setting('app.system', true) = 'on')"),
    ],
    "views check the rights of who asks": [
        ("create view planted as select * from audit_entry",),
        ("create view planted with (security_barrier) as select * from audit_entry",),
    ],
    "nobody but its owner reads a materialized view": [
        ("create materialized view planted as select * from audit_entry", "grant select on planted to {app}"),
    ],
    "partitions are reached through their parent": [
        (
            f"{_TABLE}) partition by list (institution_id)",
            "create table part partition of planted default",
            "grant select on part to {app}",
        ),
    ],
    "nothing is granted to everybody": [("grant select on audit_entry to public",)],
    "functions with their owner's rights fix their search path": [(_FUNCTION.format("security definer"),)],
    "no function of ours calls itself leak-proof": [(_FUNCTION.format("leakproof"),)],
    KEYS: [
        (f"{_TABLE}, primary key (id))",),
        (f"{_TABLE}, phone text unique)",),
        (f"{_TABLE}, primary key (id, institution_id))",),
        (f"{_TABLE}, during tstzrange, exclude using gist (during with &&))",),
        (f"{_TABLE})", "create unique index planted_mail on planted (lower(id::text), institution_id)"),
    ],
    "foreign keys begin with the institution on both sides": [
        (f"{_TABLE}, unique (id))", "create table child (institution_id uuid, of uuid references planted (id))"),
    ],
    "the app role is no superuser, bypasses nothing and belongs to nobody": [
        ("alter role {app} superuser",),
        ("alter role {app} bypassrls",),
        ("alter role {app} createrole",),
        ("grant pg_read_all_data to {app}",),
    ],
    "the app role owns nothing and creates nothing": [
        (f"{_TABLE})", "alter table planted owner to {app}"),
        ("create schema planted authorization {app}",),
        ("grant create on schema public to {app}",),
        (_FUNCTION.format(""), "alter function planted() owner to {app}"),
    ],
    "books, histories and the audit log are only added to": [
        ("grant update on audit_entry to {app}",),
        ("grant delete on inbox to {app}",),
    ],
    "the app role reads and writes rows, and nothing else": [
        ("grant truncate on delivery to {app}",),
        ("grant trigger on delivery to {app}",),
    ],
}


@pytest.mark.parametrize(
    ("name", "statements"),
    [
        pytest.param(name, each, id=f"{name.replace(' ', '-')}-{number}")
        for name, cases in PLANTED.items()
        for number, each in enumerate(cases)
    ],
)
def test_what_is_planted_is_found(migrated: Migrated, name: str, statements: tuple[str, ...]) -> None:
    before = found(migrated, "org", BY_NAME[name])
    assert found(migrated, "org", BY_NAME[name], *statements) > before


def test_every_rule_has_a_planted_violation() -> None:
    assert set(PLANTED) == set(BY_NAME)
