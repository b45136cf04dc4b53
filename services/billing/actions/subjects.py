"""What billing holds about people. Amounts and hours stay, under ids that then lead to nobody."""

from __future__ import annotations

from shared.holdings import PEOPLE, Holding

_CUSTOMER = f"customer_id = {PEOPLE}"
_STUDENT = f"student_id = {PEOPLE}"
# Constant texts.
_CONTRACT = f"contract_id in (select id from contract where {_CUSTOMER})"  # noqa: S608
_ORDER = f"order_id in (select id from sales_order where {_CUSTOMER})"  # noqa: S608
_QUOTE = f"quote_id in (select id from quote where {_CUSTOMER})"  # noqa: S608
_LOT = f"lot_id in (select id from lot where {_STUDENT})"  # noqa: S608
_REFUND = f"refund_id in (select id from refund where {_CUSTOMER})"  # noqa: S608
_WALLET = f"wallet_part_id in (select id from wallet_part where {_CUSTOMER})"  # noqa: S608

HOLDINGS: tuple[Holding, ...] = (
    Holding(
        "contract_document",
        "合同文件",
        "books",
        _CONTRACT,
        sealed=("content_sealed", "inputs_sealed"),
        hold="contract",
    ),
    Holding("signature_evidence", "签署凭据", "books", _CONTRACT, sealed=("address_sealed",), hold="contract"),
    Holding("quote", "报价", "books", _CUSTOMER, clear=("void_reason",)),
    Holding("refund", "退费", "books", _CUSTOMER, clear=("reason", "decision")),
    Holding(
        "transfer", "结转", "books", f"{_STUDENT} or target_student_id = {PEOPLE}", clear=("reason", "undo_reason")
    ),
    Holding("forfeit", "过期清零", "books", _STUDENT, clear=("reason", "decision")),
    Holding("transfer_proposal", "结转建议", "books", _STUDENT, clear=("reason",)),
    Holding("contract", "合同", "books", _CUSTOMER),
    Holding(
        "signature_request",
        "签署邀请",
        "books",
        _CONTRACT,
        sealed=("signer_sealed", "sign_url_sealed"),
        hold="contract",
    ),
    Holding(
        "paper_contract",
        "纸质合同",
        "books",
        _CONTRACT,
        sealed=("signer_name_sealed",),
        clear=("reason",),
        hold="contract",
    ),
    Holding("amount_mismatch", "金额不符", "books", _CONTRACT),
    Holding("refund_term", "退费约定", "books", _CONTRACT),
    Holding("sales_order", "订单", "books", _CUSTOMER),
    Holding("order_line", "订单行", "books", _ORDER),
    Holding("quote_line", "报价行", "books", _QUOTE),
    Holding("quote_teaching", "报价课程", "books", _QUOTE, clear=("age_years",)),
    Holding("charge_override", "收费例外", "books", _QUOTE),
    Holding("coupon", "优惠券", "books", _CUSTOMER),
    Holding("instalment", "分期", "books", _CUSTOMER),
    Holding("payment", "收款", "books", _CUSTOMER),
    Holding("payment_intent", "支付", "books", _ORDER),
    Holding("refund_item", "退费行", "books", _REFUND),
    Holding("refund_payout", "退款", "books", _REFUND),
    Holding("wallet_part", "余额", "books", _CUSTOMER),
    Holding("wallet_entry", "余额流水", "books", f"{_CUSTOMER} or {_WALLET}"),
    Holding("opening_balance", "期初课时", "books", _STUDENT),
    Holding("lot", "课时包", "books", _STUDENT),
    Holding("lot_entry", "课时流水", "books", _LOT),
    Holding("consumption", "课消", "books", _STUDENT),
    Holding("class_seat", "在班", "teaching", _STUDENT),
    Holding("suspension", "停课", "teaching", _STUDENT),
    Holding("threshold_notice", "课时提醒", "service_notice", _STUDENT),
    Holding("partner_registration", "渠道报备", "partner_sharing", _CUSTOMER),
)
