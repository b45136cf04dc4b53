"""What the gRPC server process of billing serves."""

from __future__ import annotations

from lianxiao.billing.v1 import account_title_service_pb2_grpc as account_title
from lianxiao.billing.v1 import amount_mismatch_service_pb2_grpc as amount_mismatch
from lianxiao.billing.v1 import charge_rule_service_pb2_grpc as charge_rule
from lianxiao.billing.v1 import contract_document_service_pb2_grpc as contract_document
from lianxiao.billing.v1 import contract_service_pb2_grpc as contract
from lianxiao.billing.v1 import contract_template_service_pb2_grpc as contract_template
from lianxiao.billing.v1 import coupon_service_pb2_grpc as coupon
from lianxiao.billing.v1 import custody_service_pb2_grpc as custody
from lianxiao.billing.v1 import forfeit_service_pb2_grpc as forfeit
from lianxiao.billing.v1 import hour_matching_service_pb2_grpc as hour_matching
from lianxiao.billing.v1 import hour_policy_service_pb2_grpc as hour_policy
from lianxiao.billing.v1 import instalment_service_pb2_grpc as instalment
from lianxiao.billing.v1 import ledger_service_pb2_grpc as ledger
from lianxiao.billing.v1 import lot_policy_service_pb2_grpc as lot_policy
from lianxiao.billing.v1 import lot_service_pb2_grpc as lot
from lianxiao.billing.v1 import netting_service_pb2_grpc as netting
from lianxiao.billing.v1 import opening_balance_service_pb2_grpc as opening_balance
from lianxiao.billing.v1 import order_service_pb2_grpc as order
from lianxiao.billing.v1 import paper_contract_service_pb2_grpc as paper_contract
from lianxiao.billing.v1 import pay_plan_service_pb2_grpc as pay_plan
from lianxiao.billing.v1 import payment_service_pb2_grpc as payment
from lianxiao.billing.v1 import payout_batch_service_pb2_grpc as payout_batch
from lianxiao.billing.v1 import price_service_pb2_grpc as price
from lianxiao.billing.v1 import promotion_service_pb2_grpc as promotion
from lianxiao.billing.v1 import quote_service_pb2_grpc as quote
from lianxiao.billing.v1 import receivable_service_pb2_grpc as receivable
from lianxiao.billing.v1 import reconciliation_service_pb2_grpc as reconciliation
from lianxiao.billing.v1 import refund_rule_service_pb2_grpc as refund_rule
from lianxiao.billing.v1 import refund_service_pb2_grpc as refund
from lianxiao.billing.v1 import renewal_service_pb2_grpc as renewal
from lianxiao.billing.v1 import settlement_service_pb2_grpc as settlement
from lianxiao.billing.v1 import signature_service_pb2_grpc as signature
from lianxiao.billing.v1 import split_rule_service_pb2_grpc as split_rule
from lianxiao.billing.v1 import split_service_pb2_grpc as split
from lianxiao.billing.v1 import student_statement_service_pb2_grpc as student_statement
from lianxiao.billing.v1 import transfer_service_pb2_grpc as transfer
from lianxiao.billing.v1 import unapplied_receipt_service_pb2_grpc as unapplied_receipt
from lianxiao.billing.v1 import voucher_service_pb2_grpc as voucher
from lianxiao.billing.v1 import wallet_service_pb2_grpc as wallet
from services.billing.rpc.account_title_service import AccountTitleService
from services.billing.rpc.amount_mismatch_service import AmountMismatchService
from services.billing.rpc.charge_rule_service import ChargeRuleService
from services.billing.rpc.contract_document_service import ContractDocumentService
from services.billing.rpc.contract_service import ContractService
from services.billing.rpc.contract_template_service import ContractTemplateService
from services.billing.rpc.coupon_service import CouponService
from services.billing.rpc.custody_service import CustodyService
from services.billing.rpc.forfeit_service import ForfeitService
from services.billing.rpc.hour_matching_service import HourMatchingService
from services.billing.rpc.hour_policy_service import HourPolicyService
from services.billing.rpc.instalment_service import InstalmentService
from services.billing.rpc.ledger_service import LedgerService
from services.billing.rpc.lot_policy_service import LotPolicyService
from services.billing.rpc.lot_service import LotService
from services.billing.rpc.netting_service import NettingService
from services.billing.rpc.opening_balance_service import OpeningBalanceService
from services.billing.rpc.order_service import OrderService
from services.billing.rpc.paper_contract_service import PaperContractService
from services.billing.rpc.pay_plan_service import PayPlanService
from services.billing.rpc.payment_service import PaymentService
from services.billing.rpc.payout_batch_service import PayoutBatchService
from services.billing.rpc.price_service import PriceService
from services.billing.rpc.promotion_service import PromotionService
from services.billing.rpc.quote_service import QuoteService
from services.billing.rpc.receivable_service import ReceivableService
from services.billing.rpc.reconciliation_service import ReconciliationService
from services.billing.rpc.refund_rule_service import RefundRuleService
from services.billing.rpc.refund_service import RefundService
from services.billing.rpc.renewal_service import RenewalService
from services.billing.rpc.settlement_service import SettlementService
from services.billing.rpc.signature_service import SignatureService
from services.billing.rpc.split_rule_service import SplitRuleService
from services.billing.rpc.split_service import SplitService
from services.billing.rpc.student_statement_service import StudentStatementService
from services.billing.rpc.transfer_service import TransferService
from services.billing.rpc.unapplied_receipt_service import UnappliedReceiptService
from services.billing.rpc.voucher_service import VoucherService
from services.billing.rpc.wallet_service import WalletService
from shared.server import Registration

