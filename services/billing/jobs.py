"""What billing does by the clock."""

from __future__ import annotations

from services.billing.actions import (
    amount_mismatches,
    bill_downloads,
    book_checks,
    expiries,
    instalments,
    ledger_sums,
    lots,
    payment_intents,
    quotes,
    reconciliations,
    refund_senders,
    row_seals,
    settlement_runs,
    signature_flows,
    teacher_pay,
    vouchers,
)
from services.billing.models import Lot
from shared.announcements import Announcement
from shared.jobs import AnyJob, Errand, Job

JOBS: list[AnyJob] = [
    Job("billing.expire_quotes", 600, quotes.expire),
    Job("billing.make_vouchers", 1.0, vouchers.step),
    Job("billing.reconcile", 1.0, reconciliations.step),
    Job("billing.pay_teachers", 1.0, teacher_pay.step),
    Job("billing.settle", 1.0, settlement_runs.step),
    Errand("billing.fetch_statements", 1800.0, bill_downloads.step),
    Errand("billing.send_refunds", 5.0, refund_senders.step),
    Errand("billing.ask_payment_providers", 0.5, payment_intents.step),
    Errand("billing.ask_signature_providers", 0.5, signature_flows.step),
    Job("billing.announce_expiring_hours", 3600, expiries.announce),
    Job("billing.remind_of_instalments", 3600, instalments.remind),
    Job("billing.expire_hours", 3600, expiries.expire),
    Job("billing.sum_ledger", 300, ledger_sums.step),
    Errand("billing.seal_rows", 600.0, row_seals.step),
    Job("billing.compare_amounts", 86_400, amount_mismatches.check_all),
    Job("billing.check_books", 86_400, book_checks.observe),
]

ANNOUNCEMENTS = [Announcement("lots", Lot, lots.announce_one)]
