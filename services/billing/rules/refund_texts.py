"""The lines of a refund in the words of the family, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("zh", "en")
_PRICES = {
    "contract_price": ("合同价", "contract's price"),
    "list_price": ("原价（每课时 {list_price} 元）", "list price of {list_price} yuan an hour"),
    "full": ("合同价", "contract's price"),
}
_RATES = {
    "lpr_1y": ("一年期 LPR", "one-year loan prime rate"),
    "deposit_1y": ("一年期存款基准利率", "one-year benchmark deposit rate"),
    "custody": ("监管账户实际利率", "actual rate of the custody account"),
}
_SENTENCES = {
    "paid": ("订单已收款", "received for the order"),
    "refunded_before": ("此前已退款及已扣费用", "went back or was kept as fees by earlier refunds"),
    "consumed": ("第 {number} 项已上 {hours} 课时，按{price}计", "line {number}: {hours} lesson hours at the {price}"),
    "moved": ("第 {number} 项已结转、过期或清零", "line {number}: transferred, expired or forfeited"),
    "kept": ("第 {number} 项继续保留 {hours} 课时", "line {number}: {hours} lesson hours stay"),
    "gift": (
        "第 {number} 项赠送 {hours} 课时随退费终止，不折现",
        "line {number}: {hours} given hours end with the refund and are not paid out",
    ),
    "fee": ("合同约定费用", "agreed fees"),
    "floor": ("超出部分不再向家庭追收", "nothing more is claimed from the family"),
    "ceiling": ("以已收未消未退余额为限", "no more than what was paid and neither consumed nor refunded"),
    "interest": (
        "自 {end_date} 起 {days} 天利息，{rate} {percent}%，按 {day_count} 天计",
        "interest of {days} days from {end_date} at the {rate} of {percent} % over {day_count} days",
    ),
    "void": (
        "付款人 {age_years} 岁，监护人同意：{consented}，合同无效",
        "the payer is {age_years} years old, consent of a guardian: {consented}; the contract is void",
    ),
    "wallet": ("电子钱包余额原路退还", "what the wallet holds of the order goes back"),
    "unapplied": ("多收款项原数退还", "money received above the order goes back"),
}


def sentence(kind: str, facts: Mapping[str, int | str], language: str) -> str:
    """Return the sentence of a line; hours are hundredths and amounts fen in `facts`."""
    place = LANGUAGES.index(language)
    words = {name: str(value) for name, value in facts.items()}
    words["hours"] = _decimal(facts.get("hundredths", 0))
    words["percent"] = _decimal(facts.get("basis_points", 0))
    if "price" in facts:
        list_price = _decimal(facts.get("list_price_fen", 0))
        words["price"] = _PRICES[str(facts["price"])][place].format(list_price=list_price)
    if "rate" in facts:
        words["rate"] = _RATES[str(facts["rate"])][place]
    return _SENTENCES[kind][place].format(**words)


def kinds() -> list[str]:
    """Return the kinds of lines that there are."""
    return list(_SENTENCES)


def _decimal(hundredths: int | str) -> str:
    whole, part = divmod(int(hundredths), 100)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".")