SERVICERS: list[Registration] = [
    (price.add_PriceServiceServicer_to_server, PriceService),
    (promotion.add_PromotionServiceServicer_to_server, PromotionService),
    (coupon.add_CouponServiceServicer_to_server, CouponService),
    (quote.add_QuoteServiceServicer_to_server, QuoteService),
    (contract.add_ContractServiceServicer_to_server, ContractService),
    (contract_template.add_ContractTemplateServiceServicer_to_server, ContractTemplateService),
    (contract_document.add_ContractDocumentServiceServicer_to_server, ContractDocumentService),
    (signature.add_SignatureServiceServicer_to_server, SignatureService),
    (paper_contract.add_PaperContractServiceServicer_to_server, PaperContractService),
    (order.add_OrderServiceServicer_to_server, OrderService),
    (amount_mismatch.add_AmountMismatchServiceServicer_to_server, AmountMismatchService),
    (instalment.add_InstalmentServiceServicer_to_server, InstalmentService),
    (payment.add_PaymentServiceServicer_to_server, PaymentService),
    (receivable.add_ReceivableServiceServicer_to_server, ReceivableService),
    (renewal.add_RenewalServiceServicer_to_server, RenewalService),
    (unapplied_receipt.add_UnappliedReceiptServiceServicer_to_server, UnappliedReceiptService),
    (reconciliation.add_ReconciliationServiceServicer_to_server, ReconciliationService),
    (lot.add_LotServiceServicer_to_server, LotService),
    (transfer.add_TransferServiceServicer_to_server, TransferService),
    (opening_balance.add_OpeningBalanceServiceServicer_to_server, OpeningBalanceService),
    (forfeit.add_ForfeitServiceServicer_to_server, ForfeitService),
    (custody.add_CustodyServiceServicer_to_server, CustodyService),
    (wallet.add_WalletServiceServicer_to_server, WalletService),
    (hour_policy.add_HourPolicyServiceServicer_to_server, HourPolicyService),
    (lot_policy.add_LotPolicyServiceServicer_to_server, LotPolicyService),
    (split_rule.add_SplitRuleServiceServicer_to_server, SplitRuleService),
    (split.add_SplitServiceServicer_to_server, SplitService),
    (pay_plan.add_PayPlanServiceServicer_to_server, PayPlanService),
    (settlement.add_SettlementServiceServicer_to_server, SettlementService),
    (payout_batch.add_PayoutBatchServiceServicer_to_server, PayoutBatchService),
    (netting.add_NettingServiceServicer_to_server, NettingService),
    (ledger.add_LedgerServiceServicer_to_server, LedgerService),
    (hour_matching.add_HourMatchingServiceServicer_to_server, HourMatchingService),
    (student_statement.add_StudentStatementServiceServicer_to_server, StudentStatementService),
    (account_title.add_AccountTitleServiceServicer_to_server, AccountTitleService),
    (voucher.add_VoucherServiceServicer_to_server, VoucherService),
    (refund.add_RefundServiceServicer_to_server, RefundService),
    (refund_rule.add_RefundRuleServiceServicer_to_server, RefundRuleService),
    (charge_rule.add_ChargeRuleServiceServicer_to_server, ChargeRuleService),
]
