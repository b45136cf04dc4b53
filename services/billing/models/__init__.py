"""Tables of billing, one module per group of nouns; import them from here."""

from __future__ import annotations

from services.billing.models.account_titles import AccountTitle
from services.billing.models.amount_mismatches import AmountMismatch
from services.billing.models.approvals import ApprovalFlow
from services.billing.models.base import Base
from services.billing.models.charges import ChargeOverride, ChargeRuleSwitch, Course, QuoteTeaching
from services.billing.models.contract_documents import ContractDocument, ContractTemplate
from services.billing.models.contracts import Contract
from services.billing.models.coupons import Coupon, CouponBatch
from services.billing.models.custody import (
    CustodyAccount,
    CustodyEntry,
    CustodyOrder,
    CustodyRelease,
    CustodyReleaseItem,
)
from services.billing.models.directory import Campus, PartnerRegistration, Rulebook
from services.billing.models.forfeits import Forfeit
from services.billing.models.instalments import Instalment, InstalmentPolicy
from services.billing.models.ledger import (
    Journal,
    JournalLine,
    LedgerAccount,
    LedgerDay,
    LedgerPeriod,
    LedgerSum,
    LedgerTurnover,
    PeriodAcknowledgement,
)
from services.billing.models.lots import (
    ClassSeat,
    Consumption,
    HourPolicy,
    Lot,
    LotEntry,
    LotOpening,
    LotPolicy,
    Suspension,
    ThresholdNotice,
)
from services.billing.models.opening_balances import OpeningBalance, OpeningUndo
from services.billing.models.orders import Order, OrderLine
from services.billing.models.paper_contracts import PaperContract
from services.billing.models.pay_plans import LessonAssistant, PayDue, PayPlan
from services.billing.models.payments import Payment, PaymentAlert, PaymentIntent
from services.billing.models.prices import Price
from services.billing.models.promotions import Bundle, Promotion
from services.billing.models.quotes import Quote, QuoteLine
from services.billing.models.reconciliations import Reconciliation, ReconciliationItem, ReconciliationMatch
from services.billing.models.refunds import (
    InterestRate,
    Refund,
    RefundItem,
    RefundPayout,
    RefundPolicy,
    RefundRule,
    RefundTerm,
)
from services.billing.models.row_seals import RowSeal
from services.billing.models.settlements import (
    Netting,
    PayoutBatch,
    PayoutItem,
    Settlement,
    SettlementDispute,
    SettlementLine,
    SettlementRun,
)
from services.billing.models.signatures import SignatureChoice, SignatureCode, SignatureEvidence, SignatureRequest
from services.billing.models.splits import SplitRow, SplitRule, SplitRuleVersion
from services.billing.models.transfers import Transfer, TransferProposal, WalletEntry, WalletPart
from services.billing.models.vouchers import Voucher, VoucherBatch, VoucherJournal, VoucherLayout

__all__ = [
    "AccountTitle",
    "AmountMismatch",
    "ApprovalFlow",
    "Base",
    "Bundle",
    "Campus",
    "ChargeOverride",
    "ChargeRuleSwitch",
    "ClassSeat",
    "Consumption",
    "Contract",
    "ContractDocument",
    "ContractTemplate",
    "Coupon",
    "CouponBatch",
    "Course",
    "CustodyAccount",
    "CustodyEntry",
    "CustodyOrder",
    "CustodyRelease",
    "CustodyReleaseItem",
    "Forfeit",
    "HourPolicy",
    "Instalment",
    "InstalmentPolicy",
    "InterestRate",
    "Journal",
    "JournalLine",
    "LedgerAccount",
    "LedgerDay",
    "LedgerPeriod",
    "LedgerSum",
    "LedgerTurnover",
    "LessonAssistant",
    "Lot",
    "LotEntry",
    "LotOpening",
    "LotPolicy",
    "Netting",
    "OpeningBalance",
    "OpeningUndo",
    "Order",
    "OrderLine",
    "PaperContract",
    "PartnerRegistration",
    "PayDue",
    "PayPlan",
    "Payment",
    "PaymentAlert",
    "PaymentIntent",
    "PayoutBatch",
    "PayoutItem",
    "PeriodAcknowledgement",
    "Price",
    "Promotion",
    "Quote",
    "QuoteLine",
    "QuoteTeaching",
    "Reconciliation",
    "ReconciliationItem",
    "ReconciliationMatch",
    "Refund",
    "RefundItem",
    "RefundPayout",
    "RefundPolicy",
    "RefundRule",
    "RefundTerm",
    "RowSeal",
    "Rulebook",
    "Settlement",
    "SettlementDispute",
    "SettlementLine",
    "SettlementRun",
    "SignatureChoice",
    "SignatureCode",
    "SignatureEvidence",
    "SignatureRequest",
    "SplitRow",
    "SplitRule",
    "SplitRuleVersion",
    "Suspension",
    "ThresholdNotice",
    "Transfer",
    "TransferProposal",
    "Voucher",
    "VoucherBatch",
    "VoucherJournal",
    "VoucherLayout",
    "WalletEntry",
    "WalletPart",
]
