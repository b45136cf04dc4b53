"""The words of what is printed from quotes, contracts and payments, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

from services.billing.rules.figures import fen_text, hours_text
from services.billing.rules.refund_rules import AgreedTerms

LANGUAGES = ("zh", "en")
TEXTS: dict[str, dict[str, str]] = {
    "zh": {
        "quote": "课程报价单",
        "receipt": "收款收据",
        "statement": "学员对账单",
        "statement_of": "学员编号：{number}",
        "number": "编号：{number}",
        "institution": "机构：{institution}",
        "campus": "校区：{campus}",
        "valid_until": "有效期至：{time}",
        "state": "状态：{state}",
        "gross": "原价：{amount} 元",
        "discount": "优惠：{amount} 元",
        "instalment": "第 {number} 期：{day} 应付 {amount} 元",
        "total": "应付：{amount} 元（大写：{words}）",
        "received": "收到：{amount} 元（大写：{words}）",
        "received_at": "收款时间：{time}",
        "method": "收款方式：{method}",
        "order": "订单编号：{number}",
        "order_paid": "订单应付 {total} 元，累计已收 {paid} 元",
        "no_invoice": "本收据仅为收款凭证，不作为发票使用。",
        "unapplied": "该款项尚未计入订单。",
        "course": "课程",
        "hours": "课时",
        "gift": "赠送课时",
        "unit_price": "单价（元/课时）",
        "net": "金额（元）",
        "lesson_hours": "课时",
        "class_seat": "班级名额",
        "cash": "现金",
        "transfer": "转账",
        "pos": "刷卡",
        "wechat": "微信支付",
        "alipay": "支付宝",
        "draft": "草稿",
        "sent": "已发送",
        "confirmed": "已确认",
        "expired": "已过期",
        "void": "已作废",
    },
    "en": {
        "quote": "Quote",
        "receipt": "Receipt",
        "statement": "Statement of a student",
        "statement_of": "Student no. {number}",
        "number": "Number: {number}",
        "institution": "Institution: {institution}",
        "campus": "Campus: {campus}",
        "valid_until": "Stands until: {time}",
        "state": "State: {state}",
        "gross": "List price: {amount} yuan",
        "discount": "Discount: {amount} yuan",
        "instalment": "Instalment {number}: {amount} yuan due on {day}",
        "total": "To pay: {amount} yuan ({words})",
        "received": "Received: {amount} yuan ({words})",
        "received_at": "Received at: {time}",
        "method": "Method: {method}",
        "order": "Order: {number}",
        "order_paid": "Of {total} yuan of the order {paid} yuan were received so far",
        "no_invoice": "This receipt is no invoice.",
        "unapplied": "This money does not count towards the order yet.",
        "course": "Course",
        "hours": "Lesson hours",
        "gift": "Given hours",
        "unit_price": "Yuan an hour",
        "net": "Amount in yuan",
        "lesson_hours": "Lesson hours",
        "class_seat": "Class seat",
        "cash": "cash",
        "transfer": "bank transfer",
        "pos": "card",
        "wechat": "WeChat Pay",
        "alipay": "Alipay",
        "draft": "draft",
        "sent": "sent",
        "confirmed": "confirmed",
        "expired": "expired",
        "void": "void",
    },
}
_CAUSES = {
    "school": "甲方原因",
    "mutual": "双方协商一致",
    "family": "乙方原因",
    "cooling_off": "冷静期内",
    "void": "合同无效",
}
_PRICES = {"contract_price": "合同单价", "list_price": "原价", "full": "零元（全额退费）"}
_LAW = "退费按照法律、法规和规章的规定办理；本合同的约定与规定不一致的，按对乙方更有利的一种办理。"


def word(language: str, key: str) -> str:
    """Return the word of a code, or the code where there is none."""
    return TEXTS[language].get(key, key)


def line_row(
    language: str, *, title: str, kind: str, hundredths: int, gift: int, unit_fen: int, net_fen: int
) -> list[str]:
    """Return the cells of one bought line."""
    name = title or word(language, kind)
    return [name, hours_text(hundredths), hours_text(gift), fen_text(unit_fen), fen_text(net_fen)]


def line_head(language: str) -> list[str]:
    """Return the head of the table of bought lines."""
    return [word(language, key) for key in ("course", "hours", "gift", "unit_price", "net")]


def refund_clause(terms: AgreedTerms | None) -> str:
    """Return what a contract says about refunds: the law, and before it what was agreed beside it."""
    if terms is None:
        return _LAW
    parts = [
        f"因{_CAUSES[cause]}退费的，已上课时按{_PRICES[basis]}计算。" for cause, basis in sorted(terms.bases.items())
    ]
    if terms.cooling_off_days:
        parts.insert(0, f"签订之日起 {terms.cooling_off_days} 日内且未开始上课的，全额退费。")
    parts += _fees(terms)
    return "".join([*parts, _LAW])


def _fees(terms: AgreedTerms) -> list[str]:
    figures: Mapping[str, int] = {"fee": terms.fee_fen, "points": terms.fee_basis_points}
    told = []
    if figures["fee"]:
        told.append(f"因乙方原因退费的，扣除费用 {fen_text(figures['fee'])} 元。")
    if figures["points"]:
        told.append(f"因乙方原因退费的，扣除未消费余额的 {hours_text(figures['points'])}%。")
    return told
